"""What makes a record unusable for fine-tuning, though it may load.

The rules are those of `exports.check`, narrowed to the common ground that our formats write: no
roles but system, user and assistant, no keys but `role`, `content` and `weight` in a turn, where
tools are called also the role and the keys of that, and labels of the label set.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from curation.records import Json, Task, decode_output
from exports.check.conversation import conversation_faults
from exports.check.texts import is_blank, may_be_unsafe, strings, unsafe
from exports.check.turns import Turn, read_turns

if TYPE_CHECKING:
    from exports.formats.base import Format

_UNSAFE = frozenset({"nul", "surrogate", "control-token"})
_UNDECLARED = "tools-missing"  # the tools of a dataset may stand elsewhere
ROLES = frozenset({"system", "user", "assistant"})
_KEYS = frozenset({"role", "content", "weight"})
_CALLS = frozenset({"tool_calls", "tool_call_id", "name"})
_ABOUT_A_TURN = ("content-", "blank-", "weight")


def problems(record: Json, file_format: Format, task: Task) -> list[str]:
    """What keeps `record` from being used in `file_format`, in words; empty where it is fine."""
    absent = set(file_format.shape.optional) - set(record)
    keys = tuple(key for key in file_format.keys(task) if key not in absent)
    if tuple(record) != keys:
        return [f"the keys are {', '.join(record) or 'missing'}, not {', '.join(keys)}"]
    return [*_unsafe_text(record), *file_format.check(record, task)]


def _unsafe_text(record: Json) -> list[str]:
    try:
        if not may_be_unsafe(json.dumps(record, ensure_ascii=False)):
            return []
    except RecursionError:
        pass  # it is walked through instead
    found = (fault for column, text in strings(record) for fault in unsafe(column, text))
    return list(dict.fromkeys(fault.message for fault in found if fault.code in _UNSAFE))


def text_problems(value: Any, what: str) -> list[str]:
    """Problems of something that must be a text with visible content; `what` names it."""
    if not isinstance(value, str):
        return [f"{what} is not a text"]
    return [f"{what} is blank"] if is_blank(value) else []


def label_problems(output: str, task: Task, labels: Collection[str]) -> list[str]:
    """Problems of a stored output of a task with labels: unreadable, or not of the label set."""
    try:
        found = decode_output(task, output)
    except (ValueError, RecursionError):
        return ["the output is not a list of labels"]
    found = [found] if task is Task.SINGLE_LABEL else found
    if not isinstance(found, list):
        return ["the output is not a list of labels"]
    return [
        f"the label {label!r:.100} is not in the label set"
        for label in found
        if not isinstance(label, str) or label not in labels
    ]


def json_problems(text: Any) -> list[str]:
    """Problems of an extraction's answer, which must be JSON without NaN or infinities."""
    if not isinstance(text, str):
        return []
    try:
        json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        return ["the answer is JSON nested too deeply"]
    except ValueError:
        return ["the answer is not valid JSON"]
    return []


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def conversation_problems(
    turns: Any, declared: Sequence[Any] | None = None, *, calls: bool = False
) -> list[str]:
    """Problems of a conversation: at most one system turn first, then user and assistant in
    strict alternation, a visible text in each, the assistant last, weights 0 or 1.

    With `calls` the assistant may call tools, each of which then answers; `declared` are those
    that there are, None where that is not known.
    """
    if not isinstance(turns, list) or not turns:
        return ["the conversation is not a list of turns"]
    read = list(read_turns(turns, "messages", "messages"))
    said = [turn for turn in read if isinstance(turn, Turn)]
    if len(said) < len(read):
        return ["a turn of the conversation is not an object"]
    known, keys = (ROLES | {"tool"}, _KEYS | _CALLS) if calls else (ROLES, _KEYS)
    roles = [
        f"a turn has the role {turn.role!r}"
        for turn in said
        if isinstance(turn.role, str) and turn.role not in known
    ]
    faults = [fault for fault in conversation_faults(said, declared) if fault.code != _UNDECLARED]
    order = [fault.message for fault in faults if not fault.code.startswith(_ABOUT_A_TURN)]
    about_turns = [fault.message for fault in faults if fault.code.startswith(_ABOUT_A_TURN)]
    extra = [
        f"turn {number} has the key {min(set(turn) - keys)!r}, which trainers do not share"
        for number, turn in enumerate(turns, start=1)
        if set(turn) - keys
    ]
    empty = [
        f"turn {number} has the key 'tool_calls' and calls nothing"
        for number, turn in enumerate(turns, start=1)
        if calls and "tool_calls" in turn and not _is_filled(turn["tool_calls"])
    ]
    return [*([*roles, *order][:1]), *about_turns, *extra, *empty]


def _is_filled(calls: Any) -> bool:
    return isinstance(calls, list) and bool(calls)
