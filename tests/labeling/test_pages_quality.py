"""The Quality page: the figures of a dataset, each of which leads to the rows behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

from curation.records import Task
from curation.workspace import Workspace
from tests.labeling.pages_kit import (
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
