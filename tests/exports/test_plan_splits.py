"""What the rules of splits promise, on any dataset and by hand."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.errors import WrongUse
from curation.records import Task
from exports.split import HELD_OUT, PLAN_SCHEMA, SPLITS, plan_splits, united_groups
from exports.split_report import largest_errors, split_report, strata_report
from exports.split_rules import (
    NEAR_TEST,
    NO_TIME,
    NOT_VERIFIED,
    OVER_CAP,
    SplitFractions,
    SplitRules,
)
from tests.exports.export_examples import frame

SINGLE = Task.SINGLE_LABEL


@st.composite
def _datasets(draw: st.DrawFn, prefix: str = "") -> pl.DataFrame:
    """Groups, labels, authors, times (some unreadable) and verified rows in any mixture."""
    count = draw(st.integers(3, 40))

    def each(strategy: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(strategy, min_size=count, max_size=count))

    authors = each(st.sampled_from(["Ada", "Bob", "Cyd", None, None, None, None]))
    times = each(st.integers(0, 30) | st.sampled_from(["soon", None]))
    metadata = [
        json.dumps({"author": author, "at": at}) for author, at in zip(authors, times, strict=True)
    ]
    own = [json.dumps({"author": "Eve", "at": 1})] + ['{"at": 2}'] * 8
    # Rows of their own groups besides, verified and with a time, so that every split can be filled.
    return frame(
        [*each(st.sampled_from("abc")), *"abcabcabc"],
        group=[*(f"g{g}" for g in each(st.integers(0, 15))), *(f"{prefix}s{n}" for n in range(9))],
        verified=[*each(st.booleans()), *[True] * 9],
        metadata=[*metadata, *own],
    ).with_columns(pl.format(f"{prefix}{{}}", "example_id").alias("example_id"))


_RULES = st.builds(
    SplitRules,
    seed=st.integers(0, 3),
    folds=st.sampled_from([0, 2, 3]),
    keep_together=st.sampled_from([(), ("author",)]),
    stratify=st.sampled_from([(), ("author", "length")]),
    verified_test=st.booleans(),
    verified_validation=st.booleans(),
    cap_per_label=st.sampled_from([None, 3, 30]),
    sample_weights=st.booleans(),
    rebalance=st.booleans(),
) | st.builds(
    SplitRules,
    seed=st.integers(0, 3),
    by_time=st.just("at"),
    folds=st.sampled_from([0, 2]),
    verified_test=st.booleans(),
    keep_together=st.sampled_from([(), ("author",)]),
)


def _plan(
    rows: pl.DataFrame, rules: SplitRules, frozen: pl.DataFrame | None = None
) -> pl.DataFrame | None:
    """The plan; None where groups or verified rows are too few for a split or fold."""
    try:
        return plan_splits(rows, SINGLE, rules, frozen)
    except WrongUse as refused:
        if "would be empty" in str(refused) or "cannot fill" in str(refused):
            return None
        raise


class TestEveryDataset:
    @given(_datasets(), _RULES)
    @settings(max_examples=50, deadline=None)
    def test_every_row_is_placed_or_held_out_with_a_reason(
        self, rows: pl.DataFrame, rules: SplitRules
    ) -> None:
        plan = _plan(rows, rules)
        if plan is None:
            return
        assert dict(plan.schema) == PLAN_SCHEMA
        assert plan["example_id"].to_list() == sorted(rows["example_id"])
        assert set(plan["split"]) <= {*SPLITS, HELD_OUT}
        held_out = plan["split"] == HELD_OUT
        assert (plan["reason"].is_not_null() == held_out).all()
        assert (plan["detail"].is_not_null() == held_out).all()

    @given(_datasets(), _RULES)
    @settings(max_examples=50, deadline=None)
    def test_no_group_and_no_author_straddles_splits_or_folds(
        self, rows: pl.DataFrame, rules: SplitRules
    ) -> None:
        plan = _plan(rows, rules)
        if plan is None:
            return
        author = pl.col("metadata").str.json_path_match("$.author")
        placed = rows.rename({"group": "given"}).with_columns(author=author)
        placed = placed.join(plan.filter(pl.col("split") != HELD_OUT), on="example_id")
        for name in ("given", "group", *rules.keep_together):
            spread = (
                placed.drop_nulls(name)
                .group_by(name)
                .agg(pl.col("split").n_unique(), pl.col("fold").drop_nulls().n_unique())
            )
            assert spread["split"].max() == 1
            assert spread["fold"].max() <= 1

    @given(_datasets(), _RULES)
    @settings(max_examples=40, deadline=None)
    def test_verified_splits_caps_folds_and_weights_hold(
        self, rows: pl.DataFrame, rules: SplitRules
    ) -> None:
        plan = _plan(rows, rules)
        if plan is None:
            return
        full = plan.join(rows.drop("group"), on="example_id")
        for split in rules.verified_only():
            assert full.filter(split=split)["verified"].all()
        train = full.filter(split="train")
        if rules.cap_per_label is not None:
            assert train["output"].value_counts()["count"].max() <= rules.cap_per_label
        if rules.folds:
            inside = full.filter(pl.col("split").is_in(("train", "validation")))
            assert set(inside["fold"]) == set(range(rules.folds))
        assert plan["fold"].count() == (inside.height if rules.folds else 0)
        assert plan["weight"].count() == (train.height if rules.sample_weights else 0)

    @given(_datasets(), _RULES, st.randoms(use_true_random=False))
    @settings(max_examples=30, deadline=None)
    def test_order_does_not_matter_and_twice_is_the_same(
        self, rows: pl.DataFrame, rules: SplitRules, random: Any
    ) -> None:
        order = list(range(rows.height))
        random.shuffle(order)
        plan, again = _plan(rows, rules), _plan(rows[order], rules)
        assert (plan is None) == (again is None)
        assert plan is None or plan.equals(again)

    @given(_datasets(), _datasets("new "), _RULES)
    @settings(max_examples=50, deadline=None)
    def test_new_data_moves_no_old_row(
        self, old: pl.DataFrame, new: pl.DataFrame, rules: SplitRules
    ) -> None:
        frozen = _plan(old, rules)
        rows = pl.concat([old, new])  # new rows join old groups by name, and old authors
        plan = None if frozen is None else _plan(rows, rules, frozen)
        if frozen is None or plan is None:
            return
        both = frozen.join(plan.drop("group"), on="example_id", suffix="_now").join(
            united_groups(rows, rules.keep_together), on="example_id", suffix="_now"
        )
        # Test neither shrinks nor moves.
        assert both.filter(split="test")["split_now"].unique().to_list() == ["test"]
        # No row that has been trained on is ever tested on, nor the other way round.
        assert "test" not in both.filter(split="train")["split_now"].to_list()
        assert "test" not in both.filter(split="validation")["split_now"].to_list()
        if rules.rebalance:
            return
        moved = both.filter(pl.col("split").is_in(("train", "validation")))
        moved = moved.filter(pl.col("split") != pl.col("split_now"))
        were = {split: set(both.filter(split=split)["group_now"]) for split in ("train", "test")}
        for before, now, group, reason in moved.select(
            "split", "split_now", "group_now", "reason_now"
        ).iter_rows():
            if group in were["test"]:
                assert (now, reason) == (HELD_OUT, NEAR_TEST)
            else:
                assert (before, now) == ("validation", "train") or reason == OVER_CAP
                assert group in were["train"]


def _with(name: str, values: list[Any], **columns: list[Any]) -> pl.DataFrame:
    metadata = [json.dumps({name: value}) for value in values]
    return frame(["a"] * len(values), metadata=metadata, **columns)


def _splits(plan: pl.DataFrame) -> dict[str, str]:
    return dict(plan.select("example_id", "split").iter_rows())


class TestTogether:
    def test_groups_are_united_by_what_they_share(self) -> None:
        rows = _with("author", ["Ada", "Bob", "Ada", None, "Bob"], group=["x", "x", "y", "z", "w"])
        found = united_groups(rows, ("author",)).sort("example_id")
        assert found["group"].to_list() == ["w", "w", "w", "z", "w"]

    def test_a_new_row_near_test_by_its_author_is_held_out(self) -> None:
        rows = _with("author", ["Ada", "Bob", "Cyd", "Ada"])
        frozen = pl.DataFrame(
            {"example_id": ["e0", "e1", "e2"], "split": ["test", "train", "validation"]}
        )
        plan = plan_splits(rows, SINGLE, SplitRules(keep_together=("author",)), frozen)
        assert plan.row(3, named=True)["reason"] == NEAR_TEST
        assert plan.row(3, named=True)["detail"] == "in one group with the test example e0"

    def test_a_train_row_that_now_is_near_test_says_where_it_was(self) -> None:
        rows = frame(list("aaaa"), group=["x", "x", "y", "z"])
        frozen = pl.DataFrame(
            {
                "example_id": ["e0", "e1", "e2", "e3"],
                "split": ["test", "train", "train", "validation"],
            }
        )
        plan = plan_splits(rows, SINGLE, SplitRules(), frozen)
        assert _splits(plan) == {"e0": "test", "e1": HELD_OUT, "e2": "train", "e3": "validation"}
        assert plan["detail"][1] == "in one group with the test example e0; was in train"


class TestTime:
    def test_the_oldest_train_and_the_newest_test(self) -> None:
        rows = _with("at", [f"2026-01-{day:02}" for day in range(1, 21)])
        plan = plan_splits(rows, SINGLE, SplitRules(by_time="at"))
        expected = ["train"] * 16 + ["validation"] * 2 + ["test"] * 2
        splits = _splits(plan)
        assert [splits[f"e{n}"] for n in range(20)] == expected

    def test_a_group_is_as_old_as_its_newest_row(self) -> None:
        rows = _with("at", list(range(20)), group=["g", *(f"x{n}" for n in range(18)), "g"])
        splits = _splits(plan_splits(rows, SINGLE, SplitRules(by_time="at")))
        assert splits["e0"] == splits["e19"] == "test"
        assert list(splits.values()).count("test") == 2

    def test_a_row_without_a_time_is_held_out_and_says_why(self) -> None:
        rows = _with("at", ["soon", *range(10)])
        plan = plan_splits(rows, SINGLE, SplitRules(by_time="at"))
        assert plan.row(0)[2:4] == (HELD_OUT, NO_TIME)
        assert plan["detail"][0].startswith("the metadata field 'at' says 'soon'")

    def test_new_data_is_added_around_the_old(self) -> None:
        rules = SplitRules(by_time="at")
        old, rows = _with("at", list(range(20))), _with("at", list(range(40)))
        frozen = plan_splits(old, SINGLE, rules)
        splits = _splits(plan_splits(rows, SINGLE, rules, frozen))
        assert [splits[f"e{n}"] for n in range(20)] == [_splits(frozen)[f"e{n}"] for n in range(20)]
        expected = ["train"] * 16 + ["validation"] * 2 + ["test"] * 2
        assert [splits[f"e{n}"] for n in range(20, 40)] == expected

    def test_an_unknown_field(self) -> None:
        with pytest.raises(WrongUse, match="by_time names 'when'") as it:
            plan_splits(_with("at", [1, 2, 3]), SINGLE, SplitRules(by_time="when"))
        assert it.value.hint == "Fields: at."

    def test_a_field_without_any_time(self) -> None:
        with pytest.raises(
            WrongUse, match="by_time names 'at', in which no example has a time"
        ) as it:
            plan_splits(_with("at", ["mail", "chat", "mail"]), SINGLE, SplitRules(by_time="at"))
        assert "'mail'" in str(it.value)
        assert "2026-03-31" in it.value.hint


class TestVerified:
    def test_test_takes_verified_rows_only(self) -> None:
        rows = frame(["a"] * 40, verified=[True] * 8 + [False] * 32)
        plan = plan_splits(rows, SINGLE, SplitRules(verified_test=True))
        tests = plan.filter(split="test")["example_id"]
        assert len(tests) == 4
        assert set(tests) <= {f"e{n}" for n in range(8)}

    def test_unverified_rows_of_a_test_group_are_held_out(self) -> None:
        rows = frame(
            ["a"] * 40,
            group=["g"] * 4 + [f"x{n}" for n in range(36)],
            verified=[True] * 3 + [False] * 37,
        )
        plan = plan_splits(rows, SINGLE, SplitRules(verified_test=True))
        assert plan.filter(split="test")["example_id"].to_list() == ["e0", "e1", "e2"]
        assert plan.filter(example_id="e3").row(0)[2:5] == (
            HELD_OUT,
            NOT_VERIFIED,
            "the test split takes only rows that a person has verified",
        )

    def test_an_unverified_row_of_an_earlier_test_split_waits(self) -> None:
        rows = frame(list("aaaa"), verified=[False, True, True, True])
        splits = ["test", "test", "train", "validation"]
        frozen = pl.DataFrame({"example_id": rows["example_id"], "split": splits})
        plan = plan_splits(rows, SINGLE, SplitRules(verified_test=True), frozen)
        assert plan["split"].to_list() == [HELD_OUT, *splits[1:]]

    def test_validation_may_be_as_strict(self) -> None:
        rows = frame(["a"] * 40, verified=[True] * 12 + [False] * 28)
        rules = SplitRules(verified_test=True, verified_validation=True)
        plan = plan_splits(rows, SINGLE, rules).join(rows.drop("group"), on="example_id")
        assert plan.filter(pl.col("split") != "train")["verified"].all()
        assert plan.filter(split="validation").height == 4

    def test_nothing_is_verified(self) -> None:
        with pytest.raises(WrongUse, match="test split would be empty") as it:
            plan_splits(frame(["a"] * 9), SINGLE, SplitRules(verified_test=True))
        assert "0 of the examples are: review more" in it.value.hint


class TestLabels:
    def test_a_dropped_row_says_which_label_is_full(self) -> None:
        rows = frame(["a"] * 20 + ["b"] * 10)
        plan = plan_splits(rows, SINGLE, SplitRules(cap_per_label=5))
        over = plan.filter(reason=OVER_CAP).join(rows.drop("group"), on="example_id")
        assert over["output"].value_counts().sort("output").rows() == [("a", 11), ("b", 3)]
        assert set(over["detail"]) == {
            f"the label {name} has 5 other rows in train" for name in "ab"
        }

    def test_weights_even_labels_out(self) -> None:
        rows = frame(["a"] * 30 + ["b"] * 10)
        plan = plan_splits(rows, SINGLE, SplitRules(sample_weights=True)).join(
            rows.drop("group"), on="example_id"
        )
        # Train has 24 a and 8 b: 32 / (2 · 24) and 32 / (2 · 8).
        weights = plan.filter(split="train").group_by("output").agg(pl.col("weight").unique())
        assert dict(weights.iter_rows()) == {"a": [pytest.approx(2 / 3)], "b": [pytest.approx(2)]}

    @pytest.mark.parametrize("rule", [{"cap_per_label": 3}, {"sample_weights": True}])
    def test_rules_about_labels_need_labels(self, rule: dict[str, Any]) -> None:
        with pytest.raises(WrongUse, match=f"{next(iter(rule))} needs labels"):
            plan_splits(frame(["x"] * 9, Task.CHAT), Task.CHAT, SplitRules(**rule))


class TestStrata:
    def test_each_stratum_keeps_its_share(self) -> None:
        channels = [name for name in ("mail", "chat", "fax") for _ in range(100)]
        rows = _with("channel", channels, text=["x" * (n % 60) for n in range(300)])
        rules = SplitRules(stratify=("channel", "length"))
        report = strata_report(rows, plan_splits(rows, SINGLE, rules), SINGLE, rules.stratify)
        tests = report.filter(split="test", field="channel")
        assert tests.select("value", "rows").rows() == [("chat", 10), ("fax", 10), ("mail", 10)]
        assert report["error"].max() < 2  # one row of 30 is 3.3 points
        blind = strata_report(rows, plan_splits(rows, SINGLE, SplitRules()), SINGLE, rules.stratify)
        assert blind["error"].max() > report["error"].max()

    def test_several_labels_keep_their_number(self) -> None:
        outputs = [["a"], ["b"], ["a", "b"], ["a", "b", "c"]] * 25
        rows = frame(outputs, Task.MULTI_LABEL)
        plan = plan_splits(rows, Task.MULTI_LABEL, SplitRules(SplitFractions(0.8, 0, 0.2)))
        report = strata_report(rows, plan, Task.MULTI_LABEL)
        assert report.filter(split="test", field="number of labels").select(
            "value", "rows"
        ).rows() == [
            ("1", 10),
            ("2", 5),
            ("3", 5),
        ]
        assert report["error"].max() == 0

    def test_shares_errors_and_the_worst_by_hand(self) -> None:
        rows = _with("by", ["Ada"] * 10 + ["Bob"] * 10)
        assignment = pl.DataFrame(
            {"example_id": rows["example_id"], "split": ["train"] * 12 + ["test"] * 8}
        )
        report = strata_report(rows, assignment, SINGLE, ("by",))
        # Train holds all 10 of Ada and 2 of Bob: 10/12 where 1/2 is due. Test is all Bob.
        assert report.filter(field="by").select("split", "value", "rows").rows() == [
            ("train", "Ada", 10),
            ("train", "Bob", 2),
            ("test", "Ada", 0),
            ("test", "Bob", 8),
        ]
        worst = largest_errors(report)
        assert worst.select("split", "field", "value").rows() == [
            ("train", "label", "a"),
            ("train", "by", "Ada"),
            ("test", "label", "a"),
            ("test", "by", "Ada"),
        ]
        assert worst["error"].to_list() == pytest.approx([0, 100 * (10 / 12 - 1 / 2), 0, 50])
        assert split_report(rows, assignment, SINGLE)["rows"].to_list() == [12, 8]
