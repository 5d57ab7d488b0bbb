"""Leaked marks of chat templates."""

import pytest

from curation.detectors.template_token import DETECTOR
from tests.curation.detectors.findings import found, reason


@pytest.mark.parametrize(
    "given",
    [
        "Fit a front brake too.<|im_end|>\n<|im_start|>user",
        "[INST] Can I? [/INST] Yes.",
        "<s>Yes, you can.</s>",
        "Yes, you can.</s>",
        "Yes.<end_of_turn>",
        "Yes.<|eot_id|>",
        "<｜Assistant｜>Yes.",
        "<<SYS>> Be kind. <</SYS>> Yes.",
    ],
)
def test_control_tokens(given: str) -> None:
    assert found(DETECTOR, [given])[0].score == 0.02


@pytest.mark.parametrize(
    "given",
    [
        "### Response: Clean the post.",
        "Assistant: Clean the post.",
        "Clean the post.\n\nHuman: Thanks!\nAssistant: You are welcome.",
        "Clean the post.\n### Instruction: Name three fruits.",
    ],
)
def test_headers_of_turns(given: str) -> None:
    assert found(DETECTOR, [given])[0].score == 0.15


@pytest.mark.parametrize(
    "given",
    [
        "It was <s>10</s> 8 euros.",
        "<p>It was <s>old</s></p>",
        "The price is <s>10</s>",
        "A `List<T>` holds a Map<String, List<Integer>>.",
        "<user><name>Anna</name></user>",
        "Use a | b, x <| y and y |> z.",
        "## Response times\nThey vary between users: some wait.",
        "The user: a person who rides. An assistant: one who helps.",
        "User: one who rides\nOwner: one who pays",
    ],
)
def test_what_is_no_template(given: str) -> None:
    assert not reason(DETECTOR, given)


def test_marks_that_are_spoken_of_are_less_sure() -> None:
    about = "What does the ChatML prompt template look like?"
    assert found(DETECTOR, ["It begins with <|im_start|>."], [about])[0].score == 0.5
    code = "It looks like this:\n```\n<|im_start|>user\n```"
    finding = found(DETECTOR, [code])[0]
    assert finding.score == 0.5
    assert ", though in code: “" in finding.reason
    play = "Write a dialogue between a user and an assistant."
    assert found(DETECTOR, ["User: Hi.\nAssistant: Hello."], [play])[0].score == 0.5


def test_the_question_and_every_turn_are_searched() -> None:
    assert reason(DETECTOR, "Yes.", "May I?<|eot_id|>").startswith("The question holds")
    turns = [
        {"role": "user", "content": "May I?"},
        {"role": "assistant", "content": "Yes.<|im_end|>"},
        {"role": "user", "content": "When?"},
        {"role": "assistant", "content": "Now."},
    ]
    assert reason(DETECTOR, "Now.", messages=[turns]).startswith("Turn 2 (assistant) holds")


def test_an_answer_that_was_mended_is_no_longer_at_fault() -> None:
    turns = [
        {"role": "user", "content": "May I?"},
        {"role": "assistant", "content": "Yes.<|im_end|>"},
    ]
    assert not reason(DETECTOR, "Yes.", messages=[turns])
