"""LLaMA-Factory trains a step on what is written for it, and drops no row on the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from curation.records import Json, Task
from tests.exports.consumers.exported import BESIDE, exported
from tests.heavy_consumers.expected import answers, parts, stands_in_order
from tests.heavy_consumers.kit import HERE, interpreter, prepared, run

CASES = [
    ("llamafactory-sharegpt", Task.CHAT, {}),
    ("llamafactory-sharegpt", Task.SINGLE_LABEL, BESIDE),
    ("llamafactory-alpaca", Task.CHAT, {}),
    ("llamafactory-alpaca", Task.EXTRACTION, {"folds": 3}),
]


@pytest.mark.parametrize(("name", "task", "asked"), CASES)
def test_rows_in_are_rows_out(
    tmp_path: Path, model: Path, name: str, task: Task, asked: Json
) -> None:
    python = interpreter("llamafactory")
    _, files = exported(tmp_path, name, task, **asked)
    path, records = next(iter(files.items()))
    wanted = {
        "model_name_or_path": str(model),
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "full",
        "dataset_dir": str(path.parent),
        "dataset": "tickets_train",
        "template": "default",
        "cutoff_len": 2048,
        "max_steps": 1,
        "tokenized_path": str(tmp_path / "prepared"),
        "output_dir": str(tmp_path / "out"),
        "report_to": "none",
    }
    file = tmp_path / "train.yml"
    file.write_text(json.dumps(wanted), encoding="utf-8")
    without_sound = {"PYTHONPATH": str(HERE / "without_sound"), "DISABLE_VERSION_CHECK": "1"}
    run([python.parent / "llamafactory-cli", "train", file], without_sound)
    found = prepared(python, tmp_path / "prepared", model)
    assert len(found) == len(records)
    for row, record in zip(found, records, strict=True):
        assert stands_in_order(parts(record), row["whole"])
        assert row["learnt"].replace("<eos>", "") == "".join(
            f"{said}\n" for said in answers(record)
        )
    assert (tmp_path / "out" / "model.safetensors").is_file()
