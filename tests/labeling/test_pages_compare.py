"""The Compare page: two models on a test split, and two exports, in figures and row by row."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from curation.records import Action, Task
from curation.workspace import Workspace
from exports.contents import read_contents
from exports.export import export_dataset
from exports.options import ExportOptions
from exports.split_rules import SplitFractions, SplitRules
from tests.factories import add_examples, mark_analysed, operation
from tests.labeling.pages_kit import metrics, open_page, press, problems, select, texts

EVIL = "<b>bold</b> **loud** :smile:"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with Workspace.create(tmp_path / "workspace") as workspace:
        dataset = workspace.create_dataset("letters", Task.SINGLE_LABEL)
        rows = [(f"{EVIL} text {number}", "ab"[number % 2]) for number in range(40)]
        ids = add_examples(workspace, dataset, rows)
        mark_analysed(workspace, dataset)
        export_dataset(workspace, dataset, options("openai-chat"), workspace.exports / "one")
        workspace.store.decide([operation(dataset, ids[0], Action.RELABEL, "b")])
        workspace.store.decide([operation(dataset, ids[1], Action.EXCLUDE)])
        export_dataset(workspace, dataset, options("text-label"), workspace.exports / "two")
    monkeypatch.setenv("TAMIS_WORKSPACE", str(tmp_path / "workspace"))
    yield tmp_path / "workspace" / "exports"
    st.cache_resource.clear()


def options(file_format: str) -> ExportOptions:
    return ExportOptions(file_format, SplitRules(SplitFractions(0.5, 0, 0.5)))


def answers(folder: Path, wrong: int) -> bytes:
    """Answers to the test split of an export, the first of them wrong."""
    examples = read_contents(folder, ["test"]).examples
    other = {"a": "b", "b": "a"}
    lines = [
        json.dumps({"id": example, "output": gold if number >= wrong else other[gold]})
        for number, (example, gold) in enumerate(
            examples.select("example_id", "output").iter_rows()
        )
    ]
    return "\n".join(lines).encode()


def compared(folder: Path, base: bytes, tuned: bytes) -> AppTest:
    app = open_page("compare")
    box = next(box for box in app.selectbox if box.label == "Export")
    box.set_value(folder).run()
    for uploader, content in zip(app.file_uploader, (base, tuned), strict=True):
        uploader.set_value(("answers.jsonl", content, "application/jsonl"))
    app.run()
    return press(app, "Compare the models")


def test_two_models_are_measured_and_the_verdict_is_said(folder: Path) -> None:
    one = folder / "one"
    app = compared(one, answers(one, 20), answers(one, 0))
    assert not problems(app)
    assert "accuracy: the fine-tuned model is better." in texts(app)
    assert "only fine-tuned 20" in texts(app)
    figures = app.dataframe[0].value.set_index("measure")
    assert figures.loc["accuracy", "difference"] == "+100.0 (+100.0 to +100.0)"


def test_what_cannot_be_told_apart_is_said_to_be_so(folder: Path) -> None:
    one = folder / "one"
    app = compared(one, answers(one, 3), answers(one, 1))
    assert "accuracy: no difference can be shown." in texts(app)


def test_a_row_that_differs_opens_in_full_and_as_text(folder: Path) -> None:
    one = folder / "one"
    app = select(compared(one, answers(one, 1), answers(one, 0)), "differing", 0)
    assert not problems(app)
    assert app.code[0].value.startswith(EVIL)
    assert {app.code[2].value, app.code[3].value} == {"a", "b"}


def test_answers_that_do_not_fit_are_refused_in_words_and_nothing_is_kept(folder: Path) -> None:
    one = folder / "one"
    app = compared(one, answers(one, 0), b'{"id": "<b>x</b>", "output": "a"}')
    assert "line 1, column id: '<b>x</b>' is no example of the test split." in texts(app)
    assert len(app.dataframe) == 0
    assert list((folder.parent / "uploads").iterdir()) == []


def test_two_versions_are_set_side_by_side(folder: Path) -> None:
    app = press(open_page("compare"), "Compare the versions")
    assert not problems(app)
    shown = metrics(app)
    assert (shown["Removed"], shown["Relabelled"], shown["Added"]) == ("1", "1", "0")
    relabelled = app.dataframe[0].value
    assert relabelled.to_numpy().tolist() == [["a", "b", 1]]


def test_without_an_export_the_page_says_what_to_do(folder: Path) -> None:
    for export in list(folder.iterdir()):
        export.rename(folder.parent / export.name)
    app = open_page("compare")
    assert not problems(app)
    assert "no export to compare yet" in texts(app)
