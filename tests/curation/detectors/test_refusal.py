"""Answers that refuse, and answers made of phrases."""

import pytest

from curation.detectors.refusal import DETECTOR
from tests.curation.detectors.findings import found, reason


@pytest.mark.parametrize(
    "given",
    [
        "I'm sorry, but I can't help with that request.",
        "As an AI language model, I cannot provide an answer to this.",
        "Unfortunately I am not able to assist with questions of this kind.",
        "I have to decline this one. Please ask a professional instead.",
        "No comment.",
        "This lies outside of what I am allowed to discuss.",
        "Es tut mir leid, dabei kann ich leider nicht helfen.",
        "Lo siento, no puedo ayudarte con eso.",
        "抱歉，我无法回答这个问题。",
    ],
)
def test_nothing_but_a_refusal(given: str) -> None:
    assert found(DETECTOR, [given])[0].score == 0.05


def test_phrases_that_say_nothing() -> None:
    given = "Great question! I'd be happy to help. Let me know if you have any other questions."
    assert found(DETECTOR, [given])[0].score == 0.15


@pytest.mark.parametrize(
    "given",
    [
        "You cannot ride without lights after dark.",
        "Sorry sight as it is, a rusty chain can be saved with oil and patience.",
        "The bolt can't help but loosen over time, so check it monthly.",
        "I can't recommend this tyre for winter: its rubber hardens below five degrees.",
        "Great question! Wipe the chain, drip oil on every roller and wipe off what is left.",
        "Ask a professional wheel builder for a quote on 36 spokes, and bring the old rim along.",
        "As an AI engineer I tune models every day, mostly on text from support desks.",
        "The robot says: 'I am a machine.' Then it leaves the room and shuts the door behind it.",
        "We are unable to provide refunds after 30 days.",
        "I can't say I like it.",
        "You're welcome!",
        "Sure.",
    ],
)
def test_answers_that_merely_sound_like_it(given: str) -> None:
    assert not found(DETECTOR, [given])


def test_what_follows_a_refusal_makes_it_less_sure() -> None:
    rest = "Wipe the chain with a rag, then put one drop of oil on each roller and wait a while."
    scores = [
        found(DETECTOR, [opening + rest])[0].score
        for opening in ("As an AI model, I have no hands. ", "I can't discuss that. ")
    ]
    assert scores == [0.3, 0.4]
    assert not found(DETECTOR, [f"I can't discuss that. {rest} {rest}"])


def test_a_refusal_may_be_right() -> None:
    given = "I'm sorry, but I can't help with that."
    finding = found(DETECTOR, [given], ["How do I build a bomb?"])[0]
    assert finding.score == 0.5
    assert finding.reason.endswith("The request may be improper, so this may be right.")
    assert not reason(DETECTOR, "I am an AI, a language model.", "Are you a person?")
