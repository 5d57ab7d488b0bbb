"""What changed between two assignments, counted by hand."""

from __future__ import annotations

import polars as pl

from exports.churn import churn


def _assignment(**splits: str) -> pl.DataFrame:
    return pl.DataFrame({"example_id": list(splits), "split": list(splits.values())})


def test_added_removed_moved_and_kept() -> None:
    before = _assignment(a="train", b="train", c="test", d="validation", e="train")
    after = _assignment(a="train", b="validation", c="test", e="held-out", f="test", g="train")
    found = churn(before, after)
    assert found.summary == {
        "kept": 2,
        "added": {"test": 1, "train": 1},
        "removed": {"validation": 1},
        "moved": {"train to held-out": 1, "train to validation": 1},
    }
    assert found.rows.rows() == [
        ("b", "train", "validation", "moved"),
        ("d", "validation", None, "removed"),
        ("e", "train", "held-out", "moved"),
        ("f", None, "test", "added"),
        ("g", None, "train", "added"),
    ]


def test_nothing_changed() -> None:
    same = _assignment(a="train", b="test")
    found = churn(same, same)
    assert found.rows.is_empty()
    assert found.summary == {"kept": 2, "added": {}, "removed": {}, "moved": {}}


def test_a_first_assignment_only_adds() -> None:
    nothing = pl.DataFrame(schema={"example_id": pl.String, "split": pl.String})
    assert churn(nothing, _assignment(a="train")).summary["added"] == {"train": 1}
