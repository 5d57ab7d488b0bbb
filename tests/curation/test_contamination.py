"""What of a benchmark stands in a dataset: copies, near-duplicates, near twins, contained texts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from curation.contamination import FOUND_SCHEMA, Contamination, contamination, still_in
from curation.errors import Cancelled, MappingError, WrongUse
from curation.records import Dataset, Progress, Task
from curation.workspace import Workspace
from tests.curation.contamination_kit import (
    BENCHMARK,
    EXAMPLES,
    RECIPE,
    ROW,
    make_chats,
    make_tickets,
    write_benchmark,
)
from tests.factories import operation


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose vectors are known after the first search, and the benchmark beside it."""
    folder = tmp_path_factory.mktemp("contamination")
    write_benchmark(folder / "bench.jsonl")
    with Workspace.create(folder / "w") as workspace:
        make_tickets(workspace, folder)
        make_chats(workspace, folder)
    return folder


@pytest.fixture
def workspace(home: Path) -> Iterator[Workspace]:
    with Workspace.open(home / "w") as opened:
        yield opened


@pytest.fixture
def tickets(workspace: Workspace) -> Dataset:
    return workspace.dataset("tickets")


@pytest.fixture(scope="module")
def found(home: Path) -> Contamination:
    with Workspace.open(home / "w") as opened:
        return contamination(opened, opened.dataset("tickets"), home / "bench.jsonl")


def kinds(found: Contamination, name: str) -> dict[int, str]:
    """Kind by the row of the example, for one planted text."""
    rows = found.found.filter(reference_row=ROW[name])
    return dict(rows.select("source_row", "kind").iter_rows())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("exact", {1: "exact", 7: "exact"}),
        ("case", {1: "exact"}),  # a copy of the row above: the first example stands for both
        ("near", {2: "near"}),
        ("twin", {3: "near-twin"}),
        ("inside", {4: "contains"}),
        ("around", {5: "contains"}),
        ("clean", {}),
    ],
)
def test_each_kind_is_found_where_it_was_planted(
    found: Contamination, name: str, expected: dict[int, str]
) -> None:
    assert kinds(found, name) == expected


def test_the_result_names_both_texts_and_their_places(found: Contamination) -> None:
    assert dict(found.found.schema) == FOUND_SCHEMA
    row = found.found.filter(reference_row=ROW["twin"]).row(0, named=True)
    assert row["reference_text"] == BENCHMARK["twin"]
    assert row["text"] == EXAMPLES[2]
    assert (row["reference_column"], row["source_file"]) == ("question", "tickets.jsonl")
    assert row["side"] == "input"
    assert 0.9 <= row["similarity"] < 1


def test_rows_are_counted_once_under_their_plainest_finding(found: Contamination) -> None:
    counts = found.as_json()
    assert counts["rows"] == 8
    assert counts["unreadable"] == 1
    assert counts["contaminated"] == 6
    assert [counts[name] for name in ("exact", "near", "near_twin", "contained")] == [2, 1, 1, 2]
    assert counts["highest"] == 1.0
    assert counts["search"]["method"] == "exact"
    assert counts["search"]["recall"] == 1.0
    assert counts["columns"] == ["question"]
    assert json.loads(json.dumps(counts)) == counts
    assert "6 of 7 rows" in found.in_words()


def test_a_row_without_a_text_is_named(found: Contamination) -> None:
    [fault] = found.unreadable
    assert (fault.source_row, fault.column, fault.reason) == (8, "question", "is missing")


def test_a_clean_file_is_clean_and_says_how_near_it_comes(
    workspace: Workspace, tickets: Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "clean.csv"
    path.write_text(f"question,n\n{BENCHMARK['clean']},1\nWhat is a fjord?,2\n", "utf-8")
    found = contamination(workspace, tickets, path)
    assert found.contaminated == 0
    assert found.found.is_empty()
    assert found.highest is None
    assert found.in_words().startswith("Clean: nothing of 2 rows")


def test_the_highest_similarity_below_the_threshold_is_told(
    workspace: Workspace, tickets: Dataset, home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "near.csv"
    path.write_text("question,n\nThe lamp flickers when I do the laundry.,1\nx,2\n", "utf-8")
    found = contamination(workspace, tickets, path, threshold=0.999)
    assert found.contaminated == 0
    assert found.highest is not None
    assert 0.8 < found.highest < 0.999


def test_questions_and_answers_of_chats_are_searched_turn_by_turn(
    workspace: Workspace, home: Path, tmp_path: Path
) -> None:
    found = contamination(workspace, workspace.dataset("chats"), home / "bench.jsonl")
    exact = found.found.filter(reference_row=ROW["exact"]).row(0, named=True)
    assert (exact["kind"], exact["side"], exact["source_row"]) == ("exact", "input", 1)
    answer = found.found.filter(reference_row=ROW["around"]).row(0, named=True)
    assert (answer["kind"], answer["side"], answer["text"]) == ("contains", "output", RECIPE)


def test_what_is_excluded_is_not_searched(home: Path, tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "w") as workspace:
        dataset = make_tickets(workspace, tmp_path)
        found = contamination(workspace, dataset, home / "bench.jsonl")
        assert still_in(workspace, dataset, found) == found.example_ids
        acts = [operation(dataset, key, "exclude") for key in found.example_ids]  # type: ignore[arg-type]
        assert not any(receipt.refused for receipt in workspace.store.decide(acts))
        assert still_in(workspace, dataset, found) == []
        again = contamination(workspace, dataset, home / "bench.jsonl")
        assert (again.contaminated, again.examples) == (0, 1)


def test_vectors_are_kept_and_nothing_else(
    workspace: Workspace, tickets: Dataset, found: Contamination, home: Path
) -> None:
    seen: list[Progress] = []
    again = contamination(workspace, tickets, home / "bench.jsonl", progress=seen.append)
    assert again.as_json() == found.as_json()
    assert "loading the model" not in {state.message for state in seen}
    assert {"read", "embed", "compare", "overlap"} <= {state.step for state in seen}
    assert [path for path in workspace.jobs.iterdir() if path.name.startswith("comparison")] == []


def test_it_can_be_stopped_and_leaves_nothing(
    workspace: Workspace, tickets: Dataset, home: Path
) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        contamination(workspace, tickets, home / "bench.jsonl", cancelled=stop)
    assert [path for path in workspace.jobs.iterdir() if path.name.startswith("comparison")] == []


def test_wrong_use_is_refused(workspace: Workspace, tickets: Dataset, home: Path) -> None:
    with pytest.raises(WrongUse, match="threshold"):
        contamination(workspace, tickets, home / "bench.jsonl", threshold=1.5)
    with pytest.raises(MappingError, match="'qestion'"):
        contamination(workspace, tickets, home / "bench.jsonl", ["qestion"])
    with pytest.raises(WrongUse, match="no examples"):
        contamination(workspace, workspace.create_dataset("empty", Task.CHAT), home / "bench.jsonl")


def test_the_table_lists_the_plainest_finding_of_a_row_first(found: Contamination) -> None:
    rows = found.found.select(pl.col("reference_row")).to_series().to_list()
    assert rows == sorted(rows)
