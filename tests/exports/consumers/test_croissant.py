"""mlcroissant validates the document of every format, reads the records, and refuses a change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlcroissant
import pytest

from curation.records import Json, Task
from exports.formats.base import Format
from exports.formats.containers import guard
from tests.exports.consumers.described_export import described_export
from tests.exports.consumers.exported import BESIDE, cases

ONLY_THE_PUBLISHER_KNOWS = {"citeAs", "datePublished"}


def dataset(out: Path) -> mlcroissant.Dataset:
    return mlcroissant.Dataset(str(out / "croissant.json"))


def tidy(value: Any) -> Any:
    """A value as it is written: texts for bytes, and names below the field that holds them."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list):
        return [tidy(item) for item in value]
    if isinstance(value, dict):
        names = {name: name.split("/", 2)[-1] for name in value}
        return {names[name]: tidy(item) for name, item in value.items() if item is not None}
    return value


def read(out: Path, split: str) -> list[Json]:
    records = dataset(out).records(split)
    return [{name.split("/")[1]: tidy(value) for name, value in row.items()} for row in records]


@pytest.mark.parametrize(("name", "task"), cases())
def test_every_format_validates_and_its_records_are_read(
    tmp_path: Path, name: str, task: Task
) -> None:
    out, form, splits = described_export(tmp_path, name, task)
    issues = dataset(out).metadata.ctx.issues
    assert not issues.errors
    assert {warning.split('"')[1].split("/")[-1] for warning in issues.warnings} == (
        ONLY_THE_PUBLISHER_KNOWS
    )
    if name == "azure-chat":
        return  # JSON lines with a byte-order mark, which mlcroissant cannot read
    for split, records in splits.items():
        found = read(out, split)
        assert len(found) == len(records)
        for got, record in zip(found, records, strict=True):
            assert set(record) - set(form.shape.optional) <= set(got) <= set(record)
            assert got == {key: seen(form, record[key]) for key in got}


@pytest.mark.parametrize("name", ["text-label", "csv", "huggingface", "trl-messages"])
def test_columns_beside_are_read(tmp_path: Path, name: str) -> None:
    out, _, splits = described_export(tmp_path, name, Task.SINGLE_LABEL, **BESIDE)
    assert not dataset(out).metadata.ctx.issues.errors
    for split, records in splits.items():
        found = read(out, split)
        for name in ("fold", "weight"):
            assert [row.get(name) for row in found] == [record[name] for record in records]


def seen(form: Format, value: Any) -> Any:
    """A value as the fields lay it out; a table's reader takes `null` for an empty cell."""
    if form.name == "csv":
        return None if value in ("null", "NA") else guard(value)
    if isinstance(value, dict):
        return {
            name: cell
            for key, inner in value.items()
            for name, cell in (columns(key, inner) if objects(inner) else {key: inner}).items()
        }
    return [flat(item) for item in value] if objects(value) else value


def columns(key: str, values: list[Json]) -> Json:
    return {f"{key}/{name}": [item[name] for item in values] for name in values[0]}


def flat(item: Json) -> Json:
    """An object whose inner lists of one block are told by path."""
    blocks = {key: value[0] for key, value in item.items() if objects(value)}
    inner = {f"{key}/{name}": cell for key, block in blocks.items() for name, cell in block.items()}
    return {key: value for key, value in item.items() if key not in blocks} | inner


def objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


@pytest.mark.parametrize("name", ["text-label", "csv", "huggingface"])
def test_a_file_that_was_changed_is_refused(tmp_path: Path, name: str) -> None:
    out, form, _ = described_export(tmp_path, name, Task.SINGLE_LABEL)
    path = out / form.target.file("test")
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(mlcroissant.GenerationError, match=r"Download\(test\.") as refused:
        read(out, "test")
    assert "Hash of downloaded file" in str(refused.value.__cause__)
    path.write_bytes(content)
    assert read(out, "test")
