"""Measures of a ranking, by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from benchmarks.label_measures import (
    hits_among_first,
    markdown,
    means,
    measure,
    worst_differences,
)


def test_hits_among_the_first_are_counted_where_no_doubts_are_equal() -> None:
    doubt = np.array([0.1, 0.9, 0.5, 0.7])
    wrong = np.array([True, True, False, False])
    assert [hits_among_first(doubt, wrong, count) for count in (1, 2, 3, 4)] == [1, 1, 1, 2]


def test_rows_tied_at_the_end_of_the_list_count_as_the_share_of_them_that_is_wrong() -> None:
    # One row is above; of the three tied ones two are wrong, and one of the three fits in.
    doubt = np.array([0.9, 0.5, 0.5, 0.5, 0.1])
    wrong = np.array([True, True, True, False, False])
    assert hits_among_first(doubt, wrong, 2) == pytest.approx(1 + 2 / 3)


def test_a_perfect_ranking_with_one_flag_too_many() -> None:
    doubt = np.arange(200.0)
    wrong = doubt >= 190
    result = measure(doubt, doubt >= 188, wrong)
    assert result == {
        "auroc": 1.0,
        "average_precision": 1.0,
        "precision_at_100": 0.1,
        "found_in_tenth": 1.0,
        "flagged": 12,
        "flag_precision": 10 / 12,
        "flag_recall": 1.0,
    }


def test_a_tenth_of_the_rows_can_hold_but_part_of_many_errors() -> None:
    doubt = np.arange(20.0)
    assert measure(doubt, doubt >= 18, doubt >= 12)["found_in_tenth"] == 2 / 8


@pytest.fixture
def results() -> pl.DataFrame:
    """Two seeds of one cell, in which ours is once better and once worse."""
    rows = [
        {"method": method, "seed": seed, "average_precision": value}
        for method, values in (("tamis", (0.9, 0.7)), ("peer", (0.6, 0.8)))
        for seed, value in enumerate(values, start=1)
    ]
    others = ("auroc", "precision_at_100", "found_in_tenth", "flag_precision", "flag_recall")
    return pl.DataFrame(rows).with_columns(
        *(pl.lit(0.5).alias(name) for name in others),
        file=pl.lit("a.csv"),
        kind=pl.lit("uniform"),
        rate=0.05,
        cpu_seconds=2.0,
    )


def test_means_are_over_the_seeds_of_a_method(results: pl.DataFrame) -> None:
    lines = means(results).splitlines()
    assert [line.split(" | ")[6] for line in lines[2:]] == ["0.800", "0.700"]
    assert [line.split(" | ")[3:5] for line in lines[2:]] == [["tamis", "2"], ["peer", "2"]]


def test_the_worst_difference_compares_seed_with_seed(results: pl.DataFrame) -> None:
    line = worst_differences(results, "tamis", "peer").splitlines()[-1]
    assert line == "| a.csv | uniform | 5 % | 2 | +0.000 | -0.100 | +0.000 | +0.000 |"


def test_a_table_has_words_to_the_left_and_numbers_to_the_right() -> None:
    table = pl.DataFrame({"kind": ["uniform"], "rate": [0.05], "cpu_seconds": [1.25]})
    assert markdown(table) == "| noise | rate | CPU s |\n|---|---:|---:|\n| uniform | 5 % | 1.2 |"
