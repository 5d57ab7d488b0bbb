"""Two models on the same rows: what their difference can be, beyond the luck of the rows (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from exports.scores import Floats, Scores

LEVEL = 0.95
RESAMPLES = 10_000
LEAST_DIFFERING = 6
"""With fewer groups on which two models differ, no two-sided test at 5 % can tell them apart: even
if all speak for one side, swapping the models' names gives that as often as 2 · 0.5^5 = 6.25 %."""
_CELLS = 1_000_000
"""Numbers of one kind that are held at once while resampling."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval of `tuned − base`; None where it cannot be had."""

    low: float | None
    high: float | None
    enough: bool
    """The models differ on at least LEAST_DIFFERING groups."""

    @property
    def shows(self) -> str | None:
        """Which model is better by it, "base" or "tuned"; None where that cannot be told."""
        if self.low is None or self.high is None or not self.enough:
            return None
        if self.low > 0:
            return "tuned"
        return "base" if self.high < 0 else None


@dataclass(frozen=True, slots=True)
class McNemar:
    """Rows by which model is right, and the exact two-sided p-value of the two that differ."""

    both: int
    only_base: int
    only_tuned: int
    neither: int
    p_value: float


def mcnemar(base: NDArray[np.bool_], tuned: NDArray[np.bool_]) -> McNemar:
    """The exact test of McNemar (1947, Psychometrika 12:153) for two models right or wrong [rows].

    Given the rows on which one alone is right, either is as likely to be so: a binomial test. 1
    where there is no such row. Rows count as independent.
    """
    from scipy.stats import binomtest  # noqa: PLC0415 (slow to import)

    only_base, only_tuned = int((base & ~tuned).sum()), int((~base & tuned).sum())
    apart = only_base + only_tuned
    return McNemar(
        both=int((base & tuned).sum()),
        only_base=only_base,
        only_tuned=only_tuned,
        neither=int((~base & ~tuned).sum()),
        p_value=float(binomtest(only_tuned, apart).pvalue) if apart else 1.0,
    )


def wilson(count: int, total: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927, JASA 22:209); (0, 1) of nothing."""
    from scipy.stats import binomtest  # noqa: PLC0415 (slow to import)

    if not total:
        return 0.0, 1.0
    found = binomtest(count, total).proportion_ci(LEVEL, "wilson")
    return float(found.low), float(found.high)


def intervals(
    base: Scores,
    tuned: Scores,
    groups: NDArray[np.int64],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Interval]:
    """The interval of the difference of each measure.

    Both scores are of the same rows; `groups` [rows] numbers the groups of near-duplicates from 0.
    Groups are drawn with replacement, all their rows with them, the same for both models; the
    interval is that of the 2.5 % and 97.5 % points of the differences (percentile bootstrap, Efron
    & Tibshirani 1993, ch. 13; of clusters, Field & Welsh 2007, JRSS B 69:369). The same seed gives
    the same interval.
    """
    count = int(groups.max(initial=-1)) + 1
    if not count:
        return dict.fromkeys(base.layout.measures, Interval(None, None, enough=False))
    parts = [_by_group(scores.parts, groups, count) for scores in (base, tuned)]
    step = max(1, _CELLS // max(parts[0].shape))
    found = [
        tuned.layout.values(_sums(weights, parts[1])) - base.layout.values(_sums(weights, parts[0]))
        for weights in _weights(count, resamples, step, np.random.default_rng(seed))
    ]
    differences = np.concatenate(found)
    enough = _differing(base, tuned, groups) >= LEAST_DIFFERING
    return {
        name: _interval(differences[:, at], enough=enough)
        for at, name in enumerate(base.layout.measures)
    }


def _by_group(parts: sparse.csr_array, groups: NDArray[np.int64], count: int) -> sparse.csr_array:
    """Sums of the rows of each group: [columns, groups]."""
    rows = len(groups)
    member = sparse.csr_array((np.ones(rows), (groups, np.arange(rows))), shape=(count, rows))
    return sparse.csr_array((member @ parts).T)


def _weights(
    count: int, resamples: int, step: int, random: np.random.Generator
) -> Iterator[Floats]:
    """How often each group is drawn: [groups, `step` resamples or fewer], until there are all."""
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        drawn = random.integers(count, size=(size, count), dtype=np.int32).astype(np.int64)
        drawn += np.arange(size)[:, None] * count
        counts = np.bincount(drawn.ravel(), minlength=size * count)
        yield counts.reshape(size, count).T.astype(np.float64)


def _sums(weights: Floats, parts: sparse.csr_array) -> Floats:
    """Sums over the rows drawn: [resamples, columns]."""
    return np.asarray((parts @ weights).T)


def _differing(base: Scores, tuned: Scores, groups: NDArray[np.int64]) -> int:
    """Groups with a row to which the two models' answers add something else."""
    rows = abs(base.parts - tuned.parts).sum(axis=1)
    return len(np.unique(groups[np.asarray(rows).ravel() > 0]))


def _interval(differences: Floats, *, enough: bool) -> Interval:
    known = differences[~np.isnan(differences)]
    if not known.size:
        return Interval(None, None, enough=False)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return Interval(float(low), float(high), enough=enough)
