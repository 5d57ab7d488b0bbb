"""Rules of conversations: who speaks when, what is said and weighed, which tools are called."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from exports.check.lines import kind
from exports.check.report import Found
from exports.check.texts import is_blank
from exports.check.turns import ABSENT, MEDIA, Call, Turn

ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
_MEANT = {
    other: role
    for role, others in {
        "user": "human prompter customer",
        "assistant": "model gpt bot ai chatbot agent assisstant asistant assistent",
        "system": "sytem",
        "tool": "function ipython",
    }.items()
    for other in others.split()
}


def conversation_faults(
    turns: Sequence[Turn], declared: Sequence[Any] | None = None, *, rest: str = "messages"
) -> Iterator[Found]:
    """Every broken rule of a conversation. `declared`: its tools; `rest` names it as a whole."""
    if not turns:
        yield Found("no-turns", rest, "the conversation is not a list of turns")
        return
    yield from _roles(turns)
    yield from _order(turns, rest)
    for number, turn in enumerate(turns, start=1):
        yield from _content(turn, number)
    yield from _weights(turns, rest)
    yield from _tools(turns, declared, rest)


def _is_known(role: Any) -> bool:
    return isinstance(role, str) and role in ROLES


def _roles(turns: Sequence[Turn]) -> Iterator[Found]:
    for turn in turns:
        role = turn.role
        column = f"{turn.column}.role"
        if not isinstance(role, str):
            yield Found("role-unknown", column, "a turn has no role")
        elif role not in ROLES:
            tidy = role.strip().casefold()
            meant = tidy if tidy in ROLES else _MEANT.get(tidy)
            hint = f"; meant is {meant!r}" if meant else ""
            said = f"a turn has the role {role[:60]!r}; only system, user and assistant are common"
            yield Found("role-unknown", column, said + hint)


def _order(turns: Sequence[Turn], rest: str) -> Iterator[Found]:
    """Who may follow whom; turns of unknown roles say nothing about their neighbours."""
    start = "user and assistant do not alternate, beginning with the user: turn"
    before: Turn | None = None
    systems = 0
    for number, turn in enumerate(turns, start=1):
        if turn.role in ("system", "developer"):
            if number > 1:
                code = "system-repeated" if systems else "system-not-first"
                said = f"a system turn comes after another turn: it is turn {number}"
                yield Found(code, turn.column, said)
            systems += 1
            continue
        if turn.role == "assistant":
            if before is None:
                said = f"{start} {number} is the assistant's"
                yield Found("assistant-first", turn.column, said)
            elif before.role == "assistant" and not before.calls:
                said = f"{start} {number} is the assistant's again"
                yield Found("assistant-repeated", turn.column, said)
        elif turn.role == "user" and before is not None:
            if before.role == "user":
                yield Found("user-repeated", turn.column, f"{start} {number} is the user's again")
            elif before.role == "tool":
                said = f"turn {number} is the user's, but the tool's result has no answer yet"
                yield Found("tool-then-user", turn.column, said)
        before = turn
    yield from _end(turns, rest)


def _end(turns: Sequence[Turn], rest: str) -> Iterator[Found]:
    roles = [turn.role for turn in turns]
    if "assistant" not in roles:
        if not all(map(_is_known, roles)):
            return  # a misspelt role is the fault, and is named
        only = all(role in ("system", "developer") for role in roles)
        code = "only-system" if only else "no-assistant"
        more = "there is only a system turn" if only else "there is no assistant turn at all"
        yield Found(code, rest, f"the last turn is not the assistant's: {more}")
    elif _is_known(roles[-1]) and roles[-1] != "assistant":
        said = f"the last turn is not the assistant's, but the {roles[-1]}'s"
        yield Found("last-not-assistant", turns[-1].column, said)


def _content(turn: Turn, number: int) -> Iterator[Found]:
    column = f"{turn.column}.content" if "content" in turn.keys else turn.column
    content = turn.content
    if content is None:
        if not (turn.role == "assistant" and turn.calls):
            said = f"the content of turn {number} is not a text: it is missing or null"
            yield Found("content-null", column, said)
    elif not isinstance(content, str):
        said = f"the content of turn {number} is not a text"
        yield Found("content-type", column, said)
    elif is_blank(content):
        if turn.role == "tool" or turn.calls:
            return
        code = {"user": "blank-prompt", "system": "blank-system", "developer": "blank-system"}
        said = f"the content of turn {number} is blank"
        yield Found(code.get(str(turn.role), "blank-answer"), column, said)
    if isinstance(turn.written, list) and _only_text(turn.written):
        said = f"the content of turn {number} is not a text, but a list of parts that are texts"
        yield Found("content-parts", column, said)


def _only_text(parts: list[Any]) -> bool:
    return bool(parts) and all(
        isinstance(part, dict) and part.get("type") == "text" for part in parts
    )


def _weights(turns: Sequence[Turn], rest: str) -> Iterator[Found]:
    answers = [turn.weight for turn in turns if turn.role == "assistant"]
    for turn in turns:
        if turn.weight is ABSENT or turn.weight is None:
            continue
        column = f"{turn.column}.weight"
        if type(turn.weight) is not int or turn.weight not in (0, 1):
            said = f"a weight is neither 0 nor 1, but {turn.weight!r:.40}"
            yield Found("weight-value", column, said)
        elif _is_known(turn.role) and turn.role != "assistant":
            said = "a weight stands on a turn that is not the assistant's"
            yield Found("weight-role", column, said)
    if answers and all(type(weight) in (int, float) and weight == 0 for weight in answers):
        yield Found("weights-zero", rest, "every weight is 0: nothing would be learnt")


def _tools(turns: Sequence[Turn], declared: Sequence[Any] | None, rest: str) -> Iterator[Found]:
    names = None
    if declared is not None:
        names = {tool["name"] for tool in declared if _is_named(tool)}
        if not all(map(_is_named, declared)):
            yield Found("tool-definition", "tools", "a declared tool has no name")
            names = None
    calls = [call for turn in turns for call in turn.calls]
    if not calls and not any(turn.role == "tool" for turn in turns):
        return
    if declared is None and calls:
        yield Found("tools-missing", rest, "tools are called, but the row declares none")
    for call in calls:
        yield from _call_faults(call, names)
    yield from _matches(turns)


def _is_named(tool: Any) -> bool:
    return isinstance(tool, dict) and isinstance(tool.get("name"), str) and bool(tool["name"])


def _call_faults(call: Call, names: set[str] | None) -> Iterator[Found]:
    if not isinstance(call.name, str) or not call.name.strip():
        yield Found("tool-call-shape", call.column, "a tool call does not name its function")
        return
    if names is not None and call.name not in names:
        said = f"the tool {call.name[:60]!r} is called, but `tools` does not declare it"
        yield Found("tool-undeclared", call.column, said)
    arguments = call.arguments
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            yield Found("tool-arguments", call.column, "the arguments of a call are not JSON")
            return
    if not isinstance(arguments, dict):
        said = f"the arguments of a call are {kind(arguments)}, not an object"
        yield Found("tool-arguments", call.column, said)


def _matches(turns: Sequence[Turn]) -> Iterator[Found]:
    """Each call has its result and each result its call, before anybody else speaks."""
    waiting: list[Call] = []
    for turn in turns:
        if turn.role == "tool":
            yield from _result(turn, waiting)
            continue
        for call in waiting:
            said = "a tool call has no result before the next turn"
            yield Found("tool-call-unanswered", call.column, said)
        waiting = list(turn.calls)
        seen: set[str] = set()
        for call in turn.calls:
            if isinstance(call.identity, str):
                if call.identity in seen:
                    said = f"two calls of one turn have the id {call.identity[:60]!r}"
                    yield Found("tool-id-repeated", call.column, said)
                seen.add(call.identity)
    if turns[-1].role == "tool":
        for call in waiting:
            yield Found("tool-call-unanswered", call.column, "a tool call has no result")


def _result(turn: Turn, waiting: list[Call]) -> Iterator[Found]:
    if not waiting:
        said = "a turn has the role 'tool', but no tool call is waiting for its result"
        yield Found("tool-result-without-call", turn.column, said)
        return
    known = [call for call in waiting if call.identity is not None]
    if turn.result is None and known and "tool_call_id" not in turn.keys and turn.content != MEDIA:
        said = "a tool's result has no tool_call_id, though the calls have ids"
        yield Found("tool-id-missing", turn.column, said)
    match = next((call for call in waiting if call.identity == turn.result), None)
    if match is None and turn.result is not None and known:
        said = f"the tool_call_id {turn.result!r:.60} is not that of a call that waits for a result"
        yield Found("tool-id-mismatch", f"{turn.column}.tool_call_id", said)
    waiting.remove(match or waiting[0])
