"""Turns of any dialect as one noun: OpenAI, ShareGPT, Gemini, Bedrock, Anthropic blocks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MEDIA = "[media]"
"""Stands for a part of a turn that is not text, so that the turn is not blank."""
ABSENT = object()

_SHAREGPT = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "assistant": "assistant",
    "system": "system",
    "tool": "tool",
    "observation": "tool",
    "function_response": "tool",
    "function_call": "assistant",
}


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool. `arguments` as they stand; `strict`: the dialect wants an id with it."""

    column: str
    name: Any
    arguments: Any
    identity: Any = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn. `content` is a text, or what stands in its place; `written` is it as it stands.

    `result` is the id of the call that a tool turn answers, None where it names none.
    """

    column: str
    role: Any
    content: Any
    written: Any = None
    calls: tuple[Call, ...] = ()
    result: Any = None
    weight: Any = ABSENT
    keys: frozenset[str] = field(default_factory=frozenset)


def read_turns(said: list[Any], column: str, shape: str) -> Iterator[Turn | str]:
    """The turns of a conversation; in place of one that is no object, its path."""
    for at, turn in enumerate(said):
        place = f"{column}[{at}]"
        if not isinstance(turn, dict):
            yield place
        elif shape == "sharegpt":
            yield _sharegpt(turn, place)
        elif shape == "gemini":
            yield from _gemini(turn, place)
        else:
            yield from _message(turn, place)


def _sharegpt(turn: dict[str, Any], place: str) -> Turn:
    role, value = turn.get("from"), turn.get("value")
    known = _SHAREGPT.get(role, role) if isinstance(role, str) else role
    calls: tuple[Call, ...] = ()
    if role == "function_call" and isinstance(value, str):
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            parsed = None
        listed = parsed if isinstance(parsed, list) else [parsed]
        calls = tuple(_call(call, f"{place}.value") for call in listed)
    weight = turn.get("weight", ABSENT)
    return Turn(place, known, value, value, calls, weight=weight, keys=frozenset(turn))


def _gemini(turn: dict[str, Any], place: str) -> Iterator[Turn]:
    role = turn.get("role", "user")
    role = "assistant" if role == "model" else "model: assistant" if role == "assistant" else role
    parts = turn.get("parts")
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        yield Turn(place, role, None if parts is None else [], parts)
        return
    calls = tuple(
        Call(f"{place}.parts[{at}]", call.get("name"), call.get("args", {}))
        for at, part in enumerate(parts)
        if isinstance(call := part.get("functionCall"), dict)
    )
    results = [part for part in parts if "functionResponse" in part]
    for _ in results:
        yield Turn(place, "tool", MEDIA)
    if len(results) < len(parts) or not parts:
        yield Turn(place, role, _joined(parts), calls=calls)


def _joined(parts: list[Any]) -> Any:
    """The texts of parts as one; what is not text stands for itself; a bad text spoils all."""
    texts = []
    for part in parts:
        if "text" in part:
            if not isinstance(part["text"], str):
                return part["text"]
            texts.append(part["text"])
        elif not {"functionCall", "toolUse", "functionResponse", "toolResult"} & set(part) and (
            part.get("type") not in ("tool_use", "tool_result")
        ):
            texts.append(MEDIA)
    return "".join(texts)


def _message(turn: dict[str, Any], place: str) -> Iterator[Turn]:
    content = turn.get("content")
    calls: list[Call] = []
    results: list[Any] = []
    text = turn.get("refusal") if content is None else content
    if isinstance(content, list) and content and all(isinstance(part, dict) for part in content):
        calls, results = _blocks(content, f"{place}.content")
        text = _joined(content)
    listed = turn.get("tool_calls")
    if isinstance(listed, list):
        calls += [_call(call, f"{place}.tool_calls[{at}]") for at, call in enumerate(listed)]
    elif listed is not None:
        calls.append(_call(None, f"{place}.tool_calls"))
    if turn.get("function_call") is not None:
        calls.append(_call(turn["function_call"], f"{place}.function_call"))
    for identity in results:
        yield Turn(place, "tool", MEDIA, result=identity)
    if results and len(results) == len(content or ()):
        return
    role = turn.get("role")
    yield Turn(
        place,
        "tool" if role == "function" else role,
        text,
        content,
        tuple(calls),
        turn.get("tool_call_id"),
        turn.get("weight", ABSENT),
        frozenset(turn),
    )


def _blocks(content: list[Any], place: str) -> tuple[list[Call], list[Any]]:
    """Calls and the ids of results among the blocks of Bedrock (Nova) and Anthropic."""
    calls, results = [], []
    for at, part in enumerate(content):
        used = part.get("toolUse", part if part.get("type") == "tool_use" else None)
        if isinstance(used, dict):
            identity = used.get("toolUseId", used.get("id"))
            calls.append(Call(f"{place}[{at}]", used.get("name"), used.get("input"), identity))
        given = part.get("toolResult", part if part.get("type") == "tool_result" else None)
        if isinstance(given, dict):
            results.append(given.get("toolUseId", given.get("tool_use_id")))
    return calls, results


def _call(call: Any, place: str) -> Call:
    if not isinstance(call, dict):
        return Call(place, None, None)
    inner = call["function"] if isinstance(call.get("function"), dict) else call
    return Call(place, inner.get("name"), inner.get("arguments"), call.get("id"))


def has_form(identity: Any, length: int) -> bool:
    """Whether the id of a call is a text of so many letters and digits of ASCII."""
    if not isinstance(identity, str):
        return False
    return re.fullmatch(f"[a-zA-Z0-9]{{{length}}}", identity) is not None


def declared_tools(row: dict[str, Any]) -> tuple[list[Any] | None, str]:
    """(tools that a row declares, column); None where it declares none."""
    for column in ("tools", "functions", "toolConfig"):
        listed = row.get(column)
        if isinstance(listed, str):
            try:
                listed = json.loads(listed)
            except (ValueError, RecursionError):
                return [None], column
        if isinstance(listed, dict):
            listed = listed.get("tools")
        if isinstance(listed, list):
            return list(_flat(listed)), column
    return None, "tools"


def _flat(listed: list[Any]) -> Iterator[Any]:
    """The definition of each tool, out of its wrapping."""
    for tool in listed:
        if not isinstance(tool, dict):
            yield tool
        elif isinstance(many := tool.get("functionDeclarations"), list):
            yield from many
        else:
            yield tool.get("function", tool.get("toolSpec", tool))
