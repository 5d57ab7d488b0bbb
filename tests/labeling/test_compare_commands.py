"""`tamis compare` and `tamis diff`: results on stdout, tables in files, refusals in words."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
import typer

from exports.contents import read_contents
from exports.split import SplitFractions
from labeling.cli import errors_for_people
from labeling.compare_commands import COMMANDS
from tests.exports.export_examples import export, frame


def run(*words: object) -> int:
    """A command line; the exit code."""
    app = typer.Typer(pretty_exceptions_enable=False)
    for command in COMMANDS:
        app.command()(command)
    try:
        with errors_for_people():
            app([str(word) for word in words])
    except SystemExit as done:
        return int(done.code or 0)
    return 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two exports of which one example differs, and answers to the first: all a, and all right."""
    fractions = SplitFractions(0.5, 0, 0.5)
    first = export(frame(["a", "b"] * 10), tmp_path / "old", fractions=fractions)
    rows = frame(["c", "b", *["a", "b"] * 9])
    export(rows, tmp_path / "new", fractions=fractions, frozen=first.assignment)
    examples = read_contents(tmp_path / "old", ["test"]).examples
    for name, column in (("base", pl.lit("a")), ("tuned", pl.col("output"))):
        examples.select("example_id", prediction=column).write_ndjson(tmp_path / f"{name}.jsonl")
    return tmp_path


def test_two_models_are_compared_in_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compare", folder / "old", folder / "base.jsonl", folder / "tuned.jsonl") == 0
    said = capsys.readouterr().out
    assert "base: base.jsonl, answers in prediction, matched by example_id; 0 unreadable." in said
    assert "│ accuracy │ 50.0 (23.7 to 76.3) │ 100.0 (72.2 to 100.0) │" in said
    assert "no difference can be shown" in said
    assert "exact McNemar test p = 0.062" in said


def test_the_same_as_json_and_the_rows_as_a_table(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("compare", folder / "old", folder / "base.jsonl", folder / "tuned.jsonl")
    assert run(*words, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["rows"], found["differing"]) == (10, 5)
    assert found["mcnemar"]["only_tuned"] == 5
    assert run(*words, "--out", folder / "rows.parquet", "--json") == 0
    assert json.loads(capsys.readouterr().out) == found
    assert set(pl.read_parquet(folder / "rows.parquet")["right"]) == {"tuned"}


def test_two_exports_are_compared(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("diff", folder / "old", folder / "new") == 0
    said = capsys.readouterr().out
    assert "│ relabelled │ 1        │" in said
    assert "Labels that became others:" in said
    assert run("diff", folder / "old", folder / "new", "--json") == 0
    assert json.loads(capsys.readouterr().out)["relabelled"] == [
        {"old": "a", "new": "c", "examples": 1}
    ]
    assert run("diff", folder / "old", folder / "new", "--out", folder / "rows.jsonl") == 0
    assert "│ relabelled │ 1        │" in capsys.readouterr().out
    lines = (folder / "rows.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["example_id"] for line in lines] == ["e0"]


def test_what_cannot_be_compared_is_refused_and_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "short.jsonl").write_text('{"text": "a"}\n')
    assert run("compare", folder / "old", folder / "base.jsonl", folder / "short.jsonl") == 2
    assert "short.jsonl has 1 rows" in capsys.readouterr().err
    words = (folder / "old", folder / "base.jsonl", folder / "tuned.jsonl")
    assert run("compare", *words, "--column", "answer") == 2
    assert "line 1 has no column answer; it has 'example_id', 'prediction'" in (
        capsys.readouterr().err
    )
    assert run("compare", *words, "--schema", folder / "none.json") == 2
    assert run("diff", folder, folder / "new") == 2


@pytest.mark.parametrize("name", ["manifest.json", "assignment.jsonl", "train.jsonl"])
def test_a_missing_file_is_named_without_an_error_number(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (folder / "new" / name).unlink()
    assert run("diff", folder / "old", folder / "new") == 2
    said = capsys.readouterr().err
    assert f"{folder / 'new' / name} is missing" in said
    assert "rrno" not in said
