"""Answers that can only be labels."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.prove_model import trie, write_answers
from exports.predictions import read_predictions


def test_a_label_goes_on_only_with_the_tokens_of_a_label() -> None:
    tree = trie([(7, 8, 0), (7, 9, 1, 0), (5, 0)])
    assert tree == {(): [5, 7], (7,): [8, 9], (7, 8): [0], (7, 9): [1], (7, 9, 1): [0], (5,): [0]}


def test_a_label_that_begins_another_may_end_or_go_on() -> None:
    tree = trie([(7, 0), (7, 8, 0)])
    assert tree[(7,)] == [0, 8]


def test_answers_are_read_as_predictions(tmp_path: Path) -> None:
    out = tmp_path / "answers.jsonl"
    write_answers(
        out, [{"example_id": "b", "prediction": "y"}, {"example_id": "a", "prediction": "x"}]
    )
    assert [json.loads(line)["example_id"] for line in out.read_text().splitlines()] == ["b", "a"]
    assert read_predictions(out, ["a", "b"]).rows["prediction"].to_list() == ["x", "y"]
    assert list(tmp_path.iterdir()) == [out]
