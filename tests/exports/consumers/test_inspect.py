"""inspect-ai runs the task that an export brings, offline, with answers that are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as evaluate
from inspect_ai.model import ModelOutput, ModelUsage, get_model

from curation.records import Json, Task
from exports.evaluation import evaluation_files
from tests.exports.consumers.exported import LABELS, rows
from tests.exports.export_examples import FACTS

COUNT = 9


def asked(folder: Path, task: Task) -> list[Json]:
    """The files of an evaluation in `folder`; their examples."""
    document = {
        "source": FACTS,
        "task": task.value,
        "labels": LABELS.get(task, []),
        "options": {},
        "splits": {split: {"rows": COUNT} for split in ("train", "validation", "test")},
    }
    files = evaluation_files(document, rows(task).head(COUNT).iter_rows(named=True)).files
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="\n")
    lines = (folder / "evaluation" / "test.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, answers: list[str]) -> tuple[Any, Json]:
    """The log of inspect-ai, and the mean of every score."""
    monkeypatch.chdir(folder)
    outputs = [ModelOutput.from_content("mockllm/model", answer) for answer in answers]
    for output in outputs:
        output.usage = ModelUsage()  # or it would fetch a tokenizer to count them
    [log] = evaluate(
        "evaluation/inspect_task.py",
        model=get_model("mockllm/model", custom_outputs=outputs, memoize=False),
        display="none",
        log_dir=str(folder / "logs"),
        max_samples=1,
    )
    assert log.status == "success", log.error
    assert log.results is not None
    found = {one.name: {k: v.value for k, v in one.metrics.items()} for one in log.results.scores}
    return log, {
        f"{name}/{key}": value for name, part in found.items() for key, value in part.items()
    }


@pytest.mark.parametrize("task", list(Task))
def test_every_example_is_asked_and_a_right_answer_scores_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: Task
) -> None:
    examples = asked(tmp_path, task)
    log, found = run(tmp_path, monkeypatch, [one["target"] for one in examples])
    assert {value for key, value in found.items() if "stderr" not in key} == {1.0}
    said = {sample.id: [(turn.role, turn.text) for turn in sample.input] for sample in log.samples}
    assert said == {
        one["id"]: [(turn["role"], turn["content"]) for turn in one["input"]] for one in examples
    }
    assert len(said) == COUNT


def test_wrong_answers_score_what_the_hand_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of nine labels, three of each kind, `yes` is always said: a third right, F1 1/2, 0, 0."""
    examples = asked(tmp_path, Task.SINGLE_LABEL)
    _, found = run(tmp_path, monkeypatch, ["yes"] * len(examples))
    assert found["exact/mean"] == pytest.approx(1 / 3)
    assert found["exact/macro_f1"] == pytest.approx(1 / 6)


def test_an_answer_that_is_no_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = asked(tmp_path, Task.EXTRACTION)
    _, found = run(tmp_path, monkeypatch, ["Sure: {}"] * len(examples))
    assert (found["valid_json/mean"], found["exact/mean"]) == (0, 0)
