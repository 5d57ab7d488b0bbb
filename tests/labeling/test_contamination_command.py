"""`tamis contamination`: exit 1 where something of the file is in the dataset, 0 where nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import typer

from labeling.cli import errors_for_people
from labeling.contamination_command import contamination
from tests.labeling.contamination_kit import make_workspace

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command on a workspace; returns exit code, stdout and stderr."""
    workspace, _ = make_workspace(tmp_path)
    monkeypatch.setenv("TAMIS_WORKSPACE", str(workspace))
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(contamination)

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["contamination", *map(str, arguments)])
        with pytest.raises(SystemExit) as left, errors_for_people():
            app()
        printed = capsys.readouterr()
        return int(left.value.code or 0), printed.out, printed.err

    return call


def test_findings_are_counted_shown_and_written(run: Run, tmp_path: Path) -> None:
    code, out, _ = run(tmp_path / "bench.csv", "--dataset", "tickets")
    assert code == 1
    assert "Contaminated: 3 of 4 rows of bench.csv (question) are in 3 of 3 examples." in out
    assert "Exact copies: 1, near-duplicates: 1, contained: 0, near twins: 1." in out
    assert "Not searched: row 5" in out
    assert "rows.csv" in out
    written = tmp_path / "found.jsonl"
    code, out, _ = run(tmp_path / "bench.csv", "-d", "tickets", "--out", written)
    assert code == 1
    assert f"3 rows: {written}" in out
    found = pl.read_ndjson(written).select("reference_row", "example_id", "kind").rows()
    assert found == [(1, "e001", "exact"), (2, "e002", "near-twin"), (3, "e003", "near")]


def test_a_clean_file_ends_with_0(run: Run, tmp_path: Path) -> None:
    clean = tmp_path / "clean.jsonl"
    clean.write_text('{"note": "tea", "id": 1}\n{"note": "tea", "id": 2}\n', "utf-8")
    code, out, _ = run(clean, "--dataset", "tickets", "--column", "note")
    assert (code, out.split(":")[0]) == (0, "Clean")
    assert "2 rows of clean.jsonl (note)" in out


def test_for_machines_there_is_one_line_of_json(run: Run, tmp_path: Path) -> None:
    code, out, _ = run(tmp_path / "bench.csv", "--dataset", "tickets", "--json")
    found = json.loads(out)
    assert code == 1
    assert (found["rows"], found["exact"], found["near"], found["near_twin"]) == (5, 1, 1, 1)
    assert found["threshold"] == 0.9


def test_the_threshold_is_that_of_the_call(run: Run, tmp_path: Path) -> None:
    _, out, _ = run(tmp_path / "bench.csv", "-d", "tickets", "--threshold", 0.99, "--json")
    assert json.loads(out)["threshold"] == 0.99


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bench.csv", "-d", "tickets", "--column", "qestion"), "no column 'qestion'"),
        (("bench.csv", "-d", "tickets", "--threshold", "2"), "threshold"),
        (("bench.csv", "-d", "nothing"), "no dataset 'nothing'"),
    ],
)
def test_wrong_use_ends_with_2(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    file, *rest = arguments
    code, out, err = run(tmp_path / file, *rest)
    assert (code, out) == (2, "")
    assert words in err


def test_a_file_that_is_not_there_is_told_from_one_that_is_found(run: Run, tmp_path: Path) -> None:
    code, _, err = run(tmp_path / "nowhere.csv", "-d", "tickets")
    assert code == 2
    assert "does not exist" in err
