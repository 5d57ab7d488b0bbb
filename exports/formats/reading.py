"""From a record back to the example it was written from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from curation.ingest.chat import exchange_of
from curation.ingest.table import RowFault
from curation.records import Json, Task, canonical_json, encode_output
from exports.formats.templates import PromptTemplate, joined, render_with, taken_out


class CannotRead(ValueError):
    """A record is not one that the format writes with this template; the message says why."""


@dataclass(frozen=True, slots=True)
class Read:
    """An example as a record says it: what the columns of the same names hold in the store.

    `messages` are the turns of a chat as canonical JSON; None where a question and its answer say
    all there is. `rejected`, `approved` and `tools` (those declared, as canonical JSON) are None
    where the record does not have them.
    """

    text: str
    output: str
    messages: str | None = None
    rejected: str | None = None
    approved: bool | None = None
    tools: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What a shape finds in a record, with the words of the template still in it.

    One of three says what was asked: `turns`, the conversation with the answer last; `prompt`, all
    that stands before the answer as one text, without any words of a template unless one was given
    where `is_bare`; `text`, that of the example itself. `output` is the answer as the shape holds
    it, a text or a list of labels; None where it is the last turn's.
    """

    turns: list[Json] | None = None
    prompt: str | None = None
    text: str | None = None
    output: Any = None
    rejected: str | None = None
    approved: bool | None = None
    is_bare: bool = False
    tools: list[Any] | None = None


def example_of(held: Held, task: Task, template: PromptTemplate, labels: Sequence[str]) -> Read:
    """The example that a shape holds, the words of `template` taken out.

    Raises CannotRead where they are not in it, or the answer is none of the task.
    """
    text, messages = held.text, None
    if held.turns is not None:
        turns = [_tidy(turn) for turn in held.turns]
        if turns[-1].get("role") != "assistant":
            raise CannotRead("the last turn is not the assistant's")
        output = turns[-1].get("content")
        text, messages = _conversation(turns, task, template, labels)
    else:
        output = held.output
        if held.prompt is not None:
            text = _prompt(held.prompt, task, template, labels)
    if not isinstance(text, str):
        raise CannotRead("the text is not a text")
    tools = held.tools and canonical_json(held.tools)
    return Read(text, _output(output, task), messages, held.rejected, held.approved, tools or None)


def _tidy(turn: Json) -> Json:
    return {key: value for key, value in turn.items() if value is not None}


def _output(said: Any, task: Task) -> str:
    """An answer as it is stored."""
    value = said
    try:
        if task in (Task.MULTI_LABEL, Task.EXTRACTION) and isinstance(said, str):
            value = json.loads(said)
        stored = encode_output(task, value) if _is_output(value, task) else None
    except (ValueError, RecursionError) as error:
        raise CannotRead(f"the answer is no output of a {task} dataset: {error}") from error
    if stored is None:
        raise CannotRead(f"the answer is no output of a {task} dataset")
    return stored


def _is_output(value: Any, task: Task) -> bool:
    if task is Task.EXTRACTION:
        return True
    if task is Task.MULTI_LABEL:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return isinstance(value, str)


def _prompt(prompt: str, task: Task, template: PromptTemplate, labels: Sequence[str]) -> str:
    text = taken_out(joined(template), prompt, labels)
    if text is None and task is not Task.CHAT:
        raise CannotRead("the prompt is not what the template writes")
    return prompt if text is None else text


def _conversation(
    turns: list[Json], task: Task, template: PromptTemplate, labels: Sequence[str]
) -> tuple[str, str | None]:
    """The text of the example, and its stored turns where it has any.

    A stored conversation keeps its words, so only a system turn can be the template's.
    """
    *asked, _ = turns
    system, rest = None, asked
    if template.system.strip() and asked and asked[0].get("role") == "system":
        system, *rest = asked
    text = _question(rest, template, labels)
    if text is not None and _is_of(system, template, text, labels):
        plain = {"role", "content"}
        if task is not Task.CHAT or all(set(turn) <= plain for turn in _unweighted(turns)):
            return text, None
    if task is not Task.CHAT:
        raise CannotRead("the turns are not what the template writes")
    if system is not None:
        text, _ = _stored([*rest, turns[-1]])
        if _is_of(system, template, text, labels):
            turns = [*rest, turns[-1]]
    return _stored(_unweighted(turns))


def _question(asked: list[Json], template: PromptTemplate, labels: Sequence[str]) -> str | None:
    if [turn.get("role") for turn in asked] != ["user"]:
        return None
    content = asked[0]["content"]
    return taken_out(template.user, content, labels) if isinstance(content, str) else None


def _is_of(system: Json | None, template: PromptTemplate, text: str, labels: Sequence[str]) -> bool:
    """Whether the system turn is what the template writes for the text."""
    wanted = render_with(template.system, text, labels) if template.system.strip() else None
    return wanted == (system and system["content"])


def _unweighted(turns: list[Json]) -> list[Json]:
    """The turns without weights where all are 1 and so say nothing."""
    if any(turn.get("weight", 1) != 1 for turn in turns):
        return turns
    return [{key: value for key, value in turn.items() if key != "weight"} for turn in turns]


def _stored(turns: list[Json]) -> tuple[str, str]:
    try:
        text, _, messages = exchange_of("messages", turns)
    except RowFault as fault:
        raise CannotRead(f"the conversation {fault.reason}") from fault
    return text, messages or canonical_json(turns)
