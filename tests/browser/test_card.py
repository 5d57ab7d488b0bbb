"""The review card in a real browser, against a real Streamlit server.

`card_app.py` is the page. Its store is a JSONL file per run, so that each test can say what was
decided; examples are called example-0, example-1, … in queue order.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
# Before the card hears of a key, note which example is shown; afterwards, how long the next took.
WATCH = """
window.presses = [];
const rootNode = document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot;
const card = rootNode.querySelector('.tamis');
window.addEventListener('keydown', (event) => {
  window.presses.push({example: card.dataset.example, at: event.timeStamp});
}, true);
new MutationObserver(() => {
  const press = window.presses.at(-1);
  if (press && press.took === undefined) press.took = performance.now() - press.at;
}).observe(card, {attributes: true, attributeFilter: ['data-example']});
"""

Operation = dict[str, Any]


class Server:
    """The Streamlit server of `card_app.py`, which can be killed and started again."""

    def __init__(self, store: Path) -> None:
        self.store = store
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = {
            "server.port": self.port,
            "server.address": "127.0.0.1",
            "server.headless": "true",
            "runner.postScriptGC": "false",
            "browser.gatherUsageStats": "false",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "tests/browser/card_app.py"]
            + [part for name, value in options.items() for part in (f"--{name}", str(value))],
            cwd=ROOT,
            env={**os.environ, "CARD_STORE": str(self.store), "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self.answers, seconds=60)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_stcore/health") as reply:
                return bool(reply.status == 200)
        except (urllib.error.URLError, ConnectionError):
            return False

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


class Review:
    """One person's browser tab on one run, and what the store holds of it."""

    def __init__(self, server: Server, page: Page, run: str) -> None:
        self.server, self.page, self.run = server, page, run
        self.card = page.locator(".tamis")

    def open(self, task: str = "single-label", n: int = 40, **more: str) -> Review:
        query = "&".join(f"{k}={v}" for k, v in {"task": task, "n": n, **more}.items())
        self.page.goto(f"http://127.0.0.1:{self.server.port}/?run={self.run}&{query}")
        expect(self.card).to_be_visible(timeout=30_000)
        return self

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    @property
    def example(self) -> str | None:
        return self.card.get_attribute("data-example")

    @property
    def stored(self) -> list[Operation]:
        path = self.server.store / f"{self.run}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def saved(self, timeout: float = 30) -> list[Operation]:
        """What is stored once the card says that all is."""
        expect(self.card.locator(".status")).to_have_text("Saved", timeout=timeout * 1000)
        return self.stored

    def acts(self) -> list[tuple[str, str, str | None]]:
        return [(op["example_id"], op["action"], op["value"]) for op in self.saved()]


def until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("store"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def review(server: Server, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Review]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield Review(server, page, request.node.name)
    context.close()
    assert errors == []


class TestSpeed:
    def test_thirty_fast_presses_are_stored_once_each_in_order_on_the_example_shown(
        self, review: Review
    ) -> None:
        review.open(n=60)
        review.page.evaluate(WATCH)
        for _ in range(30):
            review.page.keyboard.press("k")
            review.page.wait_for_timeout(30)
        shown = [press["example"] for press in review.page.evaluate("window.presses")]
        assert [op["example_id"] for op in review.saved()] == shown
        assert shown == [f"example-{i}" for i in range(30)]

    def test_the_next_card_is_there_within_20_ms_of_the_key(self, review: Review) -> None:
        review.open()
        review.page.evaluate(WATCH)
        for _ in range(15):
            review.page.keyboard.press("k")
            review.page.wait_for_timeout(100)
        took = [press["took"] for press in review.page.evaluate("window.presses")]
        print(f"keydown to next card, ms: median {median(took):.1f}, worst {max(took):.1f}")  # noqa: T201
        assert len(took) == 15
        assert median(took) < 20

    def test_a_held_key_decides_once(self, review: Review) -> None:
        review.open()
        for _ in range(5):
            review.page.keyboard.down("x")
        review.page.keyboard.up("x")
        assert review.acts() == [("example-0", "exclude", None)]

    def test_a_double_click_decides_once(self, review: Review) -> None:
        review.open()
        review.card.get_by_role("button", name="Exclude").dblclick()
        assert review.acts() == [("example-0", "exclude", None)]


class TestKeys:
    def test_each_key_stores_its_act_and_shows_the_next_card(self, review: Review) -> None:
        review.open()
        # Shift stands for NumLock, which the simulated keyboard does not have.
        review.press("k", "Enter", "a", "x", "s", "2", "6", "Shift+Numpad3")
        assert review.acts() == [
            ("example-0", "keep", None),
            ("example-1", "keep", None),
            ("example-2", "relabel", "card_arrival"),
            ("example-3", "exclude", None),
            ("example-4", "skip", None),
            ("example-5", "relabel", "card_delivery_estimate"),
            ("example-6", "keep", None),  # 6 is the given label
            ("example-7", "relabel", "lost_or_stolen_card"),
        ]
        assert review.example == "example-8"

    def test_a_label_is_found_by_typing_part_of_its_name(self, review: Review) -> None:
        review.open()
        review.press("/")
        review.page.keyboard.type("top_up")
        review.press("Enter")
        expect(review.card).to_have_attribute("data-example", "example-1")
        review.press("/")
        review.page.keyboard.type("transfer")
        review.press("ArrowDown", "Enter", "k")
        assert review.acts() == [
            ("example-0", "relabel", "top_up_failed"),
            ("example-1", "relabel", "pending_transfer"),
            ("example-2", "keep", None),
        ]

    def test_escape_leaves_the_label_box_without_deciding(self, review: Review) -> None:
        review.open()
        review.press("/", "c", "Escape", "x")
        assert review.acts() == [("example-0", "exclude", None)]

    def test_modifiers_and_streamlits_own_keys_are_left_alone(self, review: Review) -> None:
        review.open()
        review.press("Control+k", "Alt+x", "Control+1", "c", "r")
        review.press("/")
        review.page.keyboard.type("rc")
        expect(review.page.get_by_role("dialog")).to_have_count(0)
        expect(review.card.get_by_role("combobox")).to_have_value("rc")
        assert (review.example, review.saved()) == ("example-0", [])

    def test_keys_typed_into_another_field_of_the_page_decide_nothing(self, review: Review) -> None:
        review.open(field="yes")
        review.page.get_by_label("Another field").click()
        review.page.keyboard.type("kaxs12u")
        review.press("Enter")
        assert (review.example, review.saved()) == ("example-0", [])
        review.card.locator(".text").click()
        review.press("k")
        assert review.acts() == [("example-0", "keep", None)]

    def test_enter_on_a_focused_button_presses_only_that_button(self, review: Review) -> None:
        review.open()
        review.card.get_by_role("button", name="Skip").focus()
        review.press("Enter")
        assert review.acts() == [("example-0", "skip", None)]

    def test_enter_after_a_click_keeps_and_does_not_press_the_button_again(
        self, review: Review
    ) -> None:
        review.open()
        review.card.get_by_role("button", name="Exclude").click()
        review.press("Enter")
        assert review.acts() == [("example-0", "exclude", None), ("example-1", "keep", None)]

    def test_help_opens_and_closes_and_swallows_keys(self, review: Review) -> None:
        review.open()
        review.press("?")
        expect(review.card.get_by_role("dialog")).to_be_visible()
        review.press("k", "1", "?")
        expect(review.card.get_by_role("dialog")).to_be_hidden()
        assert (review.example, review.saved()) == ("example-0", [])


class TestSeveralLabels:
    def test_digits_switch_labels_and_enter_saves_the_set_shown(self, review: Review) -> None:
        review.open(task="multi-label")
        review.press("2", "1", "6", "Enter", "3", "3", "Enter", "a")
        assert review.acts() == [
            ("example-0", "relabel", '["card_arrival","card_delivery_estimate"]'),
            ("example-1", "keep", None),
            ("example-2", "relabel", '["card_arrival","card_delivery_estimate"]'),
        ]

    def test_labels_are_switched_by_name_and_escape_restores_the_set(self, review: Review) -> None:
        review.open(task="multi-label")
        review.press("e")
        review.page.keyboard.type("top_up")
        review.press("Enter", "Escape", "k", "e")
        review.page.keyboard.type("top_up")
        review.press("Enter", "Control+Enter")
        assert review.acts() == [
            ("example-0", "keep", None),
            ("example-1", "relabel", '["top_up_failed","transfer_not_received"]'),
        ]


class TestEditing:
    def test_an_edited_chat_answer_is_stored_as_typed(self, review: Review) -> None:
        review.open(task="chat")
        review.press("e", "Control+a")
        review.page.keyboard.type("Track it under k, a and 1.")
        review.press("Enter")
        review.page.keyboard.type("Bye.")
        review.press("Control+Enter")
        assert review.acts() == [("example-0", "edit", "Track it under k, a and 1.\nBye.")]

    def test_escape_drops_the_draft_and_an_unchanged_answer_is_kept(self, review: Review) -> None:
        review.open(task="chat")
        review.press("e")
        review.page.keyboard.type("x")
        review.press("Escape", "e", "Control+Enter")
        assert review.acts() == [("example-0", "keep", None)]

    def test_shortcuts_rest_while_an_editor_is_open_even_without_focus(
        self, review: Review
    ) -> None:
        review.open(task="chat")
        review.press("e")
        review.page.keyboard.type("draft")
        review.card.locator(".turns").click()
        review.press("x", "u")
        assert review.card.get_by_role("textbox").input_value().endswith("draft")
        assert (review.example, review.saved()) == ("example-0", [])

    def test_invalid_json_is_not_saved_and_numbers_keep_their_digits(self, review: Review) -> None:
        review.open(task="extraction")
        review.press("e", "Control+End", "Backspace", "Control+Enter")
        expect(review.card.get_by_text("This is not valid JSON")).to_be_visible()
        review.page.keyboard.type(',"ok":true}')
        review.press("Control+Enter")
        [(example, action, value)] = review.acts()
        assert (example, action) == ("example-0", "edit")
        assert json.loads(str(value)) == {
            "amount": 2.5,
            "id": 12345678901234567890,
            "tags": ["cash", "fee"],
            "ok": True,
        }
        assert '"amount": 2.50' in str(value)

    def test_a_comment_is_stored_and_the_card_stays(self, review: Review) -> None:
        review.open()
        review.press("m")
        review.page.keyboard.type("ask Anna")
        review.press("Control+Enter")
        expect(review.card.locator(".comment")).to_contain_text("ask Anna")
        review.press("k")
        review.saved()
        assert [(op["example_id"], op["action"], op["comment"]) for op in review.stored] == [
            ("example-0", "comment", "ask Anna"),
            ("example-0", "keep", None),
        ]


class TestUndo:
    def test_undo_brings_the_cards_back_last_first_and_names_what_it_takes_back(
        self, review: Review
    ) -> None:
        review.open()
        review.press("k", "x", "u", "Backspace")
        assert review.example == "example-0"
        review.press("a", "s", "k")
        keep, exclude, *rest = review.saved()
        assert [(op["example_id"], op["action"], op["value"]) for op in rest] == [
            ("example-1", "undo", exclude["op_id"]),
            ("example-0", "undo", keep["op_id"]),
            ("example-0", "relabel", "card_arrival"),
            ("example-1", "skip", None),
            ("example-2", "keep", None),
        ]

    def test_undo_reaches_back_across_a_reload(self, review: Review) -> None:
        review.open()
        review.press("k", "x")
        exclude = review.saved()[-1]
        review.open()
        expect(review.card).to_have_attribute("data-example", "example-2")
        review.press("u")
        expect(review.card).to_have_attribute("data-example", "example-1")
        review.press("k")
        assert review.acts()[2:] == [
            ("example-1", "undo", exclude["op_id"]),
            ("example-1", "keep", None),
        ]

    def test_with_nothing_to_take_back_undo_says_so(self, review: Review) -> None:
        review.open()
        review.press("u")
        expect(review.card.get_by_text("There is nothing to take back.")).to_be_visible()
        assert review.saved() == []


class TestNothingIsLost:
    def test_a_server_killed_in_the_middle_loses_and_repeats_nothing(
        self, browser: Browser, tmp_path: Path
    ) -> None:
        server = Server(tmp_path)
        server.start()
        page = browser.new_page()
        review = Review(server, page, "killed").open(n=60)
        try:
            review.press("k", "x", "a")
            server.kill()
            review.press("k", "s", "1", "k", "k")
            expect(review.card.locator(".status")).to_contain_text(
                "server does not answer", timeout=15_000
            )
            server.start()
            # Streamlit covers the page with a notice while the server is away; no key acts below it.
            expect(page.get_by_role("dialog")).to_have_count(0, timeout=30_000)
            review.press("k", "x")
            stored = review.saved(timeout=60)
        finally:
            server.kill()
            page.close()
        assert [op["example_id"] for op in stored] == [f"example-{i}" for i in range(10)]
        assert set(Counter(op["op_id"] for op in stored).values()) == {1}

    def test_decisions_made_while_the_server_was_down_survive_a_closed_tab(
        self, browser: Browser, tmp_path: Path
    ) -> None:
        server = Server(tmp_path)
        server.start()
        context = browser.new_context()
        page = context.new_page()
        review = Review(server, page, "closed").open()
        try:
            server.kill()
            review.press("k", "x", "u", "a")
            page.close()
            server.start()
            again = Review(server, context.new_page(), "closed").open()
            stored = again.saved(timeout=60)
            expect(again.card).to_have_attribute("data-example", "example-2")
        finally:
            server.kill()
            context.close()
        assert [(op["example_id"], op["action"]) for op in stored] == [
            ("example-0", "keep"),
            ("example-1", "exclude"),
            ("example-1", "undo"),
            ("example-1", "relabel"),
        ]

    def test_an_empty_queue_says_all_caught_up_only_once_all_is_saved(self, review: Review) -> None:
        review.open(n=2)
        review.page.evaluate(
            """() => {
              const card = document.querySelector('[data-testid=stBidiComponentIsolated]')
                .shadowRoot.querySelector('.tamis');
              window.modes = [];
              new MutationObserver(() => window.modes.push(card.dataset.mode))
                .observe(card, {attributes: true, attributeFilter: ['data-mode']});
            }"""
        )
        review.press("k", "k")
        expect(review.card.get_by_text("All caught up")).to_be_visible()
        assert len(review.stored) == 2
        modes = [mode for mode in review.page.evaluate("window.modes") if mode != "card"]
        assert modes[0] == "loading"

    def test_leaving_with_unsaved_decisions_asks_first(
        self, browser: Browser, tmp_path: Path
    ) -> None:
        server = Server(tmp_path)
        server.start()
        page = browser.new_page()
        review = Review(server, page, "leaving").open()
        server.kill()
        review.press("k")
        page.once("dialog", lambda dialog: dialog.dismiss())
        with page.expect_event("dialog") as asked:
            page.evaluate("setTimeout(() => location.reload())")
        assert asked.value.type == "beforeunload"
        assert review.example == "example-1"
        page.close()

    def test_a_refused_decision_is_shown_and_its_card_comes_back(self, review: Review) -> None:
        review.open(n=3)
        review.press("/")
        review.page.keyboard.type("refuse_me")
        review.press("Enter")
        notice = review.card.get_by_role("alert").filter(has_text="Not stored")
        expect(notice).to_contain_text("this label was removed from the set")
        review.press("k", "k", "k")
        assert sorted(review.acts()) == [(f"example-{i}", "keep", None) for i in range(3)]
        review.open(n=3)
        expect(notice).to_be_visible()
        notice.get_by_role("button", name="Dismiss").click()
        expect(notice).to_be_hidden()


class TestWhatIsShown:
    def test_markup_in_a_text_is_shown_as_text(self, review: Review) -> None:
        review.open()
        review.press("k", "k")
        expect(review.card.locator(".text")).to_contain_text('<img src=x onerror="document.title')
        expect(review.card.locator(".text *")).to_have_count(0)
        assert "hacked" not in review.page.title()

    def test_the_card_shows_what_a_judgement_needs(self, review: Review) -> None:
        review.open()
        for text in (
            "0 reviewed · 40 to go",
            "6 %, very unlikely",
            "81 %, likely",
            "13 times as much",
            "1 of 4 near-duplicates",
            "1 of 5 agree with the given output",
            "Use transfer_not_received only for money.",
            "tickets.csv row 1",
        ):
            expect(review.card.get_by_text(text)).to_be_visible()

    @pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
    def test_a_long_text_scrolls_inside_and_the_buttons_stay_in_view(
        self, review: Review, width: int, height: int
    ) -> None:
        review.page.set_viewport_size({"width": width, "height": height})
        review.open()
        review.press("k", "k", "k")
        expect(review.card.locator(".text")).to_contain_text("Line 79")
        for name in ("Keep", "Skip", "Undo"):
            expect(review.card.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
        overflow = "document.scrollingElement.scrollWidth - window.innerWidth"
        assert review.page.evaluate(overflow) <= 0

    def test_buttons_are_large_enough_for_a_thumb_on_a_narrow_screen(self, review: Review) -> None:
        review.page.set_viewport_size({"width": 390, "height": 844})
        review.open()
        boxes = [button.bounding_box() for button in review.card.get_by_role("button").all()]
        assert len(boxes) >= 17
        assert min(box["height"] for box in boxes if box) >= 44
