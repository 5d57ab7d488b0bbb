"""The files of the formats: encodings, cells, columns, side files, and that changes are found."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.errors import WrongUse
from curation.records import Task, canonical_json
from exports.formats import FORMATS, PromptTemplate
from exports.formats.containers import guard, json_line, open_writer, read, unguard
from exports.split import SplitFractions
from exports.verify import verify_export
from tests.exports.export_examples import export, frame

ONE = SplitFractions(1, 0, 0)
CELLS = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1", "'=1", "''-1", "'x", "x=1", "", "'"]


class TestCells:
    @pytest.mark.parametrize("cell", CELLS[:8])
    def test_no_cell_begins_as_a_formula(self, cell: str) -> None:
        assert guard(cell) == f"'{cell}"

    @pytest.mark.parametrize("cell", ["'x", "x=1", "", "'", "1-2", " =1"])
    def test_other_cells_stay_as_they_are(self, cell: str) -> None:
        assert guard(cell) == cell

    @given(st.text(st.sampled_from("'=+-@\t\r\nx＝"), max_size=6))
    def test_every_text_comes_back_and_no_two_are_alike(self, cell: str) -> None:
        assert unguard(guard(cell)) == cell
        assert guard(cell)[:1] not in {*"=+-@\t\r\n＝"}

    @given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
    @settings(max_examples=60, deadline=None)
    def test_a_file_gives_back_what_was_written(
        self, tmp_path_factory: pytest.TempPathFactory, texts: list[str]
    ) -> None:
        path = tmp_path_factory.mktemp("cells") / "train.csv"
        form = FORMATS["csv"]
        records = [{"text": text, "label": text[::-1]} for text in [*texts, *CELLS]]
        with open_writer(path, form, Task.SINGLE_LABEL) as write:
            write(pl.Series([json_line(record) for record in records]))
        assert [line.record for line in read(path, form, Task.SINGLE_LABEL)] == records
        with path.open(encoding="utf-8-sig", newline="") as file:
            _, *rows = csv.reader(file)
        assert [[unguard(cell) for cell in row] for row in rows] == [
            list(record.values()) for record in records
        ]

    def test_a_table_that_is_none(self, tmp_path: Path) -> None:
        path = tmp_path / "train.csv"
        path.write_bytes(b'text,label\n"x,\xff\n')
        [line] = read(path, FORMATS["csv"], Task.SINGLE_LABEL)
        assert isinstance(line.record, str)
        assert line.record.startswith("not a CSV file")


class TestEncoding:
    @pytest.mark.parametrize(
        ("name", "bom"), [("azure-chat", True), ("csv", True), ("openai-chat", False)]
    )
    def test_a_byte_order_mark_only_where_it_is_asked_for(
        self, tmp_path: Path, name: str, bom: bool
    ) -> None:
        export(frame(["a"] * 10), tmp_path / "x", file_format=name)
        for split in ("train", "validation", "test"):
            content = (tmp_path / "x" / FORMATS[name].target.file(split)).read_bytes()
            assert content.startswith(b"\xef\xbb\xbf") == bom
            assert content.count(b"\xef\xbb\xbf") == bom
            assert b"\r" not in content
        assert not (tmp_path / "x" / "assignment.jsonl").read_bytes().startswith(b"\xef")
        assert verify_export(tmp_path / "x") == []

    @pytest.mark.parametrize("name", ["azure-chat", "openai-chat"])
    def test_a_mark_that_is_missing_or_too_many_is_found(self, tmp_path: Path, name: str) -> None:
        export(frame(["a"] * 10), tmp_path / "x", file_format=name)
        path = tmp_path / "x" / "train.jsonl"
        content = path.read_bytes()
        mark = b"\xef\xbb\xbf"
        path.write_bytes(content[3:] if name == "azure-chat" else mark + content)
        assert any(
            found.startswith("train.jsonl, line 1: ") for found in verify_export(tmp_path / "x")
        )


class TestParquet:
    @pytest.mark.parametrize(
        ("task", "output", "types"),
        [
            (Task.SINGLE_LABEL, "a", {"text": pl.String, "label": pl.String}),
            (Task.MULTI_LABEL, ["a"], {"text": pl.String, "labels": pl.List(pl.String)}),
            (Task.EXTRACTION, {"k": 1}, {"prompt": pl.String, "completion": pl.String}),
            (
                Task.CHAT,
                "a",
                {"messages": pl.List(pl.Struct({"role": pl.String, "content": pl.String}))},
            ),
        ],
    )
    def test_columns_have_one_type_in_every_split(
        self, tmp_path: Path, task: Task, output: Any, types: dict[str, Any]
    ) -> None:
        export(
            frame([output] * 10, task),
            tmp_path / "x",
            task,
            file_format="huggingface",
            labels=["a"],
        )
        for split in ("train", "validation", "test"):
            assert dict(pl.read_parquet_schema(tmp_path / "x" / f"{split}.parquet")) == types
        assert verify_export(tmp_path / "x") == []

    def test_more_rows_than_a_batch(self, tmp_path: Path) -> None:
        form = FORMATS["huggingface"]
        path = tmp_path / "train.parquet"
        records = [{"text": f"t{n}", "label": "a"} for n in range(9000)]
        with open_writer(path, form, Task.SINGLE_LABEL) as write:
            write(pl.Series([json_line(record) for record in records]))
        assert [line.record for line in read(path, form, Task.SINGLE_LABEL)] == records

    @pytest.mark.parametrize("content", [b"", b"PAR1"])
    def test_what_is_no_parquet_file(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "train.parquet"
        path.write_bytes(content)
        [line] = read(path, FORMATS["huggingface"], Task.SINGLE_LABEL)
        assert str(line.record).startswith("not a Parquet file")

    def test_other_columns(self, tmp_path: Path) -> None:
        path = tmp_path / "train.parquet"
        pl.DataFrame({"text": ["x"]}).write_parquet(path)
        [line] = read(path, FORMATS["huggingface"], Task.SINGLE_LABEL)
        assert line.record == "the columns are not those of the format"


class TestSideFiles:
    def test_dataset_info_describes_each_split(self, tmp_path: Path) -> None:
        facts = {"dataset": "our tickets, 2026", "decision": 1}
        rows = frame(["a"] * 10, Task.CHAT)
        for name in ("llamafactory-sharegpt", "llamafactory-alpaca"):
            out = tmp_path / name
            export(rows, out, Task.CHAT, file_format=name, facts=facts)
            info = json.loads((out / "dataset_info.json").read_text())
            assert list(info) == [
                f"our_tickets_2026_{split}" for split in ("train", "validation", "test")
            ]
            for entry in info.values():
                [first, *_] = (out / entry["file_name"]).read_text().splitlines()
                assert set(entry["columns"].values()) <= set(json.loads(first))

    def test_the_order_of_zeros_and_ones(self, tmp_path: Path) -> None:
        rows = frame([["b"]] * 10, Task.MULTI_LABEL)
        export(
            rows,
            tmp_path / "x",
            Task.MULTI_LABEL,
            file_format="setfit-multilabel",
            labels=["a", "b"],
        )
        assert json.loads((tmp_path / "x" / "labels.json").read_text()) == ["a", "b"]

    @pytest.mark.parametrize(
        ("name", "file"),
        [("huggingface", "README.md"), ("llamafactory-alpaca", "dataset_info.json")],
    )
    def test_a_change_or_a_loss_is_found(self, tmp_path: Path, name: str, file: str) -> None:
        export(frame(["a"] * 10), tmp_path / "x", file_format=name)
        path = tmp_path / "x" / file
        path.write_text(path.read_text() + " ")
        assert (
            f"{file} has been changed: its size or SHA-256 differs from manifest.json"
            in verify_export(tmp_path / "x")
        )
        path.unlink()
        assert verify_export(tmp_path / "x") == [f"{file} is missing"]


class TestExport:
    def test_a_worse_answer_is_part_of_what_was_exported(self, tmp_path: Path) -> None:
        rows = frame(["a"] * 10, Task.CHAT)
        hashes = set()
        for worse in ("b", "c"):
            paired = rows.with_columns(rejected=pl.lit(worse))
            out = tmp_path / worse
            result = export(paired, out, Task.CHAT, file_format="trl-preference")
            assert verify_export(out) == []
            hashes.add(result.manifest["source"]["data_hash"])
        assert len(hashes) == 2

    def test_files_are_named_as_the_target_wants_them(self, tmp_path: Path) -> None:
        for name, expected in {
            "mlx-chat": {"train.jsonl", "valid.jsonl", "test.jsonl"},
            "nemo-chat": {"training.jsonl", "validation.jsonl", "test.jsonl"},
        }.items():
            result = export(frame(["a"] * 10), tmp_path / name, file_format=name)
            names = {path.name for path in result.files if path.parent == tmp_path / name}
            assert {one for one in names if one.endswith(".jsonl")} == expected | {
                "assignment.jsonl",
                "left_out.jsonl",
            }

    def test_every_format_is_written_the_same_way_twice(self, tmp_path: Path) -> None:
        rows = frame(["a", "b"] * 10)
        for name in ("csv", "huggingface", "llamafactory-sharegpt"):
            for run in ("one", "two"):
                export(rows, tmp_path / f"{name}-{run}", file_format=name)
            one, two = (
                [path.read_bytes() for path in sorted((tmp_path / f"{name}-{run}").rglob("*.*"))]
                for run in ("one", "two")
            )
            assert one == two

    def test_a_row_that_a_format_cannot_hold_is_listed_with_the_reason(
        self, tmp_path: Path
    ) -> None:
        exchange = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
        messages = [canonical_json(exchange)] * 9 + [canonical_json(exchange * 2)]
        rows = frame(["a"] * 10, Task.CHAT, messages=messages)
        result = export(
            rows, tmp_path / "x", Task.CHAT, file_format="axolotl-alpaca", fractions=ONE
        )
        assert result.counts["train"] == 9
        assert result.left_out.rows() == [
            (
                "e9",
                "not usable for training",
                (
                    "an Alpaca record holds one question and one answer, "
                    "and the conversation has 4 turns"
                ),
            )
        ]

    def test_a_format_whose_needs_are_not_met_leaves_nothing_behind(self, tmp_path: Path) -> None:
        with pytest.raises(WrongUse, match="needs a worse answer"):
            export(frame(["a"] * 10), tmp_path / "x", file_format="trl-preference")
        assert list(tmp_path.iterdir()) == []

    def test_limits_that_are_missed_are_noted(self, tmp_path: Path) -> None:
        result = export(frame(["a"] * 10), tmp_path / "x", file_format="openai-chat")
        assert result.notes == ("train has 8 rows where OpenAI wants 10",)
        assert export(frame(["a"] * 20), tmp_path / "y").notes == ()

    def test_a_template_is_used_and_stands_in_the_manifest(self, tmp_path: Path) -> None:
        template = PromptTemplate(user="Which label? {input}")
        result = export(frame(["a"] * 10), tmp_path / "x", fractions=ONE, template=template)
        assert result.manifest["options"]["template"] == asdict(template)
        [line, *_] = (tmp_path / "x" / "train.jsonl").read_text().splitlines()
        [user, answer] = json.loads(line)["messages"]
        assert user["content"].startswith("Which label? text ")
        assert answer["content"] == "a"
        assert export(frame(["a"] * 10), tmp_path / "y").manifest["options"]["template"] is None
