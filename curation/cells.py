"""Search among many unit vectors: rows are compared only where k-means puts them near each other.

Every row is at home in the cell of its nearest centroid and visits the other cells whose centroid
is nearly as near. A cell compares its homes with each other and with its visitors: an inverted
file (Jégou, Douze & Schmid 2011, "Product quantization for nearest neighbor search", IEEE TPAMI
33(1), section 4) that is searched for all of its own rows at once. A pair is found if either row
visits the home of the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from curation.blocks import (
    Axes,
    Mask,
    Pairs,
    Rows,
    Side,
    Vectors,
    axes_of,
    close_pairs,
    joined,
    places,
    shorten,
    spread,
)

_WIDTH = 128
_SEED = 0
_SAMPLE = 20_000
_SAMPLE_PER_CELL = 32
_ROWS_PER_CELL = 160
_STEPS = 4
_REACH = 0.45
"""How much farther than the nearest a centroid may be to be visited, as a share of the greatest
distance √(2 − 2·floor) between two similar rows: .20 in cosine at a floor of .9, .28 at .8."""
_VISITED = 48
"""Most cells that a row visits in the search for pairs."""
_NEIGHBOUR_CELLS = 12
"""Cells among which every row looks for its neighbours, its home included."""
_PAIRS_AT_ONCE = 1 << 21
_CROWD = 4096
"""Rows of one cell that are compared with each other for neighbours. Only copies of one vector
fill a cell so; a copy needs no more than this many others to choose its neighbours from."""
_PARTY, _GROUP = 1024, 64


def cell_count(rows: int) -> int:
    """How many cells so many rows are shared out to: 2·√rows, more where each would hold over 160.

    So a search among neighbouring cells costs the same per row however many rows there are.
    """
    return max(1, 2 * math.isqrt(rows), rows // _ROWS_PER_CELL)


@dataclass(frozen=True, slots=True)
class Cells:
    """Which cell every row lives in, and which others it visits."""

    home: Rows
    """Cell of every row, int64 [n]."""
    by_home: Rows
    """All rows, ordered by cell, then by row, int64 [n]."""
    starts: Rows
    """Where each cell starts in `by_home`, int64 [cells + 1]."""
    visits: Rows
    """cell · n + row of every visit, sorted, int64 [visits]."""

    @property
    def count(self) -> int:
        """The number of cells; some may be empty."""
        return len(self.starts) - 1

    def homes(self, cell: int) -> Rows:
        """Rows that live in the cell, ascending."""
        return self.by_home[self.starts[cell] : self.starts[cell + 1]]

    def visitors(self, cell: int) -> Rows:
        """Rows that visit the cell, ascending."""
        rows = len(self.home)
        first, last = np.searchsorted(self.visits, [cell * rows, (cell + 1) * rows])
        return self.visits[first:last] - cell * rows

    def met_before(self, cell: int, homes: Rows, visitors: Rows) -> Mask:
        """Whether each home of this cell and its visitor have met in an earlier cell too."""
        if not len(self.visits):
            return np.zeros(len(homes), dtype=np.bool_)
        host = self.home[visitors]
        keys = host * len(self.home) + homes
        spots = np.minimum(np.searchsorted(self.visits, keys), len(self.visits) - 1)
        met: Mask = (host < cell) & (self.visits[spots] == keys)
        return met


@dataclass(frozen=True, slots=True)
class Plan:
    """Where any row belongs: axes of the sketches, centroids of the cells, and who visits whom."""

    axes: Axes | None
    centroids: Vectors
    """Float32 [cells, ≤ 128]."""
    reach: float
    visited: int

    def sketch(self, vectors: Vectors) -> Vectors:
        """The sketches of float32 [n, d] vectors, float32 [n, ≤ 128]."""
        return shorten(vectors, self.axes)

    def places(self, sketches: Vectors) -> tuple[Rows, Rows]:
        """Home of each sketch, int64 [n], and its visits as row · cells + cell, sorted."""

        def assign(top: int) -> tuple[Rows, Rows]:
            block = sketches[top : top + 1024]
            return _nearest(block, top, self.centroids, self.reach, self.visited)

        parts = list(spread(assign, range(0, len(sketches), 1024)))
        none = np.empty(0, np.int64), np.empty(0, np.int64)
        home, visits = zip(none, *parts, strict=True)
        return np.concatenate(home), np.concatenate(visits)


def pairs_plan(sample: Vectors, rows: int, floor: float) -> Plan:
    """The plan by which pairs with cosine ≥ floor are searched among so many rows.

    `sample` are those of the rows, float32 [m, d], m > 0, that `sampled` chooses.
    """
    return _plan(sample, rows, _REACH * max(0.0, 2.0 - 2.0 * floor) ** 0.5, _VISITED)


def sampled(vectors: Vectors, rows: int) -> Mask:
    """Whether a row is one of those from which the plan for so many rows is made, bool [n].

    It depends on the content of each row alone, so that parts of the rows can be asked one by one.
    """
    wanted = max(_SAMPLE, cell_count(rows) * _SAMPLE_PER_CELL)
    share = min(1.0, wanted / max(1, rows))
    chosen: Mask = _content_hash(vectors) <= np.uint64(share * (2**64 - 2048))
    return chosen


def _content_hash(vectors: Vectors) -> NDArray[np.uint64]:
    """64 bits that tell rows apart by their content (multiply-add hashing, modulo 2⁶⁴)."""
    weights = np.random.default_rng(_SEED).integers(
        0, 2**64 - 1, vectors.shape[1], dtype=np.uint64
    ) | np.uint64(1)

    def part(top: int) -> NDArray[np.uint64]:
        block = np.ascontiguousarray(vectors[top : top + 4096]).view(np.uint32)
        sums: NDArray[np.uint64] = (block.astype(np.uint64) * weights).sum(axis=1, dtype=np.uint64)
        return (sums ^ (sums >> np.uint64(31))) * np.uint64(0x94D049BB133111EB)

    return np.concatenate([part(top) for top in range(0, max(1, len(vectors)), 4096)])


def _plan(sample: Vectors, rows: int, reach: float, visited: int) -> Plan:
    # In an order of their own, so that that of the rows does not matter.
    sample = sample[np.lexsort(sample[:, :8].T)] if sample.shape[1] else sample
    axes = axes_of(sample[:: -(-len(sample) // _SAMPLE)], _WIDTH)
    cells = cell_count(rows)
    step = max(1, len(sample) // (cells * _SAMPLE_PER_CELL))
    return Plan(axes, _centroids(shorten(sample[::step], axes), cells), reach, visited)


def cells_of(home: Rows, visits: Rows, count: int) -> Cells:
    """Cells from the home of every row and from visits as row · count + cell."""
    by_home = np.argsort(home, kind="stable")
    starts = np.searchsorted(home[by_home], np.arange(count + 1))
    rows = visits // count
    return Cells(home, by_home, starts, np.sort((visits - rows * count) * len(home) + rows))


def build(vectors: Vectors, reach: float, visited: int) -> tuple[Cells, Vectors]:
    """Cells of the rows of float32 [n, d], n > 0, and the sketches [n, ≤ 128] that define them.

    A row visits the at most `visited` cells whose centroid's cosine with it is within `reach` of
    the best. Depends on the order of the rows only through float32 rounding and the order of rows
    that agree in their first eight coordinates.
    """
    chosen = sampled(vectors, len(vectors))
    sample = vectors[chosen] if chosen.any() else vectors
    return _built(vectors, _plan(sample, len(vectors), reach, visited))


def _built(vectors: Vectors, plan: Plan) -> tuple[Cells, Vectors]:
    sketches = plan.sketch(vectors)
    return cells_of(*plan.places(sketches), len(plan.centroids)), sketches


def _centroids(sample: Vectors, cells: int) -> Vectors:
    """Spherical k-means, a few steps (Dhillon & Modha 2001, Machine Learning 42, section 3)."""
    random = np.random.default_rng(_SEED)
    centroids = sample[random.choice(len(sample), min(cells, len(sample)), replace=False)]
    for _ in range(_STEPS):

        def nearest(top: int, centroids: Vectors = centroids) -> Rows:
            chosen: Rows = (sample[top : top + 1024] @ centroids.T).argmax(axis=1)
            return chosen

        near = np.concatenate(list(spread(nearest, range(0, len(sample), 1024))))
        # Centroids that nothing is near are copies of another, and are left out.
        _, near = np.unique(near, return_inverse=True)
        order = np.argsort(near, kind="stable")
        sums = np.add.reduceat(sample[order], np.unique(near[order], return_index=True)[1])
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centroids = sums / np.maximum(lengths, np.finfo(np.float32).tiny)
    return centroids


def _nearest(
    block: Vectors, top: int, centroids: Vectors, reach: float, visited: int
) -> tuple[Rows, Rows]:
    """Homes of the rows from `top` on, and their visits as row · cells + cell."""
    likeness = block @ centroids.T
    rows = np.arange(len(block))
    home = likeness.argmax(axis=1)
    near = likeness >= likeness[rows, home][:, None] - np.float32(reach)
    near[rows, home] = False
    likeness[rows, home] = -np.inf
    crowded = np.flatnonzero(np.count_nonzero(near, axis=1) > visited)
    if len(crowded):
        farthest = len(centroids) - visited
        best = np.argpartition(likeness[crowded], farthest - 1, axis=1)[:, farthest:]
        near[crowded] = False
        near[crowded[:, None], best] = True
    return home, np.flatnonzero(near) + top * len(centroids)


def pairs(
    vectors: Vectors, floor: float, first_new: int, *, within_new: bool
) -> Iterator[tuple[int, Rows, Rows, Vectors]]:
    """Yield (rows done, left, right, cosine) of row pairs left < right, right ≥ first_new.

    Each pair once, with cosine ≥ floor; not within_new: only those with left < first_new, and
    only the rows before it count as done. Finds all pairs of which one row visits the other's home.
    """
    chosen = sampled(vectors, len(vectors))
    sample = vectors[chosen] if chosen.any() else vectors
    cells, sketches = _built(vectors, pairs_plan(sample, len(vectors), floor))
    yield from meet(vectors, sketches, cells, floor, first_new, within_new=within_new)


def meet(
    vectors: Vectors,
    sketches: Vectors,
    cells: Cells,
    floor: float,
    first_new: int = 0,
    *,
    within_new: bool = True,
    hosts: Iterable[int] | None = None,
) -> Iterator[tuple[int, Rows, Rows, Vectors]]:
    """What `pairs` yields, of the rows that meet in the cells `hosts` (None: in any)."""

    def side(*rows: Rows) -> Side:
        chosen = np.concatenate(rows)
        return Side(chosen, sketches[chosen])

    def compare(item: tuple[int, int, int]) -> tuple[int, Pairs]:
        cell, top, stop = item
        old, new = _parted(cells.homes(cell), first_new)
        old_visitors, new_visitors = _parted(cells.visitors(cell), first_new)

        def wanted(homes: Rows, others: Rows) -> Mask:
            at_home = cells.home[others] == cell
            once: Mask = (others < first_new) | (homes < others)
            return np.where(at_home, once, ~cells.met_before(cell, homes, others))

        others = [old, old_visitors] + ([new, new_visitors] if within_new else [])
        # All stripes of a cell together cover its old and its new rows, each once.
        old, new = old[top:stop], new[top:stop]
        of_new = close_pairs(vectors, side(new), side(*others), floor, wanted)
        of_old = close_pairs(vectors, side(old), side(new_visitors), floor, wanted)
        return len(old) + within_new * len(new), joined([of_new, of_old])

    done = 0
    where = range(cells.count) if hosts is None else hosts
    for count, (left, right, cosine) in spread(compare, _stripes(cells, where)):
        done += count
        yield done, np.minimum(left, right), np.maximum(left, right), cosine


def _parted(rows: Rows, first_new: int) -> tuple[Rows, Rows]:
    """Old and new ones of ascending rows."""
    split = np.searchsorted(rows, first_new)
    return rows[:split], rows[split:]


def _stripes(cells: Cells, hosts: Iterable[int]) -> Iterator[tuple[int, int, int]]:
    """Yield (cell, first, last + 1 of its homes) so that no stripe can find too many pairs."""
    for cell in hosts:
        homes = len(cells.homes(cell))
        height = max(1, _PAIRS_AT_ONCE // max(1, homes + len(cells.visitors(cell))))
        for top in range(0, homes, height):
            yield cell, top, min(top + height, homes)


def neighbours(vectors: Vectors, k: int) -> Rows:
    """Up to k nearest other rows of every row among those it meets, int64 [n, k], best first.

    −1 where a row meets too few others.
    """
    cells, _ = build(vectors, np.inf, min(_NEIGHBOUR_CELLS, cell_count(len(vectors))) - 1)
    best = _Best(len(vectors), k)
    best.add(list(spread(lambda part: _at_home(vectors, part, k), _crowds(cells))))

    def visit(item: tuple[int, Rows]) -> Pairs:
        cell, visitors = item
        homes = cells.homes(cell)[:_CROWD]
        likeness = vectors[visitors] @ vectors[homes].T
        least, least_at_home = best.least[visitors], best.least[homes]
        visitor, home = places((likeness > least[:, None]) | (likeness > least_at_home))
        value = likeness[visitor, home]
        first = ~cells.met_before(cell, homes[home], visitors[visitor])
        visitor, home, value = visitor[first], home[first], value[first]
        better, better_at_home = value > least[visitor], value > least_at_home[home]
        return (
            np.concatenate([visitors[visitor[better]], homes[home[better_at_home]]]),
            np.concatenate([homes[home[better]], visitors[visitor[better_at_home]]]),
            np.concatenate([value[better], value[better_at_home]]),
        )

    waiting: list[Pairs] = []
    parties = _visiting_parties(cells)
    # Groups of fixed size, so that which candidates are refused does not depend on the threads.
    while group := list(islice(parties, _GROUP)):
        waiting += spread(visit, group)
        if sum(len(found[0]) for found in waiting) > best.rows.size:
            best.add(waiting)
            waiting = []
    best.add(waiting)
    return best.rows


class _Best:
    """The best neighbours of every row so far."""

    def __init__(self, count: int, k: int) -> None:
        self.rows: Rows = np.full((count, k), -1, dtype=np.int64)
        self.values: Vectors = np.full((count, k), -np.inf, dtype=np.float32)

    @property
    def least(self) -> Vectors:
        """What a row must exceed to become a neighbour, float32 [n]; −∞ where there is room."""
        return self.values[:, -1]

    def add(self, found: list[Pairs]) -> None:
        """Take in (row, neighbour, cosine), none of which it holds yet."""
        count, k = self.rows.shape
        held, place = np.nonzero(self.rows >= 0)
        row, other, value = joined(
            [(held, self.rows[held, place], self.values[held, place]), *found]
        )
        order = np.lexsort((other, -value, row))
        row = row[order]
        rank = np.arange(len(row)) - np.searchsorted(row, np.arange(count))[row]
        kept = rank < k
        order, row, rank = order[kept], row[kept], rank[kept]
        self.rows[row, rank] = other[order]
        self.values[row, rank] = value[order]


def _at_home(vectors: Vectors, rows: Rows, k: int) -> Pairs:
    """The up to k nearest of the same rows for each of them."""
    if len(rows) < 2:
        return joined([])
    likeness = vectors[rows] @ vectors[rows].T
    np.fill_diagonal(likeness, -np.inf)
    worst = max(1, len(rows) - k)
    best = np.argpartition(likeness, worst, axis=1)[:, worst:]
    return (
        np.repeat(rows, best.shape[1]),
        rows[best].ravel(),
        np.take_along_axis(likeness, best, axis=1).ravel(),
    )


def _crowds(cells: Cells) -> Iterator[Rows]:
    """Yield the rows of each cell, at most _CROWD at a time."""
    for cell in range(cells.count):
        homes = cells.homes(cell)
        for top in range(0, len(homes), _CROWD):
            yield homes[top : top + _CROWD]


def _visiting_parties(cells: Cells) -> Iterator[tuple[int, Rows]]:
    """Yield each cell and its visitors, at most _PARTY at a time."""
    for cell in range(cells.count):
        visitors = cells.visitors(cell)
        for top in range(0, len(visitors), _PARTY):
            yield cell, visitors[top : top + _PARTY]
