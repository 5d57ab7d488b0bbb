"""Texts inside texts: the share of the shorter one's 8-grams that stand in the longer one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.overlap import OVERLAP_SCHEMA, WORDS, ngrams, overlaps

QUESTION = "how do I replace the chain of a bicycle with nine gears at home"
FILLER = "thank you all for this forum which has helped me so much over the years"


def pairs(left: list[str], right: list[str]) -> list[tuple[int, int, float]]:
    found = overlaps(left, right)
    assert dict(found.schema) == OVERLAP_SCHEMA
    return [(a, b, round(share, 3)) for a, b, share in found.iter_rows()]


@pytest.mark.parametrize("turned", [False, True])
def test_a_text_inside_a_longer_one_is_found_in_both_directions(turned: bool) -> None:
    short, long = [QUESTION], [f"{FILLER}. {QUESTION.upper()}? {FILLER}!"]
    assert pairs(*((long, short) if turned else (short, long))) == [(0, 0, 1.0)]


def test_seven_words_are_no_evidence_and_eight_are() -> None:
    words = QUESTION.split()
    assert pairs([" ".join(words[:7])], [f"{QUESTION} {FILLER}"]) == []
    assert pairs([" ".join(words[:8])], [f"{QUESTION} {FILLER}"]) == [(0, 0, 1.0)]


def test_the_share_is_counted_in_8_grams_and_must_reach_seven_tenths() -> None:
    # 17 words have 10 runs of eight; the first 14 words hold 7 of them, the first 13 only 6.
    words = [f"w{number}" for number in range(17)]
    longer = FILLER + " " + FILLER
    assert pairs([" ".join(words)], [f"{' '.join(words[:14])} {longer}"]) == [(0, 0, 0.7)]
    assert pairs([" ".join(words)], [f"{' '.join(words[:13])} {longer}"]) == []


def test_one_changed_number_breaks_the_runs_across_it() -> None:
    # Of the 7 runs of these 14 words, each one spans the changed seventh word.
    text = "a train with sixty coaches takes 45 seconds to pass a signal by night"
    assert pairs([text], [f"{text.replace('45', '54')} {FILLER}"]) == []


def test_what_stands_in_more_than_ten_texts_is_boilerplate() -> None:
    template = "read the passage below and then choose the best of the four answers"
    left = [f"{template} number{n} about topic{n}" for n in range(11)]
    assert pairs(left, [f"{template} {FILLER}"]) == []
    assert pairs(left[:10], [f"{template} {FILLER}"]) == []  # a share of 6 in 8, once ten have it
    assert pairs(left, [f"{FILLER} {left[3]}"]) == [(3, 0, 1.0)]


def test_chinese_is_counted_by_character() -> None:
    text = "请问这个包裹什么时候可以送到我家"
    assert len(ngrams(text)) == len(text) - WORDS + 1
    assert pairs([text], [f"您好，{text}？谢谢！"]) == [(0, 0, 1.0)]


def test_no_texts_make_no_pairs() -> None:
    assert pairs([], []) == pairs([QUESTION], []) == pairs([], [QUESTION]) == []


@given(st.lists(st.sampled_from("abcdefgh"), min_size=0, max_size=30))
def test_the_runs_are_those_of_a_slow_count(words: list[str]) -> None:
    runs = {tuple(words[at : at + WORDS]) for at in range(len(words) - WORDS + 1)}
    assert len(ngrams(" ".join(words))) == len(runs)


def test_progress_ends_with_all_texts() -> None:
    seen = []
    overlaps([QUESTION], [FILLER] * 3, seen.append)
    assert (seen[-1].done, seen[-1].total) == (3, 3)
