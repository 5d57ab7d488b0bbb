"""Conversations whose roles or order are broken."""

from typing import Any

import pytest

from curation.detectors.turns import DETECTOR
from tests.curation.detectors.findings import found

Turn = dict[str, Any]


def turn(role: str, content: str | None, **more: Any) -> Turn:
    return {"role": role, "content": content, **more}


USER, ANSWER = turn("user", "May I?"), turn("assistant", "Yes.")
MORE, LAST = turn("user", "When?"), turn("assistant", "Now.")
SYSTEM = turn("system", "Be kind.")
CALL = turn("assistant", None, tool_calls=[{"id": "a", "function": {"name": "look"}}])
TWO = turn("assistant", None, tool_calls=[{"id": "a"}, {"id": "b"}])
RESULT, OTHER = turn("tool", "42", tool_call_id="a"), turn("tool", "43", tool_call_id="b")


@pytest.mark.parametrize(
    ("turns", "score", "reason"),
    [
        ([USER, ANSWER, MORE], 0.05, "The conversation ends with the user: no answer follows."),
        ([USER, MORE, LAST], 0.3, "Turns 1 and 2 are both the user's."),
        ([USER, ANSWER, LAST], 0.2, "Turns 2 and 3 are both the assistant's."),
        ([USER, ANSWER, ANSWER], 0.02, "Turns 2 and 3 are the same: “Yes.”."),
        ([USER, ANSWER, USER, ANSWER], 0.05, "Turns 1 and 2 stand there twice."),
        ([SYSTEM, ANSWER, MORE, LAST], 0.4, "The assistant begins, in turn 2."),
        ([USER, SYSTEM, ANSWER], 0.3, "Turn 2 is a system turn amid the conversation."),
        ([turn("user", " \n"), ANSWER], 0.0, "Turn 1 (user) is blank."),
        ([USER, RESULT, ANSWER], 0.05, "Turn 2 is a tool result that no call asked for."),
        ([USER, CALL, ANSWER], 0.1, "Turn 2 calls a tool, and no result follows."),
        (
            [USER, CALL, RESULT],
            0.05,
            "The conversation ends with the tool turn: no answer follows.",
        ),
    ],
)
def test_what_is_broken(turns: list[Turn], score: float, reason: str) -> None:
    finding = found(DETECTOR, ["Yes."], messages=[turns])[0]
    assert (finding.score, finding.reason) == (score, reason)


def test_several_faults_are_told_worst_first() -> None:
    turns = [ANSWER, USER, turn("user", ""), RESULT, SYSTEM, MORE]
    finding = found(DETECTOR, [None], messages=[turns])[0]
    assert finding.score == 0
    assert finding.reason.startswith("Turn 3 (user) is blank. Turn 4 is a tool result")
    assert finding.reason.endswith("And 3 more.")


def test_a_result_must_answer_the_call_that_was_made() -> None:
    finding = found(DETECTOR, ["Yes."], messages=[[USER, CALL, OTHER, ANSWER]])[0]
    assert finding.reason == (
        "Turn 3 answers the call “b”, which nobody made. "
        "Turn 2 calls a tool, and no result follows."
    )


@pytest.mark.parametrize(
    "turns",
    [
        [USER, ANSWER],
        [SYSTEM, turn("developer", "Be brief."), USER, ANSWER, MORE, LAST],
        [USER, CALL, RESULT, ANSWER],
        [USER, TWO, OTHER, RESULT, ANSWER],
        [USER, CALL, turn("tool", "42"), ANSWER],
        [USER, CALL, RESULT, CALL, RESULT, ANSWER],
        [USER, ANSWER, turn("user", "Sure?"), ANSWER],
    ],
)
def test_what_is_in_order(turns: list[Turn]) -> None:
    assert not found(DETECTOR, ["Yes."], messages=[turns])


def test_a_question_and_its_answer_are_no_conversation() -> None:
    assert not found(DETECTOR, ["Yes.", None, " "])
