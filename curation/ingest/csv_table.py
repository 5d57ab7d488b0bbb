"""CSV: any of four delimiters, cells over several lines, and one broken row that stays one."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from curation.errors import UnreadableFile, WrongUse
from curation.ingest.cells import text_fault, too_long
from curation.ingest.table import Row, RowFault, Table, quarantined, shown
from curation.records import QuarantinedRow

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 1 << 16


def open_csv(path: Path, delimiter: str | None, cell_limit: int) -> Table:
    """The rows of a CSV file with a header line; cells are text.

    `delimiter` None means: the one of `DELIMITERS` under which most rows fit the header. Blank
    lines are not rows. Bytes that are not UTF-8 cost their row only: they are decoded to lone
    surrogates (PEP 383), which valid UTF-8 never yields. Raises UnreadableFile where the header
    is unusable, WrongUse for a delimiter that cannot be one.
    """
    # Process-wide, hence only ever raised; it also bounds what an unclosed quote can swallow.
    csv.field_size_limit(max(csv.field_size_limit(), 4 * cell_limit))
    delimiter = _checked(delimiter) if delimiter else guess_delimiter(path)
    file = _open(path)
    try:
        lines = _Lines(file)
        records = _records(lines, delimiter)
        columns = _header(path, next(records, None), lines)
        rows = _rows(file, lines, records, columns, delimiter, cell_limit)
    except BaseException:
        file.close()
        raise
    total = path.stat().st_size
    return Table(columns, rows, lambda: total if file.closed else file.buffer.tell(), total)


def guess_delimiter(path: Path) -> str:
    """The delimiter under which most of the first rows have as many fields as the header."""
    with _open(path) as file:
        lines = file.readlines(_SAMPLE)

    def fit(delimiter: str) -> tuple[int, int]:
        records = [record for record in csv.reader(lines, delimiter=delimiter) if record]
        width = len(records[0]) if records else 0
        return (sum(len(record) == width for record in records), width) if width > 1 else (0, 0)

    try:
        return max(DELIMITERS, key=fit)
    except csv.Error:  # a cell beyond the limit: the reader will name its row
        return DELIMITERS[0]


class _Lines:
    """The lines of a file, with those of the current record at hand so that it can shrink.

    A quote that is never closed makes a parser take the following rows for one cell. When that
    shows, the record shrinks to its first line and the others are read again as rows.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self.first = 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._file)
        self.taken.append(line)
        return line

    def begin(self) -> None:
        """Start a record at the next line."""
        self.first += len(self.taken)
        self.taken.clear()

    def shrink(self) -> None:
        """Give back all lines of the record but its first."""
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]

    @property
    def raw(self) -> str:
        """The text of the record, with invalid bytes spelled out as in `\\xe9`."""
        text = "".join(self.taken).rstrip("\r\n")
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _records(lines: _Lines, delimiter: str) -> Iterator[list[str] | RowFault]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin()
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _quote_fault(lines, str(error))
        else:
            if record:
                yield record


def _rows(
    file: TextIO,
    lines: _Lines,
    records: Iterator[list[str] | RowFault],
    columns: tuple[str, ...],
    delimiter: str,
    cell_limit: int,
) -> Iterator[Row | QuarantinedRow]:
    width, number = len(columns), 0
    with file:
        for number, record in enumerate(records, start=1):
            try:
                if isinstance(record, RowFault):
                    raise record
                if len(record) != width:
                    raise _width_fault(lines, record, columns, delimiter)
                _check_cells(lines, record, columns, cell_limit)
            except RowFault as fault:
                yield quarantined(number, fault.column, fault.reason, lines.raw)
            else:
                yield Row(number, dict(zip(columns, record, strict=True)))


def _check_cells(
    lines: _Lines, record: list[str], columns: tuple[str, ...], cell_limit: int
) -> None:
    taken = lines.taken
    if len(columns) > 1 and tuple(record) == columns:
        raise RowFault(None, "repeats the header line; remove it (were files joined?)")
    text = taken[0] if len(taken) == 1 else "".join(taken)
    if "\0" not in text and len(text) <= cell_limit and not _invalid_utf8(text):
        return
    for column, cell in zip(columns, record, strict=True):
        if reason := _invalid_utf8(cell) or text_fault(cell):
            raise RowFault(column, reason)
        if len(cell) > cell_limit:
            raise RowFault(column, too_long(len(cell), cell_limit))


def _width_fault(
    lines: _Lines, record: list[str], columns: tuple[str, ...], delimiter: str
) -> RowFault:
    if _swallowed_rows(lines, len(columns), delimiter):
        return _quote_fault(lines, "")
    if reason := _invalid_utf8(lines.taken[0]):
        return RowFault(None, reason)
    found, wanted, where = len(record), len(columns), f"(line {lines.first})"
    sign = shown(delimiter)
    if found > wanted:
        return RowFault(
            None,
            f"has {found} fields {where} where the header has {wanted} columns: "
            f"{shown(record[wanted])} is one too many; put double quotes around a cell that "
            f"contains {sign}",
        )
    plural = "field" if found == 1 else "fields"
    return RowFault(
        None,
        f"has {found} {plural} {where} where the header has {wanted} columns: nothing stands for "
        f"{shown(columns[found])} after {shown(record[-1])}; add the missing {sign}",
    )


def _swallowed_rows(lines: _Lines, width: int, delimiter: str) -> bool:
    """Whether each line after the record's first is by itself a row that fits the header."""
    if len(lines.taken) == 1:
        return False
    try:
        return all(
            len(next(csv.reader([line], delimiter=delimiter, strict=True), [])) == width
            for line in lines.taken[1:]
        )
    except csv.Error:
        return False


def _quote_fault(lines: _Lines, error: str) -> RowFault:
    """The record's first line set aside; the lines after it are to be read as rows."""
    open_to_the_end = len(lines.taken) > 1 or "unexpected end" in error
    lines.shrink()
    if open_to_the_end:
        return RowFault(
            None,
            f"opens a double quote in line {lines.first} that is never closed, in "
            f'{shown(lines.raw)}; close it, or double it ("") if it belongs to the text',
        )
    if "larger than" in error:
        return RowFault(None, too_long(len(lines.raw)))
    return RowFault(
        None,
        f"has text after a closing double quote in line {lines.first}, in {shown(lines.raw)}; "
        'double every quote ("") that belongs to the text',
    )


def _invalid_utf8(text: str) -> str | None:
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError as error:
        byte = ord(text[error.start]) - 0xDC00
        around = text[max(0, error.start - 15) : error.start + 15]
        spelled = around.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return (
            f"is not UTF-8: byte 0x{byte:02x} at character {error.start + 1}, in "
            f"'{spelled}'; save the file as UTF-8 (perhaps it is Latin-1 or Windows-1252)"
        )
    return None


def _header(path: Path, record: list[str] | RowFault | None, lines: _Lines) -> tuple[str, ...]:
    if record is None:
        raise UnreadableFile(f"{path.name} has no header line.", _HEADER_HINT)
    if isinstance(record, RowFault):
        raise UnreadableFile(f"The header line of {path.name} {record.reason}.")
    if reason := _invalid_utf8(lines.taken[0]) or text_fault(lines.taken[0]):
        raise UnreadableFile(f"The header line of {path.name} {reason}.")
    names = [name.strip() for name in record]
    if not any(names):
        raise UnreadableFile(f"{path.name} has no header line.", _HEADER_HINT)
    # A data frame saved with its index has one column without a name.
    columns = tuple(name or f"column {at}" for at, name in enumerate(names, start=1))
    for name in columns:
        if columns.count(name) > 1:
            raise UnreadableFile(
                f"{path.name} has {columns.count(name)} columns named {shown(name)}.",
                "Give every column a name of its own in the header line.",
            )
    return columns


_HEADER_HINT = "Put the names of the columns into the first line."


def _checked(delimiter: str) -> str:
    delimiter = {"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter)
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise WrongUse(
            f"{shown(delimiter)} cannot separate the cells of a CSV file.",
            "Give one character, such as , or ; or | or the word tab.",
        )
    return delimiter


def _open(path: Path) -> TextIO:
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
