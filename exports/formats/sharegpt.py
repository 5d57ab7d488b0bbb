"""`{"conversations": [{"from", "value"}], "system", "tools"}`: ShareGPT, as LLaMA-Factory reads it.

Its converter skips conversations in which human and gpt do not take turns; there a call of a tool
is gpt's and what it gave is human's. Ids of calls have no place.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

from curation.records import Json, Task, canonical_json
from exports.formats.base import CannotSay, Row, Shape, system_and_rest, turns_of
from exports.formats.llamafactory import dataset_info
from exports.formats.reading import Held
from exports.formats.tools import KEY, called_problems, tools_of
from exports.validate import json_problems

_FROM = {"user": "human", "assistant": "gpt", "tool": "observation"}
_ROLE = {name: role for role, name in _FROM.items()}
_CALL = "function_call"


def _write(row: Row, task: Task, _labels: Sequence[str]) -> Json:
    if row.turns is None:
        return dict.fromkeys(_keys(task))
    if found := called_problems(row.turns, row.tools, task):
        raise CannotSay("; ".join(found))
    return _laid_out(row.turns, row.tools.get(KEY) or "")


def _laid_out(turns: list[Json], tools: str) -> Json:
    system, rest = system_and_rest(turns)
    for before, turn in pairwise(rest):
        if before["role"] == turn["role"] == "tool":
            raise CannotSay("several tools answer at once, and ShareGPT has one answer a turn")
    return {"conversations": list(map(_said, rest)), "system": system, KEY: tools}


def _said(turn: Json) -> Json:
    calls = turn.get("tool_calls")
    if not calls:
        return {"from": _FROM[turn["role"]], "value": turn["content"]}
    if turn["content"]:
        raise CannotSay("a turn calls a tool and says something, and ShareGPT has room for one")
    called = [{key: call["function"][key] for key in ("name", "arguments")} for call in calls]
    return {"from": _CALL, "value": canonical_json(called if len(called) > 1 else called[0])}


def _read(record: Json, _task: Task, _labels: Sequence[str]) -> Held:
    said = list(map(_turn, record["conversations"]))
    return Held(turns=turns_of(record["system"], said), tools=tools_of(record))


def _turn(said: Json) -> Json:
    if said["from"] != _CALL:
        return {"role": _ROLE[said["from"]], "content": said["value"]}
    called = json.loads(said["value"])
    calls = [
        {"type": "function", "function": {"name": call["name"], "arguments": call["arguments"]}}
        for call in (called if isinstance(called, list) else [called])
    ]
    return {"role": "assistant", "content": "", "tool_calls": calls}


def _check(record: Json, task: Task) -> list[str]:
    try:
        turns = _read(record, task, ()).turns
    except (LookupError, TypeError, ValueError, AttributeError):
        turns = None
    if found := called_problems(turns, record, task):
        return found
    assert turns is not None
    if not all(isinstance(turn["content"], str) for turn in turns):
        return ["the content of a turn is not a text"]
    if not isinstance(record[KEY], str) or _laid_out(turns, record[KEY]) != record:
        return ["the record holds more than the format has room for"]
    return json_problems(turns[-1]["content"]) if task is Task.EXTRACTION else []


def _keys(_task: Task) -> tuple[str, ...]:
    return ("conversations", "system", KEY)


SHAREGPT = Shape(
    _keys,
    _write,
    _read,
    _check,
    holds_calls=True,
    side_files=dataset_info(
        {
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "system": "system", KEY: KEY},
            "tags": {
                "role_tag": "from",
                "content_tag": "value",
                "user_tag": "human",
                "assistant_tag": "gpt",
                "observation_tag": "observation",
                "function_tag": _CALL,
            },
        }
    ),
)
