"""Short ways to ask a detector about a handful of outputs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from curation.detectors import Detector, Evidence, Finding
from curation.records import Task

Turn = dict[str, Any]


def examples_of(
    given: Sequence[str | None],
    text: Sequence[str] | None = None,
    messages: Sequence[list[Turn] | None] | None = None,
) -> pl.DataFrame:
    """Examples e0, e1, … in rows 1, 2, … of their file."""
    count = len(given)
    turns = messages or [None] * count
    return pl.DataFrame(
        {
            "example_id": [f"e{row}" for row in range(count)],
            "source_row": range(1, count + 1),
            "text": list(text or ["What is it?"] * count),
            "given": list(given),
            "messages": [None if one is None else json.dumps(one) for one in turns],
        },
        schema={
            "example_id": pl.String,
            "source_row": pl.Int64,
            "text": pl.String,
            "given": pl.String,
            "messages": pl.String,
        },
    )


def found(
    detector: Detector,
    given: Sequence[str | None],
    text: Sequence[str] | None = None,
    *,
    messages: Sequence[list[Turn] | None] | None = None,
    task: Task | None = None,
    **evidence: Any,
) -> dict[int, Finding]:
    """The findings by row, each of which a detector may have only one of."""
    task = task or next(iter(sorted(detector.tasks)))
    examples = examples_of(given, text, messages)
    findings = list(detector.find(Evidence(task=task, examples=examples, **evidence)))
    by_row = {finding.row: finding for finding in findings}
    assert len(by_row) == len(findings), "two findings on one row"
    assert all(0 <= finding.score <= 1 and finding.reason for finding in findings)
    return by_row


def reason(detector: Detector, given: str | None, text: str = "What is it?", **more: Any) -> str:
    """Why one output is at fault; empty where it is not."""
    findings = found(detector, [given], [text], **more)
    return findings[0].reason if findings else ""
