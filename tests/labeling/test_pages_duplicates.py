"""The Duplicates page: every act lands on what was seen, and can be taken back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from curation.similarity import Search
from curation.workspace import Workspace
from labeling import separations, triage
from labeling.pages import context, duplicate_acts
from labeling.pages.duplicate_threshold import search_in_words
from tests.factories import mark_analysed
from tests.labeling.duplicates_kit import make, make_large
from tests.labeling.pages_kit import open_page, press, problems, texts


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    opened, _ = make(tmp_path / "workspace")
    opened.close()
    monkeypatch.setenv("TAMIS_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setattr(duplicate_acts, "TOO_FAST", 0.0)
    yield tmp_path / "workspace"
    st.cache_resource.clear()


def opened(**query: str) -> AppTest:
    app = open_page("duplicates", annotator="ann", **query)
    assert not problems(app)
    return app


def click(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not problems(app)
    return app


def said(path: Path) -> list[tuple[str, str, str | None]]:
    """The standing decisions: example, action, value."""
    st.cache_resource.clear()
    with Workspace.open(path) as workspace:
        found = workspace.store.read(
            "SELECT example_id, action, value FROM standing_decision ORDER BY ALL"
        )
        return list(found.iter_rows())


def places(app: AppTest) -> list[str]:
    """The clusters on the page, in order."""
    keys = [button.key for button in app.button if button.key]
    return [key.removeprefix("all-") for key in keys if key.startswith("all-")]


def figures(app: AppTest) -> dict[str, str]:
    """The figures beside the slider, as the server has drawn them."""
    html = "".join(element.proto.body for element in app.get("html"))
    return dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", html))


def in_the_browser(app: AppTest) -> dict[str, list[str]]:
    """The figures at every step, as the browser was given them."""
    bodies = [element.proto.body for element in app.get("html")]
    given = next(found for body in bodies if (found := re.search(r"counts = (.*);", body)))
    counts: dict[str, list[str]] = json.loads(given[1])
    return counts


def test_figures_follow_the_slider_and_the_search_is_told() -> None:
    app = opened()
    assert figures(app) == {
        "Clusters": "4",
        "Examples to exclude": "5",
        "Clusters in conflict": "1",
    }
    assert "All 11 texts were compared, by meaning and by spelling: nothing is missed." in texts(
        app
    )
    app.slider[0].set_value(0.93).run()
    assert figures(app)["Clusters"] == "3"
    assert "3 of 3 clusters wait" in texts(app)


def test_the_browser_has_the_figures_of_every_step_and_new_ones_after_a_decision(
    workspace: Path,
) -> None:
    app = opened()
    counts = in_the_browser(app)
    assert list(counts) == [f"{0.8 + step / 100:.2f}" for step in range(21)]
    for at in (0.88, 0.93):
        app.slider[0].set_value(at).run()
        assert list(figures(app).values()) == counts[f"{at:.2f}"]
    app.slider[0].set_value(0.9).run()
    click(app, "keep-e001-e001")
    assert counts["0.90"] == ["4", "5", "1"]
    assert in_the_browser(app)["0.90"] == list(figures(app).values()) == ["4", "3", "1"]


COMPARED = "By meaning, 50,000 texts were compared within 224 groups"


@pytest.mark.parametrize(
    ("recall", "interval", "words"),
    [
        (0.9995, (0.998, 1.0), ": estimated recall 99.95 % (99.8–100) at 0.90 and above."),
        (None, None, "; what share of the pairs was found is not known."),
    ],
)
def test_what_an_estimated_search_promises_in_words(
    recall: float | None, interval: tuple[float, float] | None, words: str
) -> None:
    search = Search("cells", 50_000, 224, recall, interval)
    assert search_in_words("meaning", search, 0.9) == COMPARED + words
    assert search_in_words("meaning", None, 0.9) == ""


def test_the_order_is_kept_in_the_address() -> None:
    assert places(opened()) == ["e001", "e004", "e010", "e006"]
    app = opened(order="Most doubtful first")
    assert places(app) == ["e004", "e010", "e001", "e006"]


def test_why_one_represents_the_others() -> None:
    assert "representative: nearest to most of the others" in texts(opened())


def test_keeping_one_excludes_the_others(workspace: Path) -> None:
    app = click(opened(), "keep-e001-e002")
    assert "1 kept, 2 excluded" in texts(app)
    assert said(workspace) == [
        ("e001", "exclude", None),
        ("e002", "keep", None),
        ("e003", "exclude", None),
    ]


def test_the_ticks_count_as_they_are_when_the_button_is_pressed(workspace: Path) -> None:
    app = opened()
    app.checkbox(key="tick-e001-e003").check()  # not run: the page has not been drawn since
    click(app, "ticked-e001")
    assert [(key, action) for key, action, _ in said(workspace)] == [
        ("e001", "keep"),
        ("e002", "exclude"),
        ("e003", "keep"),
    ]


def test_all_are_kept_or_excluded(workspace: Path) -> None:
    app = click(opened(), "all-e004")
    app = click(app, "none-e010")
    assert places(app) == ["e001", "e006"]
    assert [(key, action) for key, action, _ in said(workspace)] == [
        ("e004", "keep"),
        ("e005", "keep"),
        ("e010", "exclude"),
        ("e011", "exclude"),
    ]


def test_what_is_no_duplicate_is_set_apart_and_comes_back_with_undo(workspace: Path) -> None:
    app = click(opened(), "apart-e001-e003")
    assert "1 pair set apart" in texts(app)
    assert places(app) == ["e001", "e004", "e010", "e006"]
    app = click(app, "separate-e004")
    assert "e004" not in places(app)
    press(app, "Undo")
    assert places(app) == ["e001", "e004", "e010", "e006"]
    assert said(workspace) == [("e001", "separate", "e003")]


def test_the_second_of_two_clicks_on_one_button_does_nothing(workspace: Path) -> None:
    app = opened()
    act = app.session_state["on-screen"]
    before = dict(act)
    click(app, "all-e004")
    assert "e004" in before
    assert "e004" not in app.session_state["on-screen"]


def test_a_click_on_what_has_only_just_come_up_does_nothing(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicate_acts, "TOO_FAST", 3600.0)
    app = click(opened(), "all-e004")
    assert [toast.value for toast in app.toast] == [
        "Too fast: this has only just come up here. Nothing was decided on it."
    ]
    assert "e004" in places(app)
    assert said(workspace) == []


def test_many_clusters_are_decided_after_a_sample_and_undone_at_once(workspace: Path) -> None:
    app = press(opened(), "Keep one of each in many clusters…")
    assert "No open cluster is that much alike" not in texts(app)
    assert "Clusters decided: **1**; examples excluded: **2**." in texts(app)
    assert "**2** clusters that are less alike and **1** whose outputs differ" in texts(app)
    assert "1 of them, drawn at random" in texts(app)
    press(app, "Exclude 2")
    assert places(app) == ["e004", "e010", "e006"]
    press(app, "Undo")
    assert len(places(app)) == 4
    assert said(workspace) == []


def test_a_conflict_is_settled_by_the_output_that_is_right_for_both(workspace: Path) -> None:
    app = opened(tab="Conflicts")
    assert "1 of 1 conflicts wait" in texts(app)
    click(app, "right-e006-e007-e007")
    assert "No duplicates contradict each other" in texts(app)
    assert "1 kept, 1 given another output" in texts(app)
    assert said(workspace) == [("e006", "relabel", "loss"), ("e007", "keep", "loss")]
    app = press(opened(tab="Conflicts"), "Undo")
    assert "1 of 1 conflicts wait" in texts(app)
    assert said(workspace) == []


def test_both_sides_of_a_conflict_may_stay_or_one_may_go(workspace: Path) -> None:
    app = click(opened(tab="Conflicts"), "both-e006-e007")
    assert "All conflicts are decided" in texts(app)
    press(app, "Undo")
    click(app, "exclude-e006-e007-e006")
    assert "No duplicates contradict each other" in texts(app)
    assert said(workspace) == [("e006", "exclude", None)]


def test_near_twins_are_shown_and_nothing_can_be_done_to_them() -> None:
    app = opened(tab="Near twins")
    assert "1 pairs, the most alike first" in texts(app)
    assert not [b for b in app.button if b.key and "e008" in b.key]


def test_untrusted_text_is_no_markup() -> None:
    html = "".join(element.proto.body for element in opened().get("html"))
    assert "&lt;b&gt;bold" in html
    assert "<b>" not in html


def test_what_is_out_of_date_or_was_never_searched_says_so(workspace: Path) -> None:
    with Workspace.open(workspace) as there:
        there.store.write(lambda cursor: cursor.execute("UPDATE step SET input_key = 'old'"))
    assert "have changed since duplicates were last looked for" in texts(opened())
    st.cache_resource.clear()
    with Workspace.open(workspace) as there:
        there.store.write(lambda cursor: cursor.execute("DELETE FROM duplicate_search"))
        there.store.write(lambda cursor: cursor.execute("DELETE FROM pair"))
    app = opened()
    assert "Nobody has looked for duplicates here yet" in texts(app)
    assert not figures(app)


def test_without_any_left_the_page_says_where_to_go_on(workspace: Path) -> None:
    app = opened()
    for cluster in ("e001", "e004", "e010", "e006"):
        app = click(app, f"none-{cluster}")
    assert "All clusters are decided" in texts(app)
    app.slider[0].set_value(1.0).run()
    assert not problems(app)


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another workspace, with one cluster of thirty."""
    opened, _ = make_large(tmp_path / "large", 30)
    opened.close()
    monkeypatch.setenv("TAMIS_WORKSPACE", str(tmp_path / "large"))
    return tmp_path / "large"


def shown(app: AppTest) -> list[str]:
    """The members that stand side by side."""
    keys = [button.key for button in app.button if button.key]
    return [key.split("-")[-1] for key in keys if key.startswith("keep-")]


def turn(app: AppTest, page: int) -> AppTest:
    app.session_state["members-e001"] = page
    app.run()
    assert not problems(app)
    return app


def test_all_members_of_a_large_cluster_can_be_turned_up(large: Path) -> None:
    app = opened()
    seen = shown(app)
    assert len(seen) == 12
    assert "30 members: the representative and 11 others at a time" in texts(app)
    for page in (2, 3):
        here = shown(turn(app, page))
        assert here[0] == "e001", "every member is shown beside the representative"
        seen += here[1:]
    assert seen == [f"e{number:03}" for number in range(1, 31)]
    assert len(shown(turn(app, 3))) == 8


def test_any_member_can_be_kept(large: Path) -> None:
    click(turn(opened(), 3), "keep-e001-e030")
    decided = said(large)
    assert [key for key, action, _ in decided if action == "keep"] == ["e030"]
    assert sum(action == "exclude" for _, action, _ in decided) == 29


def test_ticks_are_kept_while_other_members_are_turned_up(large: Path) -> None:
    app = opened()
    app.checkbox(key="tick-e001-e005").check().run()
    turn(app, 3).checkbox(key="tick-e001-e030").check().run()
    app = turn(app, 2)
    assert next(b for b in app.button if b.key == "ticked-e001").label == "Keep the 3 ticked"
    click(app, "ticked-e001")
    kept = [key for key, action, _ in said(large) if action == "keep"]
    assert kept == ["e001", "e005", "e030"]


def test_the_page_of_members_holds_where_a_cluster_becomes_smaller(large: Path) -> None:
    app = turn(opened(), 3)
    app.slider[0].set_value(0.97).run()
    assert not problems(app)
    assert shown(app)[0] == "e001"


def with_thresholds(path: Path, near: float, floor: float) -> None:
    with Workspace.open(path) as there:
        dataset = there.dataset("tickets")
        settings = replace(
            dataset.settings,
            near_threshold=near,
            pair_floor=floor,
            lexical_threshold=max(floor, dataset.settings.lexical_threshold),
        )
        there.update_dataset(dataset, settings=settings)
        mark_analysed(there, there.dataset("tickets"))


@pytest.mark.parametrize(
    ("near", "floor"),
    [(0.7, 0.6), (0.85, 0.85), (0.875, 0.8), (0.9, 0.875), (0.9, 0.8004), (1.0, 0.999), (1.0, 1.0)],
)
def test_the_page_works_at_every_threshold_there_may_be(
    workspace: Path, near: float, floor: float
) -> None:
    with_thresholds(workspace, near, floor)
    app = opened()
    counts = in_the_browser(app)
    assert list(figures(app).values()) in counts.values()
    assert float(next(iter(counts))) == floor
    assert "Use everywhere" not in [b.label for b in app.button if not b.disabled]


def test_a_threshold_between_two_steps_is_used_as_it_is(workspace: Path) -> None:
    with_thresholds(workspace, 0.9525, 0.8)
    app = opened()
    assert [slider.value for slider in app.slider] == [0.9525]
    assert figures(app)["Clusters"] == in_the_browser(app)["0.9525"][0] == "2"
    app.slider[0].set_value(0.9475).run()
    assert figures(app)["Clusters"] == "3"
    assert not problems(press(app, "Use everywhere"))
    assert context.workspace().dataset("tickets").settings.near_threshold == 0.9475


def test_with_nothing_ticked_nothing_can_be_kept(workspace: Path) -> None:
    app = opened()
    assert not app.button(key="ticked-e001").disabled
    app.checkbox(key="tick-e001-e001").uncheck()
    stale = app.button(key="ticked-e001").click().run()  # drawn while one was ticked
    assert "Nothing is ticked" in texts(stale)
    assert stale.button(key="ticked-e001").disabled
    assert said(workspace) == []


def bob_excludes(*ids: str) -> None:
    """A colleague decides at the same moment, in the same server."""
    there = context.workspace()
    triage.resolve(there, there.dataset("tickets"), "bob", [], ids)


def test_a_colleague_who_was_faster_is_not_overturned(workspace: Path) -> None:
    app = opened()
    bob_excludes("e005")
    app.button(key="keep-e004-e005").click().run()
    assert "bob has decided on this meanwhile; nothing was done." in texts(app)
    assert "Look again" in texts(app)
    assert said(workspace) == [("e005", "exclude", None)]


def test_a_conflict_that_a_colleague_settled_meanwhile_is_left_alone(workspace: Path) -> None:
    app = opened(tab="Conflicts")
    bob_excludes("e007")
    app.button(key="right-e006-e007-e006").click().run()
    assert "bob has decided on this meanwhile; nothing was done." in texts(app)
    assert said(workspace) == [("e007", "exclude", None)]


def test_clusters_decided_meanwhile_are_left_out_of_a_bulk_act(workspace: Path) -> None:
    app = press(opened(), "Keep one of each in many clusters…")
    bob_excludes("e001")
    press(app, "Exclude 2")
    assert [toast.value for toast in app.toast] == [
        "1 cluster was decided on by bob meanwhile and left alone."
    ]
    assert said(workspace) == [("e001", "exclude", None)]


def test_what_somebody_else_took_back_already_is_said_in_the_words_of_the_page(
    workspace: Path,
) -> None:
    click(opened(), "separate-e004")
    app = opened(tab="Set apart")
    there = context.workspace()
    [act] = separations.separations(there, there.dataset("tickets"))["act"]
    separations.take_back(there, there.dataset("tickets"), "bob", act)
    app.button(key=f"back-{act}").click().run()
    assert "Somebody has taken this back already." in texts(app)
    assert "tamis" not in texts(app)
