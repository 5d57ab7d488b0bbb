"""`{"messages": [...]}`: conversations as most trainers and services read them."""

from __future__ import annotations

from collections.abc import Sequence

from curation.records import Json, Task
from exports.formats.base import Row, Shape
from exports.validate import conversation_problems, json_problems


def _write(row: Row, _task: Task, _labels: Sequence[str]) -> Json:
    return {"messages": row.turns}


def _check(record: Json, task: Task) -> list[str]:
    found = conversation_problems(record["messages"])
    if task is Task.EXTRACTION and not found:
        found = json_problems(record["messages"][-1]["content"])
    return found


MESSAGES = Shape(lambda _task: ("messages",), _write, _check)
