"""Duplicate triage: whole clusters are decided at once and taken back at once."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from curation.errors import TamisError, WrongUse
from curation.records import Action, Dataset
from curation.store import insert_frame
from curation.workspace import Workspace
from labeling import triage
from labeling.triage import DecidedMeanwhile
from tests.factories import operation, tickets


def with_pairs(path: Path) -> tuple[Workspace, Dataset, list[str]]:
    """e001 and e003 are alike at .95, e002 joins e001 at .85, e004 is a near twin of e001."""
    workspace, dataset, ids = tickets(path)
    pairs = pl.DataFrame(
        {
            "dataset_id": dataset.dataset_id,
            "example_id": ["e001", "e001", "e001"],
            "other_id": ["e003", "e002", "e004"],
            "similarity": [0.95, 0.85, 0.97],
            "kind": ["near", "near", "near-twin"],
        },
        schema_overrides={"similarity": pl.Float32},
    )
    workspace.store.write(lambda cursor: insert_frame(cursor, "pair", pairs))
    return workspace, dataset, ids


def test_the_threshold_re_clusters_without_computing_pairs_again(tmp_path: Path) -> None:
    workspace, dataset, _ = with_pairs(tmp_path)
    sizes = {
        threshold: triage.cluster_overview(workspace, dataset, threshold)["size"].to_list()
        for threshold in (0.99, 0.9, 0.8)
    }
    assert sizes == {0.99: [], 0.9: [2], 0.8: [3]}


def test_a_cluster_is_listed_with_its_representative_first(tmp_path: Path) -> None:
    workspace, dataset, _ = with_pairs(tmp_path)
    overview = triage.cluster_overview(workspace, dataset, 0.8).row(0, named=True)
    members = triage.members(workspace, dataset, 0.8, [overview["cluster"]])
    assert members["example_id"].to_list() == ["e001", "e003", "e002"]
    states = triage.states_of(workspace, dataset, ["e003"])
    assert (states["e003"]["text"], states["e003"]["source_row"]) == ("my lamp is broken", 3)
    assert overview["conflict"] is True
    assert round(overview["lowest"], 2) == 0.85


def test_near_twins_are_shown_but_never_members(tmp_path: Path) -> None:
    workspace, dataset, _ = with_pairs(tmp_path)
    twins = triage.near_twins(workspace, dataset, 0.9)
    assert twins.select("example_id", "other_id").rows() == [("e001", "e004")]
    shown = triage.with_texts(workspace, dataset, twins)
    assert (shown[0]["text"], shown[0]["other_text"]) == ("where is my money", "hello")


def test_resolving_excludes_the_others_and_undo_brings_them_back(tmp_path: Path) -> None:
    workspace, dataset, _ = with_pairs(tmp_path)
    keep, exclude = triage.representatives(workspace, dataset, 0.8, ["e001"])
    assert (keep, sorted(exclude)) == (["e001"], ["e002", "e003"])
    triage.resolve(workspace, dataset, "ann", keep, exclude)
    overview = triage.cluster_overview(workspace, dataset, 0.8).row(0, named=True)
    assert (overview["resolved"], overview["excluded"]) == (True, 2)
    act = triage.last_act(workspace, dataset, "ann")
    assert act is not None
    assert (act.kept, act.excluded) == (1, 2)
    assert triage.last_act(workspace, dataset, "bob") is None
    triage.undo(workspace, dataset, "ann", act)
    overview = triage.cluster_overview(workspace, dataset, 0.8).row(0, named=True)
    assert (overview["resolved"], overview["excluded"]) == (False, 0)
    assert triage.last_act(workspace, dataset, "ann") is None


def test_acts_are_undone_newest_first(tmp_path: Path) -> None:
    workspace, dataset, _ = with_pairs(tmp_path)
    first = triage.resolve(workspace, dataset, "ann", ["e001"], ["e003"])
    second = triage.resolve(workspace, dataset, "ann", ["e003"], ["e001"])
    assert triage.last_act(workspace, dataset, "ann") == second
    triage.undo(workspace, dataset, "ann", second)
    assert triage.last_act(workspace, dataset, "ann") == first


def test_examples_are_set_apart_as_one_act_and_meet_again_after_an_undo(tmp_path: Path) -> None:
    workspace, dataset, _ = with_pairs(tmp_path)
    act = triage.separate(workspace, dataset, "ann", ["e001", "e002", "e003"])
    assert (act.kept, act.excluded, act.separated) == (0, 0, 3)
    assert triage.cluster_overview(workspace, dataset, 0.8).is_empty()
    twins = triage.near_twins(workspace, dataset, 0.8).select("example_id", "other_id").rows()
    assert twins == [("e001", "e004"), ("e001", "e003"), ("e001", "e002")]
    assert triage.last_act(workspace, dataset, "ann") == act
    triage.undo(workspace, dataset, "ann", act)
    assert triage.cluster_overview(workspace, dataset, 0.8)["size"].to_list() == [3]
    assert triage.last_act(workspace, dataset, "ann") is None


def test_keeping_all_members_resolves_a_cluster_without_parting_it(tmp_path: Path) -> None:
    workspace, dataset, _ = with_pairs(tmp_path)
    act = triage.resolve(workspace, dataset, "ann", ["e001", "e002", "e003"], [])
    overview = triage.cluster_overview(workspace, dataset, 0.8).row(0, named=True)
    assert (overview["resolved"], overview["excluded"], overview["size"]) == (True, 0, 3)
    assert triage.last_act(workspace, dataset, "ann") == act


def test_what_cannot_be_set_apart_is_an_error_in_words(tmp_path: Path) -> None:
    workspace, dataset, _ = with_pairs(tmp_path)
    with pytest.raises(WrongUse, match="1 examples cannot be set apart"):
        triage.separate(workspace, dataset, "ann", ["e001", "e001"])
    with pytest.raises(TamisError, match="not in the dataset"):
        triage.separate(workspace, dataset, "ann", ["e001", "nobody"])
    assert triage.last_act(workspace, dataset, "ann") is None


def test_what_others_decided_since_is_not_overturned(tmp_path: Path) -> None:
    workspace, dataset, _ = with_pairs(tmp_path)
    seen = triage.last_decision(workspace, dataset)
    bob = triage.resolve(workspace, dataset, "bob", ["e002"], [])
    with pytest.raises(DecidedMeanwhile, match="bob has decided on this meanwhile"):
        triage.resolve(workspace, dataset, "ann", ["e001"], ["e002"], seen=seen)
    with pytest.raises(DecidedMeanwhile):
        triage.separate(workspace, dataset, "ann", ["e001", "e002"], seen=seen)
    assert triage.last_act(workspace, dataset, "ann") is None
    triage.resolve(workspace, dataset, "ann", ["e001"], ["e003"], seen=seen)
    seen = triage.last_decision(workspace, dataset)
    triage.undo(workspace, dataset, "bob", bob)
    with pytest.raises(DecidedMeanwhile, match="bob"):
        triage.resolve(workspace, dataset, "ann", ["e002"], [], seen=seen)


def test_a_pair_set_apart_since_counts_for_both_and_a_comment_for_none(tmp_path: Path) -> None:
    workspace, dataset, _ = with_pairs(tmp_path)
    seen = triage.last_decision(workspace, dataset)
    triage.separate(workspace, dataset, "bob", ["e001", "e003"])
    triage.decide(workspace, [operation(dataset, "e002", Action.COMMENT, comment="hm", by="bob")])
    since = triage.decided_since(workspace, dataset, ["e001", "e002", "e003"], seen)
    assert since == {"e001": "bob", "e003": "bob"}


def test_many_clusters_are_decided_but_for_those_decided_since(tmp_path: Path) -> None:
    workspace, dataset, _ = with_pairs(tmp_path)
    seen = triage.last_decision(workspace, dataset)
    triage.resolve(workspace, dataset, "bob", ["e002"], [])
    groups = [["e001", "e002"], ["e003", "e004"]]
    assert triage.keep_first(workspace, dataset, "ann", groups, seen=seen) == {"e002": "bob"}
    act = triage.last_act(workspace, dataset, "ann")
    assert act is not None
    assert (act.kept, act.excluded) == (1, 1)
    left = triage.keep_first(workspace, dataset, "ann", [["e003", "e004"]], seen=seen)
    assert left == {"e003": "ann", "e004": "ann"}
    assert triage.last_act(workspace, dataset, "ann") == act
