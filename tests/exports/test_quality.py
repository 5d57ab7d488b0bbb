"""The quality figures of an export, against figures worked out by hand."""

from __future__ import annotations

import polars as pl
import pytest

from curation.records import Task
from exports.quality import agreement, estimate, quality_summary

DECISIONS = {
    "example_id": pl.String,
    "annotator": pl.String,
    "action": pl.String,
    "value": pl.String,
}


def decisions(*rows: tuple[str, str, str, str | None]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=DECISIONS, orient="row")


def both(first: str, second: str) -> pl.DataFrame:
    """Two annotators' labels for the same examples, one letter each."""
    rows = [(f"e{n}", "ann", "keep", label) for n, label in enumerate(first)]
    rows += [(f"e{n}", "bob", "relabel", label) for n, label in enumerate(second)]
    return decisions(*rows)


def test_the_interval_is_wilsons() -> None:
    # z = 1.959964: centre (0.3 + z²/20)/(1 + z²/10) = 0.355507, half width 0.247715
    found = estimate(3, 10)
    assert found["share"] == 0.3
    assert found["interval"] == pytest.approx([0.355507 - 0.247715, 0.355507 + 0.247715], abs=5e-6)


def test_without_a_case_there_is_no_share() -> None:
    assert estimate(0, 0) == {"count": 0, "of": 0, "share": None, "interval": None}


def test_kappa_is_cohens() -> None:
    # 50 examples: both yes 20, ann yes and bob no 5, ann no and bob yes 10, both no 15.
    # observed 35/50 = 0.7; by chance 25/50·30/50 + 25/50·20/50 = 0.5; kappa 0.2/0.5 = 0.4
    found = agreement(
        Task.SINGLE_LABEL, both("y" * 25 + "n" * 25, "y" * 20 + "n" * 5 + "y" * 10 + "n" * 15)
    )
    assert (found["count"], found["of"], found["share"], found["kappa"]) == (35, 50, 0.7, 0.4)


def test_kappa_over_three_people_pools_observed_and_expected_agreement() -> None:
    # ann–bob on e0, e1: agree 1 of 2; ann {y, n}, bob {y, y}: by chance (1·2)/4·2 = 1.
    # ann–cat on e0, e1: agree 2 of 2; ann {y, n}, cat {y, n}: by chance (1 + 1)/4·2 = 1.
    # bob–cat on e0, e1: agree 1 of 2; by chance 1. Pooled (4 − 3)/(6 − 3) = 1/3.
    rows = [("e0", "ann", "y"), ("e1", "ann", "n"), ("e0", "bob", "y"), ("e1", "bob", "y")]
    rows += [("e0", "cat", "y"), ("e1", "cat", "n")]
    found = agreement(Task.SINGLE_LABEL, decisions(*((e, who, "keep", v) for e, who, v in rows)))
    assert (found["count"], found["of"], found["kappa"]) == (4, 6, 0.333333)


def test_only_the_latest_verdict_of_a_person_counts() -> None:
    found = agreement(
        Task.SINGLE_LABEL,
        decisions(
            ("e0", "ann", "keep", "n"),
            ("e0", "bob", "keep", "y"),
            ("e0", "ann", "relabel", "y"),
            ("e0", "ann", "comment", None),
            ("e0", "bob", "skip", None),
        ),
    )
    assert (found["count"], found["of"]) == (1, 1)


def test_exclusion_is_a_verdict_of_its_own() -> None:
    rows = [("e0", "ann", "exclude", None), ("e0", "bob", "exclude", None)]
    rows += [("e1", "ann", "exclude", None), ("e1", "bob", "keep", "y")]
    found = agreement(Task.SINGLE_LABEL, decisions(*rows))
    assert (found["count"], found["of"]) == (1, 2)


@pytest.mark.parametrize("task", [Task.CHAT, Task.EXTRACTION])
def test_free_answers_have_no_kappa(task: Task) -> None:
    assert agreement(task, both("yn", "yy"))["kappa"] is None


def test_kappa_is_unknown_where_chance_explains_all() -> None:
    assert agreement(Task.SINGLE_LABEL, both("yyy", "yyy"))["kappa"] is None
    assert agreement(Task.SINGLE_LABEL, both("", ""))["of"] == 0


def test_the_summary_counts_what_people_and_machines_did() -> None:
    columns = (
        "example_id",
        "given",
        "current",
        "status",
        "excluded",
        "duplicate_verdict",
        "disputed",
    )
    rows = [
        ("e0", "y", "y", "kept", False, None, False),
        ("e1", "y", "n", "relabelled", False, "keep", True),
        ("e2", None, "n", "edited", False, None, False),
        ("e3", "n", "n", "relabelled", False, None, False),
        ("e4", "y", "y", "excluded", True, "exclude", False),
        ("e5", "y", "y", "excluded", True, None, False),
        ("e6", "y", "y", "unreviewed", False, None, False),
        ("e7", None, None, "skipped", False, None, False),
    ]
    examples = pl.DataFrame(rows, schema=columns, orient="row")
    flags = pl.DataFrame(
        [
            ("e1", "label", True),
            ("e6", "label", True),
            ("e4", "label", True),
            ("e0", "label", False),
            ("e7", "outlier", True),
        ],
        schema=["example_id", "kind", "flagged"],
        orient="row",
    )
    found = quality_summary(Task.SINGLE_LABEL, examples, flags, decisions())
    assert found == {
        "examples": 8,
        "excluded": {"as_duplicates": 1, "in_review": 1},
        "reviewed": {"count": 4, "of": 8, "share": 0.5},
        "corrected": estimate(2, 4),
        "disputed": 1,
        "flags": {
            "label": {"flagged": 3, "open": 1, "resolved": 2},
            "outlier": {"flagged": 1, "open": 1, "resolved": 0},
        },
        "agreement": {"count": 0, "of": 0, "share": None, "interval": None, "kappa": None},
        "audit": None,
    }
    audit = estimate(1, 50)
    assert quality_summary(Task.SINGLE_LABEL, examples, flags, decisions(), audit)["audit"] == audit
