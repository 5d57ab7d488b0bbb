"""Axolotl's own `preprocess` keeps every row and learns from every answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curation.records import Task
from tests.exports.consumers.exported import BESIDE, exported
from tests.heavy_consumers.expected import answers, parts, stands_in_order
from tests.heavy_consumers.kit import interpreter, prepared, run

CHAT = {"type": "chat_template", "chat_template": "tokenizer_default", "eot_tokens": ["<eos>"]}
CASES: list[tuple[str, Task, dict[str, Any], dict[str, Any]]] = [
    ("axolotl-chat", Task.CHAT, CHAT, {}),
    ("axolotl-chat", Task.MULTI_LABEL, CHAT, BESIDE),
    ("axolotl-alpaca", Task.CHAT, {"type": "alpaca"}, {}),
    ("axolotl-alpaca", Task.EXTRACTION, {"type": "alpaca"}, {"folds": 3}),
]
PAIRS = {"type": "chat_template.default", "field_messages": "prompt"}


def preprocessed(folder: Path, model: Path, data: Path, reading: Any, **more: Any) -> Any:
    """The rows that `axolotl preprocess` makes of a file."""
    python = interpreter("axolotl")
    wanted = {
        "base_model": str(model),
        "datasets": [{"path": str(data), "ds_type": "json", **reading}],
        "chat_template": "tokenizer_default",
        "dataset_prepared_path": str(folder / "prepared"),
        "output_dir": str(folder / "out"),
        "sequence_len": 2048,
        "micro_batch_size": 1,
        "gradient_accumulation_steps": 1,
        "num_epochs": 1,
        "learning_rate": 1e-4,
        "optimizer": "adamw_torch",
        "val_set_size": 0,
        "bf16": False,
        **more,
    }
    file = folder / "axolotl.yml"
    file.write_text(json.dumps(wanted), encoding="utf-8")
    run([python.parent / "axolotl", "preprocess", file])
    [found] = (path for path in (folder / "prepared").iterdir() if path.is_dir())
    return prepared(python, found, model)


@pytest.mark.parametrize(("name", "task", "reading", "asked"), CASES)
def test_rows_in_are_rows_out(
    tmp_path: Path, model: Path, name: str, task: Task, reading: Any, asked: Any
) -> None:
    _, files = exported(tmp_path, name, task, **asked)
    path, records = next(iter(files.items()))
    reading = {key: value for key, value in reading.items() if key != "eot_tokens"}
    more = {"eot_tokens": ["<eos>"]} if name == "axolotl-chat" else {}
    found = preprocessed(tmp_path, model, path, reading, **more)
    assert len(found) == len(records)
    for record in records:  # Axolotl shuffles them
        [row] = [row for row in found if stands_in_order(parts(record), row["whole"])]
        assert row["learnt"] == "".join(f"{said}<eos>" for said in answers(record))


@pytest.mark.parametrize("task", [Task.CHAT, Task.SINGLE_LABEL])
def test_pairs_in_are_pairs_out(tmp_path: Path, model: Path, task: Task) -> None:
    _, files = exported(tmp_path, "trl-preference", task)
    path, records = next(iter(files.items()))
    found = preprocessed(tmp_path, model, path, PAIRS, rl="dpo")
    assert len(found) == len(records)
    for record in records:
        asked = [turn["content"] for turn in record["prompt"]]
        [row] = [row for row in found if stands_in_order(asked, row["prompt"])]
        for key in ("chosen", "rejected"):
            assert row[key].removesuffix("<eos>") == record[key][0]["content"].rstrip()
