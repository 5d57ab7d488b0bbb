"""The steps of the search as flows of blocks through Ray Data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from curation.distributed import shards, steps, tasks
from curation.distributed.shards import Columns, Part
from curation.distributed.steps import Channel, Floors
from curation.duplicates.texts import FOUND_SCHEMA
from curation.errors import WrongUse
from curation.records import Json
from curation.similarity import Search

_COPIES = {"example_id": pl.String, "first": pl.String, "repeated": pl.Boolean}


@dataclass(frozen=True, slots=True)
class Flow:
    """The shards on a connected cluster."""

    ray: Any
    parts: list[Part]
    columns: Columns
    workers: int

    def check_ids(self) -> None:
        """Raise WrongUse where two rows have the same id."""
        if self.columns.id is None:
            return
        named = self._read(partial(tasks.names, columns=self.columns, parts=self._spread))
        found = _table(self.ray, self._by(named, "part", self._spread, tasks.repeated))
        if len(found):
            twice = sorted(found["example_id"].to_pylist())
            raise WrongUse(
                f"{len(twice)} ids of column {self.columns.id!r} name more than one row, "
                f"such as {twice[0]!r}.",
                "Leave the ids out: rows are then named by shard and place.",
            )

    def copies(self) -> pl.DataFrame:
        """The copies among all rows, as `steps.copies` has them."""
        keyed = self._read(partial(tasks.keys, columns=self.columns, parts=self._spread))
        found = _table(self.ray, self._by(keyed, "part", self._spread, tasks.copies))
        return shards.frame_of(found) if len(found) else pl.DataFrame(schema=_COPIES)

    def texts(self, gone: pl.Series, model: str, folder: Path) -> Any:
        """The rows that are not in `gone`, each with its vector; held by the cluster.

        Vectors that are computed by the model are also written to the folder.
        """
        known = self.ray.put(gone)
        if self.columns.vector:
            read = self._read(partial(tasks.texts, columns=self.columns, gone=known))
        else:
            folder.mkdir(parents=True)
            embed = partial(
                tasks.embedded, columns=self.columns, gone=known, model=model, folder=folder
            )
            read = self._read(embed)
        return read.materialize()

    def near(self, texts: Any, count: int, floors: Floors) -> pl.DataFrame:
        """Near pairs and near-twins among so many texts: FOUND_SCHEMA."""
        if Search.of_pairs(count).method == "exact":
            if not count:
                return pl.DataFrame(schema=FOUND_SCHEMA)
            table = _table(self.ray, texts)
            return steps.all_pairs(shards.frame_of(table), shards.vectors_of(table), floors)
        found = [self._met(texts, count, channel, floors) for channel in floors.channels]
        return pl.concat(found).unique(["example_id", "other_id"])

    def _met(self, texts: Any, count: int, channel: Channel, floors: Floors) -> pl.DataFrame:
        sample = self._sample(texts, count, channel) or self._sample(texts, 1, channel)
        frame, vectors = shards.frame_of(sample), shards.vectors_of(sample)
        to = steps.meeting(frame, vectors, count, floors.of(channel), self.workers)
        known = self.ray.put(to)
        send = partial(tasks.send, channel=channel, to=known)
        sent = texts.map_batches(send, batch_size=None, batch_format="pyarrow")
        compare = partial(tasks.compare, channel=channel, to=known, floors=floors)
        return _pairs(self.ray, self._by(sent, "group", to.groups, compare))

    def _sample(self, texts: Any, count: int, channel: Channel) -> pa.Table:
        """The rows of a sample for so many rows; of all where there are no more than it wants."""
        chosen = partial(tasks.sample, channel=channel, count=count)
        return _table(self.ray, texts.map_batches(chosen, batch_format="pyarrow"))

    def write_kept(self, files: list[Path], gone: pl.Series, folder: Path) -> int:
        """Write each shard without the rows in `gone`; the number of rows that were kept."""
        folder.mkdir()
        listed = [{"number": number, "path": str(path)} for number, path in enumerate(files)]
        write = partial(
            tasks.write_kept, id_column=self.columns.id, gone=self.ray.put(gone), folder=folder
        )
        written = self._listed(listed).map_batches(write, batch_size=1, batch_format="pyarrow")
        return int(written.sum("rows") or 0)

    @property
    def _spread(self) -> int:
        """In how many parts rows meet by key."""
        return max(self.workers, min(len(self.parts), self.workers * 4))

    def _listed(self, entries: list[Json]) -> Any:
        """A dataset of so many blocks of one entry each, so that each is a task of its own."""
        return self.ray.data.from_items(entries, override_num_blocks=len(entries))

    def _read(self, task: Callable[..., Any]) -> Any:
        listed = self._listed(list(map(asdict, self.parts)))
        return listed.map_batches(task, batch_size=1, batch_format="pyarrow")

    @staticmethod
    def _by(rows: Any, column: str, parts: int, task: Callable[[pa.Table], pa.Table]) -> Any:
        """What a task makes of all rows with the same number in a column."""
        return rows.groupby(column, num_partitions=parts).map_groups(task, batch_format="pyarrow")


def _table(ray: Any, rows: Any) -> pa.Table:
    """A dataset of Ray as one table."""
    return shards.together([ray.get(reference) for reference in rows.to_arrow_refs()])


def _pairs(ray: Any, rows: Any) -> pl.DataFrame:
    """Pairs of a dataset of Ray: FOUND_SCHEMA."""
    found = _table(ray, rows)
    if not len(found):
        return pl.DataFrame(schema=FOUND_SCHEMA)
    return shards.frame_of(found).select(*FOUND_SCHEMA).cast(FOUND_SCHEMA)  # type: ignore[arg-type]
