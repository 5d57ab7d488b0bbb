"""Folds and weights as columns of the rows: where a target takes them, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation.errors import WrongUse
from curation.records import Json, Task
from exports.contents import read_contents
from exports.formats import FORMATS, fitting
from exports.formats.beside import taken_off, where_they_stand
from exports.formats.containers import read
from exports.manifest import written_as
from exports.options import ExportOptions
from exports.split import SPLITS
from exports.split_rules import SplitRules
from exports.verify import verify_export
from exports.versions import difference
from exports.writer import ExportResult, write_again
from tests.exports.export_examples import export, frame

OUTPUTS: dict[Task, list[Any]] = {
    Task.SINGLE_LABEL: ["a"] * 40 + ["b"] * 20,
    Task.MULTI_LABEL: [["a"]] * 40 + [["a", "b"], []] * 10,
    Task.EXTRACTION: [{"a": number} for number in range(60)],
    Task.CHAT: ["Answer."] * 60,
}
ASKED: Json = {"sample_weights": True, "folds": 3}
TAKES = {name for name, form in FORMATS.items() if form.target.consumer.extra_columns}
CASES = [(name, task) for task in Task for name in fitting(task, ["rejected", "approved"])]


def rows(task: Task) -> pl.DataFrame:
    found = frame(OUTPUTS[task], task)
    worse = "{}" if task is Task.EXTRACTION else '["b"]' if task is Task.MULTI_LABEL else "b"
    return found.with_columns(rejected=pl.lit(worse), approved=pl.lit(value=True))


def exported(out: Path, name: str, task: Task, **more: Any) -> ExportResult:
    labels = ["a", "b"] if task.has_labels else []
    return export(rows(task), out, task, file_format=name, labels=labels, **more)


def beside(result: ExportResult, split: str) -> list[Json]:
    form = written_as(result.manifest)
    task = Task(result.manifest["task"])
    return [line.beside for line in read(result.folder / form.target.file(split), form, task)]


@pytest.mark.parametrize(("name", "task"), CASES)
def test_every_target_has_them_in_its_rows_or_says_that_it_has_not(
    tmp_path: Path, name: str, task: Task
) -> None:
    asked = ASKED if task.has_labels else {"folds": 3}  # weights even labels out
    result = exported(tmp_path / "x", name, task, **asked)
    assert verify_export(result.folder) == []
    words = "Folds and weights stand" if task.has_labels else "Folds stand"
    told = [note for note in result.notes if "assignment.jsonl alone" in note]
    if name not in TAKES:
        assert result.manifest["columns"] == []
        title = FORMATS[name].target.title
        said = f"{words} in assignment.jsonl alone: {title} takes no such key in a row."
        assert told == [said]
        return
    assert told == []
    assert result.manifest["columns"] == (["fold", "weight"] if task.has_labels else ["fold"])
    for split in SPLITS:
        placed = result.entries.filter(pl.col("exported") & (pl.col("split") == split))
        wanted = placed.select(result.manifest["columns"])
        if task.has_labels:
            wanted = wanted.with_columns(pl.col("weight").fill_null(1.0))
        assert beside(result, split) == wanted.to_dicts()


@pytest.mark.parametrize("name", ["text-label", "csv", "huggingface", "trl-messages"])
def test_they_change_nothing_else(tmp_path: Path, name: str) -> None:
    plain = exported(tmp_path / "plain", name, Task.SINGLE_LABEL)
    result = exported(tmp_path / "more", name, Task.SINGLE_LABEL, **ASKED)
    examples = [read_contents(each.folder).examples for each in (plain, result)]
    assert examples[0].equals(examples[1])
    assert plain.manifest["columns"] == []
    found = difference(plain.folder, result.folder)
    assert found.counts["unchanged"] == 60
    assert found.options["name"].to_list() == [
        "options.rules.folds",
        "options.rules.sample_weights",
    ]


@pytest.mark.parametrize("name", ["text-label", "csv", "huggingface"])
def test_only_what_is_asked_for(tmp_path: Path, name: str) -> None:
    result = exported(tmp_path / "x", name, Task.SINGLE_LABEL, sample_weights=True)
    assert result.manifest["columns"] == ["weight"]
    assert {tuple(row) for row in beside(result, "train")} == {("weight",)}
    assert {row["weight"] for row in beside(result, "test")} == {1.0}


@pytest.mark.parametrize("name", sorted(TAKES & set(fitting(Task.MULTI_LABEL))))
def test_written_again_the_bytes_are_the_same(tmp_path: Path, name: str) -> None:
    first = exported(tmp_path / "first", name, Task.MULTI_LABEL, **ASKED)
    write_again(
        rows(Task.MULTI_LABEL), first.manifest, first.entries, first.left_out, tmp_path / "again"
    )
    for path in first.files:
        again = tmp_path / "again" / path.relative_to(first.folder)
        assert again.read_bytes() == path.read_bytes()


def test_an_export_of_before_the_columns_is_written_as_it_was(tmp_path: Path) -> None:
    """Then weights stood in the assignment alone, whatever the target."""
    new = exported(tmp_path / "new", "text-label", Task.SINGLE_LABEL, **ASKED)
    plain = exported(tmp_path / "plain", "text-label", Task.SINGLE_LABEL)
    document = {name: part for name, part in new.manifest.items() if name != "columns"}
    entries, gone = new.entries, new.left_out
    with pytest.raises(Exception, match=r"train\.jsonl.* would differ"):
        write_again(rows(Task.SINGLE_LABEL), document, entries, gone, tmp_path / "other")
    ours = plain.manifest["files"]
    for name in ("train.jsonl", "validation.jsonl", "test.jsonl"):
        document["files"] |= {name: ours[name]}
    with pytest.raises(Exception, match="would differ") as refused:
        write_again(rows(Task.SINGLE_LABEL), document, entries, gone, tmp_path / "other")
    assert "jsonl" not in str(refused.value)


class TestVerify:
    @pytest.fixture
    def out(self, tmp_path: Path) -> Path:
        return exported(tmp_path / "x", "text-label", Task.SINGLE_LABEL, **ASKED).folder

    def problems(self, out: Path, line: int, **changed: Any) -> list[str]:
        path = out / "test.jsonl"
        lines = path.read_text("utf-8").splitlines()
        lines[line - 1] = json.dumps(json.loads(lines[line - 1]) | changed)
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return [found for found in verify_export(out) if f"line {line}" in found]

    def test_a_weight_that_is_not_that_of_the_assignment(self, out: Path) -> None:
        assert self.problems(out, 2, weight=1.5) == [
            "test.jsonl, line 2: the weight is 1.5, in assignment.jsonl None"
        ]

    def test_a_value_that_is_none(self, out: Path) -> None:
        assert self.problems(out, 2, weight="heavy") != []
        assert self.problems(out, 2, weight=1.0, fold=0.5) == ["test.jsonl, line 2: 0.5 is no fold"]

    def test_a_key_more(self, out: Path) -> None:
        [found] = self.problems(out, 2, more=1)
        assert "the last keys are weight, more, not fold, weight" in found

    def test_one_record_in_two_splits_is_found_though_the_weights_differ(self, out: Path) -> None:
        first = json.loads((out / "train.jsonl").read_text("utf-8").split("\n")[0])
        said = {"text": first["text"], "label": first["label"]}
        assert "test.jsonl, line 2 is also in train.jsonl" in self.problems(out, 2, **said)

    def test_a_manifest_with_columns_that_nobody_knows(self, out: Path) -> None:
        path = out / "manifest.json"
        path.write_text(path.read_text("utf-8").replace('"weight"\n', '"price"\n'), "utf-8")
        assert "price" in verify_export(out)[0]
        with pytest.raises(WrongUse, match="price"):
            read_contents(out)


def test_where_they_stand_is_said_in_words() -> None:
    openai, csv = FORMATS["openai-chat"].target, FORMATS["csv"].target
    assert where_they_stand(openai, SplitRules()) == ""
    assert where_they_stand(openai, SplitRules(folds=5)) == (
        "Folds stand in assignment.jsonl alone: OpenAI takes no such key in a row."
    )
    assert where_they_stand(csv, SplitRules(sample_weights=True)) == (
        "Weights stand in the rows, as `weight`, and in assignment.jsonl."
    )


def test_a_record_is_told_from_what_stands_beside_it() -> None:
    columns = ("fold", "weight")
    assert taken_off({"text": "x", "fold": "", "weight": "0.5"}, columns) == (
        {"text": "x"},
        {"fold": None, "weight": 0.5},
    )
    for bad in ({"weight": 1.0}, {"fold": 1}, {}, {"fold": -1, "weight": 1.0}):
        with pytest.raises(ValueError, match=r"last keys|is no"):
            taken_off({"text": "x", **bad}, columns)
    for weight in (0, -1.0, float("nan"), True, None, "x"):
        with pytest.raises(ValueError, match=r"is no|could not convert"):
            taken_off({"text": "x", "fold": 1, "weight": weight}, columns)


def test_options_of_before_are_read_as_ever() -> None:
    assert ExportOptions.from_json(ExportOptions().as_json()) == ExportOptions()
    assert "columns" not in ExportOptions().as_json()
