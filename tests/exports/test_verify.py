"""What an export folder can prove of itself, and what it finds when someone changed it."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from curation.records import canonical_json
from exports.verify import verify_export
from tests.exports.export_examples import export, frame


class TestVerify:
    @pytest.fixture
    def out(self, tmp_path: Path) -> Path:
        export(frame(["a", "b"] * 20), tmp_path / "x", file_format="text-label")
        return tmp_path / "x"

    def test_one_changed_byte(self, out: Path) -> None:
        path = out / "train.jsonl"
        path.write_bytes(path.read_bytes().replace(b"text", b"tent", 1))
        [*_, found] = verify_export(out)
        assert "has been changed" in found or "keys are" in found

    def test_a_file_that_does_not_belong_there(self, out: Path) -> None:
        (out / "extra.jsonl").write_text("")
        assert verify_export(out) == ["extra.jsonl is not part of the export"]

    def test_a_missing_file(self, out: Path) -> None:
        (out / "test.jsonl").unlink()
        assert "test.jsonl is missing" in verify_export(out)

    @pytest.mark.parametrize(
        ("line", "problem"),
        [
            (b'{"text": "x", "label": "a", "label": "b"}', "a key occurs twice"),
            (b'{"text": "x", "label": NaN}', "NaN is not JSON"),
            (b"", "not a JSON record"),
            (b'{"text": "\xff", "label": "a"}', "not a JSON record"),
            (b'["text"]', "not an object"),
            (b'{"text": "<s>", "label": "a"}', "control token"),
        ],
    )
    def test_a_bad_line_is_named(self, out: Path, line: bytes, problem: str) -> None:
        path = out / "validation.jsonl"
        path.write_bytes(path.read_bytes() + line + b"\n")
        found = [text for text in verify_export(out) if "validation.jsonl, line 5" in text]
        assert found
        assert problem in found[0]

    def test_a_line_in_two_splits(self, out: Path) -> None:
        first = (out / "train.jsonl").read_bytes().split(b"\n")[0]
        path = out / "test.jsonl"
        path.write_bytes(path.read_bytes() + first + b"\n")
        found = verify_export(out)
        assert "test.jsonl, line 5 is also in train.jsonl" in found
        assert "test.jsonl has 5 lines where manifest.json says 4" in found

    def test_a_group_in_two_splits(self, out: Path) -> None:
        entries = pl.read_ndjson(out / "assignment.jsonl")
        entries.with_columns(group=pl.lit("g")).write_ndjson(out / "assignment.jsonl")
        assert "the group g lies across test and train and validation" in verify_export(out)

    def test_an_example_named_twice(self, out: Path) -> None:
        path = out / "assignment.jsonl"
        first = path.read_bytes().split(b"\n")[0]
        path.write_bytes(path.read_bytes() + first + b"\n")
        assert any("twice" in problem for problem in verify_export(out))

    @pytest.mark.parametrize(
        "text", ["", "[]", "{}", '{"schema_version": 1}', '{"schema_version": 9}']
    )
    def test_a_manifest_that_says_nothing(self, out: Path, text: str) -> None:
        (out / "manifest.json").write_text(text)
        [found] = verify_export(out)
        assert found.startswith("manifest.json ")

    def test_a_manifest_cannot_point_elsewhere(self, out: Path) -> None:
        path = out / "manifest.json"
        manifest = json.loads(path.read_text())
        manifest["files"]["../secret"] = {"sha256": "0" * 64, "bytes": 0}
        path.write_text(canonical_json(manifest))
        [found] = verify_export(out)
        assert found.startswith("manifest.json at $.files: '../secret' does not match")

    def test_a_folder_that_does_not_exist(self, tmp_path: Path) -> None:
        [found] = verify_export(tmp_path / "nowhere")
        assert "is not an export: there is no manifest.json in it" in found
