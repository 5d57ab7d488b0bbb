"""Splits keep groups together, look like the whole, and never let go of a test example."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.errors import NothingToExport, WrongUse
from curation.records import Task
from exports.split import HELD_OUT, SPLITS, SplitFractions, plan_splits
from exports.split_report import split_report
from exports.split_rules import SplitRules
from tests.exports.export_examples import frame, heavy_tailed

SINGLE = Task.SINGLE_LABEL
EVEN = SplitFractions()


def assign_splits(
    rows: pl.DataFrame,
    task: Task,
    fractions: SplitFractions,
    seed: int,
    frozen: pl.DataFrame | None = None,
) -> pl.DataFrame:
    plan = plan_splits(rows, task, SplitRules(fractions, seed), frozen)
    return plan.select("example_id", "split")


def _splits(assignment: pl.DataFrame) -> dict[str, str]:
    return dict(assignment.select("example_id", "split").iter_rows())


def _groups_across(rows: pl.DataFrame, assignment: pl.DataFrame) -> pl.DataFrame:
    placed = rows.join(assignment.filter(pl.col("split") != HELD_OUT), on="example_id")
    spread = placed.group_by("group").agg(pl.col("split").n_unique())
    return spread.filter(pl.col("split") > 1)


@st.composite
def _datasets(draw: st.DrawFn) -> pl.DataFrame:
    count = draw(st.integers(3, 60))
    groups = draw(st.lists(st.integers(0, 20), min_size=count, max_size=count))
    labels = draw(st.lists(st.sampled_from("abc"), min_size=count, max_size=count))
    # Three groups of their own, so that three splits can be filled.
    return frame([*labels, "a", "b", "c"], group=[*(f"g{g}" for g in groups), "x", "y", "z"])


class TestEveryDataset:
    @given(_datasets(), st.integers(0, 5))
    @settings(max_examples=60, deadline=None)
    def test_each_example_has_one_split_and_each_group_too(
        self, rows: pl.DataFrame, seed: int
    ) -> None:
        assignment = assign_splits(rows, SINGLE, EVEN, seed)
        assert assignment["example_id"].to_list() == sorted(rows["example_id"])
        assert set(assignment["split"]) == set(SPLITS)
        assert _groups_across(rows, assignment).is_empty()

    @given(_datasets(), st.randoms(use_true_random=False))
    @settings(max_examples=30, deadline=None)
    def test_the_order_of_the_rows_does_not_matter(
        self, rows: pl.DataFrame, random: object
    ) -> None:
        order = list(range(rows.height))
        random.shuffle(order)  # type: ignore[attr-defined]
        assert assign_splits(rows[order], SINGLE, EVEN, 1).equals(
            assign_splits(rows, SINGLE, EVEN, 1)
        )

    @given(_datasets(), _datasets())
    @settings(max_examples=40, deadline=None)
    def test_test_rows_stay_and_nothing_of_their_groups_is_trained_on(
        self, old: pl.DataFrame, new: pl.DataFrame
    ) -> None:
        frozen = assign_splits(old, SINGLE, EVEN, 0)
        # The new rows join some old groups by name, and bring groups of their own.
        new = new.with_columns(pl.format("new {}", "example_id").alias("example_id"))
        rows = pl.concat([old, new])
        before, after = _splits(frozen), _splits(assign_splits(rows, SINGLE, EVEN, 0, frozen))
        group = dict(rows.select("example_id", "group").iter_rows())
        tested = {group[example] for example, split in before.items() if split == "test"}
        for example, split in after.items():
            if before.get(example) == "test":
                assert split == "test"
            elif group[example] in tested:
                assert split == HELD_OUT
            elif before.get(example) == "train":
                assert split == "train"
            elif before.get(example) == "validation":
                # A group that now holds train rows as well takes its validation rows along.
                trained = {group[one] for one, where in before.items() if where == "train"}
                assert split == ("train" if group[example] in trained else "validation")
            else:
                assert split in SPLITS


class TestBalance:
    @pytest.mark.parametrize("seed", range(6))
    def test_heavy_tailed_groups_stay_within_half_a_point(self, seed: int) -> None:
        rows = heavy_tailed(seed)
        assignment = assign_splits(rows, SINGLE, EVEN, seed)
        assert split_report(rows, assignment, SINGLE)["error"].max() <= 0.5
        sizes = dict(assignment["split"].value_counts().iter_rows())
        assert sizes["test"] == pytest.approx(230, abs=2)
        assert sizes["validation"] == pytest.approx(230, abs=2)

    def test_labels_of_single_rows_are_shared_out_to_the_row(self) -> None:
        rows = frame(["a"] * 100 + ["b"] * 50 + ["c"] * 10)
        report = split_report(rows, assign_splits(rows, SINGLE, EVEN, 0), SINGLE)
        counts = {(row["split"], row["label"]): row["rows"] for row in report.to_dicts()}
        assert [counts["test", label] for label in "abc"] == [10, 5, 1]
        assert [counts["validation", label] for label in "abc"] == [10, 5, 1]

    def test_each_of_several_labels_keeps_its_share(self) -> None:
        random = np.random.default_rng(0)
        outputs = [[k for k in "abcdef" if random.random() < 0.3] for _ in range(600)]
        rows = frame(outputs, Task.MULTI_LABEL)
        report = split_report(
            rows, assign_splits(rows, Task.MULTI_LABEL, EVEN, 0), Task.MULTI_LABEL
        )
        assert report["error"].max() <= 1.0  # one row of 60 is 1.7 points

    @pytest.mark.parametrize("task", [Task.CHAT, Task.EXTRACTION])
    def test_without_labels_the_number_of_rows_decides(self, task: Task) -> None:
        rows = frame([{"n": n} for n in range(50)], task)
        sizes = assign_splits(rows, task, EVEN, 0)["split"].value_counts()
        assert dict(sizes.iter_rows()) == {"train": 40, "validation": 5, "test": 5}

    def test_a_giant_group_goes_to_train(self) -> None:
        rows = frame(["a"] * 60 + ["b"] * 40, group=["giant"] * 50 + [f"g{n}" for n in range(50)])
        for seed in range(5):
            splits = _splits(assign_splits(rows, SINGLE, EVEN, seed))
            assert splits["e0"] == "train"

    def test_a_fraction_of_zero_leaves_the_split_out(self) -> None:
        rows = frame(list("ab") * 20)
        assignment = assign_splits(rows, SINGLE, SplitFractions(0.75, 0, 0.25), 0)
        assert dict(assignment["split"].value_counts().iter_rows()) == {"train": 30, "test": 10}


class TestStability:
    @pytest.mark.parametrize("seed", range(3))
    def test_new_groups_move_no_old_row(self, seed: int) -> None:
        rows = heavy_tailed(seed)
        old = rows.filter(~pl.col("group").str.ends_with("3"))
        frozen = assign_splits(old, SINGLE, EVEN, 0)
        assignment = assign_splits(rows, SINGLE, EVEN, 0, frozen)
        both = frozen.join(assignment, on="example_id")
        assert both["split"].equals(both["split_right"])
        assert split_report(rows, assignment, SINGLE)["error"].max() <= 1.0

    def test_new_groups_repair_what_is_missing(self) -> None:
        rows = frame(["a"] * 50 + ["b"] * 50)
        splits = ["train"] * 30 + ["test"] * 10
        frozen = pl.DataFrame({"example_id": rows["example_id"][:40], "split": splits})
        report = split_report(rows, assign_splits(rows, SINGLE, EVEN, 0, frozen), SINGLE)
        counts = {(row["split"], row["label"]): row["rows"] for row in report.to_dicts()}
        assert counts["test", "a"] == 10  # frozen, and twice what is due
        assert counts["validation", "a"] == 5
        assert counts["validation", "b"] == 5

    def test_even_without_the_earlier_splits_most_rows_stay(self) -> None:
        rows = frame(["a", "b", "c", "a"] * 300)
        before = assign_splits(rows[:1000], SINGLE, EVEN, 0)
        both = before.join(assign_splits(rows, SINGLE, EVEN, 0), on="example_id")
        assert (both["split"] != both["split_right"]).mean() < 0.05

    def test_a_seed_gives_other_splits(self) -> None:
        rows = frame(list("ab") * 50)
        first, second = (assign_splits(rows, SINGLE, EVEN, seed) for seed in (0, 1))
        assert not first.equals(second)

    def test_old_rows_move_only_when_asked(self) -> None:
        rows = frame(list("ab") * 50)
        frozen = pl.DataFrame(
            {"example_id": rows["example_id"], "split": ["train"] * 99 + ["test"]}
        )
        with pytest.raises(WrongUse, match="rows of earlier exports stay where they are") as it:
            assign_splits(rows, SINGLE, EVEN, 0, frozen)
        assert "rebalance" in it.value.hint
        splits = _splits(plan_splits(rows, SINGLE, SplitRules(EVEN, rebalance=True), frozen))
        assert [example for example, split in splits.items() if split == "test"] == ["e99"]
        assert list(splits.values()).count("validation") == 10

    def test_a_row_that_links_train_and_validation_brings_the_group_to_train(self) -> None:
        rows = frame(list("abab"), group=["g", "g", "g", "h"])
        frozen = pl.DataFrame(
            {"example_id": ["e0", "e1", "e3"], "split": ["train", "validation", "test"]}
        )
        plan = plan_splits(rows, SINGLE, SplitRules(SplitFractions(0.9, 0, 0.1)), frozen)
        assert plan["split"].to_list() == ["train", "train", "train", "test"]

    def test_without_a_validation_split_its_old_rows_train(self) -> None:
        rows = frame(list("abab"))
        frozen = pl.DataFrame(
            {"example_id": ["e0", "e1", "e2"], "split": ["train", "validation", "test"]}
        )
        plan = plan_splits(rows, SINGLE, SplitRules(SplitFractions(0.7, 0, 0.3)), frozen)
        assert plan["split"].to_list()[:3] == ["train", "train", "test"]


class TestReport:
    def test_shares_and_errors_by_hand(self) -> None:
        rows = frame(["a", "a", "a", "b"])
        assignment = pl.DataFrame(
            {"example_id": ["e0", "e1", "e2", "e3"], "split": ["train", "train", "test", "test"]}
        )
        # Overall 3/4 a. Train is 2/2 a: 25 points off; test 1/2 a: 25 points off; b alike.
        assert split_report(rows, assignment, SINGLE).rows() == [
            ("train", "a", 2, 1.0, 0.75, 25.0),
            ("train", "b", 0, 0.0, 0.25, 25.0),
            ("test", "a", 1, 0.5, 0.75, 25.0),
            ("test", "b", 1, 0.5, 0.25, 25.0),
        ]

    def test_held_out_rows_do_not_count(self) -> None:
        rows = frame(["a", "b", "b"])
        assignment = pl.DataFrame(
            {"example_id": ["e0", "e1", "e2"], "split": ["train", "train", HELD_OUT]}
        )
        assert split_report(rows, assignment, SINGLE)["overall"].to_list() == [0.5, 0.5]

    def test_several_labels_of_one_row_each_count(self) -> None:
        rows = frame([["a", "b"], ["a"]], Task.MULTI_LABEL)
        assignment = pl.DataFrame({"example_id": ["e0", "e1"], "split": ["train", "train"]})
        report = split_report(rows, assignment, Task.MULTI_LABEL)
        assert report.select("label", "overall").rows() == [("a", 1.0), ("b", 0.5)]

    def test_tasks_without_labels_report_their_rows(self) -> None:
        rows = frame(["x", "y"], Task.CHAT)
        assignment = pl.DataFrame({"example_id": ["e0", "e1"], "split": ["train", "test"]})
        report = split_report(rows, assignment, Task.CHAT)
        assert report.select("split", "label", "rows", "error").rows() == [
            ("train", None, 1, 0.0),
            ("test", None, 1, 0.0),
        ]


class TestWhatCannotBe:
    def test_three_groups_fill_three_splits(self) -> None:
        rows = frame(["a", "a", "b"])
        assert sorted(assign_splits(rows, SINGLE, EVEN, 0)["split"]) == sorted(SPLITS)

    def test_two_groups_cannot_fill_three_splits(self) -> None:
        rows = frame(["a"] * 8, group=["g"] * 4 + ["h"] * 4)
        with pytest.raises(
            WrongUse, match=r"split would be empty: the 8 examples form 2 group"
        ) as it:
            assign_splits(rows, SINGLE, EVEN, 0)
        assert "set the fraction of" in it.value.hint

    def test_one_group_leaves_two_splits_empty(self) -> None:
        with pytest.raises(WrongUse, match=r"^The validation and test splits would be empty"):
            assign_splits(frame(["a"] * 8, group=["g"] * 8), SINGLE, EVEN, 0)

    def test_no_rows(self) -> None:
        with pytest.raises(NothingToExport):
            assign_splits(frame([]), SINGLE, EVEN, 0)

    def test_an_id_that_occurs_twice(self) -> None:
        with pytest.raises(WrongUse, match="'e0' occurs more than once"):
            assign_splits(pl.concat([frame(["a"])] * 2), SINGLE, EVEN, 0)

    @pytest.mark.parametrize(
        "fractions",
        [
            (0.8, 0.1, 0.2),
            (1.1, -0.1, 0),
            (0, 0.5, 0.5),
            (float("nan"), 0.5, 0.5),
            (0.9999, 0.0001, 0),
        ],
    )
    def test_fractions_that_make_no_sense(self, fractions: tuple[float, float, float]) -> None:
        with pytest.raises(WrongUse):
            SplitFractions(*fractions)
