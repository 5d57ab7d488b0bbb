"""Records in files: JSON lines, CSV and Parquet, by the suffix of the file's name.

Writers take one record at a time and hold no more than a batch; readers give every record back, or
say in words why a line is none.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from curation.records import Json, Task, canonical_json
from exports.formats.base import Format

BOM = "\ufeff"
_LINE_BREAKS = {ord(mark): f"\\u{ord(mark):04x}" for mark in "\x85\u2028\u2029"}
_LINE_BREAK = re.compile("[\x85\u2028\u2029]")
_BATCH = 4096
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_GUARDED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")

Write = Callable[[Json], None]


@dataclass(frozen=True, slots=True)
class Line:
    """A record as it stands in a file: its bytes, and what they say or why they say nothing."""

    raw: bytes
    record: Json | str


@contextmanager
def open_writer(path: Path, form: Format, task: Task) -> Iterator[Write]:
    """A function that adds one record to the new file `path`."""
    kinds = {".csv": _write_csv, ".parquet": _write_parquet}
    with kinds.get(path.suffix, _write_lines)(path, form, task) as write:
        yield write


def read(path: Path, form: Format, task: Task) -> list[Line]:
    """Every record of a file, in order; none where there is no such file."""
    if not path.is_file():
        return []
    kinds = {".csv": _read_csv, ".parquet": _read_parquet}
    return kinds.get(path.suffix, _read_lines)(path, form, task)


def open_text(path: Path, *, bom: bool = False) -> TextIO:
    """A new UTF-8 file with LF line ends."""
    return path.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="\n")


def json_line(value: Any) -> str:
    """A value as one line of JSON, its LF included, that no reader breaks in two."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if _LINE_BREAK.search(text):
        text = text.translate(_LINE_BREAKS)
    return text + "\n"


def split_lines(content: bytes) -> list[bytes]:
    """The lines of a file without their LF; what follows the last LF is a line if it is there."""
    lines = content.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def parse(line: bytes) -> Json:
    """The JSON object of a line; raises ValueError where it is anything else."""
    value = json.loads(line.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one kind of error for all bad lines
    return value


def guard(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, by an apostrophe before it where it could be.

    A cell that begins with apostrophes and then such a sign gets one more, so that `unguard` gives
    back every text. The signs are those of the OWASP page on CSV injection.
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguard(cell: str) -> str:
    """The inverse of `guard`."""
    return cell[1:] if _GUARDED.match(cell) else cell


def _once(pairs: Iterable[tuple[str, Any]]) -> Json:
    pairs = list(pairs)
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key occurs twice")
    return dict(pairs)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


@contextmanager
def _write_lines(path: Path, form: Format, _task: Task) -> Iterator[Write]:
    with open_text(path, bom=form.target.bom) as file:

        def write(record: Json) -> None:
            file.write(json_line(record))

        yield write


def _read_lines(path: Path, form: Format, _task: Task) -> list[Line]:
    lines = split_lines(path.read_bytes())
    found = []
    for number, line in enumerate(lines):
        content = line
        if form.target.bom and number == 0:
            content = line.removeprefix(BOM.encode())
        try:
            found.append(Line(line, parse(content)))
        except (ValueError, RecursionError) as error:
            found.append(Line(line, f"not a JSON record ({error})"))
    if form.target.bom and lines and not lines[0].startswith(BOM.encode()):
        found[0] = Line(lines[0], "the file does not begin with a byte-order mark")
    return found


@contextmanager
def _write_csv(path: Path, form: Format, task: Task) -> Iterator[Write]:
    with open_text(path, bom=form.target.bom) as file:
        rows = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        rows.writerow(form.keys(task))

        def write(record: Json) -> None:
            rows.writerow(map(guard, record.values()))

        yield write


def _read_csv(path: Path, _form: Format, _task: Task) -> list[Line]:
    try:
        table = pl.read_csv(path, infer_schema=False, empty_string_is_null=False)
    except pl.exceptions.PolarsError as error:
        return [Line(b"", f"not a CSV file ({error})")]
    records = ({key: unguard(cell) for key, cell in row.items()} for row in table.to_dicts())
    return [Line(canonical_json(record).encode(), record) for record in records]


@contextmanager
def _write_parquet(path: Path, form: Format, task: Task) -> Iterator[Write]:
    assert form.shape.types is not None
    schema = form.shape.types(task)
    waiting: list[Json] = []
    with pq.ParquetWriter(path, schema) as file:

        def flush() -> None:
            file.write_table(pa.Table.from_pylist(waiting, schema))
            waiting.clear()

        def write(record: Json) -> None:
            waiting.append(record)
            if len(waiting) == _BATCH:
                flush()

        yield write
        flush()


def _read_parquet(path: Path, form: Format, task: Task) -> list[Line]:
    assert form.shape.types is not None
    try:
        with pq.ParquetFile(path) as file:
            if not file.schema_arrow.equals(form.shape.types(task)):
                return [Line(b"", "the columns are not those of the format")]
            records = [record for batch in file.iter_batches() for record in batch.to_pylist()]
    except (OSError, pa.ArrowException) as error:
        return [Line(b"", f"not a Parquet file ({error})")]
    return [Line(canonical_json(record).encode(), record) for record in records]
