"""Which column is what: guessed from names and contents, checked with a helpful no."""

from __future__ import annotations

from typing import Any

import pytest

from curation.errors import MappingError
from curation.ingest import ColumnMapping, guess_mapping, guess_task
from curation.ingest.mapping import looks_like_header
from curation.records import Task

Rows = list[dict[str, Any]]
TURNS = [{"role": "user", "content": "hi"}]


def guessed(rows: Rows, task: Task | None = None) -> tuple[Task, dict[str, str]]:
    columns = list(rows[0])
    task = task or guess_task(columns, rows)
    return task, guess_mapping(columns, rows, task).roles()


@pytest.mark.parametrize(
    ("row", "task", "roles"),
    [
        ({"utterance": "a", "intent": "x"}, "single-label", ["utterance", "intent"]),
        ({"ID": "7", "Text": "a", "Category": "x"}, "single-label", ["Text", "Category"]),
        ({"review_text": "a", "goldLabel": "x"}, "single-label", ["review_text", "goldLabel"]),
        ({"text_length": 3, "body": "a", "label": "x"}, "single-label", ["body", "label"]),
        ({"review": "a", "topics": ["x", "y"]}, "multi-label", ["review", "topics"]),
        ({"sentence": "a", "tags": '["x", "y"]'}, "multi-label", ["sentence", "tags"]),
        ({"question": "a", "answer": "b", "topic": "c"}, "chat", ["question", "answer"]),
        ({"prompt": "a", "completion": "b"}, "chat", ["prompt", "completion"]),
        ({"instruction": "a", "output": "b"}, "chat", ["instruction", "output"]),
        ({"messages": TURNS, "topic": "c"}, "chat", ["messages"]),
        ({"conversations": [{"from": "human", "value": "a"}]}, "chat", ["conversations"]),
        ({"log": '[{"role": "user", "content": "hi"}]'}, "chat", ["log"]),
        ({"message": "a", "order": {"n": 1}}, "extraction", ["message", "order"]),
        ({"input": "a", "output": '{"n": 1}'}, "extraction", ["input", "output"]),
    ],
)
def test_customary_names_and_contents_are_recognised(
    row: dict[str, Any], task: str, roles: list[str]
) -> None:
    found_task, found_roles = guessed([row, row])
    assert found_task == task
    assert list(found_roles.values()) == roles


def test_unnamed_columns_are_told_by_content() -> None:
    rows = [{"n": str(i), "s": "train", "long": f"a sentence {i}", "k": "xyz"[i % 3]}
            for i in range(12)]  # fmt: skip
    assert guessed(rows) == (Task.SINGLE_LABEL, {"text": "long", "label": "k"})


@pytest.mark.parametrize(
    ("labels", "delimiter"),
    [
        (["a|b", "b|c", "a", "a|c"], "|"),
        (["a; b", "b", "a"], ";"),
        (["a,b", "b,c", "c,a"], ","),
        (["Home, Garden", "Toys"], None),
        (["Home, Garden", "Home, Garden"], None),
        (["a", "b"], None),
    ],
)
def test_labels_in_one_cell_are_told_from_commas_in_a_label(
    labels: list[str], delimiter: str | None
) -> None:
    rows = [{"text": f"t{i}", "labels": cell} for i, cell in enumerate(labels)]
    task = guess_task(["text", "labels"], rows)
    assert task is (Task.MULTI_LABEL if delimiter else Task.SINGLE_LABEL)
    mapping = guess_mapping(["text", "labels"], rows, Task.MULTI_LABEL)
    assert mapping.delimiter == delimiter


def test_what_a_person_said_is_kept_and_the_rest_guessed() -> None:
    rows: Rows = [{"text": "a", "body": "b", "label": "x"}]
    said = ColumnMapping(text="body", metadata=())
    found = guess_mapping(list(rows[0]), rows, Task.SINGLE_LABEL, said)
    assert found == ColumnMapping(text="body", label="label", metadata=())


def test_what_nothing_fits_stays_open_and_check_asks_for_it() -> None:
    rows: Rows = [{"text": "a"}, {"text": "b"}]
    mapping = guess_mapping(["text"], rows, Task.SINGLE_LABEL)
    assert mapping == ColumnMapping(text="text")
    with pytest.raises(MappingError, match="Which column holds the label") as caught:
        mapping.check(["text"], Task.SINGLE_LABEL)
    assert "'text'" in caught.value.hint


@pytest.mark.parametrize(
    ("mapping", "task", "message", "hint"),
    [
        (ColumnMapping(text="txt", label="label"), Task.SINGLE_LABEL,
         r"no column 'txt'; did you mean 'text'\?", "'text', 'label', 'note'"),
        (ColumnMapping(text="TEXT", label="label"), Task.SINGLE_LABEL, "did you mean 'text'", ""),
        (ColumnMapping(text="text", label="q"), Task.SINGLE_LABEL, r"no column 'q'\.", "'note'"),
        (ColumnMapping(text="text", label="label", metadata=("nope",)), Task.SINGLE_LABEL,
         "no column 'nope'; did you mean 'note'", ""),
        (ColumnMapping(text="text", label="text"), Task.MULTI_LABEL, "One column .* two", ""),
        (ColumnMapping(text="text"), Task.CHAT, "chat .* takes no text", "question and answer"),
        (ColumnMapping(messages="text", question="note"), Task.CHAT, "no question", "messages"),
        (ColumnMapping(text="text", label="label"), Task.EXTRACTION, "takes no label", "output"),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_says_what_would(
    mapping: ColumnMapping, task: Task, message: str, hint: str
) -> None:
    with pytest.raises(MappingError, match=message) as caught:
        mapping.check(["text", "label", "note"], task)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("columns", "rows", "header"),
    [
        (["text", "label"], [["text", "label"]], True),
        (["x", "y"], [["a", "b"]], True),
        (["lost my card", "card_lost"], [["card broke", "card_lost"]], False),
        (["lost my card", "3"], [["card broke", "4"]], False),
        (["label", "3"], [["a", "b"]], True),
    ],
)
def test_a_first_line_that_is_data_is_no_header(
    columns: list[str], rows: list[list[str]], header: bool
) -> None:
    cells = [dict(zip(columns, row, strict=True)) for row in rows]
    assert looks_like_header(columns, cells) is header
