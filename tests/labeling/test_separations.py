"""What was set apart can be found again and taken back, whoever said it and however late."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation.clusters import clusters
from curation.errors import WrongUse
from curation.records import Dataset
from curation.workspace import Workspace
from labeling import triage
from labeling.separations import separations, take_back
from tests.labeling.duplicates_kit import make


def set_apart(path: Path) -> tuple[Workspace, Dataset, str, str]:
    """ann set three copies apart, then bob two near ones; with the names of the two acts."""
    workspace, dataset = make(path)
    copies = triage.separate(workspace, dataset, "ann", ["e001", "e002", "e003"])
    near = triage.separate(workspace, dataset, "bob", ["e005", "e004"])
    triage.resolve(workspace, dataset, "ann", ["e010"], ["e011"])
    return workspace, dataset, copies.batch, near.batch


def merged(workspace: Workspace, dataset: Dataset) -> set[str]:
    return set(clusters(workspace, dataset)["example_id"])


def test_acts_are_listed_with_who_and_which_the_latest_first(tmp_path: Path) -> None:
    workspace, dataset, copies, near = set_apart(tmp_path)
    found = separations(workspace, dataset)
    assert found.select("act", "annotator", "pairs", "example_ids").rows() == [
        (near, "bob", 1, ["e004", "e005"]),
        (copies, "ann", 3, ["e001", "e002", "e003"]),
    ]
    assert found["decided_at"].is_sorted(descending=True)


@pytest.mark.parametrize(("text", "count"), [("LAMP", 1), ("money?", 1), ("", 2), ("claim", 0)])
def test_an_act_is_found_by_its_texts(tmp_path: Path, text: str, count: int) -> None:
    workspace, dataset, *_ = set_apart(tmp_path)
    assert separations(workspace, dataset, text).height == count


def test_taking_it_back_merges_them_again_and_is_journalled(tmp_path: Path) -> None:
    workspace, dataset, copies, near = set_apart(tmp_path)
    assert merged(workspace, dataset).isdisjoint({"e001", "e002", "e003", "e004", "e005"})
    assert take_back(workspace, dataset, "cleo", near) == 1
    assert {"e004", "e005"} <= merged(workspace, dataset)
    assert take_back(workspace, dataset, "cleo", copies) == 3
    assert {"e001", "e002", "e003"} <= merged(workspace, dataset)
    assert separations(workspace, dataset).is_empty()
    undone = workspace.store.read("SELECT annotator FROM decision WHERE action = 'undo'")
    assert undone["annotator"].to_list() == ["cleo"] * 4
    assert workspace.verify() == []
    act = triage.last_act(workspace, dataset, "ann")
    assert act is not None
    assert (act.kept, act.excluded) == (1, 1)


def test_what_two_people_set_apart_stays_so_until_both_acts_are_taken_back(tmp_path: Path) -> None:
    workspace, dataset, _, near = set_apart(tmp_path)
    again = triage.separate(workspace, dataset, "ann", ["e004", "e005"])
    take_back(workspace, dataset, "ann", near)
    assert "e005" not in merged(workspace, dataset)
    take_back(workspace, dataset, "ann", again.batch)
    assert "e005" in merged(workspace, dataset)


def test_it_stays_taken_back_after_a_restart_and_is_taken_back_once(tmp_path: Path) -> None:
    workspace, dataset, _, near = set_apart(tmp_path)
    take_back(workspace, dataset, "ann", near)
    workspace.close()
    with Workspace.open(tmp_path) as again:
        assert "e005" in merged(again, dataset)
        with pytest.raises(WrongUse, match="taken back already"):
            take_back(again, dataset, "ann", near)
