"""Rechecking: the pairs that exact vectors give, from candidates that rounded ones gave."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.duplicates import find_pairs
from curation.recheck import MARGIN, recheck

FLOOR = 0.8


def at(*degrees: float) -> np.ndarray:
    """Unit vectors at these angles: the cosine of two is that of the angle between them."""
    radians = np.radians(np.array(degrees))
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def examples(*texts: str | None) -> pl.DataFrame:
    return pl.DataFrame(
        {"example_id": [f"e{row:03}" for row in range(len(texts))], "text": texts},
        schema={"example_id": pl.String, "text": pl.String},
    )


def pairs(*rows: tuple[str, str, float, str]) -> pl.DataFrame:
    schema = {
        "example_id": pl.String,
        "other_id": pl.String,
        "similarity": pl.Float32,
        "kind": pl.String,
    }
    return pl.DataFrame(list(rows), schema=schema, orient="row")


class Exact:
    """The text is its angle; remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.asked.extend(texts)
        return at(*map(float, texts))


NEAR = FLOOR + MARGIN / 2
"""A similarity that may be on the wrong side of the floor."""
SURE = FLOOR + 2 * MARGIN


def test_a_candidate_near_the_floor_stays_where_the_exact_cosine_reaches_it() -> None:
    exact = Exact()
    found = recheck(
        pairs(
            ("e000", "e001", FLOOR - MARGIN / 2, "near"),  # 36.8°: .8007, more than int8 said
            ("e000", "e002", NEAR, "near"),  # 36.9°: .7997, less
            ("e001", "e003", NEAR, "near-twin"),  # 20°: .940
        ),
        examples("0", "36.8", "36.9", "56.8", "never asked for"),
        exact,
        FLOOR,
    )
    assert found["example_id"].to_list() == ["e000", "e001"]
    assert found["kind"].to_list() == ["near", "near-twin"]
    np.testing.assert_allclose(found["similarity"], [0.8007314, 0.9396926], atol=1e-6)
    assert found["similarity"].dtype == pl.Float32
    assert exact.asked == ["0", "36.8", "36.9", "56.8"]


def test_a_pair_far_from_every_threshold_is_not_embedded_again() -> None:
    exact = Exact()
    some = pairs(
        ("e000", "e001", SURE, "near"),
        ("e000", "e002", 0.9 + MARGIN / 2, "near"),
        ("e000", "e003", FLOOR - 2 * MARGIN, "near"),
    )
    texts = examples("0", "1", "2", "3")
    found = recheck(some, texts, exact, FLOOR)
    assert found.equals(some[:2])
    assert exact.asked == []
    found = recheck(some, texts, exact, FLOOR, thresholds=[0.9])
    np.testing.assert_allclose(found["similarity"], [SURE, np.cos(np.radians(2))], atol=1e-6)
    assert exact.asked == ["0", "2"]


def test_exact_copies_stay_and_need_no_vectors() -> None:
    exact, copies = Exact(), pairs(("e000", "e001", 1.0, "exact"))
    found = recheck(copies, examples("0", "0"), exact, FLOOR)
    assert found.equals(copies)
    assert exact.asked == []


def test_a_text_that_several_examples_share_is_asked_for_once() -> None:
    exact = Exact()
    some = pairs(("e000", "e001", NEAR, "near"), ("e001", "e002", NEAR, "near"))
    assert recheck(some, examples("0", "10", "0"), exact, FLOOR).height == 2
    assert exact.asked == ["0", "10"]


def test_what_is_spelled_alike_stays_whatever_the_cosine() -> None:
    some = pairs(("e000", "e001", NEAR, "near"), ("e000", "e002", NEAR, "near"))
    some = some.with_columns(lexical=pl.Series([0.8, None], dtype=pl.Float32))
    found = recheck(some, examples("0", "90", "90"), Exact(), FLOOR)
    assert found["other_id"].to_list() == ["e001"]
    np.testing.assert_allclose(found["similarity"], [0], atol=1e-6)


def test_of_several_columns_the_least_similar_counts_and_none_is_like_nothing() -> None:
    both = examples("0", "10", "10", "10").with_columns(answer=pl.Series(["0", "20", "50", None]))
    some = pairs(*(("e000", f"e00{row}", NEAR, "near") for row in (1, 2, 3)))
    found = recheck(some, both, Exact(), FLOOR, ["text", "answer"])
    assert found["other_id"].to_list() == ["e001"]
    np.testing.assert_allclose(found["similarity"], [np.cos(np.radians(20))], atol=1e-6)


@pytest.mark.parametrize("floor", [0.8, 0.95])
@settings(deadline=None)
@given(
    angles=st.lists(st.floats(0, 90, width=32), min_size=2, max_size=20, unique=True),
    seed=st.integers(0, 99),
)
def test_the_pairs_are_those_of_the_exact_vectors(
    angles: list[float], seed: int, floor: float
) -> None:
    texts = examples(*map(repr, angles))
    # Turning a vector by so much changes no cosine by more than MARGIN.
    far = np.degrees(MARGIN / 2)
    turned = np.array(angles) + np.random.default_rng(seed).uniform(-far, far, len(angles))
    candidates = find_pairs(texts, at(*turned), floor - MARGIN)
    found = recheck(candidates, texts, Exact(), floor)
    expected = find_pairs(texts, at(*angles), floor)
    ends = ["example_id", "other_id", "kind"]
    edge = pl.col("similarity") > floor + 1e-5  # at the edge rounding decides
    assert found.filter(edge).select(ends).equals(expected.filter(edge).select(ends))
