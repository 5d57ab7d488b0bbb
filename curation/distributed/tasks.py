"""What Ray calls on its workers: tables of Arrow in and out, around the functions of `steps`.

A worker gets what is the same for all (plans, ids) as a reference, and so once, not with each task.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from curation.cells import sampled
from curation.distributed import shards, steps
from curation.distributed.shards import Columns, Part
from curation.distributed.steps import Channel, Floors
from curation.embeddings import Encoder, load_encoder


def keys(batch: pa.Table, columns: Columns, parts: int) -> Iterator[pa.Table]:
    """The keyed rows of parts of shards."""
    for part in _parts(batch):
        for table in shards.rows_of(part, Columns(columns.text, columns.id)):
            yield arrow(steps.keyed(shards.frame_of(table), parts))


def names(batch: pa.Table, columns: Columns, parts: int) -> Iterator[pa.Table]:
    """The named rows of parts of shards."""
    for part in _parts(batch):
        for table in shards.rows_of(part, Columns(columns.text, columns.id)):
            yield arrow(steps.named(shards.frame_of(table), parts))


def repeated(table: pa.Table) -> pa.Table:
    """The ids that stand more than once in a part of the named rows."""
    return arrow(steps.repeated_ids(shards.frame_of(table)))


def copies(table: pa.Table) -> pa.Table:
    """The copies in a part of the keyed rows."""
    return arrow(steps.copies(shards.frame_of(table)))


def texts(batch: pa.Table, columns: Columns, gone: Any) -> Iterator[pa.Table]:
    """The rows of parts of shards that are compared: not blank, and not in `gone`."""
    without = _got(gone)
    for part in _parts(batch):
        for table in shards.rows_of(part, columns):
            rows = shards.frame_of(table)
            blank = rows["text"].str.strip_chars() == ""
            left_out = blank | rows["example_id"].is_in(without.implode())
            yield table.filter((~left_out).to_arrow())


def embedded(
    batch: pa.Table, columns: Columns, gone: Any, model: str, folder: Path
) -> Iterator[pa.Table]:
    """As `texts`, with vectors by a model, which are also written to the folder."""
    for table in texts(batch, columns, gone):
        vectors = _encoder(model).encode(table["text"].to_pylist())
        found = shards.with_vectors(table, vectors)
        shards.write_vectors(found, folder)
        yield found


def sample(table: pa.Table, channel: Channel, count: int) -> pa.Table:
    """The rows from which the plan for a channel is made, with the vectors that it compares."""
    rows = shards.frame_of(table)
    vectors = steps.searched(rows, shards.vectors_of(table), channel)
    chosen = sampled(vectors, count)
    ids = table.select(["example_id"]).filter(pa.array(chosen))
    return shards.with_vectors(ids, vectors[chosen])


def send(table: pa.Table, channel: Channel, to: Any) -> pa.Table:
    """The rows once for each group in which they are compared."""
    rows, vectors = shards.frame_of(table), shards.vectors_of(table)
    sent, place = steps.travelling(rows, steps.searched(rows, vectors, channel), _got(to))
    return shards.with_vectors(arrow(sent), vectors[place])


def compare(table: pa.Table, channel: Channel, to: Any, floors: Floors) -> pa.Table:
    """The near pairs of one group."""
    rows, vectors = shards.frame_of(table), shards.vectors_of(table)
    return arrow(steps.near_pairs(rows, vectors, _got(to), channel, floors))


def write_kept(batch: pa.Table, id_column: str | None, gone: Any, folder: Path) -> pa.Table:
    """Write shards (`path`, `number`) without the rows in `gone`; `rows`: how many were kept."""
    kept = []
    for shard in batch.to_pylist():
        path = Path(shard["path"])
        out = folder / f"{shard['number']:06}-{path.stem}.parquet"
        kept.append(shards.copy_without(path, shard["number"], id_column, _got(gone), out))
    return pa.table({"rows": pa.array(kept, pa.int64())})


def arrow(frame: pl.DataFrame) -> pa.Table:
    """A frame as Ray passes it on."""
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


@lru_cache(maxsize=1)
def _encoder(model: str) -> Encoder:
    """The model, loaded once by each worker, of which Ray gives every core one."""
    os.environ["TAMIS_THREADS"] = "1"
    return load_encoder(model)


def _parts(batch: pa.Table) -> list[Part]:
    return [Part(**entry) for entry in batch.to_pylist()]


def _got(reference: Any) -> Any:
    import ray  # noqa: PLC0415 (an extra)

    return ray.get(reference)
