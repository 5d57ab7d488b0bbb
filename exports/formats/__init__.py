"""The formats an export can be written in: targets, each joined to the shape it asks for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from curation.errors import WrongUse
from curation.records import Task
from exports.formats.alpaca import ALPACA, ALPACA_HISTORY
from exports.formats.base import Format, Shape
from exports.formats.bedrock import CLAUDE, NOVA
from exports.formats.gemini import GEMINI
from exports.formats.hub import HUB
from exports.formats.openai_chat import MESSAGES
from exports.formats.preference import OPENAI_PREFERENCE, PREFERENCE, UNPAIRED
from exports.formats.prompt_completion import (
    PROMPT_COMPLETION,
    PROMPT_COMPLETION_MESSAGES,
    PROMPT_COMPLETION_TEXT,
)
from exports.formats.sharegpt import SHAREGPT
from exports.formats.table import TABLE
from exports.formats.templates import PromptTemplate, as_messages
from exports.formats.text_label import MULTI_HOT, TEXT_LABEL
from exports.targets import TARGETS

__all__ = [
    "FORMATS",
    "SHAPES",
    "Format",
    "PromptTemplate",
    "as_messages",
    "find_format",
    "fitting",
    "format_table",
]

SHAPES: dict[str, Shape] = {
    "messages": MESSAGES,
    "prompt-completion": PROMPT_COMPLETION,
    "prompt-completion-messages": PROMPT_COMPLETION_MESSAGES,
    "prompt-completion-text": PROMPT_COMPLETION_TEXT,
    "text-label": TEXT_LABEL,
    "multi-hot": MULTI_HOT,
    "table": TABLE,
    "hub": HUB,
    "preference": PREFERENCE,
    "unpaired": UNPAIRED,
    "openai-preference": OPENAI_PREFERENCE,
    "alpaca": ALPACA,
    "alpaca-history": ALPACA_HISTORY,
    "sharegpt": SHAREGPT,
    "gemini": GEMINI,
    "nova": NOVA,
    "claude": CLAUDE,
}

FORMATS: dict[str, Format] = {
    target.name: Format.of(target, SHAPES[target.shape]) for target in TARGETS
}


def fitting(task: Task, columns: Collection[str] = ()) -> list[str]:
    """Names of the formats that serve `task`.

    `columns` are those that the rows have beyond text, output and messages (`rejected`,
    `approved`); formats that need others are left out.
    """
    return [
        name
        for name, form in FORMATS.items()
        if task in form.tasks and set(form.shape.needs) <= set(columns)
    ]


def find_format(name: str, task: Task) -> Format:
    """The format of that name; raises WrongUse where there is none or it does not serve `task`."""
    hint = f"Formats for {task}: {', '.join(fitting(task))}."
    if name not in FORMATS:
        raise WrongUse(f"There is no format {name!r}.", hint)
    if task not in FORMATS[name].tasks:
        raise WrongUse(f"The format {name} does not serve {task} datasets.", hint)
    return FORMATS[name]


def format_table() -> str:
    """All formats as a Markdown table, for the documentation."""
    rows = ["| format | for | files | tasks | rules |", "|---|---|---|---|---|"]
    for target in TARGETS:
        tasks = "all" if target.tasks == tuple(Task) else ", ".join(target.tasks)
        files = ", ".join(target.files)
        rules = [*_rules(FORMATS[target.name]), f"[source]({target.source})"]
        rows.append(
            f"| `{target.name}` | {target.title} | {files} | {tasks} | {'; '.join(rules)} |"
        )
    return "\n".join(rows) + "\n"


def _rules(form: Format) -> list[str]:
    consumer = form.target.consumer
    shown = replace(
        consumer,
        weights=form.target.weights,
        tool_arguments=form.tool_arguments,
        keys=(),  # a format writes no others
    )
    return [f"needs `{name}`" for name in form.shape.needs] + shown.rules()
