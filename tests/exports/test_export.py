"""From a workspace to an export: what goes out, what is remembered, and the same bytes again."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from curation.errors import TamisError, WrongUse
from curation.records import Action, Task
from curation.workspace import Workspace
from exports.export import chosen_options, export_again, export_dataset, exports_of, extra_columns
from exports.formats import PromptTemplate
from exports.options import ExportOptions
from exports.preflight import mend, preflight
from exports.split_rules import SplitFractions, SplitRules
from exports.verify import verify_export
from tests.factories import add_examples, mark_analysed, operation

QUESTIONS = [(f"What is {n} and {n}?", f"It is {2 * n}.") for n in range(20)]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "workspace")


def chat(workspace: Workspace, rows: list[tuple[str, object]]) -> tuple[object, list[str]]:
    dataset = workspace.create_dataset("questions", Task.CHAT)
    ids = add_examples(workspace, dataset, rows)
    mark_analysed(workspace, dataset)
    return dataset, ids


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


class TestAgain:
    def test_an_old_version_has_the_same_bytes_whatever_was_decided_since(
        self, workspace: Workspace, tmp_path: Path
    ) -> None:
        dataset, ids = chat(workspace, QUESTIONS)
        workspace.store.decide([operation(dataset, ids[3], Action.EDIT, "Six.")])
        options = ExportOptions(provenance=True, licence="mit", rules=SplitRules(seed=3))
        first = export_dataset(workspace, dataset, options, tmp_path / "one")
        workspace.store.decide(
            [
                operation(dataset, ids[3], Action.EDIT, "6", by="bob"),
                operation(dataset, ids[4], Action.EXCLUDE),
                operation(dataset, ids[5], Action.KEEP, QUESTIONS[5][1]),
            ]
        )
        second = export_dataset(workspace, dataset, options, tmp_path / "two")
        assert second.manifest["source"]["data_hash"] != first.manifest["source"]["data_hash"]
        versions = exports_of(workspace, dataset)
        assert versions["version"].to_list() == [2, 1]
        for number, name in ((1, "one"), (2, "two")):
            export_id = versions.filter(version=number)["export_id"][0]
            export_again(workspace, export_id, tmp_path / f"again-{name}")
            assert contents(tmp_path / f"again-{name}") == contents(tmp_path / name)
            assert verify_export(tmp_path / f"again-{name}") == []

    def test_folds_and_weights_are_those_of_then(
        self, workspace: Workspace, tmp_path: Path
    ) -> None:
        dataset = workspace.create_dataset("tickets", Task.SINGLE_LABEL)
        rows = [(f"text {n}", "rare" if n % 5 == 0 else "common") for n in range(40)]
        ids = add_examples(workspace, dataset, rows)
        mark_analysed(workspace, dataset)
        options = ExportOptions("text-label", rules=SplitRules(folds=3, sample_weights=True))
        export_dataset(workspace, dataset, options, tmp_path / "one")
        workspace.store.decide([operation(dataset, example, Action.EXCLUDE) for example in ids[:6]])
        second = export_dataset(workspace, dataset, options, tmp_path / "two")
        export_again(workspace, second.export_id, tmp_path / "again")
        assert contents(tmp_path / "again") == contents(tmp_path / "two")

    def test_an_undone_decision_counts_as_it_did_then(
        self, workspace: Workspace, tmp_path: Path
    ) -> None:
        dataset, ids = chat(workspace, QUESTIONS)
        workspace.store.decide([operation(dataset, ids[0], Action.EDIT, "Nil.", op_id="o1")])
        first = export_dataset(workspace, dataset, ExportOptions(), tmp_path / "one")
        workspace.store.decide([operation(dataset, ids[0], Action.UNDO, "o1")])
        export_again(workspace, first.export_id, tmp_path / "again")
        assert contents(tmp_path / "again") == contents(tmp_path / "one")

    def test_an_unknown_export(self, workspace: Workspace, tmp_path: Path) -> None:
        with pytest.raises(WrongUse, match="no export nothing"):
            export_again(workspace, "nothing", tmp_path / "x")

    def test_what_can_no_longer_be_written_is_refused_and_leaves_nothing(
        self, workspace: Workspace, tmp_path: Path
    ) -> None:
        dataset, ids = chat(workspace, QUESTIONS)
        first = export_dataset(workspace, dataset, ExportOptions(), tmp_path / "one")
        workspace.store.write(
            lambda cursor: cursor.execute("DELETE FROM example WHERE example_id = $1", [ids[0]])
        )
        with pytest.raises(TamisError, match=r"cannot be made again .*1 of its examples"):
            export_again(workspace, first.export_id, tmp_path / "again")
        assert not (tmp_path / "again").exists()


class TestOptions:
    def test_the_last_ones_are_remembered(self, workspace: Workspace, tmp_path: Path) -> None:
        dataset, _ = chat(workspace, QUESTIONS)
        assert chosen_options(workspace, dataset) == ExportOptions()
        options = ExportOptions(
            "trl-messages",
            SplitRules(SplitFractions(0.5, 0, 0.5), stratify=("length",)),
            PromptTemplate("{input}", "Be brief."),
            description="Sums.",
        )
        export_dataset(workspace, dataset, options, tmp_path / "one")
        assert chosen_options(workspace, dataset) == options

    def test_json_and_back(self) -> None:
        options = ExportOptions(
            "csv", SplitRules(folds=3), PromptTemplate("A {input}", "B"), "d", "mit", "m"
        )
        assert ExportOptions.from_json(json.loads(json.dumps(options.as_json()))) == options


class TestBetterAndWorse:
    def test_the_answer_that_a_person_replaced_is_the_worse_one(
        self, workspace: Workspace, tmp_path: Path
    ) -> None:
        dataset, ids = chat(workspace, QUESTIONS)
        assert extra_columns(workspace, dataset) == []
        workspace.store.decide([operation(dataset, ids[2], Action.EDIT, "Four.")])
        assert extra_columns(workspace, dataset) == ["rejected", "approved"]
        options = ExportOptions("trl-preference", SplitRules(SplitFractions(1, 0, 0)))
        export_dataset(workspace, dataset, options, tmp_path / "one")
        [record] = lines(tmp_path / "one" / "train.jsonl")
        assert record["chosen"][-1]["content"] == "Four."
        assert record["rejected"][-1]["content"] == "It is 4."

    def test_what_was_excluded_is_bad_only_where_somebody_says_so(
        self, workspace: Workspace, tmp_path: Path
    ) -> None:
        dataset, ids = chat(workspace, QUESTIONS)
        workspace.store.decide(
            [
                operation(dataset, ids[0], Action.KEEP, QUESTIONS[0][1]),
                operation(dataset, ids[1], Action.EXCLUDE),
            ]
        )
        rules = SplitRules(SplitFractions(1, 0, 0))
        kept = ExportOptions("trl-unpaired-preference", rules)
        export_dataset(workspace, dataset, kept, tmp_path / "one")
        assert [record["label"] for record in lines(tmp_path / "one" / "train.jsonl")] == [True]
        both = ExportOptions("trl-unpaired-preference", rules, disapprove_excluded=True)
        export_dataset(workspace, dataset, both, tmp_path / "two")
        labels = [record["label"] for record in lines(tmp_path / "two" / "train.jsonl")]
        assert sorted(labels) == [False, True]


class TestPreflight:
    def test_rows_that_would_be_lost_are_named_with_what_can_be_mended(
        self, workspace: Workspace
    ) -> None:
        rows = [*QUESTIONS, ("Say stop.", "Stop. <|im_end|>"), ("Blank?", "  ")]
        dataset, ids = chat(workspace, rows)
        found = preflight(workspace, dataset, ExportOptions("openai-chat"))
        assert found.checked == 22
        assert found.examples == [ids[20], ids[21]]
        assert found.mendable.rows() == [(ids[20], "Stop. <|im_end|>", "Stop.")]

    def test_nothing_is_wrong(self, workspace: Workspace) -> None:
        dataset, _ = chat(workspace, QUESTIONS)
        assert preflight(workspace, dataset, ExportOptions("csv")).rows.is_empty()

    @pytest.mark.parametrize(
        ("output", "mended"),
        [
            ("fine", None),
            ("a\0b", "ab"),
            ("<|im_start|>a <|im_end|> b", "a b"),
            ("<|im_end|>", None),
            ("keep  two\nlines", None),
        ],
    )
    def test_only_what_no_trainer_reads_is_taken_out(self, output: str, mended: str | None) -> None:
        assert mend(output) == mended


def test_what_stayed_out_is_listed_beside_the_rows(workspace: Workspace, tmp_path: Path) -> None:
    dataset, ids = chat(workspace, QUESTIONS)
    workspace.store.decide([operation(dataset, ids[7], Action.EXCLUDE)])
    export_dataset(workspace, dataset, ExportOptions(), tmp_path / "one")
    listed = pl.read_ndjson(tmp_path / "one" / "left_out.jsonl")
    assert listed.select("example_id", "reason").rows() == [(ids[7], "excluded")]
