"""Two texts side by side: what differs is marked, and a very long text is shown in part."""

from __future__ import annotations

import re
from html import unescape

from labeling.differences import SHOWN, as_html, marked_html


def words(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


def marked(html: str) -> list[str]:
    return re.findall(r"<mark[^>]*>([^<]*)</mark>", html)


def test_differing_words_are_marked_and_all_text_is_escaped() -> None:
    html = marked_html("pay <b>12</b> euros", "pay <b>21</b> euros")
    assert [word.strip() for word in marked(html)] == ["12"]
    assert words(html) == "pay <b>12</b> euros"


def test_a_text_runs_in_the_direction_of_its_script() -> None:
    assert 'dir="auto"' in marked_html("שלום", "שלום לך")
    assert 'dir="auto"' in as_html("مرحبا")


def test_a_text_is_shown_whole_up_to_the_limit() -> None:
    whole = "a" * SHOWN
    assert words(as_html(whole)) == words(marked_html(whole, whole)) == whole
    assert words(as_html(whole + "bc")) == f"{whole}\n… 2 more characters"


def test_of_long_texts_what_surrounds_the_first_difference_is_shown() -> None:
    start, end = "word " * 20_000, "end " * 20_000
    html = marked_html(f"{start}seven {end}", f"{start}eight {end}")
    assert [word.strip() for word in marked(html)] == ["seven"]
    assert words(html).startswith(f"{len(start) - 500:,} characters before …\n")
    left = len(start) + len("seven ") + len(end) - (len(start) - 500) - SHOWN
    assert words(html).endswith(f"\n… {left:,} more characters")


def test_what_is_shifted_by_a_word_is_not_marked_where_the_shown_part_ends() -> None:
    start, end = "word " * 4_000, "".join(f"{number} " for number in range(9_000))
    html = marked_html(f"{start}{end}", f"{start}a new beginning of it {end}")
    assert marked(html) == []


def test_texts_that_differ_in_their_last_word_begin_with_the_same_words() -> None:
    start = "".join(f"word{number} " for number in range(2_000))
    for one, other in (("seven", "a little more"), ("a little more", "seven")):
        shown = [word.strip() for word in marked(marked_html(start + one, start + other))]
        assert shown == [one]


def test_where_one_text_goes_on_after_the_other_ends_that_place_is_shown() -> None:
    start = "".join(f"word{number} " for number in range(1_500))
    longer = f"{start}and more{' of it' * 9_000}"
    assert "word1499 and more" in words(marked_html(longer, start))
    assert "word1499" in words(marked_html(start, longer))


def test_of_a_long_text_the_part_is_shown_that_holds_the_other_one() -> None:
    question = "How many moons does Jupiter have, and who saw them first?"
    long = f"{'x ' * 30_000}{question}{' y' * 30_000}"
    assert question in words(marked_html(long, question))
    assert question in words(as_html(long, question))


def test_a_word_of_200_000_letters_is_cut() -> None:
    one, other = "A" * 200_000, "A" * 200_000 + "b"
    for html in (marked_html(one, other), marked_html(other, one), as_html(one)):
        assert len(html) < 2 * SHOWN
