"""Answers that give the question back."""

import pytest

from curation.detectors.echo import DETECTOR
from tests.curation.detectors.findings import found, reason

QUESTION = "How do I get a new cable through the frame without losing it?"


@pytest.mark.parametrize(
    ("given", "score"),
    [
        (QUESTION, 0.0),
        (QUESTION.upper().rstrip("?"), 0.0),
        ("You asked: " + QUESTION, 0.05),
        ("How do I get a new cable through the frame losing it?", 0.3),
        ("如何更换链条和刹车线？", None),
    ],
)
def test_the_question_again(given: str, score: float | None) -> None:
    text = given if score is None else QUESTION
    assert found(DETECTOR, [given], [text])[0].score <= (score or 0.0) + 1e-9


def test_the_last_sentence_of_the_question_again() -> None:
    text = "My chain is rusty after one wet ride. Which oil should I put on it?"
    assert found(DETECTOR, ["Which oil should I put on it?"], [text])[0].score == 0.05


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("Is a wide tyre faster than a narrow tyre?", "A wide tyre is faster than a narrow tyre."),
        ("Should riders check their pads every week?", "Riders should check their pads weekly."),
        ("Hello there", "Hello there"),
        ("The saddle was made in Turin in 1950. Where was it made?", "in Turin in 1950"),
        ("Repeat after me: the chain is clean", "the chain is clean"),
        ("Correct the grammar: he go to the big shop", "He goes to the big shop"),
        ("Translate to German: Hamburg Hannover Berlin", "Hamburg Hannover Berlin"),
        ("Which is right, left or right handed thread?", "Left handed thread."),
        (QUESTION, QUESTION + " Slide a thin liner over the old cable before you pull it out."),
    ],
)
def test_answers_that_rightly_share_words(text: str, given: str) -> None:
    assert not reason(DETECTOR, given, text)


def test_the_question_of_a_conversation_is_the_last_turn_of_the_user() -> None:
    turns = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hello."},
        {"role": "assistant", "content": "Hello! What is wrong with it?"},
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": QUESTION},
    ]
    text = "\n".join(f"{turn['role']}: {turn['content']}" for turn in turns[:-1])
    assert found(DETECTOR, [QUESTION], [text], messages=[turns])[0].score == 0
