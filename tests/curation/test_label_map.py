"""Labels as a whole: which overlap, and how far each can be trusted."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest

from curation.label_map import (
    OVERLAP_SCHEMA,
    QUALITY_SCHEMA,
    label_quality,
    overlapping_labels,
)

Array = np.ndarray[Any, Any]
NAMES = ["bill", "invoice", "refund"]
Cell = tuple[int, int, int]


def world(cells: Sequence[Cell], labels: int = 3, sure: float = 0.9) -> tuple[Array, Array]:
    """Given labels int [n] and probabilities [n, K] of (how many, given, expected) examples.

    Every expected label has the same probability, so all examples are counted confidently.
    """
    given = np.concatenate([np.full(count, label) for count, label, _ in cells])
    expected = np.concatenate([np.full(count, label) for count, _, label in cells])
    chances = np.full((len(given), labels), (1 - sure) / (labels - 1))
    chances[np.arange(len(given)), expected] = sure
    return given, chances


MIXED = [(80, 0, 0), (20, 0, 1), (40, 1, 1), (10, 1, 0), (50, 2, 2)]
"""Of 100 bills 20 should be invoices, of 50 invoices 10 bills; refunds are right."""


def test_labels_given_for_one_another_are_named_with_the_figures_worked_out_by_hand() -> None:
    found = overlapping_labels(NAMES, *world(MIXED))
    assert found.schema == pl.Schema(OVERLAP_SCHEMA)
    assert found.drop("reason").rows() == [("bill", "invoice", 30, 30 / 50)]
    assert found["reason"].to_list() == [
        (
            "An estimated 20 examples labelled bill should be invoice and 10 labelled invoice "
            "should be bill, together 60% of the number of invoice. In both directions: the "
            "guidelines should tell them apart, or one label is enough."
        )
    ]


def test_the_label_that_loses_more_comes_first() -> None:
    found = overlapping_labels(NAMES, *world([(90, 0, 0), (60, 1, 1), (30, 1, 0), (50, 2, 2)]))
    assert found.drop("reason").rows() == [("invoice", "bill", 30, pytest.approx(1 / 3))]
    assert "Mostly in one direction" in found["reason"][0]


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        ([(95, 0, 0), (5, 0, 1), (100, 1, 1)], True),
        ([(96, 0, 0), (4, 0, 1), (50, 1, 1)], False),  # fewer than five
        ([(395, 0, 0), (5, 0, 1), (101, 1, 1)], False),  # less than a twentieth
    ],
)
def test_few_examples_do_not_make_an_overlap(cells: list[Cell], *, named: bool) -> None:
    labels, chances = world([*cells, (50, 2, 2)])
    assert (overlapping_labels(NAMES, labels, chances).height == 1) is named


def test_one_confident_example_does_not_speak_for_a_hundred() -> None:
    """cleanlab scales what it counts to all examples of a label: one of two becomes half."""
    labels, chances = world([(1, 0, 1), (1, 0, 0), (100, 1, 1), (50, 2, 2)])
    labels = np.concatenate([labels, np.zeros(98, dtype=np.int64)])
    unsure = np.tile([0.34, 0.33, 0.33], (98, 1))
    chances = np.vstack([chances, unsure])
    chances[1] = [1.0, 0.0, 0.0]
    assert overlapping_labels(NAMES, labels, chances).is_empty()


def test_the_share_is_never_more_than_all() -> None:
    found = overlapping_labels(NAMES, *world([(100, 0, 0), (40, 0, 1), (10, 1, 1), (50, 2, 2)]))
    assert found["share"].to_list() == [1.0]


def test_quality_is_the_share_that_deserves_the_label() -> None:
    found = label_quality(NAMES, *world(MIXED))
    assert found.schema == pl.Schema(QUALITY_SCHEMA)
    assert found.drop("reason").rows() == [
        ("bill", 100, 0.8, 0.2, pytest.approx(10 / 90, abs=1e-6)),
        ("invoice", 50, 0.8, 0.2, pytest.approx(20 / 60, abs=1e-6)),
        ("refund", 50, 1.0, 0.0, 0.0),
    ]
    assert found["reason"].to_list() == [
        (
            "Of 100 examples labelled bill an estimated 20 should not be (most often they should "
            "be invoice: 20); 10 labelled otherwise should be (most often invoice: 10)."
        ),
        (
            "Of 50 examples labelled invoice an estimated 10 should not be (most often they should "
            "be bill: 10); 20 labelled otherwise should be (most often bill: 20)."
        ),
        "All 50 examples labelled refund seem right, and none is missing.",
    ]


def test_a_label_without_evidence_is_not_called_perfect() -> None:
    """cleanlab gives both a quality of 1: a label of no example, and one of none that is clear."""
    names = [*NAMES, "vague", "unused"]
    labels, chances = world([(50, 0, 0), (50, 1, 1), (50, 2, 2), (3, 3, 0)], labels=5)
    found = label_quality(names, labels, chances)
    assert found.filter(label="vague").row(0) == (
        "vague",
        3,
        None,
        None,
        None,
        "Too few of the 3 examples labelled vague are clear to judge it by.",
    )
    assert found.filter(label="unused").row(0)[1:] == (
        0,
        None,
        None,
        None,
        "No example is labelled unused.",
    )


def test_examples_without_a_label_change_nothing() -> None:
    labels, chances = world(MIXED)
    more = np.concatenate([labels, np.full(30, -1)]), np.vstack([chances, chances[:30]])
    assert overlapping_labels(NAMES, *more).equals(overlapping_labels(NAMES, labels, chances))
    assert label_quality(NAMES, *more).equals(label_quality(NAMES, labels, chances))


def test_nothing_labelled_is_no_error() -> None:
    labels, chances = np.full(3, -1), np.full((3, 3), 1 / 3)
    assert overlapping_labels(NAMES, labels, chances).is_empty()
    assert label_quality(NAMES, labels, chances)["label_quality"].null_count() == 3
    assert label_quality([], np.full(3, -1), np.empty((3, 0))).is_empty()


def test_a_single_label_overlaps_with_none() -> None:
    labels, chances = np.zeros(9, dtype=np.int64), np.ones((9, 1))
    assert overlapping_labels(["bill"], labels, chances).is_empty()
    assert label_quality(["bill"], labels, chances)["label_quality"].to_list() == [1.0]


def test_clean_labels_overlap_with_none() -> None:
    for seed in range(5):
        generator = np.random.default_rng(seed)
        labels = generator.integers(0, 3, 300)
        chances = generator.dirichlet([0.3] * 3, 300) * 0.4
        chances[np.arange(300), labels] += 0.6
        assert overlapping_labels(NAMES, labels, chances).is_empty()
