"""A folder that `datasets.load_dataset` and the Hugging Face Hub read: Parquet and a README."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from curation.records import Json, Task
from exports.formats.base import About, Row, Shape
from exports.formats.openai_chat import MESSAGES
from exports.formats.prompt_completion import PROMPT_COMPLETION
from exports.formats.target import Target
from exports.formats.text_label import TEXT_LABEL

_SHAPES = {
    Task.SINGLE_LABEL: TEXT_LABEL,
    Task.MULTI_LABEL: TEXT_LABEL,
    Task.EXTRACTION: PROMPT_COMPLETION,
    Task.CHAT: MESSAGES,
}


def _keys(task: Task) -> tuple[str, ...]:
    return _SHAPES[task].keys(task)


def _write(row: Row, task: Task, labels: Sequence[str]) -> Json:
    return _SHAPES[task].write(row, task, labels)


def _check(record: Json, task: Task) -> list[str]:
    return _SHAPES[task].check(record, task)


def _types(task: Task) -> Any:
    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    several = {"labels": pa.list_(pa.string()), "messages": pa.list_(turn)}
    return pa.schema([(key, several.get(key, pa.string())) for key in _keys(task)])


def _readme(about: About, target: Target) -> dict[str, str]:
    files = "".join(
        f"      - split: {split}\n        path: {target.file(split)}\n" for split in about.rows
    )
    counts = "".join(f"| {split} | {rows:,} |\n" for split, rows in about.rows.items())
    labels = "".join(f"- {' '.join(name.split())}\n" for name in about.labels)
    return {
        "README.md": (
            f"---\nconfigs:\n  - config_name: default\n    data_files:\n{files}---\n"
            f"# {' '.join(about.dataset.split())}\n\n"
            f"A {about.task} dataset, exported by Tamis. No near-duplicate that its analysis found "
            "stands in two splits;\n`manifest.json` says where each number comes from.\n\n"
            f"| split | rows |\n|---|---|\n{counts}" + (f"\n## Labels\n{labels}" if labels else "")
        )
    }


HUB = Shape(_keys, _write, _check, side_files=_readme, types=_types)
