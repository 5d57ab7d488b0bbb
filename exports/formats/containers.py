"""Records in files: JSON lines, CSV and Parquet, by the suffix of the file's name.

Writers take many records at a time, as lines of JSON, and hold no more than those; readers give
every record back, or say in words why a line is none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

import polars as pl
import pyarrow as pa
import pyarrow.json as pj
import pyarrow.parquet as pq

from curation.records import Json, Task, canonical_json
from exports.formats.base import Format
from exports.formats.beside import ARROW, POLARS, taken_off
from exports.json_lines import joined, json_values, write_lines

BOM = "\ufeff"
_LINE_BREAKS = {ord(mark): f"\\u{ord(mark):04x}" for mark in "\x85\u2028\u2029"}
_LINE_BREAK = re.compile("[\x85\u2028\u2029]")
_ROWS_A_GROUP = 4096
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_GUARDED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")

Write = Callable[[pl.Series], None]


@dataclass(frozen=True, slots=True)
class Line:
    """A record as it stands in a file: its bytes, and what they say or why they say nothing.

    Where columns stand `beside` it, they are no part of the record nor of the bytes.
    """

    raw: bytes
    record: Json | str
    beside: Json = field(default_factory=dict)


@contextmanager
def open_writer(path: Path, form: Format, task: Task) -> Iterator[Write]:
    """A function that adds records, given as lines by `json_line`, to the new file `path`."""
    kinds = {".csv": _write_csv, ".parquet": _write_parquet}
    with kinds.get(path.suffix, _write_lines)(path, form, task) as write:
        yield write


def read(path: Path, form: Format, task: Task) -> list[Line]:
    """Every record of a file, in order; none where there is no such file."""
    if not path.is_file():
        return []
    kinds = {".csv": _read_csv, ".parquet": _read_parquet}
    lines = kinds.get(path.suffix, _read_lines)(path, form, task)
    return [_apart(line, form.beside) for line in lines] if form.beside else lines


def _apart(line: Line, columns: tuple[str, ...]) -> Line:
    if isinstance(line.record, str):
        return line
    try:
        record, beside = taken_off(line.record, columns)
    except ValueError as error:
        return Line(line.raw, str(error))
    return Line(canonical_json(record).encode(), record, beside)


def open_text(path: Path, *, bom: bool = False) -> TextIO:
    """A new UTF-8 file with LF line ends."""
    return path.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="\n")


def json_line(value: Any) -> str:
    """A value as one line of JSON, its LF included, that no reader breaks in two."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if _LINE_BREAK.search(text):
        text = text.translate(_LINE_BREAKS)
    return text + "\n"


def read_line(line: bytes) -> Line:
    """The record of a line of JSON, or why it is none."""
    try:
        return Line(line, parse(line))
    except (ValueError, RecursionError) as error:
        return Line(line, f"not a JSON record ({error})")


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
    with path.open("wb") as file:
        file.write(BOM.encode() if form.target.bom else b"")
        yield lambda lines: write_lines(file, lines)


def _read_lines(path: Path, form: Format, _task: Task) -> list[Line]:
    lines = split_lines(path.read_bytes())
    found = []
    for number, line in enumerate(lines):
        content = line
        if form.target.bom and number == 0:
            content = line.removeprefix(BOM.encode())
        found.append(replace(read_line(content), raw=line))
    if form.target.bom and lines and not lines[0].startswith(BOM.encode()):
        found[0] = Line(lines[0], "the file does not begin with a byte-order mark")
    return found


@contextmanager
def _write_csv(path: Path, form: Format, task: Task) -> Iterator[Write]:
    texts = dict.fromkeys(form.keys(task), pl.String)
    schema = {**texts, **{name: POLARS[name] for name in form.beside}}
    with path.open("wb") as file:
        file.write(BOM.encode() if form.target.bom else b"")
        write_lines(file, pl.Series([",".join(f'"{name}"' for name in schema) + "\n"]))

        def write(lines: pl.Series) -> None:
            cells = pl.read_ndjson(joined(lines), schema=schema).select(
                *map(_guarded, texts), *map(pl.col, form.beside)
            )
            rows = cells.with_columns(_number(cells[name]) for name in form.beside)
            quoted = [pl.format('"{}"', pl.col(name).str.replace_all('"', '""')) for name in schema]
            write_lines(file, rows.select(pl.concat_str(quoted, separator=",") + "\n").to_series())

        yield write


def _number(values: pl.Series) -> pl.Series:
    """Numbers as the texts of cells; "" for none."""
    there = values.is_not_null()
    return json_values(values).zip_with(there, pl.Series([""])).alias(values.name)


def _guarded(column: str) -> pl.Expr:
    """`guard` of a column."""
    cell = pl.col(column)
    live = cell.str.contains(f"^(?:{_FORMULA.pattern})")
    return pl.when(live).then(pl.lit("'") + cell).otherwise(cell).alias(column)


def _read_csv(path: Path, _form: Format, _task: Task) -> list[Line]:
    try:
        table = pl.read_csv(path, infer_schema=False, empty_string_is_null=False)
    except pl.exceptions.PolarsError as error:
        return [Line(b"", f"not a CSV file ({error})")]
    records = ({key: unguard(cell) for key, cell in row.items()} for row in table.to_dicts())
    return [Line(canonical_json(record).encode(), record) for record in records]


def _schema(form: Format, task: Task) -> pa.Schema:
    assert form.shape.types is not None
    more = [pa.field(name, ARROW[name]) for name in form.beside]
    return pa.schema([*form.shape.types(task), *more])


@contextmanager
def _write_parquet(path: Path, form: Format, task: Task) -> Iterator[Write]:
    schema = _schema(form, task)
    options = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
    waiting = schema.empty_table()
    with pq.ParquetWriter(path, schema) as file:

        def write(lines: pl.Series) -> None:
            nonlocal waiting
            text = joined(lines)
            whole = pj.ReadOptions(block_size=text.getbuffer().nbytes + 1)
            found = pj.read_json(text, whole, options)
            waiting = pa.concat_tables([waiting, found]).combine_chunks()
            ready = len(waiting) // _ROWS_A_GROUP * _ROWS_A_GROUP
            if ready:  # `datasets` cannot read a file whose first group is empty
                file.write_table(waiting.slice(0, ready), row_group_size=_ROWS_A_GROUP)
            waiting = waiting.slice(ready)

        yield write
        file.write_table(waiting)


def _read_parquet(path: Path, form: Format, task: Task) -> list[Line]:
    try:
        with pq.ParquetFile(path) as file:
            if not file.schema_arrow.equals(_schema(form, task)):
                return [Line(b"", "the columns are not those of the format")]
            records = [record for batch in file.iter_batches() for record in batch.to_pylist()]
    except (OSError, pa.ArrowException) as error:
        return [Line(b"", f"not a Parquet file ({error})")]
    return [Line(canonical_json(record).encode(), record) for record in records]
