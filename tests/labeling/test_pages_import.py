"""The Import page: a dropped file becomes a dataset, once, and its broken rows are explained."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from curation.records import Task
from curation.workspace import Workspace
from tests.labeling.pages_kit import TICKETS, make_tickets, metrics, open_page, press, texts

ORDERS = '{"text": "two teas", "output": {"tea": 2}}\n{"text": "one tea", "output": {"tea": 1}}\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TAMIS_WORKSPACE", str(tmp_path / "workspace"))
    yield tmp_path / "workspace"
    st.cache_resource.clear()


def dropped(name: str, content: str) -> AppTest:
    app = open_page("import")
    return app.file_uploader[0].set_value((name, content.encode(), "text/plain")).run()


def datasets(folder: Path) -> dict[str, int]:
    st.cache_resource.clear()
    with Workspace.open(folder) as workspace:
        sql = "SELECT count(*) FROM example WHERE dataset_id = $dataset"
        return {
            dataset.name: workspace.store.value(sql, {"dataset": dataset.dataset_id})
            for dataset in workspace.datasets()
        }


def test_the_preview_names_the_broken_row_and_guesses_task_columns_and_name() -> None:
    app = dropped("My tickets.csv", TICKETS)
    assert "Row 6: has 4 fields" in texts(app)
    assert app.dataframe[0].value["text"].to_list()[0] == "refund please"
    boxes = {box.label: box.value for box in app.selectbox}
    assert (boxes["Column of the text"], boxes["Column of the label"]) == ("text", "label")
    assert next(field for field in app.text_input if field.label == "Its name").value == (
        "my-tickets"
    )


def test_an_import_makes_the_dataset_chooses_it_and_explains_every_row(folder: Path) -> None:
    app = press(dropped("tickets.csv", TICKETS), "Import")
    figures = {"Rows": "6", "Imported": "5", "Already there": "0", "In quarantine": "1"}
    assert metrics(app) == figures
    assert app.session_state["dataset"] == "tickets"
    quarantine = app.dataframe[-1].value
    assert quarantine[["File", "Row"]].to_numpy().tolist() == [["tickets.csv", 6]]
    assert metrics(app.run()) == figures
    assert list((folder / "uploads").iterdir()) == []
    assert datasets(folder) == {"tickets": 5}


def test_the_same_file_again_adds_nothing(folder: Path) -> None:
    make_tickets(folder.parent)
    app = dropped("tickets.csv", TICKETS)
    into = next(box for box in app.selectbox if box.label == "Into")
    into.set_value("tickets").run()
    press(app, "Import")
    assert metrics(app)["Imported"] == "0"
    assert metrics(app)["Already there"] == "5"
    assert datasets(folder) == {"tickets": 5}


def test_a_column_that_nothing_fits_is_asked_for_and_nothing_can_be_imported() -> None:
    app = dropped("notes.csv", "note,when\nfirst note,monday\nsecond note,tuesday\n")
    assert "Which column holds the label?" in texts(app)
    assert next(button for button in app.button if button.label == "Import").disabled


def test_a_file_that_cannot_be_read_is_explained_in_words() -> None:
    app = dropped("broken.parquet", "not parquet")
    assert "broken.parquet is not a readable Parquet file" in texts(app)
    assert not app.exception


def test_an_extraction_takes_a_schema_and_refuses_a_wrong_one(folder: Path) -> None:
    app = dropped("orders.jsonl", ORDERS)
    schema = next(area for area in app.text_area if area.label == "or paste it")
    schema.set_value('{"$ref": "http://example.org/schema.json"}').run()
    assert "refers to 'http://example.org/schema.json', which is not in it" in texts(app)
    assert next(button for button in app.button if button.label == "Import").disabled
    schema = next(area for area in app.text_area if area.label == "or paste it")
    schema.set_value('{"type": "object"}').run()
    press(app, "Import")
    assert datasets(folder) == {"orders": 2}
    with Workspace.open(folder) as workspace:
        dataset = workspace.dataset("orders")
    assert dataset.task is Task.EXTRACTION
    assert dataset.output_schema == {"type": "object"}


def test_an_empty_workspace_invites_a_file() -> None:
    app = open_page("import")
    assert not app.exception
    assert "Texts with labels" in texts(app)
