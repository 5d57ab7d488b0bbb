"""What each machine does with its part of the rows; pure functions on frames and arrays.

They are the functions of the search on one machine, cut where rows travel between machines: rows
with one key meet, so that copies are found; then rows with near vectors meet in groups of cells.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl
import pyarrow as pa

from curation.cells import Plan, cells_of, meet, pairs_plan
from curation.duplicates import exact_key, lexical_vectors
from curation.duplicates.finding import MAX_PAIRS
from curation.duplicates.guard import are_twins
from curation.duplicates.texts import FOUND_SCHEMA
from curation.errors import TamisError
from curation.records import PairKind
from curation.similarity import Rows, Vectors, similar_rows

_GROUPS_PER_WORKER = 4
_ROWS_PER_GROUP = 100_000
_AT_ONCE = 8192


class Channel(StrEnum):
    """One way in which texts can be alike."""

    EMBEDDING = "embedding"
    LEXICAL = "lexical"


@dataclass(frozen=True, slots=True)
class Floors:
    """From which similarity on pairs are wanted; `lexical` above 1: spelling is not compared."""

    embedding: float
    lexical: float

    @property
    def channels(self) -> list[Channel]:
        """The channels that are searched."""
        return [Channel.EMBEDDING] + [Channel.LEXICAL] * (self.lexical <= 1)

    def of(self, channel: Channel) -> float:
        """The floor of one channel."""
        return self.embedding if channel is Channel.EMBEDDING else self.lexical


def keyed(rows: pl.DataFrame, parts: int) -> pl.DataFrame:
    """Of rows (`example_id`, `text`) that are not blank: `example_id`, `key`, `written`, `part`.

    Exact copies share the key, those written alike also `written`, 24 hex digits each; equal keys
    have an equal part (UInt32), one of so many.
    """
    rows = rows.filter(pl.col("text").str.strip_chars() != "")
    keys = [_digest(exact_key(text)) for text in rows["text"]]
    written = [_digest(text).hexdigest() for text in rows["text"]]
    return rows.select(
        "example_id",
        key=pl.Series([key.hexdigest() for key in keys], dtype=pl.String),
        written=pl.Series(written, dtype=pl.String),
        part=pl.Series([_part(key.digest(), parts) for key in keys], dtype=pl.UInt32),
    )


def named(rows: pl.DataFrame, parts: int) -> pl.DataFrame:
    """The ids of rows as `keyed` has it: equal ids have an equal part."""
    hashes = [hashlib.blake2b(name.encode(), digest_size=4) for name in rows["example_id"]]
    return rows.select(
        "example_id",
        part=pl.Series([_part(found.digest(), parts) for found in hashes], dtype=pl.UInt32),
    )


def repeated_ids(rows: pl.DataFrame) -> pl.DataFrame:
    """`example_id` of all that stand more than once among named rows."""
    return rows.select("example_id").filter(pl.col("example_id").is_duplicated()).unique()


def copies(rows: pl.DataFrame) -> pl.DataFrame:
    """`example_id` of every copy, and `first` by id of its key, all rows of which are here.

    `repeated`: whether one with a smaller id is written alike.
    """
    first = pl.col("example_id").min()
    return rows.select(
        "example_id",
        first=first.over("key"),
        repeated=pl.col("example_id") != first.over("key", "written"),
    ).filter(pl.col("example_id") != pl.col("first"))


def spelled(texts: Iterable[str]) -> Vectors:
    """The lexical vectors of texts, float32 [n, 512]."""
    return lexical_vectors([exact_key(text) for text in texts])


def searched(rows: pl.DataFrame, vectors: Vectors, channel: Channel) -> Vectors:
    """The vectors of the rows that a channel compares, float32 [n, ·]; `vectors`: embeddings."""
    return vectors if channel is Channel.EMBEDDING else spelled(rows["text"])


@dataclass(frozen=True, slots=True)
class Meeting:
    """Which rows are compared where."""

    plan: Plan
    group_of: Rows
    """Group of every cell, int64 [cells]: the cells of a group are searched on one machine."""

    @property
    def groups(self) -> int:
        """The number of groups."""
        return int(self.group_of.max()) + 1


def meeting(
    sample: pl.DataFrame, vectors: Vectors, rows: int, floor: float, workers: int
) -> Meeting:
    """A plan for so many rows, its cells in groups of like cells, a few for each worker.

    `sample` (`example_id`) with `vectors`, float32 [m, d], is what `cells.sampled` chose of all
    rows. Cells near each other are in one group, so that most rows visit few groups and travel
    seldom.
    """
    # Rows that the plan cannot tell apart are to come in the order that one machine has them in.
    plan = pairs_plan(vectors[sample["example_id"].arg_sort().to_numpy()], rows, floor)
    cells = len(plan.centroids)
    groups = max(workers * _GROUPS_PER_WORKER, rows // _ROWS_PER_GROUP)
    return Meeting(plan, _grouped(plan.centroids, min(cells, groups)))


def _grouped(centroids: Vectors, groups: int) -> Rows:
    """Which of so many groups each cell is in, int64 [cells]: like cells, alike in number.

    Recursive bisection across the longest axis (Simon 1991, "Partitioning of unstructured problems
    for parallel processing", Computing Systems in Engineering 2:135, section 4).
    """
    if groups == 1:
        return np.zeros(len(centroids), dtype=np.int64)
    centred = (centroids - centroids.mean(axis=0)).astype(np.float64)
    axis = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    order = np.argsort(centred @ axis, kind="stable")
    first = groups // 2
    halves = np.split(order, [len(order) * first // groups])
    group_of = np.empty(len(centroids), dtype=np.int64)
    group_of[halves[0]] = _grouped(centroids[halves[0]], first)
    group_of[halves[1]] = first + _grouped(centroids[halves[1]], groups - first)
    return group_of


def travelling(rows: pl.DataFrame, vectors: Vectors, to: Meeting) -> tuple[pl.DataFrame, Rows]:
    """Each row once for every group it must be in, and the place of each in `rows`.

    `vectors` are those that are searched. Added: `group`, `home` (Int32) and `visits` (list of
    Int32), cells by number.
    """
    home, visits = to.plan.places(to.plan.sketch(vectors))
    cells = len(to.plan.centroids)
    visitor, cell = np.divmod(visits, cells)
    starts = np.searchsorted(visitor, np.arange(len(home) + 1)).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(starts), pa.array(cell.astype(np.int32)))
    at = np.concatenate([np.arange(len(home)), visitor])
    groups = to.group_of[np.concatenate([home, cell])]
    place, group = np.divmod(np.unique(at * to.groups + groups), to.groups)
    known = rows.with_columns(
        home=pl.Series(home, dtype=pl.Int32), visits=pl.Series("visits", lists)
    )
    return known[place].with_columns(group=pl.Series(group, dtype=pl.Int32)), place


def near_pairs(
    rows: pl.DataFrame, vectors: Vectors, to: Meeting, channel: Channel, floors: Floors
) -> pl.DataFrame:
    """Pairs that reach a channel's floor among the rows that met in one group: FOUND_SCHEMA.

    `rows` are all those that `travelling` sent there, in any order, `vectors` their embeddings.
    Raises TamisError where they are too many.
    """
    if rows.is_empty():
        return pl.DataFrame(schema=FOUND_SCHEMA)
    rows, vectors = _by_id(rows, vectors)
    here = np.flatnonzero(to.group_of == rows["group"][0])
    count = len(to.plan.centroids)
    guests = rows["visits"].to_arrow()
    who = np.repeat(np.arange(len(rows)), rows["visits"].list.len().to_numpy())
    visits = who * count + guests.flatten().to_numpy(zero_copy_only=False)
    cells = cells_of(rows["home"].to_numpy().astype(np.int64), visits.astype(np.int64), count)
    compared = searched(rows, vectors, channel)
    met = meet(compared, to.plan.sketch(compared), cells, floors.of(channel), hosts=map(int, here))
    return _judged(rows, vectors, [_ends(met)], floors)


def all_pairs(rows: pl.DataFrame, vectors: Vectors, floors: Floors) -> pl.DataFrame:
    """As `near_pairs`, of all channels, for few enough rows to compare them on one machine."""
    rows, vectors = _by_id(rows, vectors)
    found = [
        _ends(similar_rows(searched(rows, vectors, channel), floors.of(channel)))
        for channel in floors.channels
    ]
    return _judged(rows, vectors, found, floors)


def _digest(text: str) -> hashlib.blake2b:
    return hashlib.blake2b(text.encode(), digest_size=12)


def _part(digest: bytes, parts: int) -> int:
    return int.from_bytes(digest[:4]) % parts


def _by_id(rows: pl.DataFrame, vectors: Vectors) -> tuple[pl.DataFrame, Vectors]:
    order = rows["example_id"].arg_sort().to_numpy()
    return rows[order], np.ascontiguousarray(vectors[order])


def _ends(met: Iterable[tuple[int, Rows, Rows, Vectors]]) -> tuple[Rows, Rows]:
    """Left and right rows of all pairs, of which no machine can bear more than MAX_PAIRS."""
    left, right, count = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
    for _, some, others, _ in met:
        left.append(some)
        right.append(others)
        count += len(some)
        if count > MAX_PAIRS:
            raise TamisError(
                f"More than {MAX_PAIRS:,} pairs of like rows met on one worker.",
                "The texts share a template: raise the threshold.",
            )
    return np.concatenate(left), np.concatenate(right)


def _judged(
    rows: pl.DataFrame, vectors: Vectors, found: Sequence[tuple[Rows, Rows]], floors: Floors
) -> pl.DataFrame:
    """Pairs of rows (sorted by id), each once, with both similarities and the guard's verdict."""
    keys = [left * len(rows) + right for left, right in found]
    left, right = np.divmod(np.unique(np.concatenate(keys)), max(1, len(rows)))
    # A part at a time: what the guard knows of a text takes kilobytes.
    parts = [slice(top, top + _AT_ONCE) for top in range(0, len(left), _AT_ONCE)]
    twins = [are_twins([rows["text"]], left[part], right[part]) for part in parts]
    lexical = None
    if Channel.LEXICAL in floors.channels:
        involved = np.unique(np.concatenate([left, right]))
        written = spelled(rows["text"].gather(involved))
        ends = np.searchsorted(involved, left), np.searchsorted(involved, right)
        lexical = _cosine(written, *ends)
    ids = rows["example_id"]
    return pl.DataFrame(
        {
            "example_id": ids.gather(left),
            "other_id": ids.gather(right),
            "similarity": _cosine(vectors, left, right),
            "kind": np.where(
                np.concatenate([[], *twins]), PairKind.NEAR_TWIN.value, PairKind.NEAR.value
            ),
            "lexical": lexical,
        },
        schema=FOUND_SCHEMA,
    )


def _cosine(vectors: Vectors, left: Rows, right: Rows) -> Vectors:
    """Cosine of pairs of rows, float32 [pairs], at most 1."""
    cosine = np.empty(len(left), dtype=np.float32)
    for top in range(0, len(left), _AT_ONCE):
        part = slice(top, top + _AT_ONCE)
        cosine[part] = np.einsum("ij,ij->i", vectors[left[part]], vectors[right[part]])
    return np.minimum(cosine, np.float32(1))
