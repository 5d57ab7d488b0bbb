"""Hugging Face datasets 5 loads every file that is written, and gives every row back as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import pytest

from curation.records import Json, Task
from exports.formats.base import Format
from exports.formats.containers import unguard
from tests.exports.consumers.exported import cases, exported

KINDS = {".jsonl": "json", ".csv": "csv", ".parquet": "parquet"}


def load(path: Path, form: Format, task: Task, cache: Path) -> list[Json]:
    options: dict[str, Any] = {}
    if path.suffix == ".jsonl" and form.target.bom:
        options = {"encoding": "utf-8-sig"}
    if (
        path.suffix == ".csv"
    ):  # a spreadsheet's reader takes `null` and `1e5` for what they look like
        columns = {key: datasets.Value("string") for key in form.keys(task)}
        options = {"keep_default_na": False, "features": datasets.Features(columns)}
    loaded = datasets.load_dataset(
        KINDS[path.suffix], data_files=str(path), split="train", cache_dir=str(cache), **options
    )
    rows = [dict(row) for row in loaded]
    if path.suffix == ".csv":
        rows = [{key: unguard(cell) for key, cell in row.items()} for row in rows]
    return rows


def written(record: Json, columns: set[str]) -> Json:
    """A record as a table holds it: a key that other rows have is null."""
    return {**dict.fromkeys(columns), **record}


@pytest.mark.parametrize(("name", "task"), cases())
def test_rows_in_are_rows_out(tmp_path: Path, name: str, task: Task) -> None:
    form, files = exported(tmp_path, name, task)
    for path, records in files.items():
        columns = {key for record in records for key in record}
        found = load(path, form, task, tmp_path / "cache")
        assert found == [written(record, columns) for record in records]


@pytest.mark.parametrize("task", list(Task))
def test_the_folder_loads_by_its_readme(tmp_path: Path, task: Task) -> None:
    _, files = exported(tmp_path, "huggingface", task)
    loaded = datasets.load_dataset(str(tmp_path / "export"), cache_dir=str(tmp_path / "cache"))
    assert {split: list(rows) for split, rows in loaded.items()} == {
        path.stem: records for path, records in files.items()
    }
