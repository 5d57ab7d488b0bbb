"""`{"prompt": ..., "completion": ...}`: what is given and what is to be learnt, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from curation.records import Json, Task
from exports.formats.base import Row, Shape, asked, conversation_shape, one_exchange
from exports.validate import conversation_problems, json_problems, text_problems

_KEYS = ("prompt", "completion")


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


def _divided(row: Row, _task: Task, _labels: Sequence[str]) -> Json:
    turns = row.turns
    return {"prompt": turns and turns[:-1], "completion": turns and turns[-1:]}


def _check_divided(record: Json, task: Task) -> list[str]:
    prompt, completion = record["prompt"], record["completion"]
    whole = isinstance(prompt, list) and isinstance(completion, list)
    if found := conversation_problems(prompt + completion if whole else None):
        return found
    if len(completion) != 1:
        return ["the completion is not one turn"]
    if completion[-1].get("weight") == 0:
        return ["the weight of the completion is 0: nothing would be learnt"]
    return json_problems(completion[-1]["content"]) if task is Task.EXTRACTION else []


def _joined(turns: list[Json]) -> Json:
    one_exchange(turns, "a prompt with its completion")
    return {"prompt": asked(turns), "completion": turns[-1]["content"]}


def _apart(record: Json) -> list[Json]:
    return [
        {"role": "user", "content": record["prompt"]},
        {"role": "assistant", "content": record["completion"]},
    ]


PROMPT_COMPLETION = Shape(lambda _task: _KEYS, _write, _check)
"""The literal texts, without instruction or separator: a trainer that joins them without a chat
template needs its own. Chat rows hold lists of messages instead."""

PROMPT_COMPLETION_MESSAGES = Shape(lambda _task: _KEYS, _divided, _check_divided)
"""Lists of messages for every task, with the instruction of the prompt template."""

PROMPT_COMPLETION_TEXT = conversation_shape(_KEYS, _joined, _apart)
"""Two texts, the instruction of the prompt template before the question; a chat of one exchange."""
