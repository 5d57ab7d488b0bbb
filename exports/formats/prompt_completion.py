"""`{"prompt": ..., "completion": ...}`: what is given and what is to be learnt, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from curation.records import Json, Task
from exports.formats.base import Row, Shape, asked, conversation_shape, one_exchange
from exports.formats.reading import Held
from exports.formats.tools import KEY, called_problems, tools_of
from exports.validate import json_problems, text_problems

_KEYS = ("prompt", "completion")


def _keys(task: Task) -> tuple[str, ...]:
    return (*_KEYS, KEY) if task is Task.CHAT else _KEYS


def _write(row: Row, task: Task, _labels: Sequence[str]) -> Json:
    if task is Task.CHAT:
        return _divided(row, task, _labels)
    return {"prompt": row.prompt, "completion": row.output}


def _check(record: Json, task: Task) -> list[str]:
    if task is Task.CHAT:
        return _check_divided(record, task)
    prompt, completion = record["prompt"], record["completion"]
    found = [*text_problems(prompt, "the prompt"), *text_problems(completion, "the completion")]
    return [*found, *(json_problems(completion) if task is Task.EXTRACTION else [])]


def _read(record: Json, task: Task, _labels: Sequence[str]) -> Held:
    if task is Task.CHAT:
        return _read_divided(record, task, _labels)
    return Held(prompt=record["prompt"], output=record["completion"], is_bare=True)


def _divided(row: Row, _task: Task, _labels: Sequence[str]) -> Json:
    turns = row.turns
    return {"prompt": turns and turns[:-1], "completion": turns and turns[-1:], **row.tools}


def _read_divided(record: Json, _task: Task, _labels: Sequence[str]) -> Held:
    return Held(turns=[*record["prompt"], *record["completion"]], tools=tools_of(record))


def _check_divided(record: Json, task: Task) -> list[str]:
    prompt, completion = record["prompt"], record["completion"]
    whole = isinstance(prompt, list) and isinstance(completion, list)
    if found := called_problems(prompt + completion if whole else None, record, task):
        return found
    if len(completion) != 1:
        return ["the completion is not one turn"]
    if completion[-1].get("weight") == 0:
        return ["the weight of the completion is 0: nothing would be learnt"]
    return json_problems(completion[-1]["content"]) if task is Task.EXTRACTION else []


def _joined(turns: list[Json]) -> Json:
    one_exchange(turns, "a prompt with its completion")
    return {"prompt": asked(turns), "completion": turns[-1]["content"]}


def _read_joined(record: Json, _task: Task, _labels: Sequence[str]) -> Held:
    return Held(prompt=record["prompt"], output=record["completion"])


def _apart(record: Json) -> list[Json]:
    return [
        {"role": "user", "content": record["prompt"]},
        {"role": "assistant", "content": record["completion"]},
    ]


PROMPT_COMPLETION = Shape(_keys, _write, _read, _check, optional=(KEY,), holds_calls=True)
"""The literal texts, without instruction or separator: a trainer that joins them without a chat
template needs its own. Chat rows hold lists of messages instead."""

PROMPT_COMPLETION_MESSAGES = Shape(
    _keys, _divided, _read_divided, _check_divided, optional=(KEY,), holds_calls=True
)
"""Lists of messages for every task, with the instruction of the prompt template."""

PROMPT_COMPLETION_TEXT = replace(conversation_shape(_KEYS, _joined, _apart), read=_read_joined)
"""Two texts, the instruction of the prompt template before the question; a chat of one exchange."""
