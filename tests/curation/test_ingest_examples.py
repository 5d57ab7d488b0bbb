"""Rows become examples, or stay behind with a reason; and the same file gives the same ids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation.errors import MappingError, UnreadableFile
from curation.ingest import (
    EXAMPLE_SCHEMA,
    ColumnMapping,
    file_sha256,
    preview,
    read_examples,
    to_examples,
)
from curation.ingest.table import Row
from curation.records import Example, Progress, QuarantinedRow, Task, decode_output

LABELS = ColumnMapping(text="text", label="label")
QUESTIONS = ColumnMapping(question="q", answer="a")
MESSAGES = ColumnMapping(messages="m")
OUTPUTS = ColumnMapping(text="text", output="out")


def example(task: Task, mapping: ColumnMapping, **cells: Any) -> Example:
    examples, quarantined = to_examples([Row(1, cells)], task, mapping)
    assert not quarantined
    return examples[0]


def fault(task: Task, mapping: ColumnMapping, **cells: Any) -> QuarantinedRow:
    examples, quarantined = to_examples([Row(7, cells)], task, mapping)
    assert not examples
    assert quarantined[0].source_row == 7
    assert json.loads(quarantined[0].raw) == cells
    return quarantined[0]


@pytest.mark.parametrize(
    ("label", "stored"),
    [(" x ", "x"), (3, "3"), (3.0, "3"), (2.5, "2.5"), (True, "true"), ("", None), (" ", None),
     (None, None), ("None", "None")],
)  # fmt: skip
def test_a_label_is_its_text_and_a_blank_one_missing(label: Any, stored: str | None) -> None:
    assert example(Task.SINGLE_LABEL, LABELS, text="a", label=label).given == stored


@pytest.mark.parametrize(
    ("cell", "delimiter", "stored"),
    [
        (["b", "a", "b"], None, ["a", "b"]),
        ([], None, []),
        ("[]", None, []),
        ('["b", "a"]', ";", ["a", "b"]),
        ([1, 2.0], None, ["1", "2"]),
        ("b; a;", ";", ["a", "b"]),
        ("b; a", None, ["b; a"]),
        ("", ";", None),
        (None, None, None),
    ],
)
def test_several_labels_come_as_a_list_its_json_or_delimited(
    cell: Any, delimiter: str | None, stored: list[str] | None
) -> None:
    mapping = ColumnMapping(text="text", label="label", delimiter=delimiter)
    found = example(Task.MULTI_LABEL, mapping, text="a", label=cell).given
    assert decode_output(Task.MULTI_LABEL, found) == stored


def test_the_text_is_kept_as_written_and_the_rest_becomes_metadata() -> None:
    cells = {"text": " a\n", "label": "x", "z": None, "b": [1, {"é": 2.5}], "flag": True}
    found = example(Task.SINGLE_LABEL, LABELS, **cells)
    assert found.text == " a\n"
    assert found.messages is None
    assert found.metadata == '{"b":[1,{"é":2.5}],"flag":true,"z":null}'
    chosen = ColumnMapping(text="text", label="label", metadata=("flag", "absent"))
    assert example(Task.SINGLE_LABEL, chosen, **cells).metadata == '{"flag":true}'
    nothing = ColumnMapping(text="text", label="label", metadata=())
    assert example(Task.SINGLE_LABEL, nothing, **cells).metadata == "{}"


@pytest.mark.parametrize(
    ("task", "cells", "column", "reason"),
    [
        (Task.SINGLE_LABEL, {"label": "x"}, "text", "is missing"),
        (Task.SINGLE_LABEL, {"text": " \n", "label": "x"}, "text", r"is blank (' \n')"),
        (Task.SINGLE_LABEL, {"text": 7, "label": "x"}, "text", "is '7', not a text"),
        (Task.SINGLE_LABEL, {"text": ["a"], "label": "x"}, "text", "not a text"),
        (Task.SINGLE_LABEL, {"text": "a", "label": ["x"]}, "label", "multi-label"),
        (Task.SINGLE_LABEL, {"text": "a", "label": {"x": 1}}, "label", "is an object"),
        (Task.MULTI_LABEL, {"text": "a", "label": ["x", None]}, "label", "at index 1"),
        (Task.MULTI_LABEL, {"text": "a", "label": ["x", " "]}, "label", "at index 1"),
        (Task.MULTI_LABEL, {"text": "a", "label": [["x"]]}, "label", "at index 0"),
        (Task.MULTI_LABEL, {"text": "a", "label": "['x']"}, "label", '["one","two"]'),
    ],
)
def test_a_row_without_a_usable_text_or_label_is_set_aside(
    task: Task, cells: dict[str, Any], column: str, reason: str
) -> None:
    found = fault(task, LABELS, **cells)
    assert found.column == column
    assert reason in found.reason


def test_question_and_answer_are_text_and_given() -> None:
    found = example(Task.CHAT, QUESTIONS, q="How many?", a=42)
    assert (found.text, found.given, found.messages) == ("How many?", "42", None)
    assert example(Task.CHAT, QUESTIONS, q="How many?", a=" ").given is None


def turns(*contents: tuple[str, Any]) -> list[dict[str, Any]]:
    return [{"role": role, "content": content} for role, content in contents]


@pytest.mark.parametrize(
    ("conversation", "text", "answer"),
    [
        (turns(("user", "hi"), ("assistant", "yes")), "hi", "yes"),
        (turns(("user", "hi")), "hi", None),
        (turns(("user", "hi"), ("assistant", " ")), "hi", None),
        (
            turns(("system", "be kind"), ("user", "hi"), ("assistant", "yes")),
            "system: be kind\nuser: hi",
            "yes",
        ),
        (
            turns(("user", "a"), ("assistant", "b"), ("user", "c")),
            "user: a\nassistant: b\nuser: c",
            None,
        ),
    ],
)
def test_a_conversation_is_what_was_asked_and_its_last_answer(
    conversation: list[dict[str, Any]], text: str, answer: str | None
) -> None:
    for cell in (conversation, json.dumps(conversation)):
        found = example(Task.CHAT, MESSAGES, m=cell)
        assert (found.text, found.given) == (text, answer)
        assert json.loads(found.messages or "") == conversation


def test_sharegpt_turns_are_stored_as_roles_and_contents() -> None:
    cell = [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yes"}]
    found = example(Task.CHAT, MESSAGES, m=cell)
    assert (found.text, found.given) == ("hi", "yes")
    assert json.loads(found.messages or "") == turns(("user", "hi"), ("assistant", "yes"))


def test_tool_calls_are_kept_in_the_middle_and_refused_at_the_end() -> None:
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    middle = [*turns(("user", "hi")), call, *turns(("tool", "5"), ("assistant", "five"))]
    found = example(Task.CHAT, MESSAGES, m=middle)
    assert found.text == 'user: hi\nassistant: [{"id":"1"}]\ntool: 5'
    assert json.loads(found.messages or "") == middle
    assert "at index 1" in fault(Task.CHAT, MESSAGES, m=[*turns(("user", "hi")), call]).reason


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (None, "is missing"),
        ("", "is missing"),
        ([], "is an empty list"),
        ({"role": "user"}, "not a list of turns"),
        ("[{]", "not valid JSON"),
        (["hi"], "at index 0"),
        (turns(("user", "a"), ("bot", "b")), "the role '\"bot\"' at index 1"),
        ([{"content": "a"}], "the role 'null' at index 0"),
        (turns(("user", "a"), ("assistant", ["b"])), "as content at index 1"),
        (turns(("user", None)), "as content at index 0"),
        (turns(("assistant", "b")), "no prompt"),
        (turns(("user", " "), ("assistant", "b")), "no prompt"),
    ],
)
def test_a_broken_conversation_names_the_turn(cell: Any, reason: str) -> None:
    found = fault(Task.CHAT, MESSAGES, m=cell)
    assert found.column == "m"
    assert reason in found.reason


@pytest.mark.parametrize(
    ("cell", "stored"),
    [
        ({"b": 1, "a": "é"}, '{"a":"é","b":1}'),
        ('{"b": 1, "a": "é"}', '{"a":"é","b":1}'),
        ("[1]", "[1]"),
        ("", None),
        ("null", None),
        (None, None),
    ],
)
def test_an_extracted_output_is_canonical_json(cell: Any, stored: str | None) -> None:
    assert example(Task.EXTRACTION, OUTPUTS, text="a", out=cell).given == stored


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("{cut", "not valid JSON"),
        ('{"a": 1, "a": 2}', "names the key 'a' twice"),
        ('{"a": NaN}', "holds NaN"),
        ('{"a": "\\ud800"}', "surrogate"),
        (7, "is '7', not a JSON object"),
        ('"text"', "not a JSON object"),
    ],
)
def test_an_output_that_is_not_json_is_set_aside(cell: Any, reason: str) -> None:
    found = fault(Task.EXTRACTION, OUTPUTS, text="a", out=cell)
    assert found.column == "out"
    assert reason in found.reason


def test_identical_rows_stay_apart_whatever_the_batch_size(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("text,label\n" + "same,x\nsame,y\n" * 3)
    ids = {
        size: [i for batch in read_examples(path, Task.SINGLE_LABEL, batch_rows=size)
               for i in batch.examples["example_id"]]
        for size in (1, 2, 100)
    }  # fmt: skip
    assert len(set(ids[100])) == 6
    assert ids[1] == ids[2] == ids[100]


def test_batches_have_the_fields_of_example_even_when_empty(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("text,label\n,x\na,y\n")
    heard: list[Progress] = []
    batches = list(read_examples(path, Task.SINGLE_LABEL, batch_rows=1, progress=heard.append))
    assert [batch.examples.schema for batch in batches] == [EXAMPLE_SCHEMA] * 2
    assert list(EXAMPLE_SCHEMA) == list(Example.__slots__)
    assert [batch.examples.height for batch in batches] == [0, 1]
    assert [row.source_row for row in batches[0].quarantined] == [1]
    assert [step.message for step in heard] == ["1 rows", "2 rows"]
    assert heard[-1].done == heard[-1].total == path.stat().st_size


def test_a_mapping_error_comes_before_the_first_batch(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("text,label\na,x\n")
    with pytest.raises(MappingError, match="did you mean 'label'"):
        read_examples(path, Task.SINGLE_LABEL, ColumnMapping(label="lable"))


def test_a_mapped_column_may_first_appear_far_down_a_jsonl_file(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "a"}\n' * 1500 + '{"text": "b", "kind": "x"}\n')
    (batch,) = read_examples(path, Task.SINGLE_LABEL, ColumnMapping(label="kind"))
    assert batch.examples["given"].drop_nulls().to_list() == ["x"]
    with pytest.raises(MappingError, match="no column 'sort'"):
        read_examples(path, Task.SINGLE_LABEL, ColumnMapping(label="sort"))


def test_a_preview_shows_rows_guesses_and_problems(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("body;intent;id\na;x;1\n;y;2\nb;x\nc;y;4\n")
    seen = preview(path, limit=1)
    assert seen.columns == ("body", "intent", "id")
    assert seen.rows == [{"body": "a", "intent": "x", "id": "1"}]
    assert (seen.task, seen.mapping.text, seen.mapping.label) == ("single-label", "body", "intent")
    assert [problem[:24] for problem in seen.problems] == [
        "Row 2, column 'body': is", "Row 3: has 2 fields (lin",
    ]  # fmt: skip
    wrong = preview(path, mapping=ColumnMapping(text="bdy"))
    assert "did you mean 'body'?" in wrong.problems[0]
    assert preview(path, Task.EXTRACTION).problems[0].startswith("Which column holds the output?")


def test_a_file_without_a_header_is_refused_unless_its_columns_are_named(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("lost my card,card_lost\ncard broke,card_lost\n")
    with pytest.raises(UnreadableFile, match="looks like data"):
        preview(path)
    said = ColumnMapping(text="lost my card", label="card_lost")
    assert preview(path, mapping=said).problems == []


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert file_sha256(path).startswith("ba7816bf8f01cfea414140de5dae2223")
    with pytest.raises(UnreadableFile, match="web address"):
        file_sha256("http://example.org/abc")


values = st.none() | st.text(max_size=4) | st.integers() | st.lists(st.text(max_size=2), max_size=2)
lines = st.fixed_dictionaries({}, optional={"text": values, "label": values}).map(json.dumps)


@given(
    lines=st.lists(lines | st.text("{}[]a", min_size=1), min_size=1, max_size=12),
    task=st.sampled_from([Task.SINGLE_LABEL, Task.MULTI_LABEL]),
    size=st.integers(1, 5),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_row_is_an_example_or_set_aside_and_ids_are_stable(
    tmp_path: Path, lines: list[str], task: Task, size: int
) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text("\n".join(['{"text": "a", "label": "x"}', *lines]))

    def rows_and_ids(batch_rows: int) -> tuple[list[int], list[str]]:
        batches = list(read_examples(path, task, LABELS, batch_rows=batch_rows))
        rows = [row for batch in batches for row in batch.examples["source_row"]]
        rows += [row.source_row for batch in batches for row in batch.quarantined]
        return sorted(rows), [i for batch in batches for i in batch.examples["example_id"]]

    rows, ids = rows_and_ids(size)
    assert rows == list(range(1, len(lines) + 2))
    assert len(set(ids)) == len(ids)
    assert rows_and_ids(1000) == (rows, ids)
