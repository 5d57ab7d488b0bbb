"""The table of targets: what it says is whole, and code and documentation follow it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from curation.errors import WrongUse
from curation.records import Task
from exports.formats import FORMATS, SHAPES, fitting, format_table
from exports.formats.choices import CHOICES, choice_table
from exports.targets import CONSUMERS, TARGETS, Consumer, find_consumer


class TestTable:
    def test_every_row_is_a_format_and_says_where_its_rules_stand(self) -> None:
        assert [target.name for target in TARGETS] == list(FORMATS)
        for target in TARGETS:
            assert target.source.startswith("https://")
            assert CONSUMERS[target.consumer.name] is target.consumer
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
        assert "byte-order mark; weights; tool arguments as a JSON text; at least 10" in azure
        assert "at most 512,000,000 bytes a file" in azure


class TestChoices:
    def test_only_real_formats_are_advised_and_each_shape_of_use_once(self) -> None:
        names = [name for _, _, name in CHOICES]
        assert set(names) <= set(FORMATS)
        assert len(names) == len(set(names))

    def test_every_consumer_has_one(self) -> None:
        advised = {FORMATS[name].target.consumer.name for _, _, name in CHOICES}
        assert set(CONSUMERS) - advised == {"any", "bedrock", "prompt-completion"}

    def test_the_table_is_in_the_documentation(self) -> None:
        page = Path(__file__).parents[2] / "docs/export.md"
        assert choice_table() in page.read_text(encoding="utf-8")


class TestConsumers:
    def test_each_says_where_its_rules_stand_and_when_they_were_read(self) -> None:
        for name, consumer in CONSUMERS.items():
            assert consumer.name == name
            assert consumer.source.startswith("https://")
            assert re.fullmatch(r"20\d\d-\d\d", consumer.seen)

    def test_a_format_is_checked_for_its_consumer(self) -> None:
        assert find_consumer("trl-messages") is find_consumer("trl")
        assert find_consumer("bedrock-prompt-completion").title == "Bedrock"
        for name, form in FORMATS.items():
            assert find_consumer(name) is form.target.consumer

    def test_an_unknown_one_names_the_known(self) -> None:
        with pytest.raises(WrongUse, match="no target 'nobody'") as it:
            find_consumer("nobody")
        assert "any, openai, azure" in it.value.hint

    def test_trainers_that_make_a_table_of_the_rows_get_tools_of_one_type(self) -> None:
        for consumer in CONSUMERS.values():
            assert consumer.columns or not consumer.tools_as_text


class TestLimits:
    SERVICE = Consumer("x", "Service", "", rows=(10, 20), validation_rows=(1, 5), bytes=100)

    def missed(self, rows: dict[str, int], sizes: dict[str, int]) -> list[str]:
        files = {"train": "train.jsonl", "validation": "valid.jsonl", "test": "test.jsonl"}
        return self.SERVICE.missed(rows, sizes, files)

    def test_an_export_within_them(self) -> None:
        rows = {"train": 10, "validation": 5, "test": 99}
        assert self.missed(rows, {"train": 100, "test": 1}) == []

    def test_each_is_said_in_words(self) -> None:
        assert self.missed({"train": 9, "validation": 6}, {"train": 101}) == [
            "train has 9 rows where Service wants 10",
            "validation has 6 rows; Service takes 5",
            "train.jsonl has 101 bytes; Service takes 100",
        ]
        assert self.missed({"train": 21}, {}) == ["train has 21 rows; Service takes 20"]

    def test_without_rules_nothing_is_missed(self) -> None:
        target = FORMATS["text-label"].target
        assert target.missed({}, {"train": 10**15}) == []
