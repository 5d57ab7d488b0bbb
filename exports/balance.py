"""Share groups out among splits so that each split looks like the whole.

The search is greedy: the best move of one group, and where no move helps the best swap of two,
until neither helps; a large group in the way is then forced out and the search goes on. All of it
is in whole numbers, so that the same groups land in the same splits on every machine, whatever its
floating-point unit does with ties.
"""

from __future__ import annotations

from dataclasses import dataclass
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
_GOOD_ENOUGH = 500
"""No group is forced out where every error is below 1/500 of its split: 0.2 points."""
_NEVER = np.iinfo(np.int64).max // 4


@dataclass(frozen=True, slots=True)
class Groups:
    """What is to be shared out; of several equal groups the first moves first.

    `counts` int64 [groups, strata]: how many rows of each stratum a group holds. `start` int64
    [groups]: the split it starts in. `allowed` bool [groups, splits]: where it may go.
    """

    counts: Ints
    start: Ints
    allowed: Bools


def balance(groups: Groups, held: Ints, shares: Ints) -> Ints:
    """The split of each group: int64 [groups].

    `held` int64 [splits, strata] counts rows that already have their place; `shares` int64 [splits]
    is the wanted size of each split in whole parts of their sum; the last stratum counts all rows.
    What is made small is the sum of squared errors of every stratum in every split, each as a share
    of the split's wanted size, so that small splits are balanced as well as large ones.
    """
    if not len(groups.start):
        return groups.start
    search = _Search(groups, held, shares)
    search.descend()
    while search.force_out():
        pass
    search.fill_empty(np.asarray(held.any(axis=1)))
    return _name(groups.start, search.kind_of, search.have)


def _name(start: Ints, kind_of: Ints, have: Ints) -> Ints:
    """Say which group of each kind goes where; as many as can stay where they started."""
    place = start.copy()
    surplus = np.zeros_like(have)
    np.add.at(surplus, (kind_of, start), 1)
    surplus -= have
    for kind in np.flatnonzero(surplus.any(axis=1)):
        members = np.flatnonzero(kind_of == kind)
        leaving = [
            members[start[members] == split][: max(int(count), 0)]
            for split, count in enumerate(surplus[kind])
        ]
        targets = np.repeat(np.arange(have.shape[1]), np.maximum(-surplus[kind], 0))
        place[np.sort(np.concatenate(leaving))] = targets
    return place


class _Search:
    """The state of one search. Groups alike in counts and permissions are one kind.

    `have` int64 [kinds, splits] counts the groups of a kind in a split; `error` int64 [splits,
    strata] is what each split has too much of, in rows times the sum of the shares. `inviting`
    bool [kinds, splits] is where a group may go and would not alone exceed its split's due of a
    stratum by more than a row: such a group could never be balanced by others.
    """

    def __init__(self, groups: Groups, held: Ints, shares: Ints) -> None:
        strata = groups.counts.shape[1]
        table = np.hstack([groups.counts, groups.allowed.astype(np.int64)])
        kinds, kind_of = np.unique(table, axis=0, return_inverse=True)
        self.kind_of: Ints = kind_of.reshape(-1)
        self.vectors: Ints = kinds[:, :strata]
        self.allowed: Bools = kinds[:, strata:].astype(bool)
        self.squares: Ints = (self.vectors**2).sum(axis=1)
        self.shares: Ints = shares // np.gcd.reduce(shares)
        self.parts = int(self.shares.sum())
        wanted = np.maximum(self.shares, 1)
        self.weights: Ints = np.minimum(wanted.max() ** 2 // wanted**2, _LARGEST_WEIGHT)
        self.have: Ints = np.zeros((len(kinds), len(shares)), np.int64)
        np.add.at(self.have, (self.kind_of, groups.start), 1)
        inside = held + self.have.T @ self.vectors
        total = inside.sum(axis=0)
        room = self.shares[:, None] * total + self.parts
        fits = (self.parts * self.vectors[:, None, :] <= room).all(axis=2)
        fits[:, int(self.shares.argmax())] = True
        self.inviting: Bools = self.allowed & fits
        self.error: Ints = self.parts * inside - self.shares[:, None] * total
        self.tolerance: Ints = self.shares * int(total[-1])

    def descend(self) -> None:
        """Move and swap until neither helps."""
        while self._move() or self._swap():
            pass

    def force_out(self) -> bool:
        """Force one large group out of the worst split and search on; False where none helps."""
        excess = _GOOD_ENOUGH * np.abs(self.error).max(axis=1) - self.tolerance
        excess[self.shares == 0] = -_NEVER
        worst = int((excess / np.maximum(self.tolerance, 1)).argmax())
        if excess[worst] <= 0:
            return False
        state, cost = (self.have, self.error), self._cost()
        inside = np.flatnonzero(self.have[:, worst])
        for kind in inside[np.argsort(-self.squares[inside], kind="stable")][:_FORCED_OUT]:
            self.have, self.error = state[0].copy(), state[1].copy()
            if self._search_without(int(kind), worst) and self._cost() < cost:
                return True
        self.have, self.error = state
        return False

    def _search_without(self, kind: int, split: int) -> bool:
        targets = np.flatnonzero(self.inviting[kind])
        targets = targets[targets != split]
        if not len(targets):
            return False
        change = self._leave_and_enter()[1][kind, targets]
        self._transfer(kind, split, int(targets[change.argmin()]))
        before = self.inviting[kind, split]
        self.inviting[kind, split] = False
        self.descend()
        self.inviting[kind, split] = before
        return True

    def _cost(self) -> int:
        """The objective in Python's unbounded integers."""
        return sum(
            int(weight) * sum(int(error) ** 2 for error in errors)
            for weight, errors in zip(self.weights, self.error, strict=True)
        )

    def _leave_and_enter(self) -> tuple[Ints, Ints]:
        """Change of the objective when a group of each kind leaves or enters each split."""
        # Products of whole numbers below 2**53 are exact in float64, and BLAS makes them fast.
        pull = (self.vectors.astype(float) @ self.error.T.astype(float)).astype(np.int64)
        size = self.parts * self.squares[:, None]
        return self.weights * (size - 2 * pull), self.weights * (size + 2 * pull)

    def _transfer(self, kind: int, source: int, target: int) -> None:
        self.have[kind, source] -= 1
        self.have[kind, target] += 1
        step = self.parts * self.vectors[kind]
        self.error[source] -= step
        self.error[target] += step

    def _move(self) -> bool:
        leave, enter = self._leave_and_enter()
        change = leave[:, :, None] + enter[:, None, :]
        splits = np.arange(len(self.shares))
        change[:, splits, splits] = _NEVER
        change[~((self.have > 0)[:, :, None] & self.inviting[:, None, :])] = _NEVER
        best = int(change.argmin())
        if change.flat[best] >= 0:
            return False
        kind, source, target = np.unravel_index(best, change.shape)
        self._transfer(int(kind), int(source), int(target))
        return True

    def _swap(self) -> bool:
        leave, enter = self._leave_and_enter()
        least, found = 0, None
        for one, other in combinations(range(len(self.shares)), 2):
            going = self._cheapest(leave[:, one] + enter[:, other], one, other)
            coming = self._cheapest(leave[:, other] + enter[:, one], other, one)
            if not len(going) or not len(coming):
                continue
            change = (leave[:, one] + enter[:, other])[going, None]
            change = change + (leave[:, other] + enter[:, one])[coming]
            change = change - self._overlap(going, coming, one, other)
            best = int(change.argmin())
            if change.flat[best] < least:
                least = int(change.flat[best])
                first, second = divmod(best, len(coming))
                found = int(going[first]), int(coming[second]), one, other
        if found is None:
            return False
        self._transfer(found[0], found[2], found[3])
        self._transfer(found[1], found[3], found[2])
        return True

    def _overlap(self, going: Ints, coming: Ints, one: int, other: int) -> Ints:
        """What a swap saves over two separate moves, because rows of one stratum cancel out."""
        shared = self.vectors[going].astype(float) @ self.vectors[coming].T.astype(float)
        factor = 2 * self.parts * int(self.weights[one] + self.weights[other])
        saved: Ints = factor * shared.astype(np.int64)
        return saved

    def _cheapest(self, change: Ints, source: int, target: int) -> Ints:
        can = np.flatnonzero((self.have[:, source] > 0) & self.inviting[:, target])
        cheapest: Ints = can[np.argsort(change[can], kind="stable")[:_SWAP_CANDIDATES]]
        return cheapest

    def fill_empty(self, filled: Bools) -> None:
        """Give each empty split the smallest group of the split that has the most groups."""
        for split in np.flatnonzero((self.shares > 0) & ~filled):
            groups = self.have.sum(axis=0)
            donor = int(groups.argmax())
            can = np.flatnonzero((self.have[:, donor] > 0) & self.allowed[:, split])
            if groups[split] == 0 and groups[donor] > 1 and len(can):
                self._transfer(int(can[self.squares[can].argmin()]), donor, int(split))
