"""Helpers shared by the scripts that build the sample data."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "sources"

Record = dict[str, Any]


@dataclass(eq=False)
class Row:
    """One line to be written: a record, or the raw text of a broken line.

    In raw text, ``%ID%`` stands for the id that the row will get.
    """

    record: Record
    line: str | None = None


@dataclass(eq=False)
class Mark:
    """One planted problem, written as one line of the truth file."""

    kind: str
    row: Row
    other: Row | None = None
    column: str | None = None
    truth: Any = None
    note: str | None = None


def read_jsonl(path: Path) -> list[Record]:
    """Read a JSONL file of objects."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def disguise(text: str, variant: int) -> str:
    """Change only the case, the white space or the final punctuation of a text."""
    match variant % 4:
        case 0:
            return text.upper()
        case 1:
            return "  " + text.replace(" ", "  ") + " "
        case 2:
            return text.rstrip(".?!")
        case _:
            return text.lower().rstrip(".?!") + " !"


def write_set(
    stem: str, rows: list[Row], marks: list[Mark], seed: int, id_prefix: str | None = None
) -> None:
    """Shuffle the rows, then write ``<stem>.jsonl`` and ``<stem>.truth.jsonl``."""
    rows = list(rows)
    random.Random(seed).shuffle(rows)
    numbers = {id(row): number for number, row in enumerate(rows, start=1)}
    lines = []
    for number, row in enumerate(rows, start=1):
        name = f"{id_prefix}-{number:04d}"
        if row.line is not None:
            lines.append(row.line.replace("%ID%", name))
        else:
            record = row.record if id_prefix is None else {"id": name, **row.record}
            lines.append(json.dumps(record, ensure_ascii=False))
    truth = [
        {
            "kind": mark.kind,
            "source_row": numbers[id(mark.row)],
            "other_row": None if mark.other is None else numbers[id(mark.other)],
            "column": mark.column,
            "truth": mark.truth,
            "note": mark.note,
        }
        for mark in marks
    ]
    truth.sort(key=lambda entry: (str(entry["kind"]), entry["source_row"]))
    _write(HERE / f"{stem}.jsonl", lines)
    _write(HERE / f"{stem}.truth.jsonl", [json.dumps(entry, ensure_ascii=False) for entry in truth])
    print(f"{stem}: {len(rows)} rows, {len(marks)} planted")


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
