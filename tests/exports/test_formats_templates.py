"""How an example becomes a conversation, and what a prompt template may say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import WrongUse
from curation.records import Task, canonical_json
from exports.formats import PromptTemplate, as_messages, find_format
from exports.formats.templates import DEFAULTS
from tests.exports.export_examples import frame

SINGLE = Task.SINGLE_LABEL


def texts(task: Task, template: PromptTemplate, **given: str) -> list[str]:
    turns = as_messages(task, given.get("text", "hi"), "out", given.get("messages"), template, "ab")
    assert turns is not None
    return [f"{turn['role']}: {turn['content']}" for turn in turns]


class TestTemplate:
    def test_fields_are_filled_in(self) -> None:
        template = PromptTemplate(user="Text: {input}", system="One of {labels}.")
        assert texts(SINGLE, template) == [
            'system: One of ["a","b"].',
            "user: Text: hi",
            "assistant: out",
        ]

    def test_a_blank_system_is_no_turn(self) -> None:
        assert texts(SINGLE, PromptTemplate(system=" \n")) == ["user: hi", "assistant: out"]

    def test_other_braces_stand_for_themselves(self) -> None:
        template = PromptTemplate(user='{"a": {}, {0}} {{input}} {input}'.replace("{0}", "{ }"))
        assert texts(SINGLE, template)[0] == 'user: {"a": {}, { }} {input} hi'

    def test_what_is_put_in_is_not_filled_in_again(self) -> None:
        assert texts(SINGLE, PromptTemplate(), text="{labels} {input} {{x}}")[0] == (
            "user: {labels} {input} {{x}}"
        )

    @pytest.mark.parametrize("user", ["{input.__class__}", "{input[0]}", "{input!r}", "{input:>9}"])
    def test_attributes_indexes_and_formats_are_plain_text(self, user: str) -> None:
        assert texts(SINGLE, PromptTemplate(user=f"{user} {{input}}"))[0] == f"user: {user} hi"

    @given(st.text())
    def test_any_text_comes_through_whole(self, text: str) -> None:
        assert texts(SINGLE, PromptTemplate(user="<{input}>"), text=text)[0] == f"user: <{text}>"

    def test_an_unknown_field_is_named(self) -> None:
        with pytest.raises(WrongUse, match=r"names the field \{lables\}") as it:
            PromptTemplate(system="One of {lables}")
        assert it.value.hint == (
            "The fields are {input} and {labels}; write {{lables}} for the literal text."
        )

    def test_the_text_of_the_example_must_be_asked(self) -> None:
        with pytest.raises(WrongUse, match="never says the text"):
            PromptTemplate(user="Go!", system="{input}")

    @pytest.mark.parametrize("task", [Task.CHAT, Task.EXTRACTION])
    def test_a_task_without_labels_has_none_to_name(self, task: Task) -> None:
        form = find_format("openai-chat", task)
        template = PromptTemplate(system="{labels}")
        with pytest.raises(WrongUse, match=f"a {task} dataset has no label set"):
            list(form.records(frame(["x"], task), task, [], template))


class TestConversations:
    def test_each_task_has_a_default(self) -> None:
        assert set(DEFAULTS) == set(Task)

    def test_a_chat_keeps_its_words_and_its_system_turn(self) -> None:
        turns = [
            {"role": "system", "content": "old"},
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": "given"},
        ]
        template = PromptTemplate(user="never {input}", system="new")
        assert texts(Task.CHAT, template, messages=canonical_json(turns)) == [
            "system: old",
            "user: q",
            "assistant: out",
        ]

    def test_a_chat_without_a_system_turn_gets_that_of_the_template(self) -> None:
        turns = [{"role": "user", "content": "q"}]
        assert texts(Task.CHAT, PromptTemplate(system="new"), messages=canonical_json(turns)) == [
            "system: new",
            "user: q",
            "assistant: out",
        ]

    @pytest.mark.parametrize("messages", ["{", "[1]", '"x"', "{}", "[" * 100_000])
    def test_unreadable_turns_are_none(self, messages: str) -> None:
        assert as_messages(Task.CHAT, "x", "y", messages, PromptTemplate()) is None

    def test_a_template_changes_the_prompt_of_prompt_completion(self) -> None:
        form = find_format("prompt-completion", SINGLE)
        template = PromptTemplate(user="Text: {input}\nLabel:", system="Choose from {labels}.")
        [record] = form.records(frame(["a"]), SINGLE, ["a", "b"], template)
        assert record == {
            "prompt": 'Choose from ["a","b"].\n\nText: text 0\nLabel:',
            "completion": "a",
        }
