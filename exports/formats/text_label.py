"""`{"text": ..., "label": ...}` or `{"text": ..., "labels": [...]}`: for classifiers."""

from __future__ import annotations

import json
from collections.abc import Sequence

from curation.records import Json, Task
from exports.formats.base import About, CannotSay, Row, Shape
from exports.formats.reading import Held
from exports.formats.templates import read_json
from exports.targets import Target
from exports.validate import text_problems

LABELS_FILE = "labels.json"


def _keys(task: Task) -> tuple[str, ...]:
    return ("text", "labels" if task is Task.MULTI_LABEL else "label")


def _write(row: Row, task: Task, _labels: Sequence[str]) -> Json:
    several = task is Task.MULTI_LABEL
    return {"text": row.text, _keys(task)[1]: read_json(row.output) if several else row.output}


def _read(record: Json, task: Task, _labels: Sequence[str]) -> Held:
    text, output = (record[key] for key in _keys(task))
    return Held(text=text, output=output)


def _check(record: Json, task: Task) -> list[str]:
    found = text_problems(record["text"], "the text")
    if task is Task.SINGLE_LABEL:
        return found + text_problems(record["label"], "the label")
    if not isinstance(record["labels"], list):
        return [*found, "the labels are not a list"]
    return found + [text for label in record["labels"] for text in text_problems(label, "a label")]


def _write_multi_hot(row: Row, _task: Task, labels: Sequence[str]) -> Json:
    found = read_json(row.output)
    if not isinstance(found, list):
        raise CannotSay("the output is not a list of labels")
    return {"text": row.text, "label": [int(name in found) for name in labels]}


def _read_multi_hot(record: Json, _task: Task, labels: Sequence[str]) -> Held:
    bits = zip(labels, record["label"], strict=True)
    return Held(text=record["text"], output=[name for name, bit in bits if bit])


def _check_multi_hot(record: Json, _task: Task) -> list[str]:
    found = text_problems(record["text"], "the text")
    label = record["label"]
    if not isinstance(label, list) or any(
        type(bit) is not int or bit not in (0, 1) for bit in label
    ):
        return [*found, "the label is not a list of zeros and ones"]
    return found


def _label_file(about: About, _target: Target) -> dict[str, str]:
    return {LABELS_FILE: json.dumps(about.labels, indent=2, ensure_ascii=False) + "\n"}


TEXT_LABEL = Shape(_keys, _write, _read, _check)

MULTI_HOT = Shape(
    lambda _task: ("text", "label"),
    _write_multi_hot,
    _read_multi_hot,
    _check_multi_hot,
    side_files=_label_file,
)
"""`{"text": ..., "label": [0, 1, 0]}`, a place for each label of `labels.json` in its order."""
