"""Every number behind the dashboards, against a small dataset counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation import quality
from curation.records import Action, Dataset, Task
from curation.workspace import Workspace
from tests.factories import add_examples, add_flags, operation, tickets


@pytest.fixture
def reviewed(tmp_path: Path) -> tuple[Workspace, Dataset]:
    """Four examples: one relabelled by ann, one kept by bob, one excluded by ann, one untouched."""
    workspace, dataset, (a, b, c, _) = tickets(tmp_path)
    add_flags(
        workspace,
        dataset,
        [
            {"example_id": a, "suggested": "return"},
            {"example_id": b, "suggested": "return", "flagged": False},
            {"example_id": c, "suggested": "return"},
            {"example_id": c, "kind": "conflict"},
        ],
    )
    workspace.store.decide(
        [
            operation(dataset, a, Action.RELABEL, "return"),
            operation(dataset, b, Action.KEEP, "return", by="bob"),
        ]
    )
    return workspace, dataset


def test_the_funnel_narrows_from_raw_to_exported(reviewed: tuple[Workspace, Dataset]) -> None:
    workspace, dataset = reviewed
    workspace.store.decide([operation(dataset, "e003", Action.EXCLUDE)])
    stages = dict(quality.funnel(workspace, dataset).select("stage", "rows").iter_rows())
    assert stages == {
        "raw": 4,
        "readable": 4,
        "imported": 4,
        "included": 3,
        "ready": 2,
        "exported": 0,
    }


def test_label_distribution_before_and_after(reviewed: tuple[Workspace, Dataset]) -> None:
    workspace, dataset = reviewed
    assert quality.label_distribution(workspace, dataset).rows() == [
        ("return", 1, 2),
        ("refund", 2, 1),
    ]


def test_multi_label_examples_count_once_for_each_label(tmp_path: Path) -> None:
    with Workspace.create(tmp_path) as workspace:
        dataset = workspace.create_dataset("reviews", Task.MULTI_LABEL)
        add_examples(workspace, dataset, [("x", ["a", "b"]), ("y", ["a"]), ("z", [])])
        assert quality.label_distribution(workspace, dataset).rows() == [("a", 2, 2), ("b", 1, 1)]


def test_flags_by_kind_and_what_is_open(reviewed: tuple[Workspace, Dataset]) -> None:
    workspace, dataset = reviewed
    assert quality.flagged_by_kind(workspace, dataset).rows() == [
        ("label", 2, 1),
        ("conflict", 1, 1),
    ]


def test_flagged_examples_count_once_however_many_flags(
    reviewed: tuple[Workspace, Dataset],
) -> None:
    workspace, dataset = reviewed
    assert quality.flagged_examples(workspace, dataset) == (2, 1)


def test_confusion_counts_flagged_pairs_of_labels(reviewed: tuple[Workspace, Dataset]) -> None:
    workspace, dataset = reviewed
    assert quality.confusion(workspace, dataset).rows() == [("refund", "return", 2, 1)]


def test_progress_per_person(reviewed: tuple[Workspace, Dataset]) -> None:
    workspace, dataset = reviewed
    undone = operation(dataset, "e003", Action.EXCLUDE)
    workspace.store.decide([undone])
    workspace.store.decide([operation(dataset, "e003", Action.UNDO, undone.op_id)])
    found = quality.progress_by_person(workspace, dataset)
    columns = ["annotator", "examples", "kept", "relabelled", "edited", "excluded", "skipped"]
    assert found.select(columns).rows() == [
        ("ann", 1, 0, 1, 0, 0, 0),
        ("bob", 1, 1, 0, 0, 0, 0),
    ]


def test_status_counts_add_up(reviewed: tuple[Workspace, Dataset]) -> None:
    workspace, dataset = reviewed
    assert quality.review_progress(workspace, dataset).rows() == [
        ("unreviewed", 2),
        ("kept", 1),
        ("relabelled", 1),
    ]


def test_an_empty_dataset_has_empty_figures(tmp_path: Path) -> None:
    with Workspace.create(tmp_path) as workspace:
        dataset = workspace.create_dataset("empty", Task.SINGLE_LABEL)
        assert quality.funnel(workspace, dataset)["rows"].to_list() == [0] * 6
        for figure in (
            quality.label_distribution,
            quality.flagged_by_kind,
            quality.confusion,
            quality.progress_by_person,
            quality.review_progress,
        ):
            assert figure(workspace, dataset).is_empty()
