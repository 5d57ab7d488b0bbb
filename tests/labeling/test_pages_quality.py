"""The Quality page: the figures of a dataset, each of which leads to the rows behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

from curation.records import Task
from curation.workspace import Workspace
from tests.factories import mark_analysed
from tests.labeling.label_map_kit import add_overlap, add_quality, add_slice
from tests.labeling.pages_kit import (
    ids_by_row,
    make_tickets,
    make_topics,
    metrics,
    open_page,
    problems,
    select,
    texts,
    watch_switches,
)


@pytest.fixture(autouse=True)
def _workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    make_tickets(tmp_path)
    make_topics(tmp_path)
    with Workspace.open(tmp_path / "workspace") as workspace:
        dataset = workspace.dataset("tickets")
        add_overlap(workspace, dataset, "delivery", "refund")
        add_quality(workspace, dataset, "delivery", None)
        add_quality(workspace, dataset, "refund", 0.8)
        add_slice(workspace, dataset, list(ids_by_row(workspace, dataset).values())[:2])
    monkeypatch.setenv("TAMIS_WORKSPACE", str(tmp_path / "workspace"))
    yield
    st.cache_resource.clear()


def test_the_figures_on_top() -> None:
    app = open_page("quality", dataset="tickets")
    assert not problems(app)
    # Row 3 is flagged twice and open; row 1 is reviewed; row 4 is an excluded copy.
    assert metrics(app) == {
        "Examples": "5",
        "Reviewed": "1",
        "Flagged, to review": "1",
        "Excluded": "1",
    }


def test_flags_are_said_to_be_no_error_rate_and_the_analysis_is_asked_for() -> None:
    shown = texts(open_page("quality", dataset="tickets"))
    assert "not an error rate" in shown
    assert "Not all examples are analysed" in shown


@pytest.mark.parametrize(
    ("table", "row", "query"),
    [
        ("flags", 0, {"kind": "label"}),
        ("flags", 1, {"kind": "privacy"}),
        ("confusion-table", 0, {"kind": "label", "given": "delivery", "suggested": "refund"}),
        ("overlaps", 0, {"kind": "label", "given": "delivery", "suggested": "refund"}),
        ("trust", 0, {"kind": "label", "given": "refund"}),
        ("statuses", 0, {"status": "unreviewed"}),
        ("people", 0, {"by": "ada"}),
    ],
)
def test_a_row_of_a_table_opens_its_examples(
    table: str, row: int, query: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("quality", dataset="tickets")
    asked = watch_switches(monkeypatch)
    select(app, table, row)
    assert asked == [("examples", query)]


def test_kinds_have_names_for_people_and_what_they_cannot_see_is_said() -> None:
    app = open_page("quality", dataset="tickets")
    flags = next(table for table in app.dataframe if (table.key or "").startswith("flags"))
    assert flags.value["Flagged as"].tolist() == ["Doubtful label", "Privacy"]
    assert "What flags cannot see" in [expander.label for expander in app.expander]
    shown = texts(app)
    for words in ("follow a rule", "almost nobody has", "both are right", "256 tokens", "audit"):
        assert words in shown


def test_a_label_with_little_evidence_is_not_called_right() -> None:
    app = open_page("quality", dataset="tickets")
    trust = next(table for table in app.dataframe if (table.key or "").startswith("trust"))
    assert trust.value[["Label", "Seem right"]].to_numpy().tolist() == [
        ["refund", "80%"],
        ["delivery", "too few to tell"],
    ]


def test_selecting_a_slice_begins_its_review(monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page("quality", dataset="tickets")
    asked = watch_switches(monkeypatch)
    select(app, "slices", 0)
    assert asked == [("review", {"slice": "s1"})]


def test_what_is_not_there_is_explained() -> None:
    shown = texts(open_page("quality", dataset="topics"))
    assert "No label has been judged yet" in shown
    assert "Groups of examples are looked at when the dataset is analysed." in shown


def test_finding_nothing_is_told_from_not_having_looked(tmp_path: Path) -> None:
    def without_findings() -> str:
        with Workspace.open(tmp_path / "workspace") as workspace:
            for table in ("slice", "label_overlap"):
                delete = f"DELETE FROM {table}"
                workspace.store.write(lambda cursor, sql=delete: cursor.execute(sql))  # type: ignore[misc]
        said = texts(open_page("quality", dataset="tickets"))
        st.cache_resource.clear()
        return said

    assert "Labels are compared when the dataset is analysed." in without_findings()
    with Workspace.open(tmp_path / "workspace") as workspace:
        mark_analysed(workspace, workspace.dataset("tickets"))
    said = without_findings()
    assert "given and expected labels differ unusually often." in said
    assert "No two labels are given for one another often enough to stand out." in said


def test_every_metric_links_to_its_examples() -> None:
    app = open_page("quality", dataset="tickets")
    links = [link.proto.query_string for link in app.get("page_link")]
    for query in ("status=reviewed", "status=open&kind=any", "status=left-out"):
        assert query in links


def test_several_labels_are_shown_in_words_and_linked_as_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = open_page("quality", dataset="topics")
    assert not problems(app)
    confusion = next(table for table in app.dataframe if (table.key or "").startswith("confusion"))
    assert confusion.value[["Given", "Suggested"]].to_numpy().tolist() == [
        ["delivery", "price, quality"]
    ]
    asked = watch_switches(monkeypatch)
    select(app, "confusion-table", 0)
    query = {"kind": "label", "given": '["delivery"]', "suggested": '["price","quality"]'}
    assert asked == [("examples", query)]


def test_before_anything_is_done_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAMIS_WORKSPACE", str(tmp_path / "empty"))
    with Workspace.create(tmp_path / "empty") as workspace:
        workspace.create_dataset("none", Task.EXTRACTION)
    assert "no examples yet" in texts(open_page("quality"))
    monkeypatch.setenv("TAMIS_WORKSPACE", str(tmp_path / "workspace"))
    assert "Nobody has reviewed" in texts(open_page("quality", dataset="topics"))
