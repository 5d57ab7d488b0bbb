"""Held-out examples as the records of `test.jsonl`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from curation.records import Json, Task
from exports.formats.templates import PromptTemplate, as_messages, template_for

_PLAIN = {"role", "content", "weight"}


def sample(
    row: Mapping[str, Any], task: Task, labels: Sequence[str], template: PromptTemplate | None
) -> Json | None:
    """One example as `{"id", "input", "prompt", "target", "metadata"}`.

    `row` holds `example_id`, `text`, `output` and `messages` (JSON turns, None where there are
    none). `input` are the turns before the answer, `prompt` the same as one text, `target` the
    answer. None where a turn holds anything but text: a call of a tool, a picture.
    """
    turns = as_messages(
        task,
        row["text"],
        row["output"],
        row["messages"],
        template_for(task, template),
        labels,
    )
    if not turns or len(turns) < 2 or not all(map(_is_plain, turns)):
        return None
    asked = [{"role": turn["role"], "content": turn["content"]} for turn in turns[:-1]]
    return {
        "id": row["example_id"],
        "input": asked,
        "prompt": "\n\n".join(turn["content"] for turn in asked),
        "target": turns[-1]["content"],
        "metadata": {"task": task.value},
    }


def samples(
    rows: Iterable[Mapping[str, Any]],
    task: Task,
    labels: Sequence[str],
    template: PromptTemplate | None,
) -> tuple[list[Json], int]:
    """The examples that can be asked as text, and how many cannot."""
    found = [sample(row, task, labels, template) for row in rows]
    usable = [one for one in found if one is not None]
    return usable, len(found) - len(usable)


def _is_plain(turn: Json) -> bool:
    return set(turn) <= _PLAIN and isinstance(turn["content"], str)
