"""Two models on the test split of an export, from files to a verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation.errors import WrongUse
from curation.records import Task
from exports.contents import read_contents
from exports.model_comparison import NOTHING_SHOWN, Comparison, compare
from exports.split import SplitFractions
from tests.exports.export_examples import export, frame

HALVES = SplitFractions(0.5, 0, 0.5)


def gold(folder: Path) -> list[tuple[str, str]]:
    """Id and output of each test example, in the order of the file."""
    return list(read_contents(folder, ["test"]).examples.select("example_id", "output").iter_rows())


def compared(folder: Path, base: list[Any], tuned: list[Any], **options: Any) -> Comparison:
    paths = []
    for name, answers in (("base", base), ("tuned", tuned)):
        paths.append(folder.parent / f"{name}.jsonl")
        lines = [row if isinstance(row, dict) else {"output": row} for row in answers]
        paths[-1].write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return compare(folder, *paths, **{"resamples": 500} | options)


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """20 test examples in 10 groups of two."""
    rows = frame(["a", "b"] * 20, group=[f"g{number // 2}" for number in range(40)])
    export(rows, tmp_path / "export", fractions=HALVES)
    return tmp_path / "export"


def test_a_clear_difference_is_shown_with_all_its_figures(labels: Path) -> None:
    true = [output for _, output in gold(labels)]
    base = [{"output": "a", "latency_ms": 100 * n, "cost": 0.5} for n in range(len(true))]
    found = compared(labels, base, [*true[:-1], "c"])
    assert (found.rows, found.groups) == (20, 10)
    first = found.measures.row(0, named=True)
    assert (first["measure"], first["base"], first["tuned"]) == ("accuracy", 0.5, 0.95)
    assert (first["base_low"], first["base_high"]) == pytest.approx((0.2993, 0.7007), abs=1e-4)
    assert first["verdict"] == "the fine-tuned model is better"
    assert found.unreadable == {"base": 0, "tuned": 1}
    each = found.classes.filter(label="b").row(0, named=True)
    assert (each["support"], each["base_precision"], each["base_recall"]) == (10, None, 0.0)
    usage = {(what, figure): base for what, figure, base, _ in found.usage.iter_rows()}
    assert usage == {
        ("latency_ms", "median"): 950.0,
        ("latency_ms", "p95"): 1805.0,
        ("cost", "median"): 0.5,
        ("cost", "p95"): 0.5,
        ("cost", "total"): 10.0,
    }
    json.dumps(found.as_json(), allow_nan=False)


def test_the_first_measure_needs_the_exact_test_too(labels: Path) -> None:
    true = [output for _, output in gold(labels)]
    wrong = ["b" if output == "a" else "a" for output in true]
    tuned = [*wrong[:1], *true[1:]]
    found = compared(labels, [*true[:1], *wrong[1:8], *true[8:]], tuned)
    assert found.mcnemar.p_value == pytest.approx(2 * (1 + 8) / 2**8)
    first = found.measures.row(0, named=True)
    assert first["low"] > 0
    assert first["verdict"] == NOTHING_SHOWN


def test_the_same_answers_show_no_difference(labels: Path) -> None:
    found = compared(labels, ["a"] * 20, ["a"] * 20)
    assert set(found.measures["verdict"]) == {NOTHING_SHOWN}
    assert found.differing.is_empty()


def test_rows_that_differ_come_first_where_the_base_model_was_right(labels: Path) -> None:
    true = [output for _, output in gold(labels)]
    base, tuned = list(true), list(true)
    tuned[3], base[5], base[7], tuned[7] = "x", "a" if true[5] == "b" else "b", None, "nonsense"
    found = compared(labels, base, tuned).differing
    assert found["right"].to_list() == ["base", "tuned"]
    assert found["example_id"].to_list() == [gold(labels)[3][0], gold(labels)[5][0]]
    assert found.columns == ["example_id", "right", "text", "gold", "base", "tuned"]
    assert found["tuned"][0] == "x"


def test_the_order_of_the_rows_is_no_matter_where_they_have_ids(labels: Path) -> None:
    rows = [{"example_id": name, "output": output} for name, output in gold(labels)]
    base = [{**row, "output": "a"} for row in rows]
    assert (
        compared(labels, base[::-1], rows[::-1]).as_json() == compared(labels, base, rows).as_json()
    )


@pytest.mark.parametrize(
    ("task", "outputs", "measures"),
    [
        (Task.MULTI_LABEL, [["a"], []], ["exact match", "Jaccard", "micro F1", "macro F1"]),
        (Task.CHAT, ["yes", "no"], ["exact match", "token F1"]),
        (
            Task.EXTRACTION,
            [{"n": 1}, {"n": "x"}],
            ["exact match", "field match", "valid JSON", "fits the schema", "micro F1", "macro F1"],
        ),
    ],
)
def test_every_task_has_its_measures(
    tmp_path: Path, task: Task, outputs: list[Any], measures: list[str]
) -> None:
    rows = frame(outputs * 10, task)
    export(rows, folder := tmp_path / "export", task, fractions=HALVES, labels=["a"])
    true = [output for _, output in gold(folder)]
    schema = {"type": "object"} if task is Task.EXTRACTION else None
    found = compared(folder, ["???"] * 10, true, schema=schema)
    assert found.measures["measure"].to_list() == measures
    assert found.measures["tuned"].to_list() == [1.0] * len(measures)


def test_a_bad_answer_of_the_export_is_no_gold(tmp_path: Path) -> None:
    rows = frame(["a", "b"] * 10).with_columns(
        approved=pl.Series([number % 4 != 0 for number in range(20)])
    )
    folder = tmp_path / "export"
    export(rows, folder, fractions=HALVES, file_format="trl-unpaired-preference")
    good = read_contents(folder, ["test"]).examples["approved"].sum()
    found = compared(folder, ["a"] * 10, ["b"] * 10)
    assert found.rows == good < 10


def test_without_a_test_split_there_is_nothing_to_compare(tmp_path: Path) -> None:
    export(frame(["a", "b"] * 5), tmp_path / "e", fractions=SplitFractions(1, 0, 0))
    with pytest.raises(WrongUse, match="no test split"):
        compared(tmp_path / "e", [], [])
