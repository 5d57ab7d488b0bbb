"""Answers that are better and worse: pairs for DPO, and single answers with a verdict for KTO."""

from __future__ import annotations

from collections.abc import Sequence

from curation.records import Json, Task
from exports.formats.base import CannotSay, Row, Shape
from exports.validate import conversation_problems, json_problems


def _said(text: str) -> Json:
    return {"role": "assistant", "content": text}


def _pair(row: Row) -> tuple[list[Json], list[Json], list[Json]]:
    """What is asked, the good answer and the worse one."""
    if found := conversation_problems(row.turns):
        raise CannotSay("; ".join(found))
    if row.rejected is None:
        raise CannotSay("there is no worse answer beside the good one")
    assert row.turns is not None
    return row.turns[:-1], row.turns[-1:], [_said(row.rejected)]


def _pair_problems(prompt: object, good: object, worse: object, task: Task) -> list[str]:
    if not (isinstance(prompt, list) and isinstance(good, list) and isinstance(worse, list)):
        return ["the prompt and the two answers are not lists of turns"]
    if len(good) != 1 or len(worse) != 1:
        return ["an answer is not one turn"]
    found = conversation_problems([*prompt, *good])
    found += [f"the worse answer: {text}" for text in conversation_problems([*prompt, *worse])]
    if found:
        return list(dict.fromkeys(found))
    if good[0]["content"] == worse[0]["content"]:
        return ["the two answers are the same"]
    return json_problems(good[0]["content"]) if task is Task.EXTRACTION else []


def _write_trl(row: Row, _task: Task, _labels: Sequence[str]) -> Json:
    prompt, good, worse = _pair(row)
    return {"prompt": prompt, "chosen": good, "rejected": worse}


def _check_trl(record: Json, task: Task) -> list[str]:
    return _pair_problems(record["prompt"], record["chosen"], record["rejected"], task)


def _write_openai(row: Row, _task: Task, _labels: Sequence[str]) -> Json:
    prompt, good, worse = _pair(row)
    return {
        "input": {"messages": prompt},
        "preferred_output": good,
        "non_preferred_output": worse,
    }


def _check_openai(record: Json, task: Task) -> list[str]:
    given = record["input"]
    if not isinstance(given, dict) or list(given) != ["messages"]:
        return ["the input is not an object with messages alone"]
    good, worse = record["preferred_output"], record["non_preferred_output"]
    return _pair_problems(given["messages"], good, worse, task)


def _write_unpaired(row: Row, _task: Task, _labels: Sequence[str]) -> Json:
    if found := conversation_problems(row.turns):
        raise CannotSay("; ".join(found))
    if row.approved is None:
        raise CannotSay("there is no verdict on the answer")
    assert row.turns is not None
    return {"prompt": row.turns[:-1], "completion": row.turns[-1:], "label": row.approved}


def _check_unpaired(record: Json, _task: Task) -> list[str]:
    prompt, completion = record["prompt"], record["completion"]
    if not (isinstance(prompt, list) and isinstance(completion, list) and len(completion) == 1):
        return ["the prompt is not a list of turns, or the completion not one turn"]
    if not isinstance(record["label"], bool):
        return ["the label is neither true nor false"]
    return conversation_problems([*prompt, *completion])


PREFERENCE = Shape(
    lambda _task: ("prompt", "chosen", "rejected"), _write_trl, _check_trl, needs=("rejected",)
)
OPENAI_PREFERENCE = Shape(
    lambda _task: ("input", "preferred_output", "non_preferred_output"),
    _write_openai,
    _check_openai,
    needs=("rejected",),
)
UNPAIRED = Shape(
    lambda _task: ("prompt", "completion", "label"),
    _write_unpaired,
    _check_unpaired,
    needs=("approved",),
)
