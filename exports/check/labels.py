"""Rules that take all labels of a file together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exports.check.report import Found

_MOST = 50_000


class Labels:
    """Counts labels; gives up, silently, on a column with so many values that it holds no label."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}
        self._count: dict[str, int] = {}
        self.rows = 0

    def watch(self, labels: Iterable[str], row: int) -> None:
        """Take in the labels of one row."""
        self.rows += 1
        for label in labels:
            if label in self._count:
                self._count[label] += 1
            elif len(self._count) < _MOST:
                self._count[label] = 1
                self._first[label] = row

    @property
    def names(self) -> dict[str, int]:
        """Each label with the row in which it stands first; empty where there are too many."""
        return self._first if len(self._first) < _MOST else {}

    def found(self, column: str | None) -> Iterator[tuple[int | None, Found]]:
        """(row, fault) of the labels as a set."""
        if len(self.names) == 1 and self.rows > 1:
            said = f"every row has the label {next(iter(self.names))[:60]!r}"
            yield None, Found("label-single", column, said)
        spelt: dict[str, list[str]] = {}
        for label in self.names:
            spelt.setdefault(label.strip().casefold(), []).append(label)
        for labels in spelt.values():
            if len({label.strip() for label in labels}) < 2:
                continue
            labels.sort(key=lambda label: (-self._count[label], self._first[label]))
            for label in labels[1:]:
                said = f"the label {label[:60]!r} differs from {labels[0][:60]!r} only in case"
                yield self._first[label], Found("label-case", column, said)
