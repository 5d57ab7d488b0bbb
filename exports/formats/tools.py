"""Calls of tools in a conversation: in which dialect they are written, and what is declared.

OpenAI and the services that follow it write the arguments of a call as a JSON text. The chat
templates that trainers fill in want an object, and a text beside the calls even where nothing is
said. No conversation can be written so that all read it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from curation.records import Json, Task, canonical_json
from exports.check.turns import declared_tools
from exports.targets import Consumer
from exports.targets.consumer import ToolArguments
from exports.validate import conversation_problems

KEY = "tools"
"""The column of a dataset, and the key of a record, that declares what may be called."""


class CannotCall(ValueError):
    """A call cannot be written; the message says why."""


def uses_tools(turns: Sequence[Json]) -> bool:
    """Whether a conversation calls tools or holds what they gave."""
    return any(turn.get("tool_calls") or turn.get("role") == "tool" for turn in turns)


def spoken(turns: Sequence[Json], dialect: ToolArguments) -> list[Json]:
    """The turns with their calls in a dialect; raises CannotCall where that cannot be.

    Arguments that are in it already stay as they are, sign for sign.
    """
    write = _as_text if dialect == "string" else _as_object
    return [_said(turn, write, is_blank_text=dialect == "object") for turn in turns]


def _said(turn: Json, write: Callable[[Any], Any], *, is_blank_text: bool) -> Json:
    calls = turn.get("tool_calls")
    if not isinstance(calls, list) or not calls:
        return turn
    content = turn.get("content")
    if content is None and is_blank_text:
        content = ""
    return {**turn, "content": content, "tool_calls": [_call(call, write) for call in calls]}


def _call(call: Any, write: Callable[[Any], Any]) -> Json:
    called = call.get("function") if isinstance(call, dict) else None
    if not isinstance(called, dict):
        raise CannotCall("a tool call does not name its function")
    return {**call, "function": {**called, "arguments": write(called.get("arguments"))}}


def _as_text(arguments: Any) -> str:
    if isinstance(arguments, str):
        _as_object(arguments)
        return arguments
    return canonical_json(_as_object(arguments))


def _as_object(arguments: Any) -> Json:
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            raise CannotCall("the arguments of a call are not JSON") from None
    if not isinstance(arguments, dict):
        raise CannotCall("the arguments of a call are not an object")
    return arguments


def stored(turns: Sequence[Json]) -> list[Json]:
    """The turns as an import stores them: beside calls, an empty text is none."""
    return [
        {**turn, "content": None} if turn.get("tool_calls") and not turn.get("content") else turn
        for turn in turns
    ]


def dialect_problems(turns: Sequence[Json], dialect: ToolArguments | None) -> list[str]:
    """What a consumer of that dialect would trip over; None: it knows no calls at all."""
    if dialect is None:
        return ["the conversation calls tools, and the format has no room for that"]
    kind = str if dialect == "string" else dict
    wanted = "a JSON text" if dialect == "string" else "an object"
    return [f"the arguments of a call are not {wanted}" for _ in _other(turns, kind)][:1]


def _other(turns: Sequence[Json], kind: type) -> Iterator[Any]:
    for turn in turns:
        for call in turn.get("tool_calls") or ():
            arguments = call["function"]["arguments"]
            if not isinstance(arguments, kind):
                yield arguments


def declared(metadata: str) -> list[Any] | None:
    """The tools that the metadata of an example declares in its column `tools`.

    A list of objects that have a name, or the JSON text of one; None for anything else, as a
    column of that name may hold hammers and saws.
    """
    try:
        value = json.loads(metadata).get(KEY)
        listed = json.loads(value) if isinstance(value, str) else value
    except (ValueError, AttributeError, RecursionError):
        return None
    if not isinstance(listed, list) or not listed:
        return None
    return None if tool_problems(listed) else listed


def tool_problems(listed: Any) -> list[str]:
    """What is wrong with a list of declared tools."""
    found, _ = declared_tools({KEY: listed})
    if not found:
        return ["the tools are not a list"]
    named = (isinstance(tool, dict) and isinstance(tool.get("name"), str) for tool in found)
    return [] if all(named) else ["a declared tool has no name"]


def tools_entry(listed: list[Any] | None, consumer: Consumer) -> Json:
    """What a record says of its tools, in a dataset in which some record declares any."""
    if listed is None:
        return {KEY: None} if consumer.columns else {}
    return {KEY: canonical_json(listed) if consumer.tools_as_text else listed}


def called_problems(turns: Any, record: Json, task: Task) -> list[str]:
    """Problems of a conversation which, in a chat, may call the tools that `record` declares."""
    if task is not Task.CHAT:
        return conversation_problems(turns)
    try:
        tools = tools_of(record)
    except ValueError as error:
        return [f"the tools cannot be read: {error}"]
    known = None if tools is None else declared_tools({KEY: tools})[0]
    return conversation_problems(turns, known, calls=True)


def tools_of(record: Json) -> list[Any] | None:
    """The tools that a record declares, however they are written; raises ValueError."""
    value = record.get(KEY)
    if isinstance(value, str):
        value = json.loads(value) if value else None
    if value is not None and (wrong := tool_problems(value)):
        raise ValueError(wrong[0])
    return value
