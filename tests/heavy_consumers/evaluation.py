"""The files that ask held-out examples, of examples whose texts look like templates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from curation.records import Json, Task
from exports.evaluation import evaluation_files
from tests.exports.export_examples import FACTS, frame

AWKWARD = "{{ 7*7 }} {% raw %} é😀 \u2028 "


def asked(folder: Path, task: Task, outputs: list[Any], labels: list[str]) -> list[Json]:
    """The files of an evaluation in `folder`; their examples."""
    rows = frame(outputs, task, text=[f"{AWKWARD}{number}" for number in range(len(outputs))])
    document = {
        "source": FACTS,
        "task": task.value,
        "labels": labels,
        "options": {},
        "splits": {split: {"rows": len(outputs)} for split in ("train", "validation", "test")},
    }
    for path, text in evaluation_files(document, rows.iter_rows(named=True)).files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="\n")
    lines = (folder / "evaluation" / "test.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]
