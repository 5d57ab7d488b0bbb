"""The Analyse page: decisions make nothing stale; scores learn from them when asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

from curation.encoders.base import Tier
from curation.pipeline import Jobs
from curation.records import Dataset, Settings, Task
from curation.workspace import Workspace
from labeling.next_step import standing
from tests.factories import mark_analysed, operation
from tests.labeling.pages_kit import ids_by_row, make_tickets, open_page, press, problems, texts


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Analysed tickets; one decision on an output came before, none after."""
    make_tickets(tmp_path)
    with Workspace.open(tmp_path / "workspace") as opened:
        dataset = opened.dataset("tickets")
        mark_analysed(opened, dataset)
        opened.store.write(lambda cursor: cursor.execute("UPDATE step SET decision_seq = 99"))
    monkeypatch.setenv("TAMIS_WORKSPACE", str(tmp_path / "workspace"))
    yield tmp_path / "workspace"
    st.cache_resource.clear()


def decide(path: Path) -> None:
    with Workspace.open(path) as opened:
        dataset = opened.dataset("tickets")
        opened.store.write(lambda cursor: cursor.execute("UPDATE step SET decision_seq = 3"))
        ids = ids_by_row(opened, dataset)
        opened.store.decide([operation(dataset, ids[3], "relabel", "refund")])  # type: ignore[arg-type]


def test_without_decisions_there_is_nothing_to_score_anew() -> None:
    app = open_page("analyse")
    assert not problems(app)
    assert "Everything is analysed" in texts(app)
    assert "Nothing came since." in texts(app)
    assert "Score anew now" not in [button.label for button in app.button]


def test_decisions_are_counted_and_digested_on_request(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(Jobs, "start", lambda self, _, dataset: started.append(dataset.name))
    decide(workspace)
    app = open_page("analyse")
    assert "Everything is analysed" in texts(app)
    assert "Scores are from 20" in texts(app)
    assert "Since then 1 example was decided on" in texts(app)
    press(app, "Score anew now")
    assert started == ["tickets"]


def test_decisions_do_not_send_anybody_back_to_the_analysis(workspace: Path) -> None:
    decide(workspace)
    with Workspace.open(workspace) as opened:
        assert standing(opened, opened.dataset("tickets")).page != "analyse"


def test_the_review_scores_anew_but_not_while_a_slice_is_reviewed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def note(self: Jobs, workspace: Workspace, dataset: Dataset) -> None:
        asked.append(dataset.name)

    monkeypatch.setattr(Jobs, "refresh", note)
    assert not problems(open_page("review"))
    assert asked == ["tickets"]
    assert not problems(open_page("review", slice="s1"))
    assert asked == ["tickets"]


def test_the_ranking_is_a_setting_of_single_labels(workspace: Path) -> None:
    app = open_page("analyse")
    ranking = next(box for box in app.selectbox if box.label == "Ranking of doubtful labels")
    assert len({words.split(":")[0] for words in ranking.options}) == 3
    ranking.set_value("self_confidence")
    press(app, "Save")
    assert "To do: find doubtful labels" in texts(app)
    st.cache_resource.clear()
    with Workspace.open(workspace) as opened:
        assert opened.dataset("tickets").settings.label_score == "self_confidence"
        opened.create_dataset("chats", Task.CHAT)
    app = open_page("analyse", dataset="chats")
    assert "Ranking of doubtful labels" not in [box.label for box in app.selectbox]


def test_what_counts_as_a_duplicate_is_a_setting(workspace: Path) -> None:
    app = open_page("analyse")
    assert not problems(app)
    named = {one.label: one for one in (*app.slider, *app.checkbox, *app.selectbox)}
    named["Alike in meaning from (cosine)"].set_value(0.93)
    named["Alike in spelling from"].set_value(0.85)
    named["Case"].check()
    named["Who represents a cluster"].set_value("newest")
    named["Form of the model"].set_value(Tier.STATIC)
    press(app, "Save")
    assert not problems(app)
    st.cache_resource.clear()
    with Workspace.open(workspace) as opened:
        settings = opened.dataset("tickets").settings
    assert settings == Settings(
        model="all-MiniLM-L6-v2:static",
        near_threshold=0.93,
        lexical_threshold=0.85,
        keep_case=True,
        representative="newest",
    )


def test_a_model_that_is_not_there_is_refused_in_words(workspace: Path) -> None:
    app = open_page("analyse")
    field = next(box for box in app.text_input if box.label == "Embedding model")
    field.set_value("/nowhere/at/all")
    press(app, "Save")
    assert problems(app)
    st.cache_resource.clear()
    with Workspace.open(workspace) as opened:
        assert opened.dataset("tickets").settings == Settings()
        opened.create_dataset("chats", Task.CHAT)
    app = open_page("analyse", dataset="chats")
    assert "What is compared" in [box.label for box in app.selectbox]
