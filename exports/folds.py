"""Folds of train and validation for cross-validation, nested under the test split."""

from __future__ import annotations

import numpy as np
import polars as pl

from curation.errors import WrongUse
from exports.balance import Groups, Ints, balance
from exports.keyed import keyed_hashes
from exports.placing import tally
from exports.split_rules import SplitRules

_STRATUM = 16
"""What a row of a stratum weighs where a row of the fold weighs 1: sizes decide among equals."""


def assign_folds(rows: pl.DataFrame, strata: pl.DataFrame, rules: SplitRules) -> pl.DataFrame:
    """The fold of every row: `example_id`, `fold` (Int64 from 0 to `rules.folds` - 1).

    `rows` has `example_id` and `group`, and `time` (Float64) where the rules split by time;
    `strata` is of `numbered_strata`. Whole groups, with as many rows of every stratum as far as
    the groups allow, by the search of the splits; the size of a fold follows from that, so that a
    fold with a very large group has its due of all other labels beside it and is larger. By time,
    the folds are consecutive stretches, the oldest first. Raises WrongUse where there are fewer
    groups than folds.
    """
    groups = _groups(rows, rules.seed)
    if groups.height < rules.folds:
        raise WrongUse(
            f"The {rows.height} examples of train and validation form {groups.height} group(s) of "
            f"near-duplicates, which cannot fill {rules.folds} folds.",
            f"Add examples, or set folds to {groups.height if groups.height > 1 else 0}.",
        )
    where = rows.join(groups.select("group", "number"), on="group").select("example_id", "number")
    if rules.by_time is None:
        fold = _balanced(groups, where, strata, rules.folds)
    else:
        fold = _stretches(groups["rows"].to_numpy().astype(np.int64), rules.folds)
    named = groups.select("number", fold=pl.Series(fold, dtype=pl.Int64))
    return where.join(named, on="number").select("example_id", "fold")


def _groups(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    times = [pl.col("time").max()] if "time" in rows.columns else []
    groups = rows.group_by("group").agg(*times, rows=pl.len())
    keys = keyed_hashes(groups["group"], seed, "fold")
    order = [*(["time"] if times else []), "hash", "group"]
    return groups.with_columns(hash=keys).sort(order).with_columns(number=pl.int_range(pl.len()))


def _balanced(groups: pl.DataFrame, where: pl.DataFrame, strata: pl.DataFrame, folds: int) -> Ints:
    counts = tally(where, strata, groups.height)
    counts[:, :-1] *= _STRATUM
    task = Groups(
        counts=counts,
        start=(groups["hash"] % folds).cast(pl.Int64).to_numpy(),
        allowed=np.ones((groups.height, folds), bool),
    )
    held = np.zeros((folds, counts.shape[1]), np.int64)
    return balance(task, held, np.ones(folds, np.int64))


def _stretches(sizes: Ints, folds: int) -> Ints:
    """Consecutive stretches of about equal size, none of them empty: int64 [groups]."""
    middle = 2 * np.cumsum(sizes) - sizes
    wanted = middle * folds // (2 * int(sizes.sum()))
    starts = [0]
    for fold in range(1, folds):
        # Where a large group would skip folds, its neighbours fill them.
        first = max(int(np.searchsorted(wanted, fold)), starts[-1] + 1)
        starts.append(min(first, len(sizes) - (folds - fold)))
    return np.searchsorted(starts, np.arange(len(sizes)), side="right").astype(np.int64) - 1
