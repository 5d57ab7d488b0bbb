"""`{"text": ..., "label": ...}` or `{"text": ..., "labels": [...]}`: for classifiers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from curation.records import Json, Task
from exports.formats.base import Format, read_json
from exports.validate import text_problems


def _keys(task: Task) -> tuple[str, ...]:
    return ("text", "labels" if task is Task.MULTI_LABEL else "label")


def _records(rows: pl.DataFrame, task: Task, _labels: Sequence[str]) -> Iterator[Json]:
    key = _keys(task)[1]
    several = task is Task.MULTI_LABEL
    for text, output in rows.select("text", "output").iter_rows():
        yield {"text": text, key: read_json(output) if several else output}


def _check(record: Json, task: Task) -> list[str]:
    found = text_problems(record["text"], "the text")
    if task is Task.SINGLE_LABEL:
        return found + text_problems(record["label"], "the label")
    if not isinstance(record["labels"], list):
        return [*found, "the labels are not a list"]
    return found + [text for label in record["labels"] for text in text_problems(label, "a label")]


TEXT_LABEL = Format(
    name="text-label",
    description="A text and its label, or list of labels, per line: for classifiers.",
    tasks=(Task.SINGLE_LABEL, Task.MULTI_LABEL),
    keys=_keys,
    records=_records,
    check=_check,
)
