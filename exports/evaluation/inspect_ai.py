"""The held-out split as a task of inspect-ai 0.3."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from curation.records import Json
from exports.formats.containers import json_line


def test_lines(samples: Sequence[Json]) -> str:
    """`test.jsonl`: records that inspect-ai reads as samples, one a line."""
    return "".join(map(json_line, samples))


def inspect_task() -> str:
    """The task file; the same for every export."""
    return Path(__file__).with_name("inspect_task.txt").read_text(encoding="utf-8")
