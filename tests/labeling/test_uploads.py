"""Uploads: a file lies on the disk only while it is read; names and schemas are not trusted."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import WrongUse
from curation.records import Json
from labeling.uploads import (
    file_name,
    folder_name,
    free_name,
    inside,
    parse_schema,
    saved,
    shown_cells,
)


def test_an_upload_is_a_file_of_its_name_until_the_block_ends(tmp_path: Path) -> None:
    upload = io.BytesIO(b"a,b\n1,2\n")
    upload.read()
    with saved(upload, "data.csv", tmp_path / "uploads") as path:
        assert path.name == "data.csv"
        assert path.read_bytes() == b"a,b\n1,2\n"
    assert list((tmp_path / "uploads").iterdir()) == []


def test_an_upload_is_removed_after_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), saved(io.BytesIO(b"x"), "x.csv", tmp_path):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


@given(st.text())
def test_a_file_name_never_leaves_its_folder(name: str) -> None:
    safe = file_name(name)
    assert Path(safe).name == safe
    assert len(safe) <= 100
    assert not safe.startswith(".")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("data.csv", "data.csv"),
        ("C:\\Users\\me\\data.csv", "data.csv"),
        ("../../etc/passwd", "passwd"),
        ("é: a?.jsonl", "é_ a_.jsonl"),
        ("x" * 200 + ".parquet", "x" * 92 + ".parquet"),
        ("", "upload"),
    ],
)
def test_file_names(name: str, safe: str) -> None:
    assert file_name(name) == safe


def test_names_of_folders_and_datasets() -> None:
    assert folder_name("My Tickets (2026)") == "my-tickets-2026"
    assert folder_name("///") == "dataset"
    assert free_name("a", ["b"]) == "a"
    assert free_name("a", ["a", "a-2"]) == "a-3"


@pytest.mark.parametrize("name", ["", " ", "..", "a/b", "a\\b", "/x", "C:x", ".hidden", "a\x00"])
def test_an_export_folder_is_a_plain_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(WrongUse):
        inside(tmp_path, name)


def test_cells_of_a_preview_are_short_texts() -> None:
    rows: list[Json] = [{"a": "x" * 400, "b": [1, {"c": None}]}, {"a": None}]
    shown = shown_cells(["a", "b"], rows)
    assert shown["a"].to_list() == ["x" * 300 + "…", None]
    assert shown["b"].to_list() == ['[1,{"c":null}]', None]


def test_a_schema_is_read_and_a_blank_one_is_none() -> None:
    text = '{"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}'
    schema = parse_schema(text)
    assert schema is not None
    assert schema["properties"]["a"] == {"$ref": "#/$defs/n"}
    assert parse_schema(" \n") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not valid JSON"),
        ("[1]", "is not an object"),
        ('{"type": "text"}', "wrong at"),
        ('{"$ref": "file:///etc/passwd"}', "not in it"),
        ('{"$id": "http://a.example/s", "$ref": "other.json"}', "not in it"),
        ('{"items": {"$ref": "#/$defs/none"}}', "not in it"),
    ],
)
def test_a_wrong_schema_is_refused_with_words(text: str, message: str) -> None:
    with pytest.raises(WrongUse, match=message):
        parse_schema(text)
