"""The Contamination page: a dropped benchmark, what of it is in the data, and taking it out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from curation.background import Background
from labeling import triage
from labeling.pages import context
from labeling.pages.contamination import _searches, last_result
from tests.labeling.contamination_kit import excluded, make_workspace
from tests.labeling.pages_kit import metrics, press, problems, texts


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path, _ = make_workspace(tmp_path)
    monkeypatch.setenv("TAMIS_WORKSPACE", str(path))
    yield path
    st.cache_resource.clear()


def opened() -> AppTest:
    def script() -> None:
        from labeling.pages import contamination, context

        context.choose_dataset(context.workspace().datasets())
        context.choose_annotator()
        contamination.page()

    return AppTest.from_function(script, default_timeout=30).run()


def searched(tmp_path: Path, name: str = "bench.csv", content: bytes | None = None) -> AppTest:
    app = opened()
    content = (tmp_path / "bench.csv").read_bytes() if content is None else content
    app.file_uploader[0].set_value((name, content, "text/csv")).run()
    press(app, "Search")
    wait()
    return app.run()


def wait() -> None:
    [job] = _searches().values()
    job.wait()


def test_the_column_is_guessed_and_can_be_changed(tmp_path: Path) -> None:
    app = opened()
    assert not problems(app)
    content = (tmp_path / "bench.csv").read_bytes()
    app.file_uploader[0].set_value(("bench.csv", content, "text/csv")).run()
    assert app.multiselect[0].value == ["question"]
    assert app.multiselect[0].options == ["question", "n"]


def test_findings_are_counted_and_shown_with_their_differences(tmp_path: Path) -> None:
    app = searched(tmp_path)
    assert "3 of 4 rows of bench.csv (question) are in 3 of 3 examples" in texts(app)
    assert metrics(app) == {
        "Rows found": "3",
        "Exact copies": "1",
        "Near-duplicates": "1",
        "Contained": "0",
        "Near twins": "1",
    }
    [shown] = app.get("button_group")
    assert [option.content for option in shown.proto.options] == [
        "Exact copies: 1",
        "Near-duplicates: 1",
        "Near twins: 1",
    ]
    marked = [element for element in app.get("html") if "<mark" in element.proto.body]
    assert marked
    assert "Row 5" in texts(app)
    result = last_result(context.workspace().dataset("tickets"))
    assert result is not None
    assert result.file == "bench.csv"
    assert list((tmp_path / "w" / "uploads").iterdir()) == []


def test_what_was_found_is_excluded_in_one_act_and_brought_back(
    tmp_path: Path, workspace: Path
) -> None:
    app = press(searched(tmp_path), "Exclude these 3 examples…")
    press(app, "Exclude 3")
    assert "All of these examples are excluded." in texts(app.run())
    opener = context.workspace()
    dataset = opener.dataset("tickets")
    count = "SELECT count(*) FROM current_example WHERE dataset_id = $dataset AND excluded"
    assert opener.store.value(count, {"dataset": dataset.dataset_id}) == 3
    press(app, "Bring back what you excluded last (3)")
    st.cache_resource.clear()
    assert excluded(workspace) == []


def test_only_what_was_excluded_here_is_brought_back_here(tmp_path: Path) -> None:
    app = searched(tmp_path)
    opener, person = context.workspace(), context.annotator()
    act = triage.separate(opener, opener.dataset("tickets"), person, ["e001", "e002"])
    assert triage.last_act(opener, opener.dataset("tickets"), person) == act
    assert not [b for b in app.run().button if "Bring back" in b.label or "Undo" in b.label]


def test_a_clean_file_is_praised(tmp_path: Path) -> None:
    app = searched(tmp_path, "clean.csv", b"question,n\ntea,1\n")
    assert "Clean: nothing of 1 rows of clean.csv" in texts(app)
    assert not problems(app)
    assert metrics(app) == {}


def test_a_file_that_cannot_be_read_is_explained() -> None:
    app = opened()
    app.file_uploader[0].set_value(("a.csv", b"", "text/csv")).run()
    assert "a.csv is empty" in texts(app)
    assert "Search" not in [button.label for button in app.button]


def test_a_search_that_runs_can_be_watched_and_stopped() -> None:
    opened()
    dataset = context.workspace().dataset("tickets")
    _searches()[dataset.dataset_id] = Background(lambda _, stopped: stopped.wait(30))  # type: ignore[arg-type, assignment]
    app = opened()
    assert "The search is running." in texts(app)
    app.button[0].click().run()
    assert not _searches()[dataset.dataset_id].running
