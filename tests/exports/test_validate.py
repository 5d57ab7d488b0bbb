"""The common ground of trainers: each rule, broken alone, is one problem in words."""

from __future__ import annotations

from typing import Any

import pytest

from curation.records import Json, Task
from exports.formats import FORMATS
from exports.validate import label_problems, problems

CHAT = FORMATS["openai-chat"]
PAIR = FORMATS["prompt-completion"]
LABEL = FORMATS["text-label"]


def said(role: str, content: Any, **more: Any) -> Json:
    return {"role": role, "content": content, **more}


def chat_problems(*turns: Any) -> list[str]:
    return problems({"messages": list(turns)}, CHAT, Task.CHAT)


USER, ANSWER = said("user", "Hi"), said("assistant", "Hello")


class TestConversations:
    @pytest.mark.parametrize(
        "turns",
        [
            (USER, ANSWER),
            (said("system", "Be kind."), USER, ANSWER),
            (USER, ANSWER, USER, ANSWER),
            (USER, said("assistant", "a", weight=0), USER, said("assistant", "b", weight=1)),
        ],
    )
    def test_fine(self, turns: tuple[Json, ...]) -> None:
        assert chat_problems(*turns) == []

    @pytest.mark.parametrize(
        ("turns", "problem"),
        [
            ((), "the conversation is not a list of turns"),
            (("Hi", ANSWER), "a turn of the conversation is not an object"),
            ((USER,), "the last turn is not the assistant's"),
            ((said("system", "x"),), "the last turn is not the assistant's"),
            ((ANSWER,), "user and assistant do not alternate, beginning with the user"),
            ((USER, USER, ANSWER), "user and assistant do not alternate, beginning with the user"),
            ((USER, said("system", "x"), ANSWER), "a system turn comes after another turn"),
            ((said("tool", "x"), ANSWER), "a turn has the role 'tool'"),
            (({"content": "x"}, ANSWER), "a turn has no role"),
            ((USER, said("assistant", " \n\u200b")), "the content of turn 2 is blank"),
            ((said("user", ""), ANSWER), "the content of turn 1 is blank"),
            ((said("user", [{"type": "text"}]), ANSWER), "the content of turn 1 is not a text"),
            ((USER, said("assistant", None)), "the content of turn 2 is not a text"),
            ((USER, said("assistant", "x", tool_calls=[])), "turn 2 has the key 'tool_calls'"),
            (
                (USER, said("assistant", "x", weight=0)),
                "every weight is 0: nothing would be learnt",
            ),
            ((USER, said("assistant", "x", weight=0.5)), "a weight is neither 0 nor 1"),
            ((USER, said("assistant", "x", weight=True)), "a weight is neither 0 nor 1"),
            ((said("user", "x", weight=1), ANSWER), "a weight stands on a turn that is not"),
        ],
    )
    def test_broken(self, turns: tuple[Any, ...], problem: str) -> None:
        [found] = chat_problems(*turns)
        assert found.startswith(problem)

    def test_a_completion_of_weight_zero_teaches_nothing(self) -> None:
        prompt = [USER, said("assistant", "x", weight=1), USER]
        record = {"prompt": prompt, "completion": [said("assistant", "y", weight=0)]}
        assert problems(record, PAIR, Task.CHAT) == [
            "the weight of the completion is 0: nothing would be learnt"
        ]


class TestTexts:
    @pytest.mark.parametrize(
        "token",
        [
            *("<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<｜User｜>", "[INST]", "[/INST]"),
            *("<<SYS>>", "</s>", "<s>", "<bos>", "<end_of_turn>", "[TOOL_CALLS]"),
        ],
    )
    @pytest.mark.parametrize(
        ("form", "task", "record"),
        [
            (CHAT, Task.CHAT, lambda text: {"messages": [said("user", text), ANSWER]}),
            (PAIR, Task.EXTRACTION, lambda text: {"prompt": text, "completion": "{}"}),
            (LABEL, Task.MULTI_LABEL, lambda text: {"text": "x", "labels": [text]}),
        ],
    )
    def test_control_tokens(self, token: str, form: Any, task: Task, record: Any) -> None:
        assert problems(record(f"before {token} after"), form, task) == [
            f"a text contains the control token {token}"
        ]

    @pytest.mark.parametrize(
        "text",
        ["<b>bold</b>", "<script>", "=1+1", "a | b", "<|>", "< | x | >", "[1]", "\ufeffx", "😀"],
    )
    def test_markup_formulas_and_any_script_are_fine(self, text: str) -> None:
        assert problems({"text": text, "label": "a"}, LABEL, Task.SINGLE_LABEL) == []

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("a\0b", "a text contains the NUL character"),
            ("a\ud800b", "a text contains half of a surrogate pair, which is not valid Unicode"),
            (" ", "the text is blank"),
            (1.5, "the text is not a text"),
        ],
    )
    def test_what_no_reader_wants(self, text: Any, problem: str) -> None:
        assert problems({"text": text, "label": "a"}, LABEL, Task.SINGLE_LABEL) == [problem]

    def test_deep_nesting_is_a_problem_not_a_crash(self) -> None:
        deep: Any = "x"
        for _ in range(50_000):
            deep = [deep]
        assert chat_problems(said("user", deep), ANSWER) == ["the content of turn 1 is not a text"]


class TestShape:
    @pytest.mark.parametrize(
        "record",
        [{}, {"text": "x"}, {"label": "a", "text": "x"}, {"text": "x", "label": "a", "n": 1}],
    )
    def test_keys_are_those_of_the_format_in_their_order(self, record: Json) -> None:
        [found] = problems(record, LABEL, Task.SINGLE_LABEL)
        assert found.endswith("not text, label")

    @pytest.mark.parametrize("answer", ["{", "NaN", '{"a": Infinity}', "[" * 100_000, "x"])
    def test_an_extraction_must_be_json(self, answer: str) -> None:
        for form, record in (
            (CHAT, {"messages": [USER, said("assistant", answer)]}),
            (PAIR, {"prompt": "x", "completion": answer}),
        ):
            [found] = problems(record, form, Task.EXTRACTION)
            assert "JSON" in found

    def test_labels_must_be_a_list_of_visible_texts(self) -> None:
        assert problems({"text": "x", "labels": None}, LABEL, Task.MULTI_LABEL) == [
            "the labels are not a list"
        ]
        assert problems({"text": "x", "labels": ["a", ""]}, LABEL, Task.MULTI_LABEL) == [
            "a label is blank"
        ]


class TestLabelSet:
    def test_labels_of_the_set_are_fine(self) -> None:
        assert label_problems("a", Task.SINGLE_LABEL, ["a", "b"]) == []
        assert label_problems('["a","b"]', Task.MULTI_LABEL, ["a", "b"]) == []
        assert label_problems("[]", Task.MULTI_LABEL, ["a", "b"]) == []

    def test_other_labels_are_named(self) -> None:
        assert label_problems("c", Task.SINGLE_LABEL, ["a"]) == [
            "the label 'c' is not in the label set"
        ]
        assert label_problems('["a","c"]', Task.MULTI_LABEL, ["a"]) == [
            "the label 'c' is not in the label set"
        ]

    def test_a_label_that_is_no_text_is_a_problem_not_a_crash(self) -> None:
        [found] = label_problems('[["a"]]', Task.MULTI_LABEL, frozenset("a"))
        assert found == "the label ['a'] is not in the label set"

    @pytest.mark.parametrize("output", ["a", "{}", "1", "["])
    def test_what_is_no_list_of_labels(self, output: str) -> None:
        assert label_problems(output, Task.MULTI_LABEL, ["a"]) == [
            "the output is not a list of labels"
        ]
