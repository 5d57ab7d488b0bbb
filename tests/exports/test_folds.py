"""Folds: whole groups, alike, nested under the test split."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from benchmarks.splits import fold_errors
from curation.errors import WrongUse
from curation.records import Task
from exports.split import plan_splits
from exports.split_rules import SplitFractions, SplitRules
from tests.exports.export_examples import frame, heavy_tailed

SINGLE = Task.SINGLE_LABEL


def test_labels_of_single_rows_are_shared_out_to_the_row() -> None:
    rows = frame(["a"] * 100 + ["b"] * 50)
    plan = plan_splits(rows, SINGLE, SplitRules(SplitFractions(0.8, 0, 0.2), folds=5))
    inside = plan.filter(split="train").join(rows, on="example_id")
    counts = inside.group_by("fold", "output").len().sort("fold", "output")
    assert counts.rows() == [
        (fold, label, count) for fold in range(5) for label, count in (("a", 16), ("b", 8))
    ]


def test_validation_rows_have_a_fold_and_test_rows_none() -> None:
    plan = plan_splits(frame(list("ab") * 50), SINGLE, SplitRules(folds=3))
    assert plan.filter(split="test")["fold"].null_count() == 10
    assert plan.filter(pl.col("split") != "test")["fold"].null_count() == 0


@pytest.mark.parametrize("seed", range(3))
def test_heavy_tailed_groups_stay_whole_and_folds_alike(seed: int) -> None:
    rows = heavy_tailed(seed)
    plan = plan_splits(rows, SINGLE, SplitRules(folds=5)).drop("group").join(rows, on="example_id")
    inside = plan.filter(pl.col("fold").is_not_null())
    assert inside.group_by("group").agg(pl.col("fold").n_unique())["fold"].max() == 1
    # The largest group has 170 rows of some 2,070, most of one label, and stays whole: its fold
    # may have too much of that label; of each label that no large group has, all have their due.
    for _, rows_of in inside.group_by("output"):
        if rows_of["group"].value_counts()["count"].max() <= rows_of.height / 10:
            counts = rows_of["fold"].value_counts()["count"]
            assert counts.max() - counts.min() <= 2


@pytest.mark.filterwarnings("ignore:The least populated class")
def test_folds_are_no_worse_than_those_of_scikit_learn() -> None:
    ours, theirs = fold_errors(15).values()
    assert (np.median(ours, 0)[:2] <= np.median(theirs, 0)[:2]).all()


def test_a_fold_with_a_large_group_has_its_due_of_other_labels() -> None:
    rows = frame(["a"] * 60 + ["b"] * 100, group=["giant"] * 40 + [f"g{n}" for n in range(120)])
    plan = plan_splits(rows, SINGLE, SplitRules(SplitFractions(0.999, 0, 0.001), folds=4))
    inside = plan.drop_nulls("fold").drop("group").join(rows, on="example_id")
    giants = inside.filter(group="giant")["fold"][0]
    counts = inside.group_by("fold", "output").len()
    assert abs(counts.filter(fold=giants, output="a")["len"][0] - 40) <= 1
    assert counts.filter(output="b")["len"].sort().to_list()[0] >= 24
    # Of a fold of 65 rows 40 are "a"; had it been kept to 40, all of them would be.
    assert inside.filter(fold=giants).height >= 60


def test_by_time_folds_are_consecutive_stretches() -> None:
    rows = frame(["a"] * 60, metadata=[json.dumps({"at": n}) for n in range(60)])
    rules = SplitRules(SplitFractions(5 / 6, 0, 1 / 6), folds=5, by_time="at")
    plan = plan_splits(rows, SINGLE, rules).join(
        rows.select("example_id", at=pl.int_range(pl.len())), on="example_id"
    )
    assert plan.filter(split="test")["at"].sort().to_list() == list(range(50, 60))
    for fold in range(5):
        assert plan.filter(fold=fold)["at"].sort().to_list() == list(
            range(10 * fold, 10 * fold + 10)
        )


def test_a_large_group_leaves_no_fold_empty() -> None:
    rows = frame(
        ["a"] * 24,
        group=["giant"] * 20 + list("wxyz"),
        metadata=[json.dumps({"at": n}) for n in range(24)],
    )
    plan = plan_splits(rows, SINGLE, SplitRules(SplitFractions(0.9, 0, 0.1), folds=3, by_time="at"))
    assert plan["fold"].drop_nulls().n_unique() == 3


def test_fewer_groups_than_folds() -> None:
    rows = frame(["a"] * 10, group=["g", "h", *"ii" * 4])
    with pytest.raises(WrongUse, match=r"form 2 group.*cannot fill 5 folds") as it:
        plan_splits(rows, SINGLE, SplitRules(SplitFractions(0.9, 0, 0.1), folds=5))
    assert "set folds to 2" in it.value.hint
