"""What makes a record unusable for fine-tuning, though it may load.

The rules are the common ground of today's trainers and hosted services: what one of them accepts
and another silently drops, misreads or refuses counts as a problem.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from curation.records import Json, Task, decode_output

if TYPE_CHECKING:
    from exports.formats.base import Format

_CONTROL_TOKEN = re.compile(
    r"<[|｜][^<>|｜\s\ud800-\udfff]{1,64}[|｜]>"  # <|im_end|>, <|eot_id|> and their like
    r"|\[/?INST\]|<</?SYS>>|</?s>|<[be]os>|<(?:start|end)_of_turn>"
    r"|\[/?(?:AVAILABLE_TOOLS|TOOL_RESULTS|SYSTEM_PROMPT)\]|\[TOOL_CALLS\]|\[EOS\]"
)
_BLANK = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]*")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def problems(record: Json, file_format: Format, task: Task) -> list[str]:
    """What keeps `record` from being used in `file_format`, in words; empty where it is fine."""
    keys = file_format.keys(task)
    if tuple(record) != keys:
        return [f"the keys are {', '.join(record) or 'missing'}, not {', '.join(keys)}"]
    return [*_unsafe_text(record), *file_format.check(record, task)]


def _strings(record: Json) -> Iterator[str]:
    waiting: list[Any] = [record]
    while waiting:  # no recursion: what people import may be nested as deeply as they like
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value


def _unsafe_text(record: Json) -> list[str]:
    found = []
    for text in _strings(record):
        if "\0" in text:
            found.append("a text contains the NUL character")
        if _SURROGATE.search(text):
            found.append("a text contains half of a surrogate pair, which is not valid Unicode")
        if token := _CONTROL_TOKEN.search(text):
            found.append(f"a text contains the control token {token.group()}")
    return list(dict.fromkeys(found))


def text_problems(value: Any, what: str) -> list[str]:
    """Problems of something that must be a text with visible content; `what` names it."""
    if not isinstance(value, str):
        return [f"{what} is not a text"]
    return [f"{what} is blank"] if _BLANK.fullmatch(value) else []


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
    if not all(isinstance(turn, dict) for turn in turns):
        return ["a turn of the conversation is not an object"]
    return [*_role_problems(turns), *_turn_problems(turns), *_weight_problems(turns)]


def _role_problems(turns: Sequence[Json]) -> list[str]:
    roles = [turn.get("role") for turn in turns]
    for role in roles:
        if not isinstance(role, str):
            return ["a turn has no role"]
        if role not in ("system", "user", "assistant"):
            return [f"a turn has the role {role!r}; only system, user and assistant are common"]
    spoken = roles[1:] if roles[0] == "system" else roles
    if "system" in spoken:
        return ["a system turn comes after another turn"]
    if not spoken or spoken[-1] != "assistant":
        return ["the last turn is not the assistant's"]
    if any(role != ("user", "assistant")[at % 2] for at, role in enumerate(spoken)):
        return ["user and assistant do not alternate, beginning with the user"]
    return []


def _turn_problems(turns: Sequence[Json]) -> list[str]:
    found = []
    for number, turn in enumerate(turns, start=1):
        found += text_problems(turn.get("content"), f"the content of turn {number}")
        extra = sorted(set(turn) - {"role", "content", "weight"})
        if extra:
            found.append(f"turn {number} has the key {extra[0]!r}, which trainers do not share")
    return found


def _weight_problems(turns: Sequence[Json]) -> list[str]:
    weights = [turn["weight"] for turn in turns if "weight" in turn]
    if any(type(weight) is not int or weight not in (0, 1) for weight in weights):
        return ["a weight is neither 0 nor 1"]
    if any("weight" in turn and turn.get("role") != "assistant" for turn in turns):
        return ["a weight stands on a turn that is not the assistant's"]
    return ["every weight is 0: nothing would be learnt"] if weights and not any(weights) else []
