"""Answers that stop in mid-sentence."""

import pytest

from curation.detectors.truncated import DETECTOR
from tests.curation.detectors.findings import found, reason

WHOLE = ["Turn the screw until the play is gone, then check it again."] * 60
BARE = ["turn the screw until the play is gone"] * 60


@pytest.mark.parametrize(
    "given",
    [
        "Put spacers under the stem, flip it upwards, or use a riser stem or",
        "Clean the chain,",
        "You need three things (a rag, a brush",
        "It keeps the phone alive through the",
        "Die Kette ist trocken und",
        "Serrez la vis avec",
        "1. Loosen the bolts.\n2. Tighten the",
        "First wipe it -",
    ],
)
def test_an_ending_that_goes_on_is_found_without_any_other_answer(given: str) -> None:
    assert reason(DETECTOR, given)


@pytest.mark.parametrize(
    "given",
    [
        "Yes",
        "15 mm",
        "Because it is worn.",
        "It is worn (see the manual)",
        "He said “tighten it first.”",
        "不需要更换。",
        "いいえ、必要ありません！",
        "पेंच को हाथ से कसें।",
        "Σφίξε τη βίδα με το χέρι;",
        "Enjoy the ride 🚲",
        "See https://example.org/chains?page=2",
        "Run this:\n```\nls -la\n```",
        "The area is $a \\times b$",
        "- wipe the chain\n- oil the chain",
        "| part | size |\n|---|---|\n| nut | 8 |",
        "Dear rider,\nsee you soon.\nBest regards,\nAnna",
        "Dear rider,\nsee you soon.\n\nBest regards,",
        "Use a 10 mm spanner\n#### 10",
    ],
)
def test_endings_that_are_fine(given: str) -> None:
    assert not found(DETECTOR, [*WHOLE, given])


def test_a_missing_mark_says_something_only_where_the_others_have_it() -> None:
    open_one = "Find it by pedalling backwards and watching for a jump"
    finding = found(DETECTOR, [*WHOLE, open_one])[60]
    assert finding.score == pytest.approx(0.2 + 3 / 61)
    assert finding.reason.endswith("watching for a jump”, with no mark; 98% of answers do not.")
    assert not found(DETECTOR, [*BARE, open_one])
    assert not found(DETECTOR, [open_one])


def test_the_habit_is_that_of_the_script() -> None:
    thai = "เช็ดโซ่ให้สะอาดแล้วหยอดน้ำมัน"
    assert not found(DETECTOR, [*WHOLE, *[thai] * 5])


def test_a_word_that_never_ends_a_sentence_of_the_dataset_makes_it_surer() -> None:
    plain, inner = (
        found(DETECTOR, [*WHOLE, f"Find it by pedalling backwards until {word}"])[60].score
        for word in ("nothing", "screw")
    )
    assert inner == pytest.approx(plain / 2)


def test_a_last_line_that_all_others_have_is_missed() -> None:
    worked = ["She sold half of them in May.\nShe sold 3 in all.\n#### 3"] * 40
    cut = "He paid six dollars for the first.\nHe paid 12 for the"
    findings = found(DETECTOR, [*worked, cut, "He paid six dollars for it.\nHe paid 12.\n####"])
    assert sorted(findings) == [40, 41]
    assert findings[40].reason.endswith("the others close with a line that begins “####”.")
