"""Outliers: what lies far from everything else, copies of itself not counted."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from curation.detectors.outlier import OUTLIER_SCHEMA, outlier_scores
from curation.similarity import nearest_neighbours

Array = np.ndarray[Any, Any]


def crowd(count: int, seed: int = 0) -> Array:
    """Unit vectors around one direction, float32 [count, 12]."""
    generator = np.random.default_rng(seed)
    vectors = np.eye(12)[0] + 0.1 * generator.normal(size=(count, 12))
    return unit(vectors)


def unit(vectors: Array) -> Array:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def scored(vectors: Array, groups: Array | None = None, k: int = 10) -> pl.DataFrame:
    return outlier_scores(vectors, nearest_neighbours(vectors, k), groups)


def test_the_score_is_the_one_worked_out_by_hand() -> None:
    """Mean distances .1, .2 and .4 of two neighbours each: exp(−d / .2)."""
    cosines = np.array([[0.95, 0.85], [0.9, 0.7], [0.6, 0.6]], dtype=np.float32)
    found = outlier_scores(
        np.eye(3, dtype=np.float32), (np.array([[1, 2], [0, 2], [0, 1]]), cosines)
    )
    assert found.schema == pl.Schema(OUTLIER_SCHEMA)
    assert found["score"].to_list() == pytest.approx(np.exp([-0.5, -1.0, -2.0]), abs=1e-6)
    assert found["similarity"].to_list() == pytest.approx([0.95, 0.9, 0.6])
    assert not found["flagged"].any()


def test_the_fence_is_at_1_7_quartile_ranges_above_the_upper_quartile() -> None:
    """23 distances, .11 to .18 by three, and one more: quartiles .1275 and .1625, fence .222."""
    inner = np.repeat(np.arange(0.11, 0.185, 0.01), 3)[:23]
    for far, flagged in ((0.218, False), (0.226, True)):
        cosines = (1 - np.append(inner, far))[:, None].astype(np.float32)
        indices = ((np.arange(24) + 1) % 24)[:, None]
        found = outlier_scores(np.eye(24, dtype=np.float32), (indices, cosines))
        assert found["flagged"].to_list() == [False] * 23 + [flagged]


STRANGE = unit(np.array([[0.2, 1.0] + [0.0] * 10]))


def test_a_stranger_is_flagged_and_the_reason_says_how_strange_it_is() -> None:
    found = scored(np.vstack([crowd(60), STRANGE]))
    assert found["flagged"][60]
    assert found["flagged"].sum() <= 2
    assert found["score"].arg_min() == 60
    reason = found["reason"][60]
    assert reason.startswith("Its nearest others have a similarity of only 0.")
    assert "on average; for half of all examples it is 0.9" in reason
    assert "only" not in found["reason"][0]


@pytest.mark.parametrize("copies", [2, 8, 30])
def test_copies_do_not_vouch_for_each_other(copies: int) -> None:
    vectors = np.vstack([crowd(200), np.tile(STRANGE, (copies, 1))])
    groups = np.concatenate([np.arange(200), np.full(copies, 200)])
    found = scored(vectors, groups)
    assert found["flagged"][200:].all()
    assert found["flagged"][:200].mean() <= 0.02
    assert found["similarity"][200] < 0.6
    if copies > 10:  # without groups they look like a crowd of their own
        assert not scored(vectors)["flagged"][200:].any()


def test_what_copies_hide_is_looked_for_among_all_examples() -> None:
    """Twelve copies fill all ten places of a row; what counts are the ten nearest others."""
    vectors = np.vstack([crowd(50), np.tile(STRANGE, (12, 1))])
    groups = np.concatenate([np.arange(50), np.full(12, 50)])
    found = scored(vectors, groups)
    cosines = np.sort(vectors[:50] @ STRANGE[0])[-10:]
    assert found["similarity"][50:].to_list() == pytest.approx([cosines.max()] * 12, abs=1e-5)
    others = 1 - nearest_neighbours(vectors[:50], 10)[1].mean(axis=1)
    distances = np.append(others, [1 - cosines.mean()] * 12)
    expected = np.exp(-distances / np.median(distances))
    assert found["score"].to_list() == pytest.approx(expected, abs=1e-5)


def test_where_there_is_no_other_example_nothing_is_said() -> None:
    same = np.tile(crowd(1), (5, 1))
    found = scored(same, np.zeros(5, dtype=np.int64))
    assert found["score"].null_count() == found["similarity"].null_count() == 5
    assert set(found["reason"]) == {"There is no other example to compare with."}
    assert scored(crowd(1))["score"].to_list() == [None]
    assert scored(crowd(1)[:0]).is_empty()


def test_rounding_alone_makes_no_outlier() -> None:
    vectors = np.tile(crowd(1), (40, 1))
    assert not scored(vectors)["flagged"].any()


def test_the_same_examples_get_the_same_scores() -> None:
    vectors = crowd(80)
    groups = np.arange(80) // 2
    assert scored(vectors, groups).equals(scored(vectors, groups))
