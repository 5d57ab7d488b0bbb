"""The formats an export can be written in: one file each, registered here by name."""

from __future__ import annotations

from curation.errors import WrongUse
from curation.records import Task
from exports.formats.base import Format
from exports.formats.openai_chat import OPENAI_CHAT
from exports.formats.prompt_completion import PROMPT_COMPLETION
from exports.formats.text_label import TEXT_LABEL

__all__ = ["FORMATS", "Format", "find_format", "fitting"]

FORMATS: dict[str, Format] = {
    form.name: form for form in (OPENAI_CHAT, PROMPT_COMPLETION, TEXT_LABEL)
}


def fitting(task: Task) -> list[str]:
    """Names of the formats that serve `task`."""
    return [name for name, form in FORMATS.items() if task in form.tasks]


def find_format(name: str, task: Task) -> Format:
    """The format of that name; raises WrongUse where there is none or it does not serve `task`."""
    hint = f"Formats for {task}: {', '.join(fitting(task))}."
    if name not in FORMATS:
        raise WrongUse(f"There is no format {name!r}.", hint)
    if task not in FORMATS[name].tasks:
        raise WrongUse(f"The format {name} does not serve {task} datasets.", hint)
    return FORMATS[name]
