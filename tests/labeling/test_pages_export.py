"""The Export page: what goes out is counted and shown before, and proven after."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TextInput

from curation.errors import TamisError
from curation.importing import import_file
from curation.records import Task
from curation.workspace import Workspace
from tests.factories import mark_analysed
from tests.labeling.pages_kit import make_tickets, metrics, open_page, press, problems, texts


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    make_tickets(tmp_path)
    with Workspace.open(tmp_path / "workspace") as workspace:
        mark_analysed(workspace, workspace.dataset("tickets"))
    monkeypatch.setenv("TAMIS_WORKSPACE", str(tmp_path / "workspace"))
    yield tmp_path / "workspace" / "exports"
    st.cache_resource.clear()


def opened() -> AppTest:
    app = open_page("export")
    app.slider[0].set_value(0)
    app.slider[1].set_value(0)
    return app.run()


def folder_field(app: AppTest) -> TextInput:
    return next(field for field in app.text_input if field.label == "Folder")


def test_what_goes_out_is_counted() -> None:
    app = open_page("export")
    assert not problems(app)
    assert metrics(app) == {
        "Ready to export": "3",
        "Never reviewed": "2",
        "Stay out: excluded": "1",
        "Stay out: no output": "1",
    }


def test_the_first_record_is_shown_in_the_chosen_format() -> None:
    app = open_page("export")
    next(box for box in app.selectbox if box.label == "Format").set_value("text-label").run()
    assert json.loads(app.code[0].value) == {"text": "refund please", "label": "refund"}


def test_the_words_around_an_example_are_the_teams_own_and_checked() -> None:
    app = open_page("export")
    system = next(area for area in app.text_area if area.label == "System prompt")
    system.set_value("Name the wish: {labels}").run()
    first = json.loads(app.code[0].value)["messages"][0]
    assert first["content"].startswith('Name the wish: ["')
    system = next(area for area in app.text_area if area.label == "System prompt")
    system.set_value("{lables}").run()
    assert "{lables}" in app.error[0].value.replace("\\", "")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "openai-chat",
            "Weights stand in assignment.jsonl alone: OpenAI takes no such key in a row.",
        ),
        ("text-label", "Weights stand in the rows, as `weight`, and in assignment.jsonl."),
    ],
)
def test_where_the_weights_of_rows_stand_is_said(name: str, said: str) -> None:
    app = open_page("export")
    assert not [caption for caption in app.caption if "Weights stand" in caption.value]
    next(box for box in app.selectbox if box.label == "Format").set_value(name).run()
    next(box for box in app.checkbox if box.label.startswith("A weight for")).check().run()
    assert said in [caption.value for caption in app.caption]


def test_an_export_shows_files_hashes_and_what_was_left_out(folder: Path) -> None:
    app = press(opened(), "Export")
    assert not problems(app)
    assert "3 examples are exported" in texts(app)
    assert "a similarity of 0.9 or more in meaning, or 0.8 or more in spelling: 0." in texts(app)
    files = app.dataframe[0].value.set_index("File")
    written = (folder / "tickets-1" / "train.jsonl").read_bytes()
    assert files.loc["train.jsonl", "Rows"] == 3
    assert files.loc["train.jsonl", "Bytes"] == len(written)
    assert files.loc["train.jsonl", "SHA-256"] == hashlib.sha256(written).hexdigest()
    left_out = app.dataframe[1].value
    assert len(left_out) == 2
    earlier = app.dataframe[-1].value
    assert earlier[["Train", "Validation", "Test"]].to_numpy().tolist() == [[3, 0, 0]]
    assert folder_field(app).value == "tickets-2"


def test_an_earlier_version_is_written_again(folder: Path) -> None:
    app = press(opened(), "Export")
    press(app, "Write it again")
    assert not problems(app)
    first, again = folder / "tickets-1", folder / "tickets-1-again-1"
    names = [path.relative_to(first) for path in first.rglob("*") if path.is_file()]
    assert names
    assert all((again / name).read_bytes() == (first / name).read_bytes() for name in names)


def test_the_choices_of_the_last_export_are_those_of_the_next(folder: Path) -> None:
    app = opened()
    next(box for box in app.text_input if box.label == "Licence").set_value("mit").run()
    press(app, "Export")
    app = open_page("export")
    assert next(box for box in app.text_input if box.label == "Licence").value == "mit"
    assert [slider.value for slider in app.slider[:2]] == [0, 0]


def test_rows_that_a_target_cannot_take_are_listed_before_anything_is_written(
    folder: Path,
) -> None:
    app = press(open_page("export"), "Check all rows for OpenAI")
    assert not problems(app)
    assert "All 3 rows are fine for OpenAI" in texts(app)
    assert not folder.exists()


def checked(tmp_path: Path) -> AppTest:
    """Of three answers, one is mendable, one is nothing but a control token."""
    file = tmp_path / "chat.jsonl"
    bad = ["fine<|im_end|>", "<|im_end|>", "good"]
    rows = [{"question": f"what is {n}?", "answer": answer} for n, answer in enumerate(bad)]
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    with Workspace.open(tmp_path / "workspace") as workspace:
        chat = workspace.create_dataset("chat", Task.CHAT)
        import_file(workspace, chat, file)
        mark_analysed(workspace, chat)
    return press(open_page("export", dataset="chat"), "Check all rows for OpenAI")


def test_what_was_mended_is_checked_anew_and_can_be_taken_back(tmp_path: Path) -> None:
    app = checked(tmp_path)
    assert "2 of 3 rows would not reach training" in texts(app)
    app = press(press(app, "Mend 1 outputs…"), "Mend them")
    assert "1 of 3 rows would not reach training" in texts(app)
    app = press(press(app, "Exclude 1…"), "Exclude 1")
    assert "All 2 rows are fine for OpenAI" in texts(app)
    app = press(app, "Take it back")
    assert "1 of 3 rows would not reach training" in texts(app)
    app = press(app, "Take it back")
    assert "2 of 3 rows would not reach training" in texts(app)
    assert not problems(app)


@pytest.mark.parametrize(
    ("ask", "confirm"), [("Mend 1 outputs…", "Mend them"), ("Exclude 2…", "Exclude 2")]
)
def test_a_repair_that_is_refused_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: str, confirm: str
) -> None:
    def refuse(*_: object) -> None:
        raise TamisError("The disk is full.", "Make room on it.")

    app = press(checked(tmp_path), ask)
    monkeypatch.setattr("labeling.triage.decide", refuse)
    app = press(app, confirm)
    assert not app.exception
    assert "The disk is full." in texts(app)
    assert "Make room on it." in texts(app)
    assert "2 of 3 rows would not reach training" in texts(app)


def test_a_folder_that_is_taken_is_refused_in_words(folder: Path) -> None:
    app = press(opened(), "Export")
    before = (folder / "tickets-1" / "manifest.json").read_bytes()
    folder_field(app).set_value("tickets-1").run()
    press(app, "Export")
    assert "exists already, and an export never overwrites anything" in texts(app)
    assert (folder / "tickets-1" / "manifest.json").read_bytes() == before


@pytest.mark.parametrize("name", ["../outside", "/tmp/x", "", "..", "a\\b"])
def test_a_folder_stays_inside_the_exports(name: str, folder: Path) -> None:
    app = opened()
    folder_field(app).set_value(name).run()
    press(app, "Export")
    assert "cannot be the name of a folder" in texts(app)
    assert not folder.exists()
