"""The review card in a real browser, against a real Streamlit server.

`card_app.py` is the page. Its store is a JSONL file per run, so that each test can say what was
decided; examples are called example-0, example-1, … in queue order.
"""

from __future__ import annotations

import json
from statistics import median
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.card_harness import GIVEN, GIVEN_SET, WATCH, Review

pytestmark = pytest.mark.browser

ANSWER = (
    "You can follow the delivery under Cards → Track. After ten working days we send a new one."
)


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
            ("example-0", "keep", GIVEN),
            ("example-1", "keep", GIVEN),
            ("example-2", "relabel", "card_arrival"),
            ("example-3", "exclude", None),
            ("example-4", "skip", None),
            ("example-5", "relabel", "card_delivery_estimate"),
            ("example-6", "keep", GIVEN),  # 6 is the given label
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
            ("example-2", "keep", GIVEN),
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
        review.open(fields="yes")
        review.page.get_by_label("Another field").click()
        review.page.keyboard.type("kaxs12u")
        review.press("Enter")
        assert (review.example, review.saved()) == ("example-0", [])
        review.card.locator(".text").click()
        review.press("k")
        assert review.acts() == [("example-0", "keep", GIVEN)]

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
        assert review.acts() == [("example-0", "exclude", None), ("example-1", "keep", GIVEN)]

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
            ("example-1", "keep", GIVEN_SET),
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
            ("example-0", "keep", GIVEN_SET),
            ("example-1", "relabel", '["top_up_failed","transfer_not_received"]'),
        ]

    def test_a_click_that_ends_the_card_ends_the_search_for_its_labels_too(
        self, review: Review
    ) -> None:
        review.open(task="multi-label")
        review.press("/")
        review.page.keyboard.type("top_up")
        review.press("Enter")
        review.card.get_by_role("button", name="Exclude").click()
        review.press("Escape", "k")
        assert review.acts() == [("example-0", "exclude", None), ("example-1", "keep", GIVEN_SET)]


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
        assert review.acts() == [("example-0", "keep", ANSWER)]

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

    def test_without_a_suggestion_accept_decides_nothing_and_says_so(self, review: Review) -> None:
        review.open(task="chat")
        review.press("a")
        expect(review.card.get_by_text("There is no suggestion on this card.")).to_be_visible()
        assert (review.example, review.saved()) == ("example-0", [])


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
            ("example-2", "keep", GIVEN),
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
            ("example-1", "keep", GIVEN),
        ]

    def test_with_nothing_to_take_back_undo_says_so(self, review: Review) -> None:
        review.open()
        review.press("u")
        expect(review.card.get_by_text("There is nothing to take back.")).to_be_visible()
        assert review.saved() == []


class TestWhatIsShown:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("task", ["multi-label", "chat"])
    def test_no_accessibility_rule_is_broken(
        self, review: Review, scheme: Literal["light", "dark"], task: str
    ) -> None:
        review.page.emulate_media(color_scheme=scheme)
        review.open(task=task)
        report = Axe().run(review.page, context=".stBidiComponent")
        assert report.violations_count == 0, report.generate_report()

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

    def test_answers_to_other_questions_are_shown_but_not_compared(self, review: Review) -> None:
        review.open("chat")
        expect(review.card.get_by_text("Similar inputs and their outputs")).to_be_visible()
        expect(review.card.locator(".mark").first).to_be_hidden()

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
