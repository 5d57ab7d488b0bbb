"""The Examples page: the address says which examples, and one can be read in full."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from curation.records import Task
from curation.workspace import Workspace
from tests.labeling.label_map_kit import add_slice
from tests.labeling.pages_kit import (
    ids_by_row,
    make_tickets,
    make_topics,
    open_page,
    press,
    problems,
    select,
    texts,
    watch_switches,
)


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    make_tickets(tmp_path)
    monkeypatch.setenv("TAMIS_WORKSPACE", str(tmp_path / "workspace"))
    yield tmp_path
    st.cache_resource.clear()


def rows_of(app: AppTest) -> list[int]:
    return list(app.dataframe[0].value["Row"])


def test_without_a_filter_all_examples_are_listed_worst_first() -> None:
    app = open_page("examples")
    assert not problems(app)
    assert rows_of(app)[:3] == [3, 1, 2]
    assert "**5** examples" in texts(app)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ({"status": "open"}, {2, 3, 5}),
        ({"status": "left-out"}, {4}),
        ({"status": "missing"}, {5}),
        ({"kind": "label"}, {1, 3}),
        ({"kind": "any", "status": "open"}, {3}),
        ({"kind": "label", "given": "delivery", "suggested": "refund"}, {3}),
        ({"by": "ada"}, {1}),
        ({"text": "PARCEL"}, {3, 4}),
        ({"status": "open", "text": "parcel"}, {3}),
    ],
)
def test_the_address_chooses_the_examples(query: dict[str, str], rows: set[int]) -> None:
    app = open_page("examples", **query)
    assert not problems(app)
    assert set(rows_of(app)) == rows


def test_a_choice_in_the_filter_bar_goes_into_the_address() -> None:
    app = open_page("examples")
    app.selectbox(key="filter-status").set_value("reviewed").run()
    assert app.query_params["status"] == "reviewed"
    assert rows_of(app) == [1]
    app.text_input(key="filter-text").set_value("parcel").run()
    assert "No example matches" in texts(app)
    press(app, "Clear filters")
    assert "status" not in app.query_params
    assert len(rows_of(app)) == 5


def test_an_unknown_choice_in_the_address_is_dropped_and_not_an_error() -> None:
    app = open_page("examples", status="nonsense")
    assert not problems(app)
    assert len(rows_of(app)) == 5


def test_a_single_example_is_shown_in_full_with_its_history() -> None:
    app = open_page("examples", text="refund please")
    assert "tickets.csv, row 1" in texts(app)
    assert "Its neighbours are about delivery." in texts(app)
    assert "sure" in texts(app)
    history = app.dataframe[-1].value
    assert history[["annotator", "action", "value"]].to_numpy().tolist() == [
        ["ada", "keep", "refund"]
    ]


def test_untrusted_text_is_never_markdown() -> None:
    app = open_page("examples", text="hello")
    assert "hello *there*" in [code.value for code in app.code]
    assert not any("*there*" in element.value for element in app.markdown)


def test_a_slice_is_named_with_its_reason_and_can_be_left(workspace: Path) -> None:
    with Workspace.open(workspace / "workspace") as opened:
        dataset = opened.dataset("tickets")
        ids = ids_by_row(opened, dataset)
        add_slice(opened, dataset, [ids[4], ids[3]], name="*parcel*")
    app = open_page("examples", slice="s1")
    assert not problems(app)
    assert rows_of(app) == [4, 3]
    assert "with “parcel” the model expects" in texts(app)
    name = next(button.label for button in app.button if button.label.startswith("Slice"))
    assert name.replace("\\", "") == "Slice: *parcel*"
    press(app, name)
    assert "slice" not in app.query_params
    assert len(rows_of(app)) == 5


@pytest.mark.parametrize("slice_id", ["gone", "' OR true --", "<b>**x**</b>"])
def test_a_slice_that_is_not_there_holds_nothing_and_says_so(slice_id: str) -> None:
    app = open_page("examples", slice=slice_id)
    assert not problems(app)
    assert "No example matches" in texts(app)
    assert "Scores were computed anew" in texts(app)
    press(app, "Clear filters")
    assert len(rows_of(app)) == 5


def test_kinds_are_named_in_the_table_and_in_the_filter() -> None:
    app = open_page("examples", status="open")
    assert app.dataframe[0].value["Flagged as"].to_list() == ["Privacy, Doubtful label", "", ""]
    assert app.selectbox(key="filter-kind").options == [
        "Any",
        "Flagged at all",
        "Doubtful label",
        "Privacy",
    ]
    detail = texts(open_page("examples", text="refund please"))
    assert "Doubtful label" in detail
    assert "Which label is right?" in detail


def test_the_review_opens_on_the_same_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page("examples", kind="label")
    asked = watch_switches(monkeypatch)
    press(app, "Review all 2")
    assert asked == [("review", {"kind": "label", "status": "all"})]


def test_selecting_a_row_shows_that_example() -> None:
    app = open_page("examples", text="parcel")
    assert "Its neighbours" not in texts(app)
    assert "tickets.csv, row 4" in texts(select(app, "examples-", 1))


def test_a_multi_label_example_is_found_by_one_of_its_labels(workspace: Path) -> None:
    st.cache_resource.clear()
    make_topics(workspace)
    app = open_page("examples", dataset="topics", given="price")
    assert rows_of(app) == [1]
    assert app.dataframe[0].value["Given"].to_list() == ["price, quality"]
    exact = open_page("examples", dataset="topics", given='["delivery"]', kind="label")
    assert rows_of(exact) == [2]
    suggested = open_page("examples", dataset="topics", suggested="quality")
    assert rows_of(suggested) == [2]


def test_no_dataset_and_no_example_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAMIS_WORKSPACE", str(tmp_path / "empty"))
    Workspace.create(tmp_path / "empty").close()
    assert "Import a file to begin" in texts(open_page("examples"))
    st.cache_resource.clear()
    with Workspace.open(tmp_path / "empty") as opened:
        opened.create_dataset("none", Task.CHAT)
    assert "no examples yet" in texts(open_page("examples"))
