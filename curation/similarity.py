"""Search among unit vectors: all pairs above a cosine, and nearest neighbours.

Exact while comparing everything is cheap, among k-means cells above (`cells`); `Search` says which,
and `pairs_recall` and `neighbours_recall` measure on a random sample what the latter found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from curation import cells
from curation.blocks import Mask, Pairs, Rows, Side, Vectors, close_pairs, sketch, spread

__all__ = [
    "Rows",
    "Search",
    "Vectors",
    "nearest_neighbours",
    "neighbours_recall",
    "pairs_recall",
    "similar_between",
    "similar_rows",
]

_EXACT_ROWS = 20_000
"""Up to so many rows everything is compared: no slower than cells, and nothing can be lost."""
_PREFIX = 64
_STRIPE = 128
_CHUNK = 64
_BLOCK_CELLS = 1 << 24
_TIE = np.float32(1e-6)


@dataclass(frozen=True, slots=True)
class Search:
    """How a search was done and how much of what there is it found."""

    method: Literal["exact", "cells"]
    rows: int
    """Rows that were searched, both sides taken together."""
    cells: int
    """Number of cells; 0 where everything was compared."""
    recall: float | None
    """Share of the true pairs or neighbours that were found; None: not measured."""
    interval: tuple[float, float] | None
    """95 % interval of the recall (Wilson); None: not measured, or exact and so certain."""

    @classmethod
    def of_pairs(cls, rows: int, first_new: int = 0) -> Search:
        """How `similar_rows` searches so many rows."""
        return cls._of(rows, (rows - first_new) * (rows + first_new) // 2)

    @classmethod
    def between(cls, left: int, right: int) -> Search:
        """How `similar_between` searches so many rows on either side."""
        return cls._of(left + right, left * right)

    @classmethod
    def of_neighbours(cls, rows: int) -> Search:
        """How `nearest_neighbours` searches so many rows."""
        return cls._of(rows, rows * rows // 2)

    @classmethod
    def _of(cls, rows: int, comparisons: int) -> Search:
        if comparisons <= _EXACT_ROWS**2 // 2:
            return cls("exact", rows, 0, 1.0, None)
        return cls("cells", rows, cells.cell_count(rows), None, None)


def similar_rows(
    vectors: Vectors, floor: float, first_new: int = 0
) -> Iterator[tuple[int, Rows, Rows, Vectors]]:
    """Yield (rows done, left, right, cosine) of row pairs left < right with cosine ≥ floor.

    `vectors` is float32 [n, d], L2-normalised. Rows from `first_new` on are new: pairs of two rows
    before it are left out, and cost nothing. Each pair comes once, its cosine computed on whole
    vectors. Every pair is found where `Search.of_pairs` says "exact". Among cells a few are missed,
    more of them the lower the floor: `pairs_recall` tells. Holds a few blocks beside the vectors.
    """
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if Search.of_pairs(len(vectors), first_new).method == "exact":
        yield from _scan(vectors, floor, first_new, within_new=True)
    else:
        yield from cells.pairs(vectors, floor, first_new, within_new=True)


def similar_between(
    left: Vectors, right: Vectors, floor: float
) -> Iterator[tuple[int, Rows, Rows, Vectors]]:
    """Yield (left rows done, left, right, cosine) of a row of either set with cosine ≥ floor.

    Both are float32 [·, d], L2-normalised; a copy of both is held. As `similar_rows` otherwise.
    """
    vectors = np.concatenate([left, right]).astype(np.float32, copy=False)
    search = Search.between(len(left), len(right))
    find = _scan if search.method == "exact" else cells.pairs
    for done, rows, others, cosine in find(vectors, floor, len(left), within_new=False):
        yield done, rows, others - len(left), cosine


def _scan(
    vectors: Vectors, floor: float, first_new: int, *, within_new: bool
) -> Iterator[tuple[int, Rows, Rows, Vectors]]:
    """Compare everything: as `cells.pairs`, and nothing is missed."""
    count = len(vectors)
    every = np.arange(count)
    sketches = sketch(vectors, _PREFIX, every[:: -(-count // 20_000) or 1])
    stop = count if within_new else first_new

    def compare(top: int) -> Pairs:
        left = slice(top, min(top + _STRIPE, stop))
        right = slice(max(top, first_new), count)
        one, other = (Side(every[side], sketches[side]) for side in (left, right))
        return close_pairs(vectors, one, other, floor, np.less)

    tops = range(0, stop, _STRIPE)
    for top, found in zip(tops, spread(compare, tops), strict=True):
        yield min(top + _STRIPE, stop), *found


def nearest_neighbours(vectors: Vectors, k: int) -> tuple[Rows, Vectors]:
    """The k nearest other rows of every row by cosine, most similar first, ties by row number.

    `vectors` is float32 [n, d], L2-normalised. Returns indices int64 [n, m] and similarities
    float32 [n, m], clipped to 1, with m = min(k, n − 1). Exact where `Search.of_neighbours` says
    so; among cells some neighbours are others that are a little farther (`neighbours_recall`
    tells), and among equals it need not be the first by row number. Holds blocks, never n × n.
    """
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    width = max(0, min(k, len(vectors) - 1))
    every = np.arange(len(vectors))
    if not width or Search.of_neighbours(len(vectors)).method == "exact":
        return _ranked(vectors, every, _nearest(vectors, every, width))
    indices = cells.neighbours(vectors, width)
    lonely = np.flatnonzero(indices[:, -1] < 0)
    indices[lonely] = _nearest(vectors, lonely, width)
    return _ranked(vectors, every, indices)


def _nearest(vectors: Vectors, rows: Rows, k: int) -> Rows:
    """The k nearest other rows of some rows, int64 [rows, k], in no order, by comparing all."""
    height = max(1, _BLOCK_CELLS // max(1, len(vectors)))

    def find(top: int) -> Rows:
        own = rows[top : top + height]
        block = vectors[own] @ vectors.T
        block[np.arange(len(own)), own] = -np.inf
        least = _lower_bounds(block, k)
        return np.stack([_largest(*bounded, k) for bounded in zip(block, least, strict=True)])

    if not k or not len(rows):
        return np.empty((len(rows), k), dtype=np.int64)
    return np.concatenate(list(spread(find, range(0, len(rows), height))))


def _ranked(vectors: Vectors, rows: Rows, indices: Rows) -> tuple[Rows, Vectors]:
    """Neighbours of some rows in their order, and their similarities computed alike for all."""

    def rank(top: int) -> tuple[Rows, Vectors]:
        others = indices[top : top + 512]
        cosine = np.einsum("id,ikd->ik", vectors[rows[top : top + 512]], vectors[others])
        order = np.lexsort((others, -cosine), axis=1)
        cosine = np.minimum(np.take_along_axis(cosine, order, axis=1), np.float32(1))
        return np.take_along_axis(others, order, axis=1), cosine

    parts = list(spread(rank, range(0, len(rows), 512)))
    none = indices[:0], np.empty((0, indices.shape[1]), dtype=np.float32)
    others, cosine = zip(none, *parts, strict=True)
    return np.concatenate(others), np.concatenate(cosine)


def _lower_bounds(block: Vectors, k: int) -> Vectors:
    """For every row a value that at least k of its entries reach, float32 [rows].

    The k-th largest of the maxima of disjoint chunks: far cheaper than sorting the row.
    """
    chunks = block.shape[1] // _CHUNK
    if chunks < k:
        return np.full(len(block), -np.inf, dtype=np.float32)
    maxima = block[:, : chunks * _CHUNK].reshape(len(block), chunks, _CHUNK).max(axis=2)
    return np.partition(maxima, chunks - k, axis=1)[:, chunks - k]


def _largest(row: Vectors, least: np.float32, k: int) -> Rows:
    """Positions of the k largest entries, none of which is below `least`; ties by position."""
    places = np.flatnonzero(row >= least)
    values = row[places]
    limit = np.partition(values, len(values) - k)[len(values) - k]
    above, tied = places[values > limit], places[values == limit]
    return np.concatenate([above, tied[: k - len(above)]])


def pairs_recall(
    search: Search,
    vectors: Vectors,
    floor: float,
    found: tuple[Rows, Rows],
    *,
    first_new: int = 0,
    copy_of: Rows | None = None,
    sample: int = 1000,
    seed: int = 0,
) -> Search:
    """The search with the measured share of true pairs that are among those found.

    `found` are the left and right rows that `similar_rows` yielded, left < right. Where `copy_of`,
    int64 [n] ≥ 0, says which rows count as one, they are pairs of its numbers instead, and rows
    with the same number make no pair. A random sample of rows is compared with everything; what
    counts are all pairs that touch it. The rows of a large group hang together, so its pairs count
    for less in the interval (see `_measured`).
    """
    chosen = _sample(len(vectors), sample, seed)
    every = np.arange(len(vectors))
    number = every if copy_of is None else copy_of
    width = int(number.max(initial=0)) + 1

    def wanted(left: Rows, right: Rows) -> Mask:
        new: Mask = (number[left] != number[right]) & (np.maximum(left, right) >= first_new)
        return new

    def compare(top: int) -> Pairs:
        rows = chosen[top : top + _STRIPE]
        return close_pairs(vectors, Side(rows, vectors[rows]), Side(every, vectors), floor, wanted)

    hits, totals = np.zeros((2, len(vectors)), dtype=np.int64)
    touching = np.isin(found[0], number[chosen]) | np.isin(found[1], number[chosen])
    known = found[0][touching] * width + found[1][touching]
    for left, right, _ in spread(compare, range(0, len(chosen), _STRIPE)):
        ends = number[left], number[right]
        keys = np.minimum(*ends) * width + np.maximum(*ends)
        np.add.at(totals, left, 1)
        np.add.at(hits, left, np.isin(keys, known))
    return _measured(search, hits[chosen], totals[chosen])


def neighbours_recall(
    search: Search, vectors: Vectors, indices: Rows, *, sample: int = 1000, seed: int = 0
) -> Search:
    """The search with the measured share of the true nearest neighbours that were found.

    `indices` is what `nearest_neighbours` returned. A neighbour counts as found where one at least
    as similar as the farthest true one stands in its place, so that ties harm nobody.
    """
    chosen = _sample(len(vectors), sample, seed)
    best = _ranked(vectors, chosen, _nearest(vectors, chosen, indices.shape[1]))[1]
    got = _ranked(vectors, chosen, indices[chosen])[1]
    hits = np.count_nonzero(got >= best[:, -1:] - _TIE, axis=1)
    return _measured(search, hits, np.full(len(chosen), indices.shape[1]))


def _sample(count: int, size: int, seed: int) -> Rows:
    chosen = np.random.default_rng(seed).choice(count, min(size, count), replace=False)
    return np.sort(chosen).astype(np.int64)


def _measured(search: Search, hits: Rows, totals: Rows) -> Search:
    """Recall from hits among totals per sampled row, with Wilson's interval (1927, JASA 22:209).

    What a row finds or misses it does together, so the interval counts Kish's effective number
    of rows, (Σ totals)² / Σ totals² (Kish 1965, "Survey Sampling", section 8.2), not of pairs.
    """
    if not totals.sum():
        return replace(search, recall=None, interval=None)
    recall = float(hits.sum() / totals.sum())
    size = float(totals.sum()) ** 2 / float((totals**2).sum())
    z = 1.959964
    centre = recall + z * z / (2 * size)
    spread_ = z * (recall * (1 - recall) / size + z * z / (4 * size * size)) ** 0.5
    low, high = (float((centre + side * spread_) / (1 + z * z / size)) for side in (-1, 1))
    return replace(search, recall=recall, interval=(max(0.0, low), min(1.0, high)))
