"""How an example becomes a conversation: the words around its text and its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from curation.errors import WrongUse
from curation.records import Json, Task, canonical_json

FIELDS = ("input", "labels")
BETWEEN = "\n\n"
"""Stands between what the system and the user say where both are one text."""
_FIELD = re.compile(r"\{\{(\w+)\}\}|\{(\w+)\}")


def fields(part: str) -> list[str]:
    """Names of the fields in one part of a template, in their order."""
    return [name for _, name in _FIELD.findall(part) if name]


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """What the user says, and the system before it (nothing where it is blank).

    `{input}` stands for the example's text and `{labels}` for the label set as a JSON list;
    `{{input}}` is the literal text `{input}`. All other braces stand for themselves, and what is
    put in is not looked at again. Raises WrongUse for an unknown field and for a `user` without
    `{input}`.
    """

    user: str = "{input}"
    system: str = ""

    def __post_init__(self) -> None:
        known = " and ".join(f"{{{name}}}" for name in FIELDS)
        for part in (self.user, self.system):
            for name in fields(part):
                if name not in FIELDS:
                    raise WrongUse(
                        f"The prompt template names the field {{{name}}}, which does not exist.",
                        f"The fields are {known}; write {{{{{name}}}}} for the literal text.",
                    )
        if "input" not in fields(self.user):
            raise WrongUse(
                "The prompt template never says the text of the example.",
                "Put {input} where the text belongs in the user's turn.",
            )


DEFAULTS = {
    Task.SINGLE_LABEL: PromptTemplate(
        system="Classify the text. Answer with one of these labels and nothing else: {labels}"
    ),
    Task.MULTI_LABEL: PromptTemplate(
        system="Classify the text. Answer with a JSON list of all labels that apply, "
        "chosen from: {labels}"
    ),
    Task.EXTRACTION: PromptTemplate(),
    Task.CHAT: PromptTemplate(),
}


def template_for(task: Task, template: PromptTemplate | None) -> PromptTemplate:
    """The template to use, the task's own where none is given.

    Raises WrongUse where it speaks of labels and the task has none.
    """
    chosen = template or DEFAULTS[task]
    if not task.has_labels and "labels" in fields(chosen.user) + fields(chosen.system):
        raise WrongUse(
            f"The prompt template uses {{labels}}, and a {task} dataset has no label set.",
            "Take {labels} out of the template.",
        )
    return chosen


def as_messages(
    task: Task,
    text: str,
    output: str,
    messages: str | None,
    template: PromptTemplate,
    labels: Sequence[str] = (),
) -> list[Json] | None:
    """One example as turns `{"role", "content", …}`, the last of them the answer `output`.

    `messages` are the stored turns of a chat as JSON, whose last answer `output` replaces. Such a
    conversation keeps its words; the template gives it a system turn where it has none. Turns keep
    all keys that hold something, `role` and `content` first. None where `messages` is no list of
    turns.
    """
    turns: Any = [{"role": "user", "content": render_with(template.user, text, labels)}]
    if task is Task.CHAT and messages:
        turns = read_json(messages)
        if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
            return None
    answer: Json = {"role": "assistant"}
    if turns and turns[-1].get("role") == "assistant":
        *turns, answer = turns
    if template.system.strip() and not (turns and turns[0].get("role") == "system"):
        turns = [{"role": "system", "content": render_with(template.system, text, labels)}, *turns]
    return [_ordered(turn) for turn in [*turns, {**answer, "content": output}]]


def joined(template: PromptTemplate) -> str:
    """Both parts of a template as one, for formats whose prompt is one text."""
    return (
        f"{template.system}{BETWEEN}{template.user}" if template.system.strip() else template.user
    )


def render_with(part: str, text: str, labels: Sequence[str]) -> str:
    """One part of a template with its fields filled in, in a single pass."""
    values = {"input": text, "labels": _label_list(tuple(labels))}
    return _FIELD.sub(
        lambda found: values[found[2]] if found[2] else f"{{{found[1]}}}",
        part,
    )


def taken_out(part: str, said: str, labels: Sequence[str]) -> str | None:
    """The inverse of `render_with`: the text that was put into `part` to give `said`.

    None where there is none. The words around it have a known length, so that it is the only one,
    whatever it looks like.
    """
    length, left = divmod(
        len(said) - len(render_with(part, "", labels)), fields(part).count("input")
    )
    if length < 0 or left:
        return None
    before = next(found for found in _FIELD.finditer(part) if found[2] == "input").start()
    start = len(render_with(part[:before], "", labels))
    text = said[start : start + length]
    return text if render_with(part, text, labels) == said else None


def read_json(text: str) -> Any:
    """The value of a JSON text, None where it cannot be read."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


@lru_cache(maxsize=4)
def _label_list(labels: tuple[str, ...]) -> str:
    return canonical_json(list(labels))


def _ordered(turn: Json) -> Json:
    said = {key: value for key, value in turn.items() if value is not None}
    return {"role": turn.get("role"), "content": turn.get("content"), **said}
