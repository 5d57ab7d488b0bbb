"""What changed between two exports, from their folders alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation.errors import WrongUse
from curation.records import Task
from exports.formats import fitting
from exports.split import SplitFractions
from exports.versions import Difference, difference
from tests.exports.export_examples import export, frame

LABELS = ["a", "b", "c"]


def two(folder: Path, old: pl.DataFrame, new: pl.DataFrame, **options: Any) -> Difference:
    """The difference of two exports, the new one with `options`."""
    first = export(old, folder / "old", labels=LABELS)
    export(new, folder / "new", **{"labels": LABELS, "frozen": first.assignment} | options)
    return difference(folder / "old", folder / "new")


def test_examples_are_added_removed_and_relabelled(tmp_path: Path) -> None:
    old = frame(["a", "b"] * 10)
    new = frame(["c", "c", "a", *["b", "a"] * 9])[1:]
    found = two(tmp_path, old, new)
    assert found.counts["added"] == 1
    assert found.counts["removed"] == 1
    assert found.counts["relabelled"] == 1
    by_change = {row["change"].split(",")[0]: row for row in found.changes.iter_rows(named=True)}
    assert by_change["added"]["example_id"] == "e20"
    assert by_change["removed"]["example_id"] == "e0"
    assert by_change["relabelled"]["example_id"] == "e1"
    assert by_change["relabelled"]["text"] == "text 1"
    assert found.relabelled.rows() == [("b", "c", 1)]


def test_labels_are_counted_by_split_before_and_after(tmp_path: Path) -> None:
    export(frame(["a", "b"] * 5), tmp_path / "old", fractions=SplitFractions(1, 0, 0))
    new = frame(["a", "c"] * 5)
    export(new, tmp_path / "new", fractions=SplitFractions(1, 0, 0))
    found = difference(tmp_path / "old", tmp_path / "new")
    assert found.labels.rows() == [
        ("a", "train", 5, 5),
        ("b", "train", 5, 0),
        ("c", "train", 0, 5),
    ]
    assert ("labels only here", '["b"]', '["c"]') in found.options.rows()


def test_moves_name_both_splits_and_a_row_may_move_and_be_relabelled(tmp_path: Path) -> None:
    rows = frame(["a", "b"] * 10)
    moved = pl.DataFrame({"example_id": ["e3"], "split": ["test"]})
    first = export(rows, tmp_path / "old", labels=LABELS, fractions=SplitFractions(1, 0, 0))
    changed = frame(["a", "b", "a", "c", *["a", "b"] * 8])
    assert first.counts["train"] == 20
    export(
        changed,
        tmp_path / "new",
        labels=LABELS,
        fractions=SplitFractions(1, 0, 0),
        frozen=moved,
    )
    found = difference(tmp_path / "old", tmp_path / "new")
    assert found.moved.rows() == [("train", "test", 1)]
    assert found.changes["change"].to_list() == ["relabelled, moved"]
    assert (found.counts["relabelled"], found.counts["moved"]) == (1, 1)
    assert found.counts["unchanged"] == 19


def test_of_several_labels_those_taken_and_given_are_told(tmp_path: Path) -> None:
    task = Task.MULTI_LABEL
    for name, first in (("old", ["a", "b"]), ("new", ["b", "c"])):
        export(frame([first, ["a"]] * 5, task), tmp_path / name, task, labels=LABELS)
    assert difference(tmp_path / "old", tmp_path / "new").relabelled.rows() == [
        ('["a"]', '["c"]', 5)
    ]


@pytest.mark.parametrize("name", fitting(Task.SINGLE_LABEL))
def test_another_format_is_an_option_and_no_change_of_the_examples(
    tmp_path: Path, name: str
) -> None:
    rows = frame(["a", "b"] * 10)
    found = two(tmp_path, rows, rows, file_format=name, seed=3)
    assert found.counts == {
        "added": 0,
        "removed": 0,
        "relabelled": 0,
        "moved": found.moved["examples"].sum(),
        "unchanged": 20 - found.moved["examples"].sum(),
    }
    assert ("options.rules.seed", "0", "3") in found.options.rows()


def test_an_export_and_its_copy_differ_in_nothing(tmp_path: Path) -> None:
    rows = frame(["a", "b"] * 10)
    export(rows, tmp_path / "old")
    export(rows, tmp_path / "new")
    found = difference(tmp_path / "old", tmp_path / "new")
    assert found.counts["unchanged"] == 20
    assert found.changes.is_empty()
    assert found.options.is_empty()
    assert found.figures["old"].to_list() == found.figures["new"].to_list()
    assert ("splits.train.rows", "16", "16") in found.figures.rows()
    json.dumps(found.as_json())


def test_long_options_that_differ_at_their_end_are_told_apart(tmp_path: Path) -> None:
    rows = frame(["a", "b"] * 10)
    for name in ("old", "new"):
        facts = {"dataset": "d", "decision": 1, "settings": {"note": "x" * 5000 + name}}
        export(rows, tmp_path / name, facts=facts)
    found = difference(tmp_path / "old", tmp_path / "new")
    assert found.options["name"].to_list() == ["source.settings.note"]


def test_chats_have_no_labels_but_outputs_that_change(tmp_path: Path) -> None:
    for name, last in (("old", "yes"), ("new", "no")):
        export(frame(["fine"] * 9 + [last], Task.CHAT), tmp_path / name, Task.CHAT)
    found = difference(tmp_path / "old", tmp_path / "new")
    assert found.counts["relabelled"] == 1
    assert found.relabelled.is_empty()
    assert set(found.labels["label"]) == {None}


def test_exports_of_two_tasks_are_refused(tmp_path: Path) -> None:
    export(frame(["a", "b"] * 5), tmp_path / "old")
    export(frame(["a", "b"] * 5, Task.CHAT), tmp_path / "new", Task.CHAT)
    with pytest.raises(WrongUse, match=r"is a single-label export and .* a chat export"):
        difference(tmp_path / "old", tmp_path / "new")
