"""What makes a record unusable for fine-tuning, though it may load.

The rules are those of `exports.check`, narrowed to the common ground that our formats write: no
roles but system, user and assistant, no keys but `role`, `content` and `weight` in a turn, and
labels of the label set.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from curation.records import Json, Task, decode_output
from exports.check.conversation import conversation_faults
from exports.check.texts import is_blank, strings, unsafe
from exports.check.turns import Turn, read_turns

if TYPE_CHECKING:
    from exports.formats.base import Format

_UNSAFE = frozenset({"nul", "surrogate", "control-token"})
_ROLES = ("system", "user", "assistant")
_KEYS = frozenset({"role", "content", "weight"})
_ABOUT_A_TURN = ("content-", "blank-", "weight")


def problems(record: Json, file_format: Format, task: Task) -> list[str]:
    """What keeps `record` from being used in `file_format`, in words; empty where it is fine."""
    keys = file_format.keys(task)
    if tuple(record) != keys:
        return [f"the keys are {', '.join(record) or 'missing'}, not {', '.join(keys)}"]
    return [*_unsafe_text(record), *file_format.check(record, task)]


def _unsafe_text(record: Json) -> list[str]:
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


def conversation_problems(turns: Any) -> list[str]:
    """Problems of a conversation: at most one system turn first, then user and assistant in
    strict alternation, a visible text in each, the assistant last, weights 0 or 1.
    """
    if not isinstance(turns, list) or not turns:
        return ["the conversation is not a list of turns"]
    read = list(read_turns(turns, "messages", "messages"))
    said = [turn for turn in read if isinstance(turn, Turn)]
    if len(said) < len(read):
        return ["a turn of the conversation is not an object"]
    roles = [f"a turn has the role {turn.role!r}" for turn in said if _is_strange(turn.role)]
    faults = list(conversation_faults(said))
    order = [fault.message for fault in faults if not fault.code.startswith(_ABOUT_A_TURN)]
    about_turns = [fault.message for fault in faults if fault.code.startswith(_ABOUT_A_TURN)]
    extra = [
        f"turn {number} has the key {min(set(turn) - _KEYS)!r}, which trainers do not share"
        for number, turn in enumerate(turns, start=1)
        if set(turn) - _KEYS
    ]
    return [*([*roles, *order][:1]), *about_turns, *extra]


def _is_strange(role: Any) -> bool:
    return isinstance(role, str) and role not in _ROLES
