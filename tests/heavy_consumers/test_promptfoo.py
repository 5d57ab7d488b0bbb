"""promptfoo runs the configuration that an export brings: it asks what stands in the file.

TAMIS_PROMPTFOO names the program. What it makes of the configuration's keys is on
https://www.promptfoo.dev/docs/configuration/reference/; `promptfoo validate` holds them against its
own schema.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from curation.records import Json, Task
from exports.evaluation.held_out import METRICS, scores
from tests.heavy_consumers.evaluation import asked
from tests.heavy_consumers.kit import program, run

OUTPUTS: dict[Task, list[Any]] = {
    Task.SINGLE_LABEL: ["yes", "no", "{{7*7}}"],
    Task.MULTI_LABEL: [["yes"], [], ["no", "{{7*7}}"]],
    Task.EXTRACTION: [{"a": 1}, {"{{ b }}": None}, {}],
    Task.CHAT: ["Answer.", "{{ 7*7 }}", "{% raw %}"],
}
LABELS = {task: ["yes", "no", "{{7*7}}"] for task in Task if task.has_labels}
KNOWS_ALL = """import json
from pathlib import Path

with Path(__file__).with_name("test.jsonl").open(encoding="utf-8") as file:
    ANSWERS = {row["id"]: row["target"] for row in map(json.loads, file)}

def call_api(prompt, options, context):
    return {"output": ANSWERS[context["vars"]["id"]]}
"""


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder of the export, and without the network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROMPTFOO_CONFIG_DIR", str(tmp_path / "home"))
    monkeypatch.setenv("PROMPTFOO_PYTHON", sys.executable)
    for name in ("TELEMETRY", "UPDATE", "REMOTE_GENERATION", "SHARING"):
        monkeypatch.setenv(f"PROMPTFOO_DISABLE_{name}", "1")


def evaluated(provider: str) -> dict[str, Json]:
    """The results of the configuration with another provider, by the id of the example."""
    given = ["-c", "evaluation/promptfoo.yaml", "-r", provider, "--no-cache", "--no-write"]
    # A wrong answer makes it exit with 100 unless it is told otherwise.
    fine = {"PROMPTFOO_FAILED_TEST_EXIT_CODE": "0"}
    run([program("TAMIS_PROMPTFOO"), "eval", *given, "--output", "found.json"], fine)
    found = json.loads(Path("found.json").read_text(encoding="utf-8"))["results"]["results"]
    return {one["vars"]["id"]: one for one in found}


def test_the_configuration_is_valid(tmp_path: Path) -> None:
    asked(tmp_path, Task.SINGLE_LABEL, ["yes"], ["yes"])
    command: list[str | Path] = [
        program("TAMIS_PROMPTFOO"),
        "validate",
        "config",
        "-c",
        "evaluation/promptfoo.yaml",
    ]
    assert "is valid" in run(command)
    path = Path("evaluation/promptfoo.yaml")
    path.write_text(path.read_text("utf-8").replace("providers:", "provders:"), "utf-8")
    with pytest.raises(AssertionError):
        run(command)


@pytest.mark.parametrize("task", list(Task))
def test_every_example_is_asked_as_it_stands_and_scored_by_our_rules(
    tmp_path: Path, task: Task
) -> None:
    """The provider `echo` answers with what it was asked."""
    examples = asked(tmp_path, task, OUTPUTS[task], LABELS.get(task, []))
    found = evaluated("echo")
    assert set(found) == {one["id"] for one in examples}
    for one in examples:
        result = found[one["id"]]
        said = result["response"]["output"]
        assert json.loads(said) == one["input"]
        wanted = scores(task.value, said, one["target"])
        assert result["namedScores"] == pytest.approx(wanted)
        assert result["score"] == pytest.approx(wanted[METRICS[task.value][0]])
        assert result["success"] is (task is Task.CHAT)


@pytest.mark.parametrize("task", list(Task))
def test_right_answers_pass(tmp_path: Path, task: Task) -> None:
    examples = asked(tmp_path, task, OUTPUTS[task], LABELS.get(task, []))
    (tmp_path / "evaluation" / "answers.py").write_text(KNOWS_ALL, encoding="utf-8")
    found = evaluated("python:answers.py")
    assert {name: (one["success"], one["score"]) for name, one in found.items()} == {
        one["id"]: (True, 1) for one in examples
    }
