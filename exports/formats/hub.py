"""A folder that `datasets.load_dataset` and the Hugging Face Hub read: Parquet and a README."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from curation.records import Json, Task
from exports.formats.base import Row, Shape
from exports.formats.openai_chat import MESSAGES
from exports.formats.prompt_completion import PROMPT_COMPLETION
from exports.formats.reading import Held
from exports.formats.text_label import TEXT_LABEL

_SHAPES = {
    Task.SINGLE_LABEL: TEXT_LABEL,
    Task.MULTI_LABEL: TEXT_LABEL,
    Task.EXTRACTION: PROMPT_COMPLETION,
    Task.CHAT: MESSAGES,
}


def _keys(task: Task) -> tuple[str, ...]:
    return tuple(key for key in _SHAPES[task].keys(task) if key not in _SHAPES[task].optional)


def _write(row: Row, task: Task, labels: Sequence[str]) -> Json:
    return _SHAPES[task].write(row, task, labels)


def _read(record: Json, task: Task, labels: Sequence[str]) -> Held:
    return _SHAPES[task].read(record, task, labels)


def _check(record: Json, task: Task) -> list[str]:
    return _SHAPES[task].check(record, task)


def _types(task: Task) -> Any:
    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    several = {"labels": pa.list_(pa.string()), "messages": pa.list_(turn)}
    return pa.schema([(key, several.get(key, pa.string())) for key in _keys(task)])


HUB = Shape(_keys, _write, _read, _check, types=_types)
