"""From a flag to a person: the card says what was found, slices are reviewed, scores follow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from curation.importing import import_file
from curation.pipeline import analyze
from curation.records import Dataset, Task
from curation.workspace import Workspace
from labeling.queue import Filter, next_ids
from tests.browser.app_harness import App, settled, tickets
from tests.browser.card_harness import WATCH, until
from tests.factories import add_examples, add_flags, mark_analysed
from tests.labeling.label_map_kit import add_slice

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=\"document.title='hacked'\">"
FINDINGS = {
    Task.SINGLE_LABEL: [
        ("label", "Doubtful label", "Which label is right?"),
        ("outlier", "Unlike all others", "Does this example belong in the dataset?"),
    ],
    Task.CHAT: [
        ("mismatch", "Answer to another question", "Does the answer belong to this question?"),
        ("outlier", "Unlike all others", "Does this example belong in the dataset?"),
    ],
    Task.EXTRACTION: [
        ("ungrounded", "Not in the input", "Does the input say what the output says?"),
    ],
}
OUTPUTS = {Task.SINGLE_LABEL: "refund", Task.CHAT: "Yes, it is.", Task.EXTRACTION: {"n": 1}}
ROWS = 120


def flagged(workspace: Workspace, task: Task) -> Dataset:
    """Four examples; the first with all findings of its task, the others in a slice."""
    dataset = workspace.create_dataset(str(task), task)
    rows: list[tuple[str, object]] = [(f"text {n}", OUTPUTS[task]) for n in range(4)]
    ids = add_examples(workspace, dataset, rows)
    scores = [0.1 * n for n in range(len(FINDINGS[task]))]
    flags = [
        {"example_id": ids[0], "kind": kind, "score": score, "reason": f"Why {kind}: {HOSTILE}"}
        for (kind, _, _), score in zip(FINDINGS[task], scores, strict=True)
    ]
    add_flags(workspace, dataset, flags[::-1])
    add_slice(workspace, dataset, [ids[3], ids[1], ids[2]], name="vendor = <b>X</b>")
    mark_analysed(workspace, dataset)
    return dataset


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app on datasets with hand-made findings."""
    home = tmp_path_factory.mktemp("flags")
    with Workspace.create(home / "workspace") as workspace:
        for task in FINDINGS:
            flagged(workspace, task)
    running = App(home / "workspace")
    running.start()
    yield running
    running.kill()


@pytest.mark.parametrize("task", FINDINGS)
def test_a_card_says_what_was_found_why_and_what_to_look_at(
    app: App, tab: Page, task: Task
) -> None:
    app.open(tab, "review", dataset=str(task), annotator="ann")
    found = tab.locator(".tamis .findings li:visible")
    expect(found).to_have_count(len(FINDINGS[task]), timeout=30_000)
    for row, (kind, title, ask) in enumerate(FINDINGS[task]):
        text = " ".join(found.nth(row).inner_text().split())
        assert text == f"{title} Why {kind}: {HOSTILE} {ask}"
    assert tab.title() != "hacked"


def test_a_slice_is_reviewed_from_the_quality_page_in_its_order(app: App, tab: Page) -> None:
    app.open(tab, "quality", dataset="single-label", annotator="ann")
    table = tab.locator("[class*=st-key-slices]")
    table.scroll_into_view_if_needed()
    expect(table.locator("canvas").first).to_be_visible(timeout=30_000)
    table.locator(".dvn-scroller").click(position={"x": 16, "y": 66})
    expect(tab).to_have_url(re.compile("/review\\?.*slice=s1"), timeout=30_000)
    expect(tab.get_by_text("Slice: vendor = <b>X</b>").first).to_be_visible(timeout=30_000)
    assert "dataset=single-label" in tab.url, "a bookmark names the dataset, be it the first"
    card = tab.locator(".tamis")
    expect(card).to_be_visible(timeout=30_000)
    before = len(app.journal())
    for _ in range(3):
        tab.keyboard.press("k")
    until(lambda: len(app.journal()) == before + 3, seconds=30)
    assert [op["example_id"] for op in app.journal()[before:]] == ["e004", "e002", "e003"]
    expect(tab.get_by_text("All caught up")).to_be_visible(timeout=30_000)


def test_a_person_can_leave_a_slice(app: App, tab: Page) -> None:
    app.open(tab, "examples", dataset="chat", annotator="ann", slice="s1")
    expect(tab.get_by_text("3 examples, those that differ first")).to_be_visible(timeout=30_000)
    tab.get_by_role("button", name="Slice: vendor").click()
    expect(tab.get_by_text("4 examples, the worst first")).to_be_visible(timeout=30_000)
    assert "slice" not in tab.url


def test_scores_follow_decisions_and_no_key_press_is_lost(tmp_path: Path, tab: Page) -> None:
    with Workspace.create(tmp_path / "workspace") as workspace:
        dataset = workspace.create_dataset("tickets", Task.SINGLE_LABEL)
        import_file(workspace, dataset, tickets(tmp_path / "tickets.csv", ROWS))
        analyze(workspace, dataset)
        old = next_ids(workspace, dataset, Filter(), ROWS)
    app = App(tmp_path / "workspace")
    app.start()
    try:
        app.open(tab, "review", dataset="tickets", annotator="ann")
        expect(tab.locator(".tamis")).to_be_visible(timeout=30_000)
        tab.evaluate(WATCH)
        note = tab.get_by_text("Scoring the rest anew")
        press(tab, "x", 10)
        expect(note).to_be_visible(timeout=30_000)
        press(tab, "s", 5)
        tab.keyboard.press("m")
        tab.keyboard.type("half ")
        expect(note).to_have_count(0, timeout=180_000)
        tab.keyboard.type("and half")
        tab.keyboard.press("Control+Enter")
        settled(tab)
        press(tab, "s", 12)
        until(lambda: len(app.journal()) == 28, seconds=30)
        presses = [press["example"] for press in tab.evaluate("window.presses")]
    finally:
        app.stop()
    stored = app.journal()
    assert [op["comment"] for op in stored if op["action"] == "comment"] == ["half and half"]
    shown = [op["example_id"] for op in stored if op["action"] != "comment"]
    assert shown == presses[:15] + presses[-12:]
    assert len(set(shown)) == 27
    with Workspace.open(tmp_path / "workspace") as workspace:
        assert workspace.store.value("SELECT max(decision_seq) FROM step") >= 10
        new = workspace.store.read(
            "SELECT example_id FROM flag GROUP BY example_id "
            "ORDER BY bool_or(flagged) DESC, min(score), example_id"
        )["example_id"]
    before, after = shown[:16], shown[16:]
    assert after == [key for key in new if key not in before][:11]
    assert after != [key for key in old if key not in before][:11]


def press(tab: Page, key: str, times: int) -> None:
    for _ in range(times):
        tab.keyboard.press(key)
        tab.wait_for_timeout(60)
