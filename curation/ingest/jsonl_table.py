"""JSON Lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from curation.errors import UnreadableFile
from curation.ingest.cells import parse_json, value_fault
from curation.ingest.table import Row, RowFault, Table, quarantined, shown
from curation.records import QuarantinedRow

_BOM = b"\xef\xbb\xbf"


def open_jsonl(path: Path, cell_limit: int) -> Table:
    """The rows of a JSON Lines file; a cell is any JSON value, a missing key a missing cell.

    Blank lines are not rows. Raises UnreadableFile where the file is one JSON document over
    several lines, or one list.
    """
    _refuse_one_document(path)
    file = path.open("rb")
    total = path.stat().st_size
    rows = _rows(file, cell_limit)
    return Table(None, rows, lambda: total if file.closed else file.tell(), total)


def _refuse_one_document(path: Path) -> None:
    with path.open("rb") as file:
        first = next((line for line in file if line.strip()), b"").removeprefix(_BOM).strip()
        only = not any(line.strip() for line in file) if first[:1] == b"[" else False
    if first in (b"[", b"{") or (only and first.endswith(b"]")):
        raise UnreadableFile(
            f"{path.name} is one JSON document, not JSON Lines.",
            "Write one object a line, for instance with: jq -c '.[]' FILE",
        )


def _rows(file: BinaryIO, cell_limit: int) -> Iterator[Row | QuarantinedRow]:
    number = 0
    with file:
        for at, line in enumerate(file):
            data = (line.removeprefix(_BOM) if at == 0 else line).strip()
            if not data:
                continue
            number += 1
            try:
                yield Row(number, _cells(data, cell_limit))
            except RowFault as fault:
                raw = data.decode("utf-8", "backslashreplace")
                yield quarantined(number, fault.column, fault.reason, raw)


def _cells(data: bytes, cell_limit: int) -> dict[str, Any]:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        around = data[max(0, error.start - 15) : error.start + 15]
        raise RowFault(
            None,
            f"is not UTF-8: byte 0x{data[error.start]:02x} at byte {error.start + 1}, in "
            f"'{around.decode('utf-8', 'backslashreplace')}'; save the file as UTF-8",
        ) from None
    try:
        value = parse_json(text)
    except ValueError as error:
        column, reason = _located(text, cell_limit)
        raise RowFault(column, reason or str(error)) from None
    if not isinstance(value, dict):
        kind = {list: "a list", str: "a text", type(None): "null"}.get(type(value), "a number")
        raise RowFault(
            None, f'is {kind}, not an object: {shown(text)}; write {{"column": value, …}}'
        )
    if len(text) > cell_limit:
        for column, cell in value.items():
            if reason := value_fault(cell, cell_limit):
                raise RowFault(column, reason)
    return value


def _located(text: str, cell_limit: int) -> tuple[str | None, str | None]:
    """The column whose value is at fault and why, where a lenient reading can tell."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None, None
    for column, cell in value.items() if isinstance(value, dict) else ():
        if reason := value_fault(column, cell_limit):
            return None, f"has a key that {reason}"
        if reason := value_fault(cell, cell_limit):
            return column, reason
    return None, None
