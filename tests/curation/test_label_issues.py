"""Doubtful labels: planted errors come first, and the reason says why."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest

from curation.detectors import FLAG_SCHEMA
from curation.label_issues import LabelIssues, label_issues, multilabel_issues
from curation.similarity import nearest_neighbours

Array = np.ndarray[Any, Any]


@pytest.fixture(autouse=True)
def small_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel of fewer frequencies, so that the tests are quick."""
    monkeypatch.setattr("curation.probabilities.ridge._FREQUENCIES", 100)
    monkeypatch.setattr("curation.probabilities.ridge._TRIAL_FREQUENCIES", 50)


NAMES = ["billing", "delivery", "login", "refund"]


def dataset(size: int = 25, seed: int = 0) -> tuple[pl.DataFrame, Array]:
    """Four well separated labels: examples and their unit vectors."""
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(4), size)
    vectors = generator.normal(size=(4, 16))[labels] + 0.4 * generator.normal(size=(4 * size, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    examples = pl.DataFrame(
        {
            "example_id": [f"e{row:03d}" for row in range(4 * size)],
            "text": [f"{NAMES[k]} question number {row}" for row, k in enumerate(labels)],
            "given": [NAMES[k] for k in labels],
        }
    )
    return examples, vectors.astype(np.float32)


def flags_of(
    examples: pl.DataFrame,
    vectors: Array,
    groups: Array | None = None,
    find: Callable[..., LabelIssues] = label_issues,
) -> pl.DataFrame:
    groups = np.arange(examples.height) if groups is None else groups
    return find(examples, vectors, groups, nearest_neighbours(vectors, 10), seed=0).flags


def given(examples: pl.DataFrame, changes: Mapping[int, str | None]) -> pl.DataFrame:
    labels = examples["given"].to_list()
    for row, label in changes.items():
        labels[row] = label
    return examples.with_columns(given=pl.Series(labels, dtype=pl.String))


PLANTED = {3: "refund", 30: "login", 60: "billing", 90: "delivery"}


def test_planted_errors_are_first_flagged_and_corrected() -> None:
    examples, vectors = dataset()
    flags = flags_of(given(examples, PLANTED), vectors)
    assert flags.schema == pl.Schema(FLAG_SCHEMA)
    assert flags["example_id"].to_list() == examples["example_id"].to_list()
    worst = flags.sort("score").head(4)
    assert set(worst["example_id"]) == {f"e{row:03d}" for row in PLANTED}
    assert worst["flagged"].all()
    assert flags["flagged"].sum() <= 6
    corrected = flags[list(PLANTED)]["suggested"].to_list()
    assert corrected == examples[list(PLANTED)]["given"].to_list()
    assert (worst["confidence"] > 0.5).all()
    assert (worst["given_confidence"] < 0.3).all()
    assert flags["score"].is_between(0, 1).all()


def test_clean_labels_raise_no_flag() -> None:
    assert not flags_of(*dataset())["flagged"].any()


def test_the_reason_counts_the_neighbours() -> None:
    examples, vectors = dataset()
    flags = flags_of(given(examples, PLANTED), vectors)
    doubted, fine = flags["reason"][3], flags["reason"][40]
    assert doubted.startswith("10 of 10 nearest neighbours are labelled billing.")
    assert "The model expects billing (" in doubted
    assert "refund has " in doubted
    assert "The model agrees with delivery (" in fine


def test_the_same_input_gives_the_same_result_in_any_order() -> None:
    examples, vectors = dataset()
    examples = given(examples, PLANTED)
    first = flags_of(examples, vectors)
    assert first.equals(flags_of(examples, vectors))
    order = np.random.default_rng(1).permutation(examples.height)
    shuffled = flags_of(examples[order], vectors[order]).sort("example_id")
    assert shuffled["flagged"].equals(first["flagged"])
    assert shuffled["suggested"].equals(first["suggested"])
    np.testing.assert_allclose(shuffled["score"], first["score"], atol=1e-4)


def test_unlabelled_examples_get_a_suggestion_and_no_score() -> None:
    examples, vectors = dataset()
    flags = flags_of(given(examples, {0: None, 70: None}), vectors)
    for row, name in ((0, "billing"), (70, "login")):
        found = flags.row(row, named=True)
        assert found["score"] is None
        assert found["given_confidence"] is None
        assert not found["flagged"]
        assert found["suggested"] == name
        assert found["reason"].startswith("No label given. ")


def test_a_wrong_label_copied_within_its_group_does_not_vouch_for_itself() -> None:
    examples, vectors = dataset()
    wrong = dict.fromkeys(range(8), "refund")
    vectors[:8] = vectors[0]
    groups = np.concatenate([np.zeros(8, dtype=np.int64), np.arange(1, 93)])
    flags = flags_of(given(examples, wrong), vectors, groups)
    assert set(flags.sort("score").head(8)["example_id"]) == {f"e{row:03d}" for row in range(8)}
    assert flags["suggested"][:8].to_list() == ["billing"] * 8


def test_a_label_that_no_other_example_has_is_not_judged() -> None:
    examples, vectors = dataset()
    found = flags_of(given(examples, {5: "typo"}), vectors).row(5, named=True)
    assert found["score"] == 0.5
    assert not found["flagged"]
    assert found["suggested"] == "billing"
    assert found["reason"].startswith("No other example is labelled typo. ")


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (["a"], "Doubtful labels cannot be told"),
        (["a", "a", "a"], "Doubtful labels cannot be told"),
        (["a", "b", "c"], "Doubtful labels cannot be told"),
        ([None, None], "No label given. Doubtful labels cannot be told"),
    ],
)
def test_where_nothing_can_be_said_every_row_says_so(labels: Any, reason: str) -> None:
    vectors = np.eye(len(labels), 3, dtype=np.float32)
    examples = pl.DataFrame(
        {
            "example_id": [f"e{row}" for row in range(len(labels))],
            "text": ["some text"] * len(labels),
            "given": pl.Series(labels, dtype=pl.String),
        }
    )
    for find in (label_issues, multilabel_issues):
        as_lists = examples.with_columns(
            given=pl.Series(
                [
                    None
                    if label is None
                    else json.dumps([label] if find is multilabel_issues else label)
                    for label in labels
                ],
                dtype=pl.String,
            )
        )
        flags = flags_of(as_lists, vectors, find=find)
        assert flags.height == len(labels)
        assert flags["score"].null_count() == len(labels)
        assert not flags["flagged"].any()
        assert all(text.startswith(reason) for text in flags["reason"])


def test_an_empty_dataset_gives_an_empty_frame() -> None:
    examples, vectors = dataset()
    for find in (label_issues, multilabel_issues):
        flags = flags_of(examples.clear(), vectors[:0], find=find)
        assert flags.schema == pl.Schema(FLAG_SCHEMA)
        assert flags.is_empty()


def multilabel(changes: Mapping[int, list[str] | None]) -> tuple[pl.DataFrame, Array]:
    """Every billing or refund question is also about money."""
    examples, vectors = dataset(40)
    sets = [
        sorted([name, "money"]) if name in ("billing", "refund") else [name]
        for name in examples["given"]
    ]
    stored = {
        row: None if labels is None else json.dumps(labels) for row, labels in changes.items()
    }
    examples = examples.with_columns(given=pl.Series([json.dumps(labels) for labels in sets]))
    return given(examples, stored), vectors


def test_missing_and_extra_labels_are_named() -> None:
    changes = {2: ["billing"], 50: ["delivery", "money"], 85: []}
    flags = flags_of(*multilabel(changes), find=multilabel_issues)
    assert flags.schema == pl.Schema(FLAG_SCHEMA)
    assert set(flags.sort("score").head(3)["example_id"]) == {"e002", "e050", "e085"}
    assert flags["flagged"][[2, 50, 85]].all()
    assert flags["flagged"].sum() <= 5
    assert "money looks missing: 10 of 10 nearest neighbours have it" in flags["reason"][2]
    assert "money looks extra: " in flags["reason"][50]
    assert "login looks missing: " in flags["reason"][85]
    assert flags["suggested"][2] == '["billing","money"]'
    assert flags["suggested"][50] == '["delivery"]'
    assert flags["reason"][10].startswith("The model agrees; least sure is ")


def test_multilabel_without_labels_given_is_suggested_only() -> None:
    found = flags_of(*multilabel({0: None}), find=multilabel_issues).row(0, named=True)
    assert found["score"] is None
    assert found["given_confidence"] is None
    assert not found["flagged"]
    assert found["suggested"] == '["billing","money"]'
    assert found["reason"] == "No labels given."


def test_one_label_that_few_have_is_judged_like_several() -> None:
    examples, vectors = dataset()
    few = [["delivery"] if row % 10 == 0 else [] for row in range(examples.height)]
    sets = pl.Series([json.dumps(labels) for labels in few])
    flags = flags_of(examples.with_columns(given=sets), vectors, find=multilabel_issues)
    assert flags["score"].is_between(0, 1).all()


def test_a_label_of_any_length_leaves_the_reason_readable() -> None:
    examples, vectors = dataset()
    long = examples.with_columns(given=pl.col("given") + "x" * 10_000)
    assert flags_of(long, vectors)["reason"].str.len_chars().max() < 1_500
