"""`{"prompt": ..., "completion": ...}`: what is given and what is to be learnt, side by side.

Both are the literal texts, without instruction or separator: a trainer that joins them without a
chat template needs its own. Chat rows hold lists of messages instead, as TRL reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from curation.records import Json, Task
from exports.formats.base import Format, conversations
from exports.validate import conversation_problems, json_problems, text_problems


def _records(rows: pl.DataFrame, task: Task, _labels: Sequence[str]) -> Iterator[Json]:
    if task is Task.CHAT:
        for turns in conversations(rows):
            yield {"prompt": turns and turns[:-1], "completion": turns and turns[-1:]}
        return
    for text, output in rows.select("text", "output").iter_rows():
        yield {"prompt": text, "completion": output}


def _check(record: Json, task: Task) -> list[str]:
    prompt, completion = record["prompt"], record["completion"]
    if task is Task.CHAT:
        whole = isinstance(prompt, list) and isinstance(completion, list)
        found = conversation_problems(prompt + completion if whole else None)
        if not found and completion[-1].get("weight") == 0:
            found = ["the weight of the completion is 0: nothing would be learnt"]
        return found
    found = [*text_problems(prompt, "the prompt"), *text_problems(completion, "the completion")]
    return [*found, *(json_problems(completion) if task is Task.EXTRACTION else [])]


PROMPT_COMPLETION = Format(
    name="prompt-completion",
    description="A prompt and its completion per line; lists of messages for chat.",
    tasks=tuple(Task),
    keys=lambda _task: ("prompt", "completion"),
    records=_records,
    check=_check,
)
