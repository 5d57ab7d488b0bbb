"""Where whole groups go: so that each split looks like the whole, or by time."""

from __future__ import annotations

import numpy as np
import polars as pl

from exports.balance import Bools, Groups, Ints, balance
from exports.keyed import keyed_hashes
from exports.split_rules import SPLITS, SplitRules

_TRAIN, _VALIDATION, _TEST = range(3)


def numbered_strata(strata: pl.DataFrame) -> pl.DataFrame:
    """Strata (STRATA_SCHEMA) by number: `example_id`, `column` (Int64, from 0 without gaps)."""
    names = strata.select("field", "value").unique().sort("field", "value", nulls_last=True)
    numbered = names.with_columns(column=pl.int_range(pl.len()))
    return strata.join(numbered, on=["field", "value"], nulls_equal=True).select(
        "example_id", "column"
    )


def tally(where: pl.DataFrame, strata: pl.DataFrame, places: int) -> Ints:
    """Rows by place and stratum, the last column counting all rows: int64 [places, strata + 1].

    `where` has `example_id` and `number`, the place; `strata` is of `numbered_strata`.
    """
    width = 0 if strata.is_empty() else int(strata["column"].max()) + 1  # type: ignore[arg-type]
    counts = np.zeros((places, width + 1), np.int64)
    np.add.at(counts[:, -1], where["number"].to_numpy(), 1)
    found = where.join(strata, on="example_id")
    np.add.at(counts, (found["number"].to_numpy(), found["column"].to_numpy()), 1)
    return counts


def place_balanced(
    free: pl.DataFrame, held: pl.DataFrame, strata: pl.DataFrame, rules: SplitRules
) -> pl.DataFrame:
    """Share the groups of `free` out around the rows of `held`: `group`, `split`.

    `free` has `example_id`, `group`, `verified` (Boolean) and `old` (String|null, the split of the
    group in an earlier export); `held` has `example_id`, `split`; `strata` is of `numbered_strata`.
    A group starts where the keyed hash of its name puts it, so that new data moves few groups;
    moves and swaps of whole groups then repair the shares of the strata.
    """
    groups = _groups(free, rules.seed)
    where = free.join(groups.select("group", "number"), on="group")
    index = pl.col("split").cast(pl.Enum(SPLITS)).to_physical().cast(pl.Int64)
    only = {
        SPLITS.index(split): tally(where.filter("verified"), strata, groups.height)
        for split in rules.verified_only()
    }
    shares = rules.fractions.parts()
    task = Groups(
        counts=tally(where, strata, groups.height),
        start=_start(groups, shares),
        allowed=_allowed(groups, rules),
        only=only,
    )
    placed = balance(task, tally(held.with_columns(number=index), strata, len(SPLITS)), shares)
    return groups.select("group", split=_names(placed))


def place_by_time(free: pl.DataFrame, held: pl.DataFrame, rules: SplitRules) -> pl.DataFrame:
    """The oldest groups train, the newest test: `group`, `split`.

    As `place_balanced`, and `free` has `time` (Float64). A group is as old as its newest row, so
    that no group of train holds a row newer than the groups of test. What `held` already has of a
    split's share is not given again.
    """
    groups = _groups(free, rules.seed).sort(
        "time", "hash", "group", descending=[True, False, False]
    )
    sizes = groups["rows"].to_numpy().astype(np.int64)
    shares = rules.fractions.parts()
    have = [held.filter(split=split).height for split in SPLITS]
    due = np.maximum(shares * (free.height + held.height) // shares.sum() - have, 0)
    newest = np.zeros(len(sizes), np.int64)
    left = len(sizes) - (have[_TRAIN] == 0)
    taken = 0
    for split in (_TEST, _VALIDATION):
        # A group is in where at least half of it is; a wanted split gets a group if it has no row.
        inside = 2 * np.cumsum(sizes[taken:]) - sizes[taken:] <= 2 * int(due[split])
        count = max(int(inside.sum()), int(shares[split] > 0 and not have[split]))
        count = min(count, left - taken)
        newest[taken : taken + count] = split
        taken += count
    barred = (newest == _TEST) & groups["old"].is_not_null().to_numpy()
    newest[barred] = _VALIDATION if shares[_VALIDATION] else _TRAIN
    return groups.select("group", split=_names(newest))


def _groups(free: pl.DataFrame, seed: int) -> pl.DataFrame:
    """One row a group, numbered; new ones first, since the first of equal groups moves first."""
    times = [pl.col("time").max()] if "time" in free.columns else []
    return (
        free.group_by("group")
        .agg(pl.col("old").first(), *times, rows=pl.len(), verified=pl.col("verified").any())
        .with_columns(
            hash=pl.col("group").map_batches(
                lambda names: keyed_hashes(names, seed, "split"), return_dtype=pl.UInt64
            )
        )
        .sort(pl.col("old").is_not_null(), "hash", "group")
        .with_columns(number=pl.int_range(pl.len()))
    )


def _start(groups: pl.DataFrame, shares: Ints) -> Ints:
    point = groups["hash"].to_numpy() / 2.0**64 * shares.sum()
    hashed = np.where(point < shares[_TEST], _TEST, np.where(point < shares[1:].sum(), 1, 0))
    was_train = (groups["old"] == "train").fill_null(value=False).to_numpy()
    earlier = np.where(was_train | (shares[_VALIDATION] == 0), _TRAIN, _VALIDATION)
    return np.where(groups["old"].is_null().to_numpy(), hashed, earlier).astype(np.int64)


def _allowed(groups: pl.DataFrame, rules: SplitRules) -> Bools:
    allowed = np.tile(rules.fractions.parts() > 0, (groups.height, 1))
    allowed[groups["old"].is_not_null().to_numpy(), _TEST] = False
    for split in rules.verified_only():
        allowed[~groups["verified"].to_numpy(), SPLITS.index(split)] = False
    return allowed


def _names(splits: Ints) -> pl.Series:
    return pl.Series("split", SPLITS, pl.String).gather(splits)
