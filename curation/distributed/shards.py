"""Sharded Parquet in and out, and vectors as Arrow columns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from curation.embeddings import VectorCache
from curation.errors import TamisError, UnreadableFile, WrongUse
from curation.records import text_hash
from curation.similarity import Vectors

_ROWS_AT_ONCE = 16_384
_ROWS_PER_PART = 65_536
_VECTOR = "vector"


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of the shards that matter."""

    text: str
    id: str | None = None
    """None: a row is named by its shard and its place in it."""
    vector: str | None = None
    """None: there are no ready vectors."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some row groups of a shard: what one worker reads at a time."""

    path: str
    number: int
    """Of the shard."""
    groups: list[int]
    first: int
    """Place of the first row in the shard."""


def shards_of(pattern: str) -> list[Path]:
    """The files of a glob pattern, in order. Raises WrongUse where there are none."""
    matches = glob(pattern, recursive=True)  # noqa: PTH207 (the pattern may be absolute)
    found = sorted(Path(name) for name in matches if Path(name).is_file())
    if not found:
        raise WrongUse(
            f"No file matches {pattern}.", "Give a pattern such as 'data/*.parquet', in quotes."
        )
    return [path.resolve() for path in found]


def parts_of(shards: list[Path], columns: Columns) -> list[Part]:
    """The shards in parts that workers read, in order; an empty shard has none.

    Raises WrongUse or UnreadableFile where a shard cannot be read, lacks a column or has one of
    the wrong type, and where all are empty.
    """
    parts: list[Part] = []
    for number, shard in enumerate(shards):
        with _readable(shard), pq.ParquetFile(shard) as file:
            _check_columns(shard, file.schema_arrow, columns)
            sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        first, waiting, rows = 0, list[int](), 0
        for group, size in enumerate(sizes):
            waiting.append(group)
            rows += size
            if rows >= _ROWS_PER_PART or (rows and group == len(sizes) - 1):
                parts.append(Part(str(shard), number, waiting, first))
                first, waiting, rows = first + rows, [], 0
    if not parts:
        raise WrongUse("The files hold no rows.", "Give files with rows.")
    return parts


def rows_of(part: Part, columns: Columns) -> Iterator[pa.Table]:
    """The rows as tables of `example_id`, `text` (null: blank), and `vector` if there are any.

    Raises UnreadableFile where the shard is damaged, WrongUse for a row without id or vector.
    """
    names = [name for name in (columns.text, columns.id, columns.vector) if name]
    place = part.first
    with _readable(part.path), pq.ParquetFile(part.path) as file:
        for batch in file.iter_batches(
            _ROWS_AT_ONCE, row_groups=part.groups, columns=list(dict.fromkeys(names))
        ):
            ids = _ids(batch, part.path, part.number, columns.id, place)
            text = batch[columns.text].cast(pa.string()).fill_null("")
            found = {"example_id": ids, "text": text}
            if columns.vector:
                found[_VECTOR] = _unit(batch[columns.vector], part.path, place)
            place += len(batch)
            yield pa.table(found)


def copy_without(
    shard: Path, number: int, id_column: str | None, gone: pl.Series, out: Path
) -> int:
    """Write the rows of a shard whose ids are not in `gone` to the new file `out`, as they are.

    Returns how many were written.
    """
    kept, place = 0, 0
    with (
        _readable(shard),
        pq.ParquetFile(shard) as file,
        pq.ParquetWriter(out, file.schema_arrow) as writer,
    ):
        wanted = gone.implode()
        for batch in file.iter_batches(_ROWS_AT_ONCE * 4):
            ids = pl.Series(_ids(batch, str(shard), number, id_column, place))
            place += len(batch)
            chosen = batch.filter((~ids.is_in(wanted)).to_arrow())
            kept += len(chosen)
            writer.write_batch(chosen)
    return kept


def row_id(shard: int, row: int) -> str:
    """The id of a row whose file gives it none; their order is that of the rows."""
    return f"{shard:06}-{row:012}"


def vectors_of(table: pa.Table) -> Vectors:
    """The column `vector`, float32 [n, d]."""
    column = table[_VECTOR].combine_chunks()
    flat: Vectors = column.flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(len(column), column.type.list_size)


def with_vectors(table: pa.Table, vectors: Vectors) -> pa.Table:
    """The table with `vectors`, float32 [n, d], as its column `vector`."""
    if _VECTOR in table.column_names:
        table = table.drop_columns([_VECTOR])
    return table.append_column(_VECTOR, _fixed(vectors))


def frame_of(table: pa.Table) -> pl.DataFrame:
    """The table without its vectors."""
    names = [name for name in table.column_names if name != _VECTOR]
    frame = pl.from_arrow(table.select(names))
    assert isinstance(frame, pl.DataFrame)
    return frame


def together(tables: list[pa.Table]) -> pa.Table:
    """Tables as one; none make one without columns.

    Raises WrongUse where their vectors are not equally long.
    """
    if not tables:
        return pa.table({})
    filled = [table for table in tables if len(table)] or tables[:1]
    widths = {table.schema.field(_VECTOR).type for table in filled if _VECTOR in table.column_names}
    if len(widths) > 1:
        raise WrongUse(
            "The vectors are not all equally long: "
            f"{', '.join(sorted(str(width.list_size) for width in widths))}.",
            "All shards must have vectors of one model.",
        )
    return pa.concat_tables(filled).combine_chunks()


def write_vectors(table: pa.Table, folder: Path) -> None:
    """Add the vectors of a table with `text` to a folder in which many write.

    Its file is named by the first text, which no other table has, so that doing it twice does no
    harm; `number_parts` gives the files their final names.
    """
    hashes = [text_hash(text) for text in table["text"].to_pylist()]
    if hashes:
        own = folder / hashes[0]
        VectorCache(own).append(hashes, vectors_of(table))


def number_parts(folder: Path) -> None:
    """Turn what `write_vectors` left in a folder into the parts of one `VectorCache`."""
    for number, own in enumerate(sorted(p for p in folder.iterdir() if p.is_dir()), start=1):
        min(own.glob("part-*.parquet")).replace(folder / f"part-{number}.parquet")
        for left_over in own.iterdir():
            left_over.unlink()
        own.rmdir()


def _check_columns(shard: Path, schema: pa.Schema, columns: Columns) -> None:
    for name in (columns.text, columns.id, columns.vector):
        if name and name not in schema.names:
            raise WrongUse(
                f"{shard} has no column {name!r}.", f"It has: {', '.join(schema.names)}."
            )
    for name in (columns.text, columns.id):
        if name and pa.types.is_nested(schema.field(name).type):
            raise WrongUse(
                f"Column {name!r} of {shard} holds {schema.field(name).type}, not text.",
                "Name a column of texts.",
            )
    if columns.vector:
        kind = schema.field(columns.vector).type
        if not hasattr(kind, "value_type") or not pa.types.is_floating(kind.value_type):
            raise WrongUse(
                f"Column {columns.vector!r} of {shard} holds {kind}, not lists of numbers.",
                "Name a column of vectors, or none to compute them.",
            )


@contextmanager
def _readable(shard: Path | str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise TamisError(
                f"{shard} cannot be read: {error.strerror}.",
                "Every machine must see the folder under the same path.",
            ) from error
        raise UnreadableFile(
            f"{shard} is damaged or no Parquet file: {error}.", "Mend it or take it away."
        ) from error


def _ids(
    batch: pa.RecordBatch, shard: str, number: int, column: str | None, first: int
) -> pa.Array:
    """Ids of rows, of which the first has the place `first` in its shard."""
    if column is None:
        return pa.array([row_id(number, row) for row in range(first, first + len(batch))])
    ids = batch[column].cast(pa.string())
    if ids.null_count:
        row = first + ids.is_null().index(True).as_py() + 1
        raise WrongUse(
            f"Row {row} of {shard} has no id in column {column!r}.", "Leave the ids out, or add it."
        )
    return ids


def _unit(column: pa.Array, shard: str, first: int) -> pa.Array:
    """Vectors of any list type as fixed-size lists of float32 of length 1 (zeros stay zeros)."""
    hint = "Leave the column of vectors out to compute them."
    if column.null_count:
        row = first + column.is_null().index(True).as_py() + 1
        raise WrongUse(f"Row {row} of {shard} has no vector.", hint)
    flat = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    widths = np.unique(column.value_lengths().to_numpy(zero_copy_only=False))
    if len(widths) != 1:
        raise WrongUse(f"The vectors of {shard} are not all equally long.", hint)
    vectors = flat.reshape(len(column), -1)
    unfit = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(unfit):
        raise WrongUse(f"The vector of row {first + unfit[0] + 1} of {shard} is no number.", hint)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return _fixed(vectors / np.maximum(norms, np.finfo(np.float32).tiny))


def _fixed(vectors: Vectors) -> pa.Array:
    flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
    return pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
