"""MLX-LM reads the folder that is written for it, and trains a step on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from curation.records import Task
from tests.exports.consumers.exported import BESIDE, exported
from tests.heavy_consumers.expected import answers, parts, stands_in_order
from tests.heavy_consumers.kit import HERE, interpreter, run

NAMES = {"train.jsonl": "train", "valid.jsonl": "valid", "test.jsonl": "test"}


@pytest.mark.parametrize("task", list(Task))
def test_rows_in_are_rows_out(tmp_path: Path, model: Path, task: Task) -> None:
    python = interpreter("mlx")
    _, files = exported(tmp_path, "mlx-chat", task, **(BESIDE if task.has_labels else {}))
    folder = next(iter(files)).parent
    found = json.loads(run([python, HERE / "read_mlx.py", folder, model]).splitlines()[-1])
    for path, records in files.items():
        rows = found[NAMES[path.name]]
        assert len(rows) == len(records)
        for row, record in zip(rows, records, strict=True):
            assert stands_in_order(parts(record), row["whole"])
            assert row["learnt"] == f"{answers(record)[-1]}<eos>"


def test_a_step_of_training(tmp_path: Path, model: Path) -> None:
    python = interpreter("mlx")
    _, files = exported(tmp_path, "mlx-chat", Task.CHAT)
    adapters = tmp_path / "adapters"
    settings = {
        "--model": model,
        "--data": next(iter(files)).parent,
        "--iters": 1,
        "--batch-size": 2,
        "--num-layers": 1,
        "--val-batches": 1,
        "--adapter-path": adapters,
    }
    given = [str(part) for option in settings.items() for part in option]
    run([python, "-m", "mlx_lm", "lora", "--train", "--mask-prompt", *given])
    assert (adapters / "adapters.safetensors").is_file()
