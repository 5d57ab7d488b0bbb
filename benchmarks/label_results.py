"""Results of long benchmarks, one JSON object a line, so that a run that was stopped goes on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Record = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[1] / "build" / "benchmarks"
"""Where results go unless a file is named; git ignores it."""


def append(path: Path, record: Record) -> None:
    """Write one record at the end of the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(record) + "\n")


def known(path: Path, key: Sequence[str]) -> dict[tuple[Any, ...], Record]:
    """The latest record of each key; none where there is no such file yet."""
    if not path.exists():
        return {}
    records = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {tuple(record[part] for part in key): record for record in records}
