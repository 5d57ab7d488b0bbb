"""What every reader of a file yields: numbered rows, and rows set aside with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from curation.records import QuarantinedRow

CELL_LIMIT = 1 << 20
"""Most characters of a cell; a longer one is far more often a mistake in the file than a text."""

_SHOWN = 60


class Row(NamedTuple):
    """One readable data row: its number from 1, counting broken rows too, and its cells."""

    number: int
    cells: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A file opened for one pass.

    `columns` are those that the file declares, or None where only its rows can tell (JSONL).
    `done()` of `total` is how far the pass has come, in bytes or rows.
    """

    columns: tuple[str, ...] | None
    rows: Iterator[Row | QuarantinedRow]
    done: Callable[[], int]
    total: int


class RowFault(Exception):
    """Why one row cannot be imported; caught where the row's number is known."""

    def __init__(self, column: str | None, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


def quarantined(number: int, column: str | None, reason: str, raw: str) -> QuarantinedRow:
    """A broken row in a form that any store accepts: no NUL, and a raw text of bounded size."""
    if len(raw) > CELL_LIMIT:
        raw = f"{raw[:CELL_LIMIT]}… ({len(raw) - CELL_LIMIT:,} more characters in the file)"
    return QuarantinedRow(number, column, reason, raw.replace("\0", "\\x00"))


def raw_of(cells: dict[str, Any]) -> str:
    """The raw text of a row whose cells could be read: one line of JSON."""
    return json.dumps(cells, ensure_ascii=False, default=str)


def shown(value: Any) -> str:
    """A value as a message quotes it: short, on one line, with unprintable characters escaped."""
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
