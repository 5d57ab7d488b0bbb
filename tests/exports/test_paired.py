"""What can be said of two models' difference: known distributions, and how often it is true."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from curation.records import Task
from exports.paired import Interval, intervals, mcnemar, wilson
from exports.scores import Scores, score


def scored(right: np.ndarray) -> Scores:
    """Answers that are right where it says so."""
    answers = ["a" if is_right else "b" for is_right in right]
    return score(Task.SINGLE_LABEL, ["a"] * len(answers), answers, ["a", "b"])


def accuracy(
    base: np.ndarray, tuned: np.ndarray, groups: np.ndarray | None = None, resamples: int = 10_000
) -> Interval:
    groups = np.arange(len(base)) if groups is None else groups
    return intervals(scored(base), scored(tuned), groups, resamples=resamples)["accuracy"]


def test_mcnemars_test_is_the_binomial_test_of_the_rows_that_differ() -> None:
    base = np.array([True] * 4 + [True] * 1 + [False] * 9 + [False] * 2)
    tuned = np.array([True] * 4 + [False] * 1 + [True] * 9 + [False] * 2)
    found = mcnemar(base, tuned)
    assert (found.both, found.only_base, found.only_tuned, found.neither) == (4, 1, 9, 2)
    assert found.p_value == pytest.approx(2 * (1 + 10) / 2**10)


def test_mcnemars_test_shows_nothing_where_nothing_differs() -> None:
    assert mcnemar(np.ones(5, bool), np.ones(5, bool)).p_value == 1


def test_the_score_interval_of_a_share() -> None:
    # (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n) with p 0.8, n 10, z 1.96
    assert wilson(8, 10) == pytest.approx((0.49016, 0.94332), abs=1e-5)
    assert wilson(0, 10)[0] == 0
    assert wilson(0, 0) == (0, 1)


def test_the_interval_of_a_mean_is_that_of_its_known_distribution() -> None:
    # Half of 20 rows speak for tuned, the others for none: a resample's mean is binomial(20, ½)/20.
    base, tuned = np.zeros(20, bool), np.arange(20) < 10
    found = accuracy(base, tuned)
    assert found.low == pytest.approx(binom.ppf(0.025, 20, 0.5) / 20)
    assert found.high == pytest.approx(binom.ppf(0.975, 20, 0.5) / 20)
    assert found.shows == "tuned"
    assert accuracy(tuned, base).shows == "base"


def test_the_same_models_differ_by_nothing() -> None:
    right = np.arange(30) % 3 == 0
    found = accuracy(right, right)
    assert (found.low, found.high, found.shows) == (0, 0, None)


def test_five_rows_can_show_nothing_and_six_can() -> None:
    assert accuracy(np.zeros(5, bool), np.ones(5, bool)).shows is None
    assert accuracy(np.zeros(6, bool), np.ones(6, bool)).shows == "tuned"


def test_a_group_of_near_duplicates_counts_as_one() -> None:
    random = np.random.default_rng(1)
    base, tuned = random.random(40) < 0.5, random.random(40) < 0.8
    alone = accuracy(base, tuned)
    thrice = [np.repeat(each, 3) for each in (base, tuned, np.arange(40))]
    assert accuracy(*thrice) == alone
    as_rows = accuracy(*thrice[:2])
    assert as_rows.high - as_rows.low < 0.7 * (alone.high - alone.low)  # type: ignore[operator]


def test_the_order_of_memory_chunks_is_no_part_of_the_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(2)
    base, tuned = random.random(50) < 0.5, random.random(50) < 0.6
    whole = accuracy(base, tuned, resamples=500)
    monkeypatch.setattr("exports.paired._CELLS", 50 * 7)
    assert accuracy(base, tuned, resamples=500) == whole


def test_the_interval_of_a_ratio_is_of_the_ratio() -> None:
    """Macro F1 as the direct resampling of rows has it."""
    random = np.random.default_rng(3)
    gold = random.choice(list("abc"), 60)
    sides = [np.where(random.random(60) < share, gold, "a").tolist() for share in (0.5, 0.7)]
    labels = list("abc")
    scores = [score(Task.SINGLE_LABEL, gold.tolist(), side, labels) for side in sides]
    found = intervals(scores[0], scores[1], np.arange(60), resamples=3000)["macro F1"]
    differences = []
    for _ in range(300):
        chosen = random.integers(60, size=60)
        values = [
            score(Task.SINGLE_LABEL, gold[chosen].tolist(), [side[n] for n in chosen], labels)
            for side in sides
        ]
        differences.append(values[1].values()["macro F1"] - values[0].values()["macro F1"])  # type: ignore[operator]
    assert [found.low, found.high] == pytest.approx(
        np.quantile(differences, [0.025, 0.975]).tolist(), abs=0.05
    )


@pytest.mark.parametrize("copies", [1, 4])
def test_the_interval_holds_the_true_difference_about_as_often_as_it_says(copies: int) -> None:
    """300 test sets of 120 groups, the models right on 60 % and 70 %, often on the same rows."""
    random = np.random.default_rng(4)
    groups = np.repeat(np.arange(120), copies)
    held = 0
    for _ in range(300):
        luck = random.random(120)
        own = random.random((2, 120))
        shared = random.random(120) < 0.5
        base, tuned = (
            np.where(shared, luck, own[side]) < share for side, share in ((0, 0.6), (1, 0.7))
        )
        found = accuracy(base[groups], tuned[groups], groups, resamples=400)
        held += found.low <= 0.1 <= found.high  # type: ignore[operator]
    assert 0.92 <= held / 300 <= 0.98


def test_a_difference_that_is_not_there_is_seldom_shown() -> None:
    random = np.random.default_rng(5)
    shown = sum(
        accuracy(random.random(100) < 0.7, random.random(100) < 0.7, resamples=400).shows
        is not None
        for _ in range(300)
    )
    assert shown / 300 <= 0.08
