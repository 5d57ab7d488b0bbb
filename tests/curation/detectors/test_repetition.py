"""Answers caught in a loop."""

import pytest

from curation.detectors.repetition import DETECTOR
from tests.curation.detectors.findings import found, reason

SENTENCE = "Wipe the chain with a dry rag and put one drop of oil on each of the rollers. "


@pytest.mark.parametrize(
    ("given", "unit", "times"),
    [
        ("turn the bike upside down " * 24, "turn the bike upside down", 24),
        ("Oil the chain." + "wipeit" * 30, "wipeit", 30),
        ("先擦干净链条。" + "然后上油" * 20, "然后上油", 20),
        ("It is worn. " + "no " * 40, "no", 40),
        ("\n".join(["It is not the chain, it is the hub."] * 5), "It is not the chain", 5),
    ],
)
def test_a_loop_is_quoted_and_counted(given: str, unit: str, times: int) -> None:
    finding = found(DETECTOR, [given])[0]
    assert finding.score == 0.02
    quoted, _, rest = finding.reason.removeprefix("“").partition("” is repeated ")
    assert len(quoted) == pytest.approx(len(unit), abs=25)
    assert abs(int(rest.removesuffix(" times.")) - times) <= 1


def test_sentences_that_come_again_between_others_are_found() -> None:
    given = "".join(f"{number}. {SENTENCE}" for number in range(1, 9))
    said = reason(DETECTOR, given)
    assert "of the answer repeats what stands in it before, like “wipe the chain with”" in said


def test_a_dataset_in_which_all_repeat_themselves_is_left_alone() -> None:
    verses = [
        f"{name} went to the mill, to the mill, to the mill, {name} went to the mill with oats. "
        * 2
        + f"{name} came home again, home again, home again, {name} came home again with flour."
        for name in ("Anna", "Berta", "Carla", "Dora", "Emma")
    ]
    assert not found(DETECTOR, verses * 4)
    assert len(found(DETECTOR, verses)) == 5, "five answers are no habit"


@pytest.mark.parametrize(
    "given",
    [
        SENTENCE,
        "Ha ha ha ha ha!",
        "1/3 is 0.3333333333333333333333333333333333333333333333333333",
        "- Step 1: take the wheel out\n- Step 2: take the tyre off\n- Step 3: patch the tube",
        "| part | size |\n|" + "---------------|" * 12 + "\n| nut | 8 |",
        "```\n" + "print('tick')\n" * 30 + "```",
        "-" * 300,
    ],
)
def test_what_may_repeat(given: str) -> None:
    assert not reason(DETECTOR, given)


def test_a_loop_that_was_asked_for_is_less_sure() -> None:
    text = "Write “I will oil my chain” 20 times."
    assert found(DETECTOR, ["I will oil my chain. " * 20], [text])[0].score == 0.5
