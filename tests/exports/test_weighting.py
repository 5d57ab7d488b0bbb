"""Caps and weights of labels, by hand."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.weighting import over_cap, sample_weights


def _labels(**labels: list[str]) -> pl.DataFrame:
    rows = [(example, label) for example, names in labels.items() for label in names]
    return pl.DataFrame(rows, {"example_id": pl.String, "label": pl.String}, orient="row")


def _train(old: list[str], new: list[str]) -> pl.DataFrame:
    flags = [True] * len(old) + [False] * len(new)
    return pl.DataFrame(
        {"example_id": old + new, "old": flags}, {"example_id": pl.String, "old": pl.Boolean}
    )


class TestWeights:
    def test_one_label_a_row(self) -> None:
        # Three rows of a and one of b: 4 / (2 · 3) = 2/3 each, and 4 / (2 · 1) = 2; mean 1.
        labels = _labels(a1=["a"], a2=["a"], a3=["a"], b1=["b"], elsewhere=["b"])
        found = sample_weights(labels, pl.Series(["b1", "a3", "a2", "a1"]))
        assert found["example_id"].to_list() == ["a1", "a2", "a3", "b1"]
        assert found["weight"].to_list() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2])

    def test_several_labels_and_none(self) -> None:
        # a in 2 rows, b in 1, none in 1: x (1/2 + 1)/2 = 3/4, y 1/2, z 1; mean 3/4.
        labels = _labels(x=["a", "b"], y=["a"])
        found = sample_weights(labels, pl.Series(["x", "y", "z"]))
        assert found["weight"].to_list() == pytest.approx([1, 2 / 3, 4 / 3])

    @given(st.lists(st.sampled_from("abc"), min_size=1, max_size=30))
    def test_the_mean_is_one_and_labels_weigh_the_same(self, outputs: list[str]) -> None:
        labels = _labels(**{f"e{n}": [label] for n, label in enumerate(outputs)})
        found = sample_weights(labels, labels["example_id"]).join(labels, on="example_id")
        assert found["weight"].mean() == pytest.approx(1)
        sums = found.group_by("label").agg(pl.col("weight").sum())["weight"]
        assert sums.max() == pytest.approx(sums.min())


class TestCap:
    def test_too_many_rows_of_a_label_are_dropped(self) -> None:
        labels = _labels(a1=["a"], a2=["a"], a3=["a"], b1=["b"])
        dropped = over_cap(labels, _train([], ["a1", "a2", "a3", "b1"]), 2, 0)
        assert dropped["label"].to_list() == ["a"]
        assert dropped["example_id"].is_in(["a1", "a2", "a3"]).all()

    def test_old_rows_go_first(self) -> None:
        labels = _labels(**{f"e{n}": ["a"] for n in range(9)})
        for seed in range(5):
            dropped = over_cap(labels, _train(["e7", "e8"], [f"e{n}" for n in range(7)]), 2, seed)
            assert sorted(dropped["example_id"]) == [f"e{n}" for n in range(7)]

    def test_a_row_is_dropped_where_one_of_its_labels_is_full(self) -> None:
        labels = _labels(old=["a"], new=["a", "b"], free=["b"])
        dropped = over_cap(labels, _train(["old"], ["new", "free"]), 1, 0)
        assert dropped.rows() == [("new", "a")]

    def test_rows_without_a_label_stay(self) -> None:
        assert over_cap(_labels(), _train([], ["x", "y"]), 1, 0).is_empty()
