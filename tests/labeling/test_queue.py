"""The queue: worst first, filtered by plain data that also stands in the address."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation.records import Action, Task
from curation.workspace import Workspace
from labeling.queue import Filter, count, next_ids, rows
from tests.factories import add_examples, add_flags, operation, tickets
from tests.labeling.duplicates_kit import add_pairs
from tests.labeling.label_map_kit import add_slice


def test_flagged_come_first_then_the_lowest_score_and_skipped_last(tmp_path: Path) -> None:
    workspace, dataset, (a, b, c, d) = tickets(tmp_path)
    add_flags(
        workspace,
        dataset,
        [
            {"example_id": a, "score": 0.9, "flagged": False},
            {"example_id": b, "score": 0.4},
            {"example_id": c, "score": 0.1, "flagged": False},
            {"example_id": d, "score": 0.2},
        ],
    )
    assert next_ids(workspace, dataset, Filter(), 10) == [d, b, c, a]
    workspace.store.decide([operation(dataset, d, Action.SKIP)])
    assert next_ids(workspace, dataset, Filter(status="open"), 10) == [b, c, a, d]


def test_conflicts_come_before_everything_else(tmp_path: Path) -> None:
    workspace, dataset, (a, b, c, d) = tickets(tmp_path)
    add_flags(
        workspace,
        dataset,
        [
            {"example_id": a, "score": 0.01},
            {"example_id": b, "score": 0.5, "kind": "conflict"},
            {"example_id": c, "score": 0.0, "kind": "conflict", "flagged": False},
            {"example_id": d, "score": 0.1, "kind": "conflict"},
        ],
    )
    assert next_ids(workspace, dataset, Filter(), 10) == [d, b, a, c]


def test_the_sides_of_a_conflict_stand_side_by_side(tmp_path: Path) -> None:
    """Three conflicts that are equally sure: two of two sides, one of three in a chain."""
    workspace = Workspace.create(tmp_path / "w")
    dataset = workspace.create_dataset("d", Task.SINGLE_LABEL)
    ids = add_examples(workspace, dataset, [(f"text {n}", "ab"[n % 2]) for n in range(9)])
    pairs = [("e001", "e006"), ("e002", "e005"), ("e003", "e008"), ("e004", "e008")]
    add_pairs(workspace, dataset, [(one, other, 0.95, "near") for one, other in pairs])
    sides: list[dict[str, object]] = [
        {"example_id": key, "kind": "conflict", "score": 0.05} for key in [*ids[:6], "e008"]
    ]
    label: dict[str, object] = {"example_id": "e009", "score": 0.0}
    add_flags(workspace, dataset, [*sides, label])
    expected = ["e001", "e006", "e002", "e005", "e003", "e004", "e008", "e009", "e007"]
    assert next_ids(workspace, dataset, Filter(), 20) == expected
    assert rows(workspace, dataset, Filter(), limit=20)["example_id"].to_list() == expected
    keep = [
        operation(dataset, "e001", Action.RELABEL, "b"),
        operation(dataset, "e003", Action.SKIP),
    ]
    workspace.store.decide(keep)
    assert next_ids(workspace, dataset, Filter(status="open"), 3) == ["e006", "e002", "e005"]


def test_the_surest_conflict_comes_first_with_all_its_sides(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w")
    dataset = workspace.create_dataset("d", Task.SINGLE_LABEL)
    add_examples(workspace, dataset, [(f"text {n}", "ab"[n % 2]) for n in range(5)])
    found = [("e001", "e002", 0.92, "near"), ("e003", "e004", 0.99, "near")]
    add_pairs(workspace, dataset, [*found, ("e004", "e005", 0.91, "near")])
    scores = {"e001": 0.08, "e002": 0.08, "e003": 0.01, "e004": 0.01, "e005": 0.09}
    add_flags(
        workspace,
        dataset,
        [{"example_id": key, "kind": "conflict", "score": one} for key, one in scores.items()],
    )
    expected = ["e003", "e004", "e005", "e001", "e002"]
    assert next_ids(workspace, dataset, Filter(), 9) == expected


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (Filter(), {"e001", "e002", "e003", "e004"}),
        (Filter(status="open"), {"e003", "e004"}),
        (Filter(status="relabelled"), {"e001"}),
        (Filter(status="excluded"), {"e002"}),
        (Filter(kind="label"), {"e001", "e003"}),
        (Filter(given="refund"), {"e001", "e003"}),
        (Filter(current="return"), {"e001", "e002"}),
        (Filter(suggested="return"), {"e001"}),
        (Filter(annotator="bob"), {"e002"}),
        (Filter(text="LAMP"), {"e003"}),
        (Filter(text="'; DROP TABLE example; --"), set()),
        (Filter(example="e004"), {"e004"}),
        (Filter(kind="label", given="refund", status="open"), {"e003"}),
        (Filter(slice="s1"), {"e002", "e003"}),
        (Filter(slice="s1", status="open"), {"e003"}),
        (Filter(slice="nothing"), set()),
        (Filter(slice="s1' OR true --"), set()),
        (Filter(slice="'); DELETE FROM slice; --"), set()),
        (Filter(slice="$dataset"), set()),
    ],
)
def test_each_field_restricts(tmp_path: Path, chosen: Filter, expected: set[str]) -> None:
    workspace, dataset, (a, b, c, _) = tickets(tmp_path)
    add_flags(
        workspace,
        dataset,
        [
            {"example_id": a, "suggested": "return"},
            {"example_id": b, "flagged": False},
            {"example_id": c},
        ],
    )
    add_slice(workspace, dataset, [c, b])
    workspace.store.decide(
        [
            operation(dataset, a, Action.RELABEL, "return"),
            operation(dataset, b, Action.EXCLUDE, by="bob"),
        ]
    )
    assert set(rows(workspace, dataset, chosen, limit=10)["example_id"]) == expected
    assert set(next_ids(workspace, dataset, chosen, 10)) == expected
    assert count(workspace, dataset, chosen) == len(expected)
    assert workspace.store.value("SELECT count(*) FROM slice") == 1


def test_a_slice_comes_in_its_own_order_with_skipped_ones_last(tmp_path: Path) -> None:
    workspace, dataset, (a, b, c, d) = tickets(tmp_path)
    add_flags(workspace, dataset, [{"example_id": a, "score": 0.0}])
    add_slice(workspace, dataset, [d, c, a])
    add_slice(workspace, dataset, [b], slice_id="s2")
    chosen = Filter(slice="s1", status="open")
    assert next_ids(workspace, dataset, chosen, 10) == [d, c, a]
    assert rows(workspace, dataset, chosen, limit=10)["example_id"].to_list() == [d, c, a]
    workspace.store.decide([operation(dataset, d, Action.SKIP)])
    assert next_ids(workspace, dataset, chosen, 10) == [c, a, d]


def test_a_row_names_what_flagged_it_and_the_reason_of_the_worst(tmp_path: Path) -> None:
    workspace, dataset, (a, b, *_) = tickets(tmp_path)
    add_flags(
        workspace,
        dataset,
        [
            {"example_id": a, "kind": "conflict", "score": 0.3, "reason": "another output"},
            {"example_id": a, "kind": "outlier", "score": 0.2, "reason": "far away"},
            {"example_id": a, "kind": "label", "score": 0.1, "reason": "fine", "flagged": False},
            {"example_id": b, "kind": "label", "score": 0.9, "reason": "fine", "flagged": False},
        ],
    )
    found = rows(workspace, dataset, Filter(), limit=2).select("kinds", "reason").rows()
    assert found == [(["outlier", "conflict"], "far away"), ([], "fine")]


def test_a_filter_survives_the_address() -> None:
    chosen = Filter(status="open", given="a & b", text="ü?", slice="5f")
    assert Filter.from_query({**chosen.to_query(), "unknown": "x"}) == chosen


def test_pages_follow_each_other(tmp_path: Path) -> None:
    workspace, dataset, ids = tickets(tmp_path)
    first = rows(workspace, dataset, Filter(), limit=3)
    second = rows(workspace, dataset, Filter(), limit=3, offset=3)
    assert [*first["example_id"], *second["example_id"]] == ids
