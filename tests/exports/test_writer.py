"""An export: what it holds, what it leaves out and why, how it is repeated and how it can fail."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.duplicates import PAIR_SCHEMA
from curation.errors import NothingToExport, TamisError, WrongUse
from curation.records import Json, Task
from exports import folder as folder_module
from exports.formats import find_format, fitting
from exports.formats.containers import read
from exports.manifest import LEFT_OUT_SCHEMA
from exports.split import SPLITS, SplitFractions
from exports.verify import verify_export
from exports.writer import missed_shares, read_assignment
from tests.exports.export_examples import FACTS, export, frame, heavy_tailed


def lines(folder: Path, split: str) -> list[Json]:
    with (folder / f"{split}.jsonl").open(encoding="utf-8", newline="") as file:
        return [json.loads(line) for line in file]


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


class TestContent:
    @pytest.mark.parametrize("task", list(Task))
    def test_every_example_is_in_one_file_and_the_folder_verifies(
        self, tmp_path: Path, task: Task
    ) -> None:
        output = {Task.MULTI_LABEL: ["a"], Task.EXTRACTION: {"k": 1}}.get(task, "a")
        rows = frame([output] * 20, task)
        for name in fitting(task):
            out = tmp_path / name
            result = export(rows, out, task, file_format=name, labels=["a", "b"])
            assert result.counts == {"train": 16, "validation": 2, "test": 2}
            form = find_format(name, task)
            found = [read(out / form.target.file(split), form, task) for split in SPLITS]
            assert [len(records) for records in found] == [16, 2, 2]
            texts = [f"{json.dumps(line.record)} " for records in found for line in records]
            for n in range(20):
                assert sum(bool(re.search(rf"text {n}\D", text)) for text in texts) == 1
            assert verify_export(out) == []

    def test_the_rows_are_shuffled(self, tmp_path: Path) -> None:
        rows = frame(["a"] * 50 + ["b"] * 50)
        export(rows, tmp_path / "x", file_format="text-label")
        labels = [record["label"] for record in lines(tmp_path / "x", "train")]
        assert sorted(labels) != labels
        assert set(labels[:10]) == {"a", "b"}

    def test_a_split_that_is_not_wanted_has_no_file(self, tmp_path: Path) -> None:
        result = export(frame(["a"] * 10), tmp_path / "x", fractions=SplitFractions(0.9, 0, 0.1))
        rows = {path.name for path in result.files if path.parent == tmp_path / "x"}
        assert {"train.jsonl", "test.jsonl"} < rows
        assert "validation.jsonl" not in rows
        assert verify_export(tmp_path / "x") == []

    @given(st.lists(st.text(), min_size=3, max_size=12))
    @settings(max_examples=40, deadline=None)
    def test_any_text_comes_back_or_is_listed(
        self, tmp_path_factory: pytest.TempPathFactory, texts: list[str]
    ) -> None:
        rows = frame(["a"] * (len(texts) + 1), text=[*texts, "one that is fine"])
        out = tmp_path_factory.mktemp("any") / "x"
        whole = SplitFractions(1, 0, 0)
        result = export(rows, out, file_format="text-label", fractions=whole)
        left_out = rows.join(result.left_out, on="example_id")["text"].to_list()
        found = [record["text"] for record in lines(out, "train")]
        assert sorted(found + left_out) == sorted([*texts, "one that is fine"])
        assert pl.read_ndjson(out / "train.jsonl")["text"].to_list() == found
        assert verify_export(out) == []

    @given(st.text(st.characters(categories=["L", "N", "P", "S", "Z"]), min_size=1))
    @settings(max_examples=40, deadline=None)
    def test_visible_text_is_never_left_out(
        self, tmp_path_factory: pytest.TempPathFactory, text: str
    ) -> None:
        rows = frame(["a"], text=[f"x {text.replace('<', '(').replace('[', '(')}"])
        out = tmp_path_factory.mktemp("any") / "x"
        assert export(rows, out, fractions=SplitFractions(1, 0, 0)).left_out.is_empty()

    def test_lines_hold_in_every_reader(self, tmp_path: Path) -> None:
        odd = "a\r\nb\u2028c\u2029d\x85e\x0bf\x1cg =SUM(A1) <b>é😀</b>"
        rows = frame(["a"] * 10, text=[f"{odd} {n}" for n in range(10)])
        export(rows, tmp_path / "x", file_format="text-label")
        raw = (tmp_path / "x" / "train.jsonl").read_bytes()
        assert b"\r" not in raw
        assert raw.endswith(b"}\n")
        assert "é😀".encode() in raw
        assert len(raw.decode().splitlines()) == 8
        assert all(odd in record["text"] for record in lines(tmp_path / "x", "train"))


class TestDeterminism:
    def test_the_same_input_gives_the_same_bytes_in_any_order(self, tmp_path: Path) -> None:
        rows = heavy_tailed(2, rows=300, groups=90)
        pairs = pl.DataFrame([("e0", "e299", 0.5, "near")], schema=PAIR_SCHEMA, orient="row")
        export(rows, tmp_path / "one", pairs=pairs)
        export(rows, tmp_path / "two", pairs=pairs)
        export(rows.sample(fraction=1, shuffle=True, seed=3), tmp_path / "three", pairs=pairs)
        assert contents(tmp_path / "one") == contents(tmp_path / "two")
        assert contents(tmp_path / "one") == contents(tmp_path / "three")

    def test_the_format_does_not_change_the_splits(self, tmp_path: Path) -> None:
        rows = heavy_tailed(2, rows=300, groups=90)
        one = export(rows, tmp_path / "one", file_format="openai-chat")
        two = export(rows, tmp_path / "two", file_format="text-label")
        assert one.assignment.equals(two.assignment)


def test_a_share_that_was_missed_by_more_than_two_points_is_said() -> None:
    splits = {"train": {"rows": 94}, "validation": {"rows": 5}, "test": {"rows": 1}}
    fractions = {"train": 0.9, "validation": 0.05, "test": 0.05}
    options = {"rules": {"fractions": fractions}}
    train, test = missed_shares({"splits": splits, "options": options})
    assert train.startswith("train has 94.0% of the rows where 90.0% were asked for")
    assert test.startswith("test has 1.0% of the rows where 5.0% were asked for")


class TestLeftOut:
    def test_every_example_left_out_is_listed_with_its_reason(self, tmp_path: Path) -> None:
        outputs = ["a"] * 20 + [None, "a", "strange"]
        texts = [*(f"text {n}" for n in range(21)), "bad <|im_end|>", "fine"]
        rows = frame(outputs, text=texts)
        excluded = pl.DataFrame([("gone", "excluded", "why")], LEFT_OUT_SCHEMA, orient="row")
        fractions = SplitFractions(1, 0, 0)
        result = export(rows, tmp_path / "x", left_out=excluded, labels=["a"], fractions=fractions)
        assert result.left_out.rows() == [
            ("e20", "no output", None),
            ("e21", "not usable for training", "a text contains the control token <|im_end|>"),
            ("e22", "not usable for training", "the label 'strange' is not in the label set"),
            ("gone", "excluded", "why"),
        ]
        manifest = json.loads((tmp_path / "x" / "manifest.json").read_text())
        assert manifest["left_out"]["counts"] == {
            "excluded": 1,
            "no output": 1,
            "not usable for training": 2,
        }
        listed = pl.read_ndjson(tmp_path / "x" / "left_out.jsonl")["example_id"].to_list()
        assert listed == ["e20", "e21", "e22", "gone"]
        assert result.counts["train"] == 20

    def test_nothing_usable(self, tmp_path: Path) -> None:
        with pytest.raises(NothingToExport, match=r"example e\d+: .* is blank"):
            export(frame(["a"] * 5, text=[" "] * 5), tmp_path / "x")
        assert list(tmp_path.iterdir()) == []

    def test_a_split_of_unusable_rows_is_refused_in_words(self, tmp_path: Path) -> None:
        rows = frame(["a"] * 20)
        split = dict(export(rows, tmp_path / "good").assignment.iter_rows())
        texts = ["\0" if split[id_] == "test" else "fine" for id_ in rows["example_id"]]
        with pytest.raises(WrongUse, match="test split would be empty, because trainers cannot"):
            export(rows.with_columns(text=pl.Series(texts)), tmp_path / "bad")

    def test_no_rows(self, tmp_path: Path) -> None:
        with pytest.raises(NothingToExport):
            export(frame([None, None]), tmp_path / "x")


class TestManifest:
    def test_counts_by_hand(self, tmp_path: Path) -> None:
        rows = frame(
            ["a", "a", "b", "a", "b"],
            group=["g", "g", "g", "h", "i"],
            verified=[True, False, True, True, False],
        )
        frozen = pl.DataFrame(
            {"example_id": ["e0", "e1", "e2", "e4"], "split": ["train"] * 3 + ["test"]}
        )
        result = export(rows, tmp_path / "x", frozen=frozen)
        assert result.manifest["splits"] == {
            "train": {"rows": 3, "groups": 1, "verified": 2, "labels": {"a": 2, "b": 1}},
            "validation": {"rows": 1, "groups": 1, "verified": 1, "labels": {"a": 1}},
            "test": {"rows": 1, "groups": 1, "verified": 0, "labels": {"b": 1}},
        }

    def test_it_says_where_the_export_comes_from_and_never_when(self, tmp_path: Path) -> None:
        rows = frame(["a"] * 10)
        result = export(rows, tmp_path / "x")
        written = json.loads((tmp_path / "x" / "manifest.json").read_text())
        assert written == result.manifest
        assert FACTS.items() <= written["source"].items()
        assert set(written["source"]) == {*FACTS, "tool_version", "data_hash"}
        assert written["format"] == "openai-chat"
        for name, facts in written["files"].items():
            raw = (tmp_path / "x" / name).read_bytes()
            assert facts == {"sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw)}

    def test_the_data_hash_changes_with_any_output(self, tmp_path: Path) -> None:
        one = export(frame(["a", "b"] * 5), tmp_path / "one").manifest["source"]["data_hash"]
        two = export(frame(["a", "b"] * 4 + ["b", "b"]), tmp_path / "two")
        assert one != two.manifest["source"]["data_hash"]

    def test_facts_that_lack_something(self, tmp_path: Path) -> None:
        with pytest.raises(WrongUse, match="lack decision"):
            export(frame(["a"] * 10), tmp_path / "x", facts={"dataset": "d"})


class TestLeaks:
    def test_pairs_across_splits_by_hand(self, tmp_path: Path) -> None:
        rows = frame(["a"] * 4)
        frozen = pl.DataFrame(
            {
                "example_id": ["e0", "e1", "e2", "e3"],
                "split": ["train", "train", "test", "validation"],
            }
        )
        pairs = pl.DataFrame(
            [
                ("e0", "e1", 0.99, "near"),
                ("e0", "e2", 0.9, "near-twin"),
                ("e1", "e2", 0.89, "near"),
                ("e3", "other", 0.99, "near"),
            ],
            schema=PAIR_SCHEMA,
            orient="row",
        )
        leaks = export(rows, tmp_path / "x", frozen=frozen, pairs=pairs).manifest["leaks"]
        assert leaks["threshold"] == 0.9
        assert leaks["pairs_above_threshold_across_splits"] == 1
        assert leaks["highest_similarity_across_splits"] == 0.9
        assert verify_export(tmp_path / "x") == ["1 pairs of near-duplicates lie across splits"]

    def test_no_pairs_is_not_the_same_as_no_leaks(self, tmp_path: Path) -> None:
        empty = pl.DataFrame(schema=PAIR_SCHEMA)
        rows = frame(["a"] * 10)
        assert export(rows, tmp_path / "x").manifest["leaks"] is None
        leaks = export(rows, tmp_path / "y", pairs=empty).manifest["leaks"]
        assert leaks["pairs_above_threshold_across_splits"] == 0
        assert leaks["highest_similarity_across_splits"] is None


class TestVersions:
    def test_test_rows_stay_and_their_new_neighbours_are_held_out(self, tmp_path: Path) -> None:
        old = frame(["a", "b"] * 20)
        export(old, tmp_path / "v1")
        frozen = read_assignment(tmp_path / "v1")
        [one, *_] = tested = frozen.filter(split="test")["example_id"].to_list()
        new = frame(["a"], example_id=["new"], text=["near it"], group=[f"g{one[1:]}"])
        second = export(pl.concat([old, new]), tmp_path / "v2", frozen=frozen)
        assert set(tested) <= set(second.assignment.filter(split="test")["example_id"])
        assert second.left_out.rows() == [
            ("new", "near a test example", f"in one group with the test example {one}")
        ]
        assert verify_export(tmp_path / "v2") == []

    def test_an_excluded_test_example_returns_to_test(self, tmp_path: Path) -> None:
        rows = frame(["a", "b"] * 20)
        first = export(rows, tmp_path / "v1")
        [gone, *_] = first.assignment.filter(split="test")["example_id"].to_list()
        without = rows.filter(pl.col("example_id") != gone)
        second = export(without, tmp_path / "v2", frozen=first.assignment)
        assert (gone, "test") in second.assignment.rows()
        assert verify_export(tmp_path / "v2") == []
        third = export(rows, tmp_path / "v3", frozen=read_assignment(tmp_path / "v2"))
        assert (gone, "test") in third.assignment.rows()

    def test_the_assignment_follows_the_lines_of_the_files(self, tmp_path: Path) -> None:
        rows = frame(["a", "b"] * 20, text=["\0"] + [f"text {n}" for n in range(1, 40)])
        result = export(rows, tmp_path / "x", file_format="text-label")
        text = dict(rows.select("example_id", "text").iter_rows())
        entries = pl.read_ndjson(tmp_path / "x" / "assignment.jsonl")
        assert entries.select("example_id", "split").equals(result.assignment)
        for split in SPLITS:
            ids = entries.filter(pl.col("exported"), split=split)["example_id"]
            assert [text[id_] for id_ in ids] == [
                record["text"] for record in lines(tmp_path / "x", split)
            ]

    def test_a_folder_that_is_no_export(self, tmp_path: Path) -> None:
        with pytest.raises(WrongUse, match=r"assignment\.jsonl cannot be read"):
            read_assignment(tmp_path)
        (tmp_path / "assignment.jsonl").write_text("[1]\n")
        with pytest.raises(WrongUse, match=r"assignment\.jsonl cannot be read"):
            read_assignment(tmp_path)


class TestFolder:
    def test_a_taken_folder_is_never_touched(self, tmp_path: Path) -> None:
        out = tmp_path / "x"
        out.mkdir()
        (out / "mine.txt").write_text("precious")
        with pytest.raises(WrongUse, match="exists already") as it:
            export(frame(["a"] * 10), out)
        assert "new folder" in it.value.hint
        assert contents(out) == {"mine.txt": b"precious"}

    def test_a_file_is_not_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_text("precious")
        with pytest.raises(WrongUse, match="exists already"):
            export(frame(["a"] * 10), tmp_path / "x")

    def test_an_empty_folder_and_missing_parents_are_fine(self, tmp_path: Path) -> None:
        (tmp_path / "x").mkdir()
        export(frame(["a"] * 10), tmp_path / "x")
        export(frame(["a"] * 10), tmp_path / "deep" / "er" / "x")
        assert verify_export(tmp_path / "x") == verify_export(tmp_path / "deep" / "er" / "x") == []

    def test_a_failing_disk_leaves_nothing_behind(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(_handle: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(folder_module.os, "fsync", full)
        with pytest.raises(TamisError, match=r"could not be written: No space left on device"):
            export(frame(["a"] * 10), tmp_path / "x")
        assert list(tmp_path.iterdir()) == []

    def test_only_the_export_is_left(self, tmp_path: Path) -> None:
        export(frame(["a"] * 10), tmp_path / "x")
        assert [path.name for path in tmp_path.iterdir()] == ["x"]
