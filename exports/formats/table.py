"""Flat records for spreadsheets: a value a cell, lists and conversations as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from curation.records import Json, Task, canonical_json
from exports.formats.base import Row, Shape
from exports.formats.reading import Held
from exports.formats.templates import read_json
from exports.validate import conversation_problems, json_problems, text_problems

_KEYS = {
    Task.SINGLE_LABEL: ("text", "label"),
    Task.MULTI_LABEL: ("text", "labels"),
    Task.EXTRACTION: ("text", "output"),
    Task.CHAT: ("messages",),
}


def _write(row: Row, task: Task, _labels: Sequence[str]) -> Json:
    if task is Task.CHAT:
        return {"messages": None if row.turns is None else canonical_json(row.turns)}
    return dict(zip(_KEYS[task], (row.text, row.output), strict=True))


def _read(record: Json, task: Task, _labels: Sequence[str]) -> Held:
    if task is Task.CHAT:
        return Held(turns=json.loads(record["messages"]))
    text, output = (record[key] for key in _KEYS[task])
    return Held(text=text, output=output)


def _check(record: Json, task: Task) -> list[str]:
    if task is Task.CHAT:
        said = record["messages"]
        return conversation_problems(read_json(said) if isinstance(said, str) else None)
    text, output = record.values()
    found = text_problems(text, "the text")
    if task is Task.SINGLE_LABEL:
        return found + text_problems(output, "the label")
    if not isinstance(output, str):
        return [*found, "the output is not a text"]
    if task is Task.MULTI_LABEL and not isinstance(read_json(output), list):
        return [*found, "the labels are not a JSON list"]
    return found + json_problems(output)


TABLE = Shape(lambda task: _KEYS[task], _write, _read, _check)
