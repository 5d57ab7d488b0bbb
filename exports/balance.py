"""Share groups out among splits so that each split looks like the whole.

The search is greedy: what is too large for its split leaves it, then comes the best move of groups
of one kind, and where no move helps the best swap of two, until neither helps; a large group in the
way is then forced out and the search goes on. What a move would change is kept up to date, not
computed anew, so that a step costs little however many groups there are. All of it is in whole
numbers, so that the same groups land in the same splits on every machine, whatever its
floating-point unit does with ties.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_SWAP_CANDIDATES = 256
"""Groups tried on either side of a swap: those whose move alone would cost least."""
_LARGEST_WEIGHT = 10_000
_FORCED_OUT = 24
"""Large groups that are forced out of the worst split in turn before the search gives up."""
_WORK = 500_000_000
"""Moves and swaps weighed before no more swaps are sought, so that any data end in seconds."""
_MILLION = 1_000_000
_GOOD_ENOUGH = 2_000
"""Errors in millionths of their split below which no group is forced out: 0.2 points."""
_LARGEST = 2**60
_NEVER = np.iinfo(np.int64).max // 4


@dataclass(frozen=True, slots=True)
class Groups:
    """What is to be shared out; of several equal groups the first moves first.

    `counts` int [groups, strata]: how many rows of each stratum a group holds; the last stratum
    counts all rows. `start` int64 [groups]: the split it starts in. `allowed` bool [groups,
    splits]: where it may go. `only`, by split: what of each group counts, int [groups, strata], in
    a split that takes only some of its rows.
    """

    counts: Ints
    start: Ints
    allowed: Bools
    only: Mapping[int, Ints] = field(default_factory=dict)


def balance(groups: Groups, held: Ints, shares: Ints) -> Ints:
    """The split of each group: int64 [groups].

    `held` int64 [splits, strata] counts rows that already have their place; `shares` int64 [splits]
    is the wanted size of each split in whole parts of their sum. What is made small is the sum of
    squared errors of every stratum in every split, each as a share of the split's wanted size, so
    that small splits are balanced as well as large ones; and at last the largest of them. Exact up
    to 10**8 rows.
    """
    if not len(groups.start):
        return groups.start
    search = _Search(groups, held, shares)
    search.evict()
    search.descend()
    while search.force_out():
        pass
    search.fill_empty(np.asarray(held.any(axis=1)))
    return _name(groups.start, search.kind_of, search.have.T)


def _name(start: Ints, kind_of: Ints, have: Ints) -> Ints:
    """Say which group of each kind goes where; as many as can stay where they started."""
    place = start.copy()
    surplus = np.zeros_like(have)
    np.add.at(surplus, (kind_of, start), 1)
    surplus -= have
    by_kind = np.argsort(kind_of, kind="stable")
    edges = np.searchsorted(kind_of[by_kind], np.arange(len(have) + 1))
    for kind in np.flatnonzero(surplus.any(axis=1)):
        members = by_kind[edges[kind] : edges[kind + 1]]
        leaving = [
            members[start[members] == split][: max(int(count), 0)]
            for split, count in enumerate(surplus[kind])
        ]
        targets = np.repeat(np.arange(have.shape[1]), np.maximum(-surplus[kind], 0))
        place[np.sort(np.concatenate(leaving))] = targets
    return place


def _kinds(groups: Groups) -> tuple[Ints, Ints]:
    """The first group of every kind, int64 [kinds], and the kind of every group, int64 [groups]."""
    tables = [groups.counts, *groups.only.values(), groups.allowed]
    known: dict[bytes, int] = {}
    kind_of = np.empty(len(groups.start), np.int64)
    for number in range(len(kind_of)):
        key = b"".join(table[number].tobytes() for table in tables)
        kind_of[number] = known.setdefault(key, len(known))
    return np.unique(kind_of, return_index=True)[1].astype(np.int64), kind_of


class _Search:
    """The state of one search. Groups alike in counts and permissions are one kind.

    `have` int64 [splits, kinds] counts the groups of a kind in a split; `error` int64 [splits,
    strata] is what each split has too much of, in rows times the sum of the shares; `pull` int64
    [splits, kinds] is the product of a kind's counts with the errors, `square` with themselves.
    `inviting` bool [splits, kinds] is where a group may go and would not alone exceed its split's
    due of a stratum by more than a row: such a group could never be balanced by others.
    """

    def __init__(self, groups: Groups, held: Ints, shares: Ints) -> None:
        first, self.kind_of = _kinds(groups)
        self.work = 0
        self.shares: Ints = shares // np.gcd.reduce(shares)
        self.parts = int(self.shares.sum())
        # By column, since a step adds up columns.
        whole = np.asfortranarray(groups.counts[first])
        self.vectors = [
            np.asfortranarray(groups.only[split][first]) if split in groups.only else whole
            for split in range(len(shares))
        ]
        self.have: Ints = np.zeros((len(shares), len(first)), np.int64)
        np.add.at(self.have, (groups.start, self.kind_of), 1)
        counted = zip(self.have, self.vectors, strict=True)
        inside = held + np.array([have @ vectors for have, vectors in counted])
        total = held.sum(axis=0) + self.have.sum(axis=0) @ whole
        self.error: Ints = self.parts * inside - self.shares[:, None] * total
        self.wanted: Ints = self.shares * int(total[-1])
        self.allowed: Bools = np.ascontiguousarray(groups.allowed[first].T)
        self.inviting: Bools = self.allowed & self._fits(total)
        self.square: Ints = np.array([_squares(vectors) for vectors in self.vectors])
        self.pull: Ints = np.array([v @ e for v, e in zip(self.vectors, self.error, strict=True)])
        wanted = np.maximum(self.shares, 1)
        # No product may pass 64 bits; with very many rows the weights give way.
        size, rows = int(whole[:, -1].max()), int(total[-1])
        largest = max(1, _LARGEST // max(1, self.parts * size * (size + 2 * rows)))
        self.weights: Ints = np.minimum(wanted.max() ** 2 // wanted**2, largest)
        self.weights = np.clip(self.weights, 1, _LARGEST_WEIGHT)

    def _fits(self, total: Ints) -> Bools:
        room = self.shares[:, None] * total + self.parts
        pairs = zip(self.vectors, room, strict=True)
        fits = np.array([(self.parts * vectors <= most).all(axis=1) for vectors, most in pairs])
        fits[self.shares == self.shares.max()] = True
        return fits

    def evict(self) -> None:
        """Move what is too large for the split that it starts in to the largest that takes it."""
        for split, kind in np.argwhere((self.have > 0) & ~self.inviting):
            takes = np.flatnonzero(self.inviting[:, kind])
            if len(takes):
                target = int(takes[self.shares[takes].argmax()])
                self._transfer(int(kind), int(split), target, int(self.have[split, kind]))

    def descend(self) -> None:
        """Move and swap until neither helps."""
        while self._move() or self._swap():
            pass

    def force_out(self) -> bool:
        """Force one large group out of the worst split and search on; False where none helps."""
        worst, goal = int(self._millionths().max(axis=1).argmax()), self._badness()
        if goal[0] <= _GOOD_ENOUGH or self.work > _WORK:
            return False
        state = self.have, self.error, self.pull
        inside = np.flatnonzero(self.have[worst])
        order = np.argsort(-self.square[worst, inside], kind="stable")
        for kind in inside[order][:_FORCED_OUT]:
            self.have, self.error, self.pull = (array.copy() for array in state)
            if self._search_without(int(kind), worst) and self._badness() < goal:
                return True
        self.have, self.error, self.pull = state
        return False

    def _search_without(self, kind: int, split: int) -> bool:
        enter = self._leave_and_enter()[1][:, kind]
        enter[split] = _NEVER
        if enter.min() >= _NEVER:
            return False
        self._transfer(kind, split, int(enter.argmin()))
        before = self.inviting[split, kind]
        self.inviting[split, kind] = False
        self.descend()
        self.inviting[split, kind] = before
        return True

    def _millionths(self) -> Ints:
        """Each error as a share of its split's wanted size: int64 [splits, strata]."""
        shares: Ints = np.abs(self.error) * _MILLION // np.maximum(self.wanted, 1)[:, None]
        shares[self.wanted == 0] = 0
        return shares

    def _badness(self) -> tuple[int, int]:
        """The largest error, then the sum of the squares of all."""
        errors = self._millionths()
        return int(errors.max()), int((errors**2).sum())

    def _leave_and_enter(self) -> tuple[Ints, Ints]:
        """Change of the objective when a group of each kind leaves or enters each split."""
        self.work += self.have.size
        size, pull = self.parts * self.square, 2 * self.pull
        leave: Ints = self.weights[:, None] * (size - pull)
        enter: Ints = self.weights[:, None] * (size + pull)
        leave[self.have == 0] = _NEVER
        enter[~self.inviting] = _NEVER
        return leave, enter

    def _put(self, kind: int, split: int, count: int) -> None:
        """Let `count` groups of a kind enter a split, or leave it where `count` is negative."""
        vectors = self.vectors[split]
        strata = np.flatnonzero(vectors[kind])
        step = self.parts * count * vectors[kind, strata].astype(np.int64)
        self.have[split, kind] += count
        self.error[split, strata] += step
        for stratum, change in zip(strata, step, strict=True):
            self.pull[split] += vectors[:, stratum] * change

    def _transfer(self, kind: int, source: int, target: int, count: int = 1) -> None:
        self._put(kind, source, -count)
        self._put(kind, target, count)

    def _move(self) -> bool:
        """Move the best kind from one split to another, as many of its groups as helps most."""
        leave, enter = self._leave_and_enter()
        # Where their sum is below 0, source and target differ: there and back again costs.
        change = leave.min(axis=0) + enter.min(axis=0)
        kind = int(change.argmin())
        if change[kind] >= 0:
            return False
        source, target = int(leave[:, kind].argmin()), int(enter[:, kind].argmin())
        sizes = self.weights * self.square[:, kind]
        bend = self.parts * int(sizes[source] + sizes[target])
        best = (bend - int(change[kind]) + bend) // (2 * bend)
        self._transfer(kind, source, target, min(best, int(self.have[source, kind])))
        return True

    def _swap(self) -> bool:
        """Swap two groups: the best pair of the first two splits between which a swap helps."""
        leave, enter = self._leave_and_enter()
        for one, other in combinations(range(len(self.shares)), 2):
            if self.work > _WORK:
                break
            out, back = leave[one] + enter[other], leave[other] + enter[one]
            going, coming = _cheapest(out), _cheapest(back)
            if not len(going) or not len(coming):
                continue
            self.work += len(going) * len(coming)
            change = out[going, None] + back[coming] - self._overlap(going, coming, one, other)
            best = int(change.argmin())
            if change.flat[best] < 0:
                first, second = divmod(best, len(coming))
                self._transfer(int(going[first]), one, other)
                self._transfer(int(coming[second]), other, one)
                return True
        return False

    def _overlap(self, going: Ints, coming: Ints, one: int, other: int) -> Ints:
        """What a swap saves over two separate moves, because rows of one stratum cancel out."""
        saved = np.zeros((len(going), len(coming)), np.int64)
        for split in (one, other):
            # Products of whole numbers below 2**53 are exact in float64, and BLAS makes them fast.
            left, right = (self.vectors[split][kinds].astype(float) for kinds in (going, coming))
            saved += int(self.weights[split]) * (left @ right.T).astype(np.int64)
        return 2 * self.parts * saved

    def fill_empty(self, filled: Bools) -> None:
        """Give each empty split the smallest group of one that keeps the most without it."""
        for split in np.flatnonzero((self.shares > 0) & ~filled):
            groups = self.have.sum(axis=1)
            left = np.where(groups > 0, groups - 1 + filled, -1)  # what giving one would leave
            donor = int(left.argmax())
            can = np.flatnonzero((self.have[donor] > 0) & self.allowed[split])
            if groups[split] == 0 and left[donor] > 0 and len(can):
                smallest = int(can[self.square[split, can].argmin()])
                self._transfer(smallest, donor, int(split))


def _squares(vectors: Ints) -> Ints:
    return np.asarray((vectors.astype(np.int64) ** 2).sum(axis=1))


def _cheapest(change: Ints) -> Ints:
    """Kinds whose move would cost least: the cheapest first, of equal ones the first."""
    can = np.flatnonzero(change < _NEVER)
    if len(can) > _SWAP_CANDIDATES:
        can = can[change[can] <= np.partition(change[can], _SWAP_CANDIDATES)[_SWAP_CANDIDATES]]
    cheapest: Ints = can[np.argsort(change[can], kind="stable")[:_SWAP_CANDIDATES]]
    return cheapest
