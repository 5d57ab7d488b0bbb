"""`{"messages": [...]}`: conversations as most trainers and services read them."""

from __future__ import annotations

from collections.abc import Sequence

from curation.records import Json, Task
from exports.formats.base import Row, Shape
from exports.formats.reading import Held
from exports.formats.tools import KEY, called_problems, tools_of
from exports.validate import json_problems


def _write(row: Row, _task: Task, _labels: Sequence[str]) -> Json:
    return {"messages": row.turns, **row.tools}


def _check(record: Json, task: Task) -> list[str]:
    found = called_problems(record["messages"], record, task)
    if task is Task.EXTRACTION and not found:
        found = json_problems(record["messages"][-1]["content"])
    return found


def _read(record: Json, _task: Task, _labels: Sequence[str]) -> Held:
    return Held(turns=record["messages"], tools=tools_of(record))


def _keys(task: Task) -> tuple[str, ...]:
    return ("messages", KEY) if task is Task.CHAT else ("messages",)


MESSAGES = Shape(_keys, _write, _read, _check, optional=(KEY,), holds_calls=True)
