"""Conflicts: decided by making outputs equal, by leaving one out, or by judging both."""

from __future__ import annotations

from pathlib import Path

from labeling import conflicts, triage
from labeling.next_step import standing
from tests.labeling.duplicates_kit import make


def test_conflicts_are_the_first_step_until_both_outputs_are_judged(tmp_path: Path) -> None:
    workspace, dataset = make(tmp_path)
    now = standing(workspace, dataset)
    assert (now.page, now.query, now.open_conflicts) == ("duplicates", {"tab": "Conflicts"}, 1)
    conflicts.keep_both(workspace, dataset, "ann", {"e006": "card"})
    assert conflicts.conflict_overview(workspace, dataset)["settled"].to_list() == [False]
    conflicts.keep_both(workspace, dataset, "bob", {"e007": "loss"})
    assert conflicts.conflict_overview(workspace, dataset)["settled"].to_list() == [True]
    now = standing(workspace, dataset)
    assert (now.page, now.query, now.open_conflicts) == ("duplicates", {}, 0)


def test_one_output_for_both_is_one_act(tmp_path: Path) -> None:
    workspace, dataset = make(tmp_path)
    conflicts.take(workspace, dataset, "ann", "e007", "e006", "loss")
    said = conflicts.sides(workspace, dataset, ["e006", "e007"])
    assert {key: (one["current"], one["status"]) for key, one in said.items()} == {
        "e006": ("loss", "relabelled"),
        "e007": ("loss", "kept"),
    }
    assert conflicts.conflict_overview(workspace, dataset).is_empty()
    act = triage.last_act(workspace, dataset, "ann")
    assert act is not None
    assert (act.kept, act.relabelled, act.excluded) == (1, 1, 0)
    triage.undo(workspace, dataset, "ann", act)
    assert conflicts.conflict_overview(workspace, dataset).height == 1
    assert triage.last_act(workspace, dataset, "ann") is None


def test_what_is_left_out_contradicts_nobody(tmp_path: Path) -> None:
    workspace, dataset = make(tmp_path)
    conflicts.leave_out(workspace, dataset, "ann", "e006")
    assert conflicts.conflict_overview(workspace, dataset).is_empty()
    assert conflicts.sides(workspace, dataset, ["e006"])["e006"]["status"] == "excluded"
