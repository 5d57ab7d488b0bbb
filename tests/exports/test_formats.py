"""Each format writes what its trainers read, and refuses what it cannot say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from curation.errors import WrongUse
from curation.records import Json, Task, canonical_json
from exports.formats import FORMATS, find_format, fitting
from exports.validate import problems
from tests.exports.export_examples import frame

TURNS = [
    {"content": "Be brief.", "role": "system"},
    {"content": "One?", "role": "user"},
    {"content": "1", "role": "assistant"},
    {"content": "Two?", "role": "user"},
    {"content": "as imported", "role": "assistant"},
]


def records(
    name: str, task: Task, outputs: list[Any], labels: str = "", **columns: Any
) -> list[Json]:
    rows = frame(outputs, task, **columns)
    return list(find_format(name, task).records(rows, task, list(labels)))


class TestOpenAIChat:
    def test_a_label_answers_a_system_message_that_holds_the_label_set(self) -> None:
        assert records("openai-chat", Task.SINGLE_LABEL, ["b"], "ab") == [
            {
                "messages": [
                    {
                        "role": "system",
                        "content": "Classify the text. Answer with one of these labels and "
                        'nothing else: ["a","b"]',
                    },
                    {"role": "user", "content": "text 0"},
                    {"role": "assistant", "content": "b"},
                ]
            }
        ]

    def test_several_labels_are_a_json_list_even_where_there_are_none(self) -> None:
        found = records("openai-chat", Task.MULTI_LABEL, [["b", "a"], []], "ab")
        assert [record["messages"][-1]["content"] for record in found] == ['["a","b"]', "[]"]
        assert "JSON list" in found[0]["messages"][0]["content"]

    def test_an_extraction_answers_with_its_json(self) -> None:
        [record] = records("openai-chat", Task.EXTRACTION, [{"b": None, "a": "é"}])
        assert record["messages"][-1]["content"] == '{"a":"é","b":null}'

    def test_a_chat_keeps_its_turns_and_ends_with_the_current_answer(self) -> None:
        [record] = records(
            "openai-chat", Task.CHAT, ["corrected"], messages=[canonical_json(TURNS)]
        )
        assert record["messages"] == [*TURNS[:-1], {"role": "assistant", "content": "corrected"}]
        assert [list(turn) for turn in record["messages"]] == [["role", "content"]] * 5

    def test_a_chat_without_an_answer_gets_the_current_one(self) -> None:
        [record] = records("openai-chat", Task.CHAT, ["new"], messages=[canonical_json(TURNS[:-1])])
        assert record["messages"][-1] == {"role": "assistant", "content": "new"}
        assert len(record["messages"]) == 5

    def test_question_and_answer_columns_make_two_turns(self) -> None:
        [record] = records("openai-chat", Task.CHAT, ["answer"])
        assert [turn["content"] for turn in record["messages"]] == ["text 0", "answer"]

    def test_one_weight_anywhere_gives_every_assistant_turn_one(self) -> None:
        weighted = [{**turn, "weight": 0} if turn["content"] == "1" else turn for turn in TURNS]
        found = records(
            "openai-chat", Task.CHAT, ["x", "y"], messages=[canonical_json(weighted), None]
        )
        assert [turn.get("weight") for turn in found[0]["messages"]] == [None, None, 0, None, 1]
        assert [turn.get("weight") for turn in found[1]["messages"]] == [None, 1]

    def test_keys_that_hold_nothing_are_dropped(self) -> None:
        turns = [{"role": "user", "content": "Hi", "name": None, "tool_calls": None}]
        [record] = records("openai-chat", Task.CHAT, ["x"], messages=[canonical_json(turns)])
        assert record["messages"][0] == {"role": "user", "content": "Hi"}


class TestPromptCompletion:
    def test_text_and_output_stand_literally(self) -> None:
        assert records("prompt-completion", Task.SINGLE_LABEL, ["a"], "a") == [
            {"prompt": "text 0", "completion": "a"}
        ]

    def test_a_chat_is_divided_before_its_last_answer(self) -> None:
        [record] = records(
            "prompt-completion", Task.CHAT, ["end"], messages=[canonical_json(TURNS)]
        )
        assert record["prompt"] == TURNS[:-1]
        assert record["completion"] == [{"role": "assistant", "content": "end"}]


class TestTextLabel:
    def test_one_label(self) -> None:
        assert records("text-label", Task.SINGLE_LABEL, ["a"], "a") == [
            {"text": "text 0", "label": "a"}
        ]

    def test_several_labels(self) -> None:
        assert records("text-label", Task.MULTI_LABEL, [["b", "a"], []], "ab") == [
            {"text": "text 0", "labels": ["a", "b"]},
            {"text": "text 1", "labels": []},
        ]

    @pytest.mark.parametrize("task", [Task.CHAT, Task.EXTRACTION])
    def test_other_tasks_are_refused_with_what_fits(self, task: Task) -> None:
        with pytest.raises(WrongUse, match=f"text-label does not serve {task}") as it:
            find_format("text-label", task)
        assert it.value.hint == f"Formats for {task}: {', '.join(fitting(task))}."
        assert "text-label" not in fitting(task)


class TestRegistry:
    def test_every_format_is_found_by_its_name_and_says_what_it_is(self) -> None:
        for name, form in FORMATS.items():
            assert form.name == name
            assert form.description.endswith(".")
            assert "\n" not in form.description

    def test_an_unknown_format_names_the_known(self) -> None:
        with pytest.raises(WrongUse, match="no format 'yaml'") as it:
            find_format("yaml", Task.SINGLE_LABEL)
        assert "openai-chat, prompt-completion, text-label" in it.value.hint

    @pytest.mark.parametrize("task", list(Task))
    def test_what_a_format_writes_of_a_good_row_has_no_problems(self, task: Task) -> None:
        output = {Task.MULTI_LABEL: ["a"], Task.EXTRACTION: {"a": 1}}.get(task, "a")
        for name in fitting(task):
            [record] = records(name, task, [output], "ab")
            form = FORMATS[name]
            assert [key for key in form.keys(task) if key in record] == list(record)
            assert set(form.keys(task)) - set(record) <= set(form.shape.optional)
            assert form.problems(record, task) == []
            assert json.loads(json.dumps(record)) == record

    @pytest.mark.parametrize("name", ["openai-chat", "prompt-completion"])
    @pytest.mark.parametrize(
        "messages", ["{", "[1]", '"x"', "{}", "[" * 100_000], ids=lambda text: text[:4]
    )
    def test_unreadable_turns_yield_a_record_with_a_problem(self, name: str, messages: str) -> None:
        [record] = records(name, Task.CHAT, ["x"], messages=[messages])
        assert problems(record, FORMATS[name], Task.CHAT) == [
            "the conversation is not a list of turns"
        ]
