"""Answers that are better and worse: pairs for DPO, and single answers with a verdict for KTO."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from curation.records import Json, Task
from exports.formats.base import CannotSay, Row, Shape
from exports.formats.reading import Held
from exports.formats.tools import KEY, called_problems, tools_of
from exports.validate import json_problems


def _said(text: str) -> Json:
    return {"role": "assistant", "content": text}


def _pair(row: Row, task: Task) -> tuple[list[Json], list[Json], list[Json]]:
    """What is asked, the good answer and the worse one."""
    if found := called_problems(row.turns, row.tools, task):
        raise CannotSay("; ".join(found))
    if row.rejected is None:
        raise CannotSay("there is no worse answer beside the good one")
    assert row.turns is not None
    return row.turns[:-1], row.turns[-1:], [_said(row.rejected)]


def _pair_problems(
    prompt: object, good: object, worse: object, tools: Json, task: Task
) -> list[str]:
    if not (isinstance(prompt, list) and isinstance(good, list) and isinstance(worse, list)):
        return ["the prompt and the two answers are not lists of turns"]
    if len(good) != 1 or len(worse) != 1:
        return ["an answer is not one turn"]
    found = called_problems([*prompt, *good], tools, task)
    other = called_problems([*prompt, *worse], tools, task)
    if found := [*found, *(f"the worse answer: {text}" for text in other)]:
        return list(dict.fromkeys(found))
    if good[0]["content"] == worse[0]["content"]:
        return ["the two answers are the same"]
    return json_problems(good[0]["content"]) if task is Task.EXTRACTION else []


def _write_trl(row: Row, task: Task, _labels: Sequence[str]) -> Json:
    prompt, good, worse = _pair(row, task)
    return {"prompt": prompt, "chosen": good, "rejected": worse, **row.tools}


def _read_trl(record: Json, _task: Task, _labels: Sequence[str]) -> Held:
    return _held(record["prompt"], record["chosen"], record["rejected"], record)


def _held(prompt: list[Json], good: list[Json], worse: list[Json], tools: Json) -> Held:
    return Held(turns=[*prompt, *good], rejected=worse[-1]["content"], tools=tools_of(tools))


def _check_trl(record: Json, task: Task) -> list[str]:
    prompt, good, worse = record["prompt"], record["chosen"], record["rejected"]
    return _pair_problems(prompt, good, worse, record, task)


def _write_openai(row: Row, task: Task, _labels: Sequence[str]) -> Json:
    prompt, good, worse = _pair(row, task)
    return {
        "input": {"messages": prompt, **row.tools},
        "preferred_output": good,
        "non_preferred_output": worse,
    }


def _read_openai(record: Json, _task: Task, _labels: Sequence[str]) -> Held:
    good, worse = record["preferred_output"], record["non_preferred_output"]
    return _held(record["input"]["messages"], good, worse, record["input"])


def _check_openai(record: Json, task: Task) -> list[str]:
    given = record["input"]
    if not isinstance(given, dict) or list(given) not in (["messages"], ["messages", KEY]):
        return ["the input is not an object with messages alone, or with tools"]
    good, worse = record["preferred_output"], record["non_preferred_output"]
    return _pair_problems(given["messages"], good, worse, given, task)


def _write_unpaired(row: Row, task: Task, _labels: Sequence[str]) -> Json:
    if found := called_problems(row.turns, row.tools, task):
        raise CannotSay("; ".join(found))
    if row.approved is None:
        raise CannotSay("there is no verdict on the answer")
    assert row.turns is not None
    said = {"prompt": row.turns[:-1], "completion": row.turns[-1:], "label": row.approved}
    return {**said, **row.tools}


def _read_unpaired(record: Json, _task: Task, _labels: Sequence[str]) -> Held:
    turns = [*record["prompt"], *record["completion"]]
    return Held(turns=turns, approved=record["label"], tools=tools_of(record))


def _check_unpaired(record: Json, task: Task) -> list[str]:
    prompt, completion = record["prompt"], record["completion"]
    if not (isinstance(prompt, list) and isinstance(completion, list) and len(completion) == 1):
        return ["the prompt is not a list of turns, or the completion not one turn"]
    if not isinstance(record["label"], bool):
        return ["the label is neither true nor false"]
    return called_problems([*prompt, *completion], record, task)


def _keys(*names: str) -> Callable[[Task], tuple[str, ...]]:
    return lambda task: (*names, KEY) if task is Task.CHAT else names


PREFERENCE = Shape(
    _keys("prompt", "chosen", "rejected"),
    _write_trl,
    _read_trl,
    _check_trl,
    optional=(KEY,),
    needs=("rejected",),
    holds_calls=True,
)
OPENAI_PREFERENCE = Shape(
    lambda _task: ("input", "preferred_output", "non_preferred_output"),
    _write_openai,
    _read_openai,
    _check_openai,
    needs=("rejected",),
    holds_calls=True,
)
UNPAIRED = Shape(
    _keys("prompt", "completion", "label"),
    _write_unpaired,
    _read_unpaired,
    _check_unpaired,
    optional=(KEY,),
    needs=("approved",),
    holds_calls=True,
)
