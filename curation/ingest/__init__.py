"""From a file to examples: read, map the columns, set broken rows aside. Pure: no database.

`preview` shows what an import would do; `read_examples` does it, batch by batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from curation.errors import MappingError, UnreadableFile
from curation.ingest.csv_table import DELIMITERS
from curation.ingest.examples import to_examples
from curation.ingest.mapping import ColumnMapping, guess_mapping, guess_task, looks_like_header
from curation.ingest.readers import FORMATS, file_sha256, open_table
from curation.ingest.table import Row, Table
from curation.records import Progress, QuarantinedRow, Task

__all__ = [
    "DELIMITERS",
    "EXAMPLE_SCHEMA",
    "FORMATS",
    "Batch",
    "ColumnMapping",
    "Preview",
    "file_sha256",
    "guess_mapping",
    "guess_task",
    "open_table",
    "preview",
    "read_examples",
    "to_examples",
]

EXAMPLE_SCHEMA = pl.Schema(
    {
        "example_id": pl.String,
        "source_row": pl.Int64,
        "text": pl.String,
        "given": pl.String,
        "messages": pl.String,
        "metadata": pl.String,
    }
)
"""The columns of a frame of examples: the fields of `Example`."""

_SAMPLE_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a file, and what an import would take them for.

    `mapping` may lack what nothing in the file fits; `problems` says so, and why any of the first
    thousand rows would be quarantined.
    """

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    task: Task
    mapping: ColumnMapping
    problems: list[str]


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive rows of a file: `examples` (see EXAMPLE_SCHEMA) and those set aside."""

    examples: pl.DataFrame
    quarantined: list[QuarantinedRow]


def preview(
    path: str | Path,
    task: Task | None = None,
    mapping: ColumnMapping | None = None,
    limit: int = 20,
    *,
    delimiter: str | None = None,
) -> Preview:
    """What an import of the file would do, from its first thousand rows.

    `task` and the open roles of `mapping` are guessed. Shows `limit` readable rows, as read.
    Raises UnreadableFile; a mapping that does not fit is a problem of the preview, not an error.
    """
    sample = _survey(path, delimiter, mapping)
    task = task or guess_task(sample.columns, sample.cells)
    mapping = guess_mapping(sample.columns, sample.cells, task, mapping)
    try:
        mapping.check(sample.columns, task)
    except MappingError as error:
        faults = [row for row in sample.rows if isinstance(row, QuarantinedRow)]
        problems = [error.for_people()]
    else:
        _, faults = to_examples(sample.rows, task, mapping)
        problems = []
    problems += [_in_words(fault) for fault in faults]
    return Preview(sample.columns, sample.cells[:limit], task, mapping, problems)


def read_examples(
    path: str | Path,
    task: Task,
    mapping: ColumnMapping | None = None,
    *,
    delimiter: str | None = None,
    batch_rows: int = 50_000,
    progress: Callable[[Progress], None] | None = None,
) -> Iterator[Batch]:
    """The examples of a file, `batch_rows` rows at a time, in the order of the file.

    The roles that `mapping` leaves open are guessed from the first thousand rows. Ids depend on
    nothing but the rows, so the same file yields the same ids. `progress` hears of every batch,
    in bytes (CSV, JSONL) or rows (Parquet). Raises UnreadableFile and MappingError, before the
    first batch except where a Parquet file is damaged further in.
    """
    sample = _survey(path, delimiter, mapping)
    mapping = guess_mapping(sample.columns, sample.cells, task, mapping)
    mapping.check(sample.columns, task)
    table = open_table(path, delimiter=delimiter)
    return _batches(table, task, mapping, batch_rows, progress)


def _batches(
    table: Table,
    task: Task,
    mapping: ColumnMapping,
    batch_rows: int,
    progress: Callable[[Progress], None] | None,
) -> Iterator[Batch]:
    seen: dict[str, int] = {}
    rows_read = 0
    while rows := list(islice(table.rows, batch_rows)):
        examples, quarantined = to_examples(rows, task, mapping, seen)
        columns = {
            name: [getattr(example, name) for example in examples] for name in EXAMPLE_SCHEMA
        }
        yield Batch(pl.DataFrame(columns, schema=EXAMPLE_SCHEMA), quarantined)
        rows_read += len(rows)
        if progress:
            progress(Progress("read", table.done(), table.total, f"{rows_read:,} rows"))


@dataclass(frozen=True, slots=True)
class _Sample:
    columns: tuple[str, ...]
    rows: list[Row | QuarantinedRow]

    @property
    def cells(self) -> list[dict[str, Any]]:
        return [row.cells for row in self.rows if isinstance(row, Row)]


def _survey(path: str | Path, delimiter: str | None, mapping: ColumnMapping | None) -> _Sample:
    """Columns and first rows; in JSONL a mapped column may first appear far down and is sought."""
    table = open_table(path, delimiter=delimiter)
    rows = list(islice(table.rows, _SAMPLE_ROWS))
    wanted = set() if mapping is None else {*mapping.roles().values(), *(mapping.metadata or ())}
    if table.columns is not None:
        sample = _Sample(table.columns, rows)
        if not wanted & {*table.columns} and not looks_like_header(table.columns, sample.cells):
            raise UnreadableFile(
                f"The first line of {Path(path).name} looks like data, not like column names: "
                f"{', '.join(map(repr, table.columns[:5]))}.",
                "Put the names of the columns into the first line.",
            )
        return sample
    columns = dict.fromkeys(name for row in rows if isinstance(row, Row) for name in row.cells)
    further = iter(table.rows)
    while not wanted <= columns.keys() and (row := next(further, None)):
        if isinstance(row, Row):
            columns.update(dict.fromkeys(row.cells))
    return _Sample(tuple(columns), rows)


def _in_words(fault: QuarantinedRow) -> str:
    where = f"Row {fault.source_row}" + (f", column {fault.column!r}" if fault.column else "")
    return f"{where}: {fault.reason}."
