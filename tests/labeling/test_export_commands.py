"""Exports on the command line: options, versions, tokens, leaks, and the way back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from curation.records import Action, Task
from curation.workspace import Workspace
from tests.factories import add_examples, mark_analysed, operation
from tests.labeling.test_cli import Tamis, tamis  # noqa: F401 (the fixture)

SAY = [("the lamp is broken", "broken"), ("where is my money", "refund"), ("thanks", "praise")]


@pytest.fixture
def run(tamis: Tamis, tmp_path: Path) -> Callable[..., tuple[int, str, str]]:  # noqa: F811
    """Tamis on a workspace with sixty analysed examples of dataset `d`."""
    with Workspace.create(tmp_path / "w") as workspace:
        dataset = workspace.create_dataset("d", Task.SINGLE_LABEL)
        rows = [(f"{text} number {n}", label) for n in range(20) for text, label in SAY]
        ids = add_examples(workspace, dataset, rows)
        workspace.store.decide([operation(dataset, ids[0], Action.RELABEL, "praise")])
        mark_analysed(workspace, dataset)
    return lambda *words: tamis(*words, *_there(words, tmp_path))


def _there(words: tuple[str, ...], folder: Path) -> list[str]:
    alone = words[0] in ("check", "tokens", "diff", "compare") or (words[1:2] and "/" in words[1])
    return [] if alone and words[0] != "import" else ["-w", str(folder / "w")]


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_what_is_not_said_is_as_in_the_last_export(run: Tamis, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    options = ["-f", "text-label", "--validation", "0", "--test", "0.5", "--licence", "mit"]
    assert run("export", "-d", "d", "-o", str(one), *options, "--stratify", "length")[0] == 0
    assert run("export", "-d", "d", "-o", str(two))[0] == 0
    assert (one / "train.jsonl").read_bytes() == (two / "train.jsonl").read_bytes()
    manifest = json.loads((two / "manifest.json").read_text())
    assert manifest["options"]["rules"]["stratify"] == ["length"]
    assert manifest["options"]["licence"] == "mit"


def test_what_was_said_of_the_splits_can_be_taken_back(run: Tamis, tmp_path: Path) -> None:
    def rules(name: str, *words: str) -> dict:
        code, output, error = run("export", "-d", "d", "-o", str(tmp_path / name), "--json", *words)
        assert code == 0, error
        return json.loads(output)["options"]["rules"]

    with Workspace.open(tmp_path / "w") as workspace:
        numbers = "UPDATE example SET metadata = json_object('n', source_row)"
        workspace.store.write(lambda cursor: cursor.execute(numbers))
    said = rules("one", "--keep-together", "n", "--by-time", "n", "--cap-per-label", "19")
    assert said["keep_together"] == ["n"]
    assert (said["by_time"], said["cap_per_label"]) == ("n", 19)
    words = ["--keep-together", "", "--by-time", "", "--stratify", "length", "--cap-per-label", "0"]
    said = rules("two", *words)
    assert said["keep_together"] == []
    assert said["by_time"] is said["cap_per_label"] is None
    assert said["stratify"] == ["length"]
    assert rules("three", "--stratify", "")["stratify"] == []


def test_folds_weights_and_a_cap_stand_in_the_assignment(run: Tamis, tmp_path: Path) -> None:
    out = tmp_path / "one"
    words = ["--folds", "3", "--sample-weights", "--cap-per-label", "10"]
    code, _, error = run("export", "-d", "d", "-o", str(out), *words)
    assert code == 0, error
    entries = lines(out / "assignment.jsonl")
    assert {entry["fold"] for entry in entries if entry["split"] != "test"} == {0, 1, 2}
    train = [entry["weight"] for entry in entries if entry["split"] == "train"]
    assert sum(train) / len(train) == pytest.approx(1)
    reasons = {row["reason"] for row in lines(out / "left_out.jsonl")}
    assert reasons == {"over the cap of its label"}


def test_versions_are_listed_and_written_again(run: Tamis, tmp_path: Path) -> None:
    one, again = tmp_path / "one", tmp_path / "again"
    assert "None yet" in run("exports", "-d", "d")[1]
    run("export", "-d", "d", "-o", str(one))
    [version] = json.loads(run("exports", "-d", "d", "--json")[1])
    assert (version["version"], version["rows"]) == (1, 60)
    assert run("export", "-d", "d", "-o", str(again), "--again", "1")[0] == 0
    assert (one / "manifest.json").read_bytes() == (again / "manifest.json").read_bytes()
    code, _, error = run("export", "-d", "d", "-o", str(tmp_path / "x"), "--again", "7")
    assert code == 2
    assert "no version 7" in error


def test_tokens_are_counted_and_priced(run: Tamis, tmp_path: Path) -> None:
    out = tmp_path / "one"
    run("export", "-d", "d", "-o", str(out), "-f", "openai-chat")
    found = json.loads(run("tokens", str(out), "--epochs", "2", "--json")[1])
    train = found["tokens"]["splits"]["train"]
    assert not found["tokens"]["is_exact"]
    assert found["costs"][0]["tokens"] == 2 * train["total"]
    assert "an estimate" in run("tokens", str(out), "--limit", "10")[1]
    (out / "train.jsonl").unlink()
    for words in ([str(out)], [str(out), "--prices", str(tmp_path / "none.toml")]):
        code, _, error = run("tokens", *words)
        assert code != 0
        assert "cannot be read: No such file or directory. " in error


def test_two_versions_are_compared(run: Tamis, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    run("export", "-d", "d", "-o", str(one))
    with Workspace.open(tmp_path / "w") as workspace:
        dataset = workspace.dataset("d")
        workspace.store.decide([operation(dataset, "e005", Action.RELABEL, "praise")])
    run("export", "-d", "d", "-o", str(two))
    found = json.loads(run("diff", str(one), str(two), "--json")[1])
    assert found["counts"]["relabelled"] == 1


def test_an_export_comes_back(run: Tamis, tmp_path: Path) -> None:
    out = tmp_path / "one"
    run("export", "-d", "d", "-o", str(out))
    code, printed, error = run("import", str(out), "-d", "back", "--json")
    assert code == 0, error
    assert json.loads(printed)[0]["imported"] == 60
    with Workspace.open(tmp_path / "w") as workspace:
        splits = workspace.store.read("SELECT split, count(*) AS n FROM split_ledger GROUP BY ALL")
    assert splits["n"].sum() == 120
