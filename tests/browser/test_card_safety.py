"""No decision is lost, repeated or misplaced, whatever happens to server, tab, store and page."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.card_harness import GIVEN, Review, Server

pytestmark = pytest.mark.browser


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
            # While the server is away Streamlit covers the page with a notice; keys rest below it.
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

    def test_what_a_failing_store_did_not_take_is_sent_again(self, review: Review) -> None:
        broken = review.server.store / f"{review.run}.broken"
        broken.touch()
        review.open()
        review.press("k", "x")
        expect(review.card.locator(".status")).to_contain_text(
            "Not saved yet: The disk is full. Make room on it. 2 decisions kept in this browser"
        )
        broken.unlink()
        assert review.acts() == [("example-0", "keep", GIVEN), ("example-1", "exclude", None)]

    def test_a_refused_decision_is_shown_and_its_card_comes_back(self, review: Review) -> None:
        review.open(n=3)
        review.press("/")
        review.page.keyboard.type("refuse_me")
        review.press("Enter")
        notice = review.card.get_by_role("alert").filter(has_text="Not stored")
        expect(notice).to_contain_text("this label was removed from the set")
        review.press("k", "k", "k")
        assert sorted(review.acts()) == [(f"example-{i}", "keep", GIVEN) for i in range(3)]
        review.open(n=3)
        expect(notice).to_be_visible()
        notice.get_by_role("button", name="Dismiss").click()
        expect(notice).to_be_hidden()


class TestOnThePage:
    def test_a_card_that_left_the_page_hears_no_keys_and_works_again_when_it_returns(
        self, review: Review
    ) -> None:
        review.open(fields="yes")
        review.press("k")
        hide = review.page.get_by_text("Hide the card")
        hide.click()
        expect(review.card).to_have_count(0)
        review.press("k", "x", "1")
        hide.click()
        expect(review.card).to_have_attribute("data-example", "example-1")
        review.press("x")
        assert review.acts() == [("example-0", "keep", GIVEN), ("example-1", "exclude", None)]

    def test_a_new_key_starts_with_the_new_queue(self, review: Review) -> None:
        review.open(fields="yes")
        review.press("k")
        review.saved()
        review.page.get_by_text("Last ones first").click()
        expect(review.page.locator(".tamis[data-example=example-39]")).to_be_visible()
        expect(review.card).to_have_count(1)  # the old one stays until the page has been run
        review.press("x", "k")
        assert review.acts() == [
            ("example-0", "keep", GIVEN),
            ("example-39", "exclude", None),
            ("example-38", "keep", GIVEN),
        ]

    def test_two_tabs_of_one_person_do_not_lose_each_others_decisions(self, review: Review) -> None:
        review.open()
        other = Review(review.server, review.page.context.new_page(), review.run).open()
        review.press("k")
        other.press("x")
        review.press("s")
        other.saved()
        assert sorted(op["action"] for op in review.saved()) == ["exclude", "keep", "skip"]
