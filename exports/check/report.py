"""What a check says: faults, each with row, place, reason and how to mend it."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from curation.records import Json
from exports.check.rules import RULES

Severity = Literal["error", "warning"]

KEPT = 20
"""Faults of one code that are kept with their message; all are counted."""


class Found(NamedTuple):
    """A broken rule within one row, before it is known which row that is.

    `column` is a path such as `messages[2].content`, None where the whole row is at fault.
    """

    code: str
    column: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule at one place. `row` is the number of the line, from 1; None: the whole file.

    An error makes a trainer refuse, drop or misread something; a warning deserves a look.
    """

    row: int | None
    column: str | None
    code: str
    message: str
    hint: str
    severity: Severity

    def __str__(self) -> str:
        row = "" if self.row is None else f"row {self.row}"
        place = ", ".join(filter(None, (row, self.column)))
        return f"{self.severity}: {place + ': ' if place else ''}{self.message} [{self.code}]"


@dataclass(frozen=True, slots=True)
class Report:
    """The result of checking one file.

    `rows` counts the lines that are not blank; `shape` is what the rows were recognised as;
    `faults` holds up to `KEPT` faults of each code, by row; `counts` counts all faults by code;
    `places` has all faulty rows by code (uint32, ascending).
    """

    path: Path
    target: str
    rows: int
    shape: str
    faults: tuple[Fault, ...]
    counts: dict[str, int]
    places: dict[str, array[int]] = field(repr=False)

    @property
    def errors(self) -> int:
        """Number of errors, those not kept included."""
        return sum(n for code, n in self.counts.items() if RULES[code].severity == "error")

    @property
    def warnings(self) -> int:
        """Number of warnings, those not kept included."""
        return sum(self.counts.values()) - self.errors

    def as_json(self) -> Json:
        """The report as JSON values, for machines."""
        return {
            "file": str(self.path),
            "target": self.target,
            "rows": self.rows,
            "shape": self.shape,
            "errors": self.errors,
            "warnings": self.warnings,
            "counts": dict(sorted(self.counts.items())),
            "faults": [
                {name: getattr(fault, name) for name in Fault.__slots__} for fault in self.faults
            ],
        }

    def as_text(self) -> str:
        """The report for people: one line a fault, its hint below the first of each code."""
        lines, hinted = [], set()
        for fault in self.faults:
            lines.append(str(fault))
            if fault.code not in hinted:
                hinted.add(fault.code)
                lines.append(f"  {fault.hint}")
        shown = Counter(fault.code for fault in self.faults)
        for code, count in sorted(self.counts.items()):
            if count > shown[code]:
                lines.append(f"… {count - shown[code]} more of [{code}]")
        lines.append(
            f"{self.path.name}: {self.rows} rows of shape {self.shape}; "
            f"{self.errors} errors, {self.warnings} warnings"
        )
        return "\n".join(lines)


class Faults:
    """Collects faults in bounded memory: a few per code with their words, four bytes for others."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._kept: dict[str, list[Fault]] = {}
        self._rows: dict[str, array[int]] = {}

    def add(self, row: int | None, found: Found) -> None:
        """Take in one fault."""
        code = found.code
        rule = RULES[code]
        self.counts[code] += 1
        kept = self._kept.setdefault(code, [])
        if len(kept) < KEPT:
            kept.append(
                Fault(
                    row,
                    found.column and _printable(found.column),
                    code,
                    _printable(found.message),
                    rule.hint,
                    rule.severity,
                )
            )
        rows = self._rows.setdefault(code, array("I"))
        if row is not None and (not rows or rows[-1] != row):
            rows.append(row)

    def report(self, path: Path, target: str, rows: int, shape: str) -> Report:
        """All of it, in the order of the rows; what concerns the whole file first."""
        faults = [fault for kept in self._kept.values() for fault in kept]
        faults.sort(key=lambda fault: (fault.row or 0, fault.severity, fault.code))
        places = {code: array("I", sorted(set(rows))) for code, rows in self._rows.items() if rows}
        return Report(path, target, rows, shape, tuple(faults), dict(self.counts), places)


def _printable(text: str) -> str:
    """A message that any terminal and file takes, whatever it quotes."""
    safe = text.encode("utf-8", "backslashreplace").decode()
    return "".join(mark if mark.isprintable() else f"\\u{ord(mark):04x}" for mark in safe[:500])
