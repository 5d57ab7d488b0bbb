"""Every format is read back to the examples it was written from."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.errors import WrongUse
from curation.ingest.chat import exchange_of
from curation.records import Json, Task, canonical_json, encode_output
from exports.formats import FORMATS, PromptTemplate, find_format
from exports.formats.reading import CannotRead, Read
from tests.exports.consumers.exported import cases

LABELS = ["no", "yes, {input}", 'é "quoted"']
ROW = {"text": pl.String, "output": pl.String, "messages": pl.String}
AWKWARD = [
    *("{input}", "{{input}}", "{labels}", "{}", "\n\n", "\r\n", "\u2028", "{{labels}} {input}"),
    *("Text: ", "Choose from ", canonical_json(LABELS), "\n\nText: x", "=1", "'", "😀", "\t"),
]
JOINED = ("nemo-prompt-completion", "bedrock-prompt-completion")
TEMPLATES = {
    True: [
        None,
        PromptTemplate("Text: {input}\n{labels}\n", "Choose from {labels}."),
        PromptTemplate("{input}", "{{input}} {input} {labels}"),
        PromptTemplate("{labels}{input}{input}{{labels}}"),
    ],
    False: [
        None,
        PromptTemplate("Text: {input}"),
        PromptTemplate("{input}{input}", "Text: {input}"),
        PromptTemplate("{{input}}{input}", "Be kind."),
    ],
}

words = st.lists(st.sampled_from(AWKWARD) | st.text(max_size=5), min_size=1, max_size=4)
texts = words.map("".join).filter(str.strip)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def conversations(draw: st.DrawFn) -> list[Json]:
    system = draw(st.none() | st.just("Be kind.") | texts)
    turns: list[Json] = [] if system is None else [{"role": "system", "content": system}]
    for _ in range(draw(st.integers(1, 3))):
        turns.append({"role": "user", "content": draw(texts)})
        turns.append({"role": "assistant", "content": draw(texts)})
    answers = [turn for turn in turns if turn["role"] == "assistant"]
    if len(answers) > 1 and draw(st.booleans()):
        answers[0]["weight"] = 0
    return turns


@st.composite
def examples(draw: st.DrawFn, task: Task) -> Json:
    """An example as the import stores it."""
    messages: str | None = None
    text = draw(texts)
    output: Any
    if task is Task.CHAT:
        output = draw(texts)
        if draw(st.booleans()):
            text, output, messages = exchange_of("messages", draw(conversations()))
    elif task is Task.EXTRACTION:
        output = draw(st.dictionaries(texts, values, max_size=3) | st.lists(values, max_size=3))
    elif task is Task.MULTI_LABEL:
        output = draw(st.lists(st.sampled_from(LABELS), max_size=3))
    else:
        output = draw(st.sampled_from(LABELS))
    stored = encode_output(task, output)
    return {"text": text, "output": stored, "messages": messages}


def written(
    name: str, task: Task, rows: list[Json], template: PromptTemplate | None
) -> list[tuple[Json, list[str]]]:
    frame = pl.DataFrame(rows, schema=ROW).with_columns(
        rejected=pl.lit("worse"), approved=pl.lit(True)
    )
    return list(find_format(name, task).examples(frame, task, LABELS, template))


@pytest.mark.parametrize(("name", "task"), cases())
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_what_was_written_is_read_back(name: str, task: Task, data: st.DataObject) -> None:
    given = data.draw(st.lists(examples(task), min_size=1, max_size=5))
    template = data.draw(st.sampled_from(TEMPLATES[task.has_labels]))
    rows = [row for row in given if not written(name, task, [row], template)[0][1]]
    records = [record for record, _ in written(name, task, rows, template)]
    found = [FORMATS[name].read_back(record, task, template, LABELS) for record in records]
    assert [read.output for read in found] == [row["output"] for row in rows]
    if task is not Task.CHAT or (template is None and name not in JOINED):
        assert [read.text for read in found] == [row["text"] for row in rows]
    if rows and (task is not Task.CHAT or name not in JOINED):
        again = [{key: getattr(read, key) for key in ROW} for read in found]
        assert [record for record, _ in written(name, task, again, template)] == records


def chat(name: str, turns: list[Json], template: PromptTemplate | None = None) -> Read:
    text, output, messages = exchange_of("messages", turns)
    row = {"text": text, "output": output, "messages": messages}
    [(record, wrong)] = written(name, Task.CHAT, [row], template)
    assert wrong == []
    return FORMATS[name].read_back(record, Task.CHAT, template)


SYSTEM = {"role": "system", "content": "Be kind."}
ASKED = {"role": "user", "content": "Hi"}
ANSWER = {"role": "assistant", "content": "Hello"}


class TestChat:
    def test_turns_come_back_as_they_are_stored(self) -> None:
        turns = [SYSTEM, ASKED, ANSWER, ASKED, ANSWER]
        assert chat("llamafactory-sharegpt", turns) == Read(
            "system: Be kind.\nuser: Hi\nassistant: Hello\nuser: Hi",
            "Hello",
            canonical_json(turns),
        )

    def test_a_question_and_its_answer_say_all_there_is(self) -> None:
        assert chat("openai-chat", [ASKED, ANSWER]) == Read("Hi", "Hello")

    def test_a_weight_that_says_something_comes_back(self) -> None:
        turns: list[Json] = [ASKED, {**ANSWER, "weight": 0}, ASKED, {**ANSWER, "weight": 1}]
        assert chat("openai-chat", turns).messages == canonical_json(turns)

    def test_weights_of_one_say_nothing_and_go(self) -> None:
        assert chat("openai-chat", [ASKED, {**ANSWER, "weight": 1}]) == Read("Hi", "Hello")

    def test_the_templates_own_system_turn_is_taken_away(self) -> None:
        template = PromptTemplate(system="Be kind.")
        turns = [ASKED, ANSWER, ASKED, ANSWER]
        assert chat("openai-chat", turns, template).messages == canonical_json(turns)

    def test_another_system_turn_stays(self) -> None:
        turns = [SYSTEM, ASKED, ANSWER]
        template = PromptTemplate(system="Be brief.")
        assert chat("openai-chat", turns, template).messages == canonical_json(turns)

    @pytest.mark.parametrize("name", JOINED)
    def test_in_one_text_the_system_is_part_of_the_question(self, name: str) -> None:
        assert chat(name, [SYSTEM, ASKED, ANSWER]) == Read("Be kind.\n\nHi", "Hello")

    @pytest.mark.parametrize("name", ["trl-preference", "together-preference"])
    def test_the_worse_answer_comes_back(self, name: str) -> None:
        assert chat(name, [ASKED, ANSWER]).rejected == "worse"

    def test_the_verdict_comes_back(self) -> None:
        assert chat("trl-unpaired-preference", [ASKED, ANSWER]).approved is True


class TestOutput:
    def test_an_answer_edited_in_the_file_is_read_as_it_is_stored(self) -> None:
        form = find_format("prompt-completion", Task.EXTRACTION)
        record = {"prompt": "x", "completion": '{ "b": 1, "a": [ ] }'}
        assert form.read_back(record, Task.EXTRACTION).output == '{"a":[],"b":1}'

    @pytest.mark.parametrize("said", ["[1]", '"yes"', "[", "NaN", "null", '{"a": 1}'])
    def test_what_is_no_list_of_labels_is_refused(self, said: str) -> None:
        form = find_format("prompt-completion", Task.MULTI_LABEL)
        with pytest.raises(CannotRead, match="no output of a multi-label dataset"):
            form.read_back({"prompt": "x", "completion": said}, Task.MULTI_LABEL)


class TestForeign:
    @pytest.mark.parametrize(("name", "task"), cases())
    def test_a_record_of_another_make_is_refused_or_read(self, name: str, task: Task) -> None:
        form = FORMATS[name]
        values: list[Any] = [None, 7, {}, [], [None], "x", [{"role": "x"}]]
        for value in values:
            with pytest.raises(CannotRead):
                form.read_back({"a": value}, task)
            try:
                read = form.read_back(dict.fromkeys(form.keys(task), value), task)
            except CannotRead:
                continue
            assert isinstance(read.text, str)
            assert isinstance(read.output, str)

    def test_another_template_is_refused(self) -> None:
        form = find_format("openai-chat", Task.SINGLE_LABEL)
        row = {"text": "x", "output": "no", "messages": None}
        [(record, _)] = written("openai-chat", Task.SINGLE_LABEL, [row], None)
        for template, labels in ((None, ["other"]), (PromptTemplate("Text: {input}"), LABELS)):
            with pytest.raises(CannotRead, match="not what the template writes"):
                form.read_back(record, Task.SINGLE_LABEL, template, labels)

    def test_a_template_that_does_not_fit_the_task_is_wrong_use(self) -> None:
        form = find_format("openai-chat", Task.CHAT)
        with pytest.raises(WrongUse):
            form.read_back({"messages": []}, Task.CHAT, PromptTemplate("{input}{labels}"))
