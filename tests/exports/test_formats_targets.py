"""The table of targets: what it says is whole, and code and documentation follow it."""

from __future__ import annotations

import re

import pytest

from curation.records import Task
from exports.formats import FORMATS, SHAPES, fitting, format_table
from exports.formats.target import Target
from exports.formats.targets import TARGETS


class TestTable:
    def test_every_row_is_a_format_and_says_where_its_rules_stand(self) -> None:
        assert [target.name for target in TARGETS] == list(FORMATS)
        for target in TARGETS:
            assert target.source.startswith("https://")
            assert re.fullmatch(r"20\d\d-\d\d", target.seen)
            assert re.fullmatch(r"[a-z][a-z-]+", target.name)
            assert len(set(target.files)) == 3

    def test_every_shape_is_used(self) -> None:
        assert {target.shape for target in TARGETS} == set(SHAPES)

    def test_files_have_a_suffix_that_is_written(self) -> None:
        suffixes = {name.rpartition(".")[2] for target in TARGETS for name in target.files}
        assert suffixes == {"jsonl", "csv", "parquet"}

    def test_only_flat_records_go_to_csv_and_typed_ones_to_parquet(self) -> None:
        for form in FORMATS.values():
            parquet = form.target.file("train").endswith(".parquet")
            assert parquet == (form.shape.types is not None)

    @pytest.mark.parametrize("task", list(Task))
    def test_the_first_formats_are_the_common_ones(self, task: Task) -> None:
        assert fitting(task)[:2] == ["openai-chat", "prompt-completion"]
        assert ("text-label" in fitting(task)) == task.has_labels

    def test_the_documented_table_has_a_line_for_each(self) -> None:
        lines = format_table().splitlines()
        assert len(lines) == 2 + len(TARGETS)
        nova = next(line for line in lines if "`bedrock-nova`" in line)
        assert "no `User:` `Bot:`" in nova
        azure = next(line for line in lines if "`azure-chat`" in line)
        assert "byte-order mark; weights; at least 10 rows in train" in azure
        assert "at most 512,000,000 bytes a file" in azure


class TestLimits:
    TARGET = Target(
        name="x",
        title="Service",
        description="",
        shape="messages",
        tasks=(),
        source="",
        min_train=10,
        max_train=20,
        max_validation=5,
        max_bytes=100,
    )

    def test_an_export_within_them(self) -> None:
        rows = {"train": 10, "validation": 5, "test": 99}
        assert self.TARGET.missed(rows, {"train": 100, "test": 1}) == []

    def test_each_is_said_in_words(self) -> None:
        assert self.TARGET.missed({"train": 9, "validation": 6}, {"train": 101}) == [
            "train has 9 rows where Service wants 10",
            "validation has 6 rows; Service takes 5",
            "train.jsonl has 101 bytes; Service takes 100",
        ]
        assert self.TARGET.missed({"train": 21}, {}) == ["train has 21 rows; Service takes 20"]

    def test_without_rules_nothing_is_missed(self) -> None:
        target = FORMATS["text-label"].target
        assert target.missed({}, {"train": 10**15}) == []
