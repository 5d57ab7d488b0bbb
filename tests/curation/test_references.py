"""A benchmark of any layout becomes rows with one text each; what has none is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation.errors import MappingError, UnreadableFile
from curation.records import Task
from curation.references import Reference, guess_columns, read_reference, said
from exports.formats import FORMATS
from tests.exports.export_examples import frame

ASKED = "Where is my parcel, please?"


def written(path: Path, *rows: Any) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def texts(reference: Reference) -> list[str]:
    return reference.texts["text"].to_list()


def turns(role: str, content: str, user: str = "user") -> list[dict[str, Any]]:
    return [
        {role: "system", content: "Be kind."},
        {role: user, content: ASKED},
        {role: "assistant", content: "It is on its way."},
    ]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ({"question": ASKED, "answer": "soon"}, "question"),
        ({"id": 7, "text": ASKED, "label": "delivery"}, "text"),
        ({"prompt": ASKED, "completion": "soon"}, "prompt"),
        ({"messages": turns("role", "content")}, "messages"),
        ({"messages": json.dumps(turns("role", "content"))}, "messages"),
        ({"conversations": turns("from", "value", "human"), "system": ""}, "conversations"),
        ({"contents": [{"role": "user", "parts": [{"text": ASKED}]}]}, "contents"),
        ({"messages": [{"role": "user", "content": [{"text": ASKED}]}]}, "messages"),
        ({"prompt": turns("role", "content")[:2], "chosen": [], "rejected": []}, "prompt"),
        ({"input": {"messages": turns("role", "content")[:2]}, "preferred_output": []}, "input"),
        ({"instruction": ASKED, "input": "", "output": "soon"}, "instruction"),
        ({"turns": [ASKED]}, "turns"),
        ({"wording": ASKED, "n": 3}, "wording"),
    ],
)
def test_the_question_is_found_in_any_layout(row: Any, column: str, tmp_path: Path) -> None:
    other = json.loads(json.dumps(row).replace("my parcel", "her lamp"))
    found = read_reference(written(tmp_path / "a.jsonl", row, other))
    assert found.columns == (column,)
    assert texts(found) == [ASKED, ASKED.replace("my parcel", "her lamp")]


IN_LINES = [
    name
    for name, form in FORMATS.items()
    if not form.shape.needs and form.target.file("train").endswith(".jsonl")
]
"""Formats that need no more than an answer; the records of tables are the same as in lines."""


@pytest.mark.parametrize("name", IN_LINES)
def test_every_export_format_can_be_a_reference(name: str, tmp_path: Path) -> None:
    form = FORMATS[name]
    task = Task.CHAT if Task.CHAT in form.tasks else form.tasks[0]
    output: Any = ["a"] if task is Task.MULTI_LABEL else "a"
    rows = frame([output, output], task, text=[ASKED, "And her lamp?"])
    records = list(form.records(rows, task, ["a"]))
    assert texts(read_reference(written(tmp_path / "a.jsonl", *records))) == [
        ASKED,
        "And her lamp?",
    ]


def test_a_constant_instruction_tells_no_rows_apart() -> None:
    rows = [{"instruction": "Classify.", "input": text} for text in ("one", "two")]
    assert guess_columns(["instruction", "input"], rows) == ("input",)


def test_instruction_and_input_are_read_together(tmp_path: Path) -> None:
    rows = [{"instruction": f"Translate {n}.", "input": f"text {n}"} for n in (1, 2)]
    assert texts(read_reference(written(tmp_path / "a.jsonl", *rows))) == [
        "Translate 1.\ntext 1",
        "Translate 2.\ntext 2",
    ]


def test_several_turns_of_people_are_one_text() -> None:
    chat = [*turns("role", "content"), {"role": "user", "content": "Thanks!"}]
    assert said(chat) == f"{ASKED}\nThanks!"


@pytest.mark.parametrize("text", ['{"a": 1}', "[1, 2]", "[see above] why?", "{x} of {y}"])
def test_a_text_that_looks_like_json_stays_as_it_is(text: str) -> None:
    assert said(text) == text


def test_bad_rows_are_named_and_the_others_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", {"question": ASKED}, "{", {"question": 7}, {"q": "x"})
    found = read_reference(path)
    assert texts(found) == [ASKED]
    assert found.rows == 4
    assert [(row.source_row, row.column) for row in found.unreadable] == [
        (2, None),
        (3, "question"),
        (4, "question"),
    ]


def test_columns_that_are_named_are_all_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("question,answer\nwhere,here\nwhen,\n", "utf-8")
    found = read_reference(path, ["answer", "question"], file_name="bench.csv")
    assert found.file == "bench.csv"
    assert found.texts.rows() == [
        (1, "answer", "here"),
        (1, "question", "where"),
        (2, "question", "when"),
    ]


def test_parquet_is_read(tmp_path: Path) -> None:
    pl.DataFrame({"question": [ASKED], "n": [1]}).write_parquet(tmp_path / "a.parquet")
    assert texts(read_reference(tmp_path / "a.parquet")) == [ASKED]


def test_an_unknown_column_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="no column 'qestion'") as error:
        read_reference(written(tmp_path / "a.jsonl", {"question": ASKED}), ["qestion"])
    assert "'question'" in error.value.hint


def test_a_file_without_any_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="row 1 is missing"):
        read_reference(written(tmp_path / "a.jsonl", {"text": None}), ["text"])
