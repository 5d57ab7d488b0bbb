"""lm-evaluation-harness runs the task that an export brings: it asks what stands in the file.

TAMIS_LM_EVAL_PYTHON names the interpreter of an environment with `lm-eval[hf]==0.4.13`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from curation.records import Json, Task
from tests.heavy_consumers.evaluation import asked
from tests.heavy_consumers.kit import interpreter, run

DUMMY = "lol"
"""What the harness's dummy model always answers."""


def evaluated(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str
) -> tuple[Json, list[Json]]:
    """The results of the task, and what was asked, example by example."""
    python = interpreter("lm_eval")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(folder / "cache"))
    name = "tamis_tickets"
    given = ["--include_path", "evaluation", "--tasks", name, "--log_samples", "--output_path", "o"]
    run([python, "-m", "lm_eval", "run", *given, *options])
    [results] = Path("o").rglob("results_*.json")
    [samples] = Path("o").rglob("samples_*.jsonl")
    lines = samples.read_text(encoding="utf-8").split("\n")
    return json.loads(results.read_text())["results"][name], [
        json.loads(line) for line in lines if line
    ]


def test_the_dummy_scores_what_the_hand_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is right for one label of three: a third, and an F1 of 2 / (3 + 1) for that label."""
    labels = [DUMMY, "no", "{{7*7}}"]
    examples = asked(tmp_path, Task.SINGLE_LABEL, labels * 2, labels)
    results, seen = evaluated(tmp_path, monkeypatch, "--model", "dummy")
    assert results["exact,none"] == pytest.approx(1 / 3)
    assert results["macro_f1,none"] == pytest.approx(1 / 6)
    assert {one["doc"]["id"]: one["arguments"]["gen_args_0"]["arg_0"] for one in seen} == {
        one["id"]: one["prompt"] for one in examples
    }
    assert {one["doc"]["id"]: one["target"] for one in seen} == {
        one["id"]: one["target"] for one in examples
    }


def test_a_model_answers_with_its_chat_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: Path
) -> None:
    examples = asked(tmp_path, Task.EXTRACTION, [{"a": 1}, {}], [])
    options = ("--model", "hf", "--model_args", f"pretrained={model}", "--device", "cpu")
    results, seen = evaluated(tmp_path, monkeypatch, *options, "--apply_chat_template")
    assert {name for name in results if name.endswith(",none")} >= {
        "exact,none",
        "f1,none",
        "valid_json,none",
    }
    assert [one["arguments"]["gen_args_0"]["arg_0"] for one in seen] == [
        f"<user>{one['prompt']}<eos><assistant>" for one in examples
    ]
