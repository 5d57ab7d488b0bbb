"""Deciding on duplicates in a real browser: fast clicks, the keyboard, a reload."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from curation.records import Task
from curation.workspace import Workspace
from labeling.pages.duplicate_acts import TOO_FAST
from tests.browser.app_harness import App, settled
from tests.browser.card_harness import until
from tests.factories import add_examples, mark_analysed
from tests.labeling.duplicates_kit import add_pairs, add_search, make, make_large

pytestmark = pytest.mark.browser

SERIOUS = ("serious", "critical")
READ = 1000 * TOO_FAST + 400
"""Milliseconds after which a click is taken for one on what was read."""
# Note which cluster every button that is pressed belongs to, before the app hears of it.
WATCH = """
window.presses = [];
window.addEventListener('click', (event) => {
  const widget = event.target.closest('.stButton')?.closest('[class*=st-key-]');
  const named = widget?.className.match(/st-key-[a-z]+-(e\\d+)/);
  if (named) window.presses.push(named[1]);
}, true);
"""


# The contrast of a text with what stands behind it, as WCAG 2.2 defines it. Colours may be mixed.
CONTRAST = """
(selector) => {
  const pen = document.createElement('canvas').getContext('2d');
  const layers = [];
  const text = document.querySelector(selector);
  for (let at = text; at; at = at.parentElement) {
    layers.unshift(getComputedStyle(at).backgroundColor);
  }
  const painted = (colours) => {
    for (const colour of colours) { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); }
    const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) => part / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const back = painted(['white', ...layers]);
  const front = painted(['white', ...layers, getComputedStyle(text).color]);
  return Math.max(back, front) / Math.min(back, front);
}
"""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """The app on eleven tickets in four clusters; the first is of three copies."""
    workspace, _ = make(tmp_path / "workspace")
    workspace.close()
    running = App(tmp_path / "workspace")
    running.start()
    yield running
    running.kill()


def opened(app: App, page: Page, **query: str) -> None:
    page.goto(app.url("duplicates", annotator="ann", **query))
    expect(page.get_by_role("heading", name="Duplicates")).to_be_visible(timeout=60_000)
    settled(page)
    page.wait_for_timeout(READ)


def decided(app: App) -> list[tuple[str, str]]:
    return [(said["example_id"], said["action"]) for said in app.journal()]


def in_place(tab: Page, place: int, button: str) -> Any:
    return tab.locator(f".st-key-place-{place}").get_by_role("button", name=re.compile(button))


def test_fast_clicks_decide_only_what_was_under_the_pointer_and_each_once(
    app: App, tab: Page
) -> None:
    opened(app, tab)
    tab.evaluate(WATCH)
    target = in_place(tab, 0, "Keep (both|all)").bounding_box()
    assert target is not None
    for _ in range(12):
        tab.mouse.click(target["x"] + 20, target["y"] + 10)
        tab.wait_for_timeout(60)
    settled(tab)
    tab.wait_for_timeout(500)
    pressed = set(tab.evaluate("window.presses"))
    acts = [said["op_id"].split(":")[0] for said in app.journal()]
    kept = [key for key, _ in decided(app)]
    assert "e001" in kept
    assert len(set(acts)) <= len(pressed), "the same was decided twice"
    clusters = {"e001": "e001 e002 e003", "e004": "e004 e005", "e006": "e006 e007"}
    allowed = {one for head in pressed for one in clusters.get(head, "e010 e011").split()}
    assert set(kept) <= allowed


def test_a_double_click_decides_one_cluster(app: App, tab: Page) -> None:
    opened(app, tab)
    in_place(tab, 0, "Keep all").dblclick()
    until(lambda: len(app.journal()) >= 3, seconds=20)
    settled(tab)
    tab.wait_for_timeout(500)
    assert decided(app) == [("e001", "keep"), ("e002", "keep"), ("e003", "keep")]


def test_the_keyboard_goes_on_where_the_next_cluster_comes_up(app: App, tab: Page) -> None:
    opened(app, tab)
    waiting = tab.locator(".st-key-place-0")
    seen = []
    for count in range(1, 4):
        seen.append(waiting.inner_text())
        button = waiting.get_by_role("button", name="Keep this").first
        if count == 1:
            button.focus()
        expect(button).to_be_focused(timeout=10_000)
        tab.keyboard.press("Enter")
        until(lambda: sum(a == "keep" for _, a in decided(app)) == count, seconds=20)  # noqa: B023
        settled(tab)
        tab.wait_for_timeout(READ)
    assert len(set(seen)) == 3


def test_a_decision_holds_after_a_reload_and_can_still_be_taken_back(app: App, tab: Page) -> None:
    opened(app, tab)
    in_place(tab, 0, "Not duplicates").click()
    until(lambda: len(app.journal()) == 3, seconds=20)
    opened(app, tab)
    expect(tab.get_by_text("3 pairs set apart")).to_be_visible()
    assert "where is my money" not in tab.locator(".st-key-place-0").inner_text()
    tab.get_by_role("button", name="Undo").click()
    expect(tab.get_by_text("4 of 4 clusters wait")).to_be_visible(timeout=20_000)


def test_figures_follow_the_slider_without_waiting_for_the_server(app: App, tab: Page) -> None:
    opened(app, tab)
    figures = tab.locator(".tamis-figures dd")
    expect(figures).to_have_text(["4", "5", "1"])
    tab.get_by_role("slider").focus()
    assert app.process is not None
    app.process.send_signal(signal.SIGSTOP)
    try:
        for _ in range(3):
            tab.keyboard.press("ArrowRight")
        expect(figures).to_have_text(["3", "4", "1"])
    finally:
        app.process.send_signal(signal.SIGCONT)
    expect(tab.get_by_text("3 of 3 clusters wait")).to_be_visible(timeout=20_000)
    expect(figures).to_have_text(["3", "4", "1"])
    tab.wait_for_timeout(READ)
    in_place(tab, 0, "Keep this").first.click()
    expect(figures).to_have_text(["3", "2", "1"], timeout=20_000)


def test_all_members_are_reached_with_the_keyboard(
    tmp_path: Path, browser: Browser, tab: Page
) -> None:
    workspace, _ = make_large(tmp_path / "large", 30)
    workspace.close()
    app = App(tmp_path / "large")
    app.start()
    try:
        opened(app, tab)
        place = tab.locator(".st-key-place-0")
        place.get_by_role("button", name="Page 3").focus()
        tab.keyboard.press("Enter")
        expect(place.get_by_text("parcel number 29")).to_be_visible(timeout=20_000)
        expect(place.get_by_text("parcel number 1", exact=True)).to_have_count(0)
        settled(tab)
        place.get_by_role("button", name="Keep this").last.focus()
        tab.keyboard.press("Enter")
        until(lambda: len(app.journal()) == 30, seconds=20)
        assert [key for key, action in decided(app) if action == "keep"] == ["e030"]
    finally:
        app.kill()


def test_what_was_set_apart_is_found_and_taken_back_days_later(app: App, tab: Page) -> None:
    opened(app, tab)
    in_place(tab, 1, "Not duplicates").click()
    until(lambda: len(app.journal()) == 1, seconds=20)
    app.stop()
    app.start()
    opened(app, tab, tab="Set apart")
    expect(tab.locator(".st-key-place-0").get_by_text("send the lamp back")).to_be_visible()
    in_place(tab, 0, "Take it back").click()
    expect(tab.get_by_text("Nothing is set apart.")).to_be_visible(timeout=20_000)
    assert [action for _, action in decided(app)] == ["separate", "undo"]
    tab.get_by_role("tab", name="Clusters").click()
    expect(tab.get_by_text("4 of 4 clusters wait")).to_be_visible(timeout=20_000)


@pytest.mark.parametrize("shown", ["Clusters", "Conflicts", "Near twins", "Set apart"])
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_every_tab_is_accessible_and_fits(
    app: App, browser: Browser, shown: str, scheme: str, width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    tab = context.new_page()
    opened(app, tab, tab=shown)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(tab, options={"runOnly": ["wcag2a", "wcag2aa"]})
    assert [v["id"] for v in found.response["violations"] if v["impact"] in SERIOUS] == []
    context.close()


@pytest.mark.parametrize("kind", ["primary", "secondary"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_cannot_be_pressed_can_be_read(
    app: App, browser: Browser, scheme: str, kind: str
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    tab = context.new_page()
    opened(app, tab)
    tab.evaluate(f"document.querySelector('main button[kind={kind}]').disabled = true")
    tab.wait_for_timeout(500)  # colours change slowly
    assert tab.evaluate(CONTRAST, f"button[kind={kind}]:disabled p") >= 4.5
    context.close()


def test_words_of_200_000_letters_are_shown_at_once(
    tmp_path: Path, browser: Browser, tab: Page
) -> None:
    letters = "A" * 200_000
    with Workspace.create(tmp_path / "long") as workspace:
        dataset = workspace.create_dataset("long", Task.SINGLE_LABEL)
        add_examples(workspace, dataset, [(letters, "a"), (f"{letters}b", "a")])
        add_pairs(workspace, dataset, [("e001", "e002", 0.99, "near-twin")])
        add_search(workspace, dataset)
        mark_analysed(workspace, dataset)
    app = App(tmp_path / "long")
    app.start()
    try:
        opened(app, tab, tab="Near twins")
        expect(tab.get_by_text("190,001 characters before …").first).to_be_visible(timeout=5_000)
    finally:
        app.kill()


def test_a_threshold_between_two_steps_stands_where_it_is_set(
    tmp_path: Path, browser: Browser, tab: Page
) -> None:
    workspace, dataset = make(tmp_path / "between")
    settings = replace(dataset.settings, near_threshold=0.945)
    workspace.update_dataset(dataset, settings=settings)
    mark_analysed(workspace, workspace.dataset("tickets"))
    workspace.close()
    app = App(tmp_path / "between")
    app.start()
    try:
        opened(app, tab)
        expect(tab.get_by_role("slider")).to_have_value("0.945")
        expect(tab.locator(".tamis-figures dd")).to_have_text(["3", "4", "1"])
        for _ in range(6):
            tab.get_by_role("slider").press("ArrowRight")
        expect(tab.locator(".tamis-figures dd")).to_have_text(["2", "3", "1"], timeout=20_000)
    finally:
        app.kill()
