"""`{"messages": [...]}`: conversations as OpenAI, TRL, Axolotl, Together and MLX-LM read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from curation.records import Json, Task, canonical_json
from exports.formats.base import Format, conversations
from exports.validate import conversation_problems, json_problems

_INSTRUCTIONS = {
    Task.SINGLE_LABEL: "Classify the text. Answer with one of these labels and nothing else: ",
    Task.MULTI_LABEL: "Classify the text. Answer with a JSON list of all labels that apply, "
    "chosen from: ",
}


def _records(rows: pl.DataFrame, task: Task, labels: Sequence[str]) -> Iterator[Json]:
    if task is Task.CHAT:
        for turns in conversations(rows):
            yield {"messages": turns}
        return
    system = []
    if task.has_labels:
        content = _INSTRUCTIONS[task] + canonical_json(list(labels))
        system = [{"role": "system", "content": content}]
    for text, output in rows.select("text", "output").iter_rows():
        question = {"role": "user", "content": text}
        yield {"messages": [*system, question, {"role": "assistant", "content": output}]}


def _check(record: Json, task: Task) -> list[str]:
    found = conversation_problems(record["messages"])
    if task is Task.EXTRACTION and not found:
        found = json_problems(record["messages"][-1]["content"])
    return found


OPENAI_CHAT = Format(
    name="openai-chat",
    description="Conversations: one list of messages per line, the answer last.",
    tasks=tuple(Task),
    keys=lambda _task: ("messages",),
    records=_records,
    check=_check,
)
