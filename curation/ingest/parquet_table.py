"""Parquet: typed columns, read in batches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curation.errors import UnreadableFile
from curation.ingest.cells import jsonable, value_fault
from curation.ingest.table import Row, RowFault, Table, quarantined, raw_of, shown
from curation.records import QuarantinedRow

_BATCH = 10_000


def open_parquet(path: Path, cell_limit: int) -> Table:
    """The rows of a Parquet file; cells are JSON values (see `jsonable`).

    Raises UnreadableFile where the file is damaged, empty, or names two columns alike; damage
    inside a later row group raises it on the way.
    """
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error
    columns = tuple(file.schema_arrow.names)
    for name in columns:
        if columns.count(name) > 1:
            raise UnreadableFile(
                f"{path.name} has {columns.count(name)} columns named {shown(name)}.",
                "Give every column a name of its own.",
            )
    reached = [0]
    rows = _rows(path, file, cell_limit, reached)
    return Table(columns, rows, lambda: reached[0], file.metadata.num_rows)


def _rows(
    path: Path, file: pq.ParquetFile, cell_limit: int, reached: list[int]
) -> Iterator[Row | QuarantinedRow]:
    with file:
        batches = file.iter_batches(batch_size=_BATCH)
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError) as error:
                raise _damaged(path, error) from error
            if batch is None:
                return
            for record in _records(batch):
                reached[0] += 1
                yield _row(reached[0], record, cell_limit)


def _records(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """The batch's rows; a cell whose bytes are not UTF-8 is a RowFault."""
    columns = {name: _values(batch.column(name)) for name in batch.schema.names}
    for cells in zip(*columns.values(), strict=True):
        yield dict(zip(columns, cells, strict=True))


def _values(column: pa.Array) -> list[Any]:
    try:
        values: list[Any] = column.to_pylist()
    except (UnicodeDecodeError, ValueError, OverflowError):
        return [_value(scalar) for scalar in column]
    return values


def _value(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError as error:
        around = error.object.decode("utf-8", "backslashreplace")
        return RowFault(None, f"is not UTF-8, in {shown(around)}; write the column as UTF-8")
    except (ValueError, OverflowError) as error:
        return RowFault(None, f"has a value that cannot be read ({error})")


def _row(number: int, record: dict[str, Any], cell_limit: int) -> Row | QuarantinedRow:
    cells: dict[str, Any] = {}
    for column, value in record.items():
        if isinstance(value, RowFault):
            return quarantined(number, column, value.reason, raw_of(record))
        cells[column] = cell = jsonable(value)
        if cell.__class__ not in (int, bool, type(None)) and (
            reason := value_fault(cell, cell_limit)
        ):
            return quarantined(number, column, reason, raw_of(record))
    return Row(number, cells)


def _damaged(path: Path, error: Exception) -> UnreadableFile:
    return UnreadableFile(
        f"{path.name} is not a readable Parquet file: {error}", "Write the file again."
    )
