"""Search, exact and among cells, against brute force; what it says of itself, by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import blocks, cells, similarity
from curation.similarity import (
    Search,
    nearest_neighbours,
    neighbours_recall,
    pairs_recall,
    similar_between,
    similar_rows,
)

Pairs = dict[tuple[int, int], float]


def unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-30)
    return (vectors / lengths).astype(np.float32)


def clustered(seed: int, count: int, width: int, spread: float = 0.8) -> np.ndarray:
    """Unit vectors around a few centres, with pairs on both sides of any threshold."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(max(1, count // 8), width))
    scale = spread * random.random((count, 1))
    return unit(
        centres[random.integers(len(centres), size=count)]
        + scale * random.normal(size=(count, width))
    )


@st.composite
def vector_sets(draw: st.DrawFn) -> np.ndarray:
    """Any kind: clustered, unrelated, full of copies, all equal, all zero, of no width, few."""
    seed, count = draw(st.integers(0, 10**6)), draw(st.integers(0, 90))
    width = draw(st.sampled_from([0, 1, 3, 64, 65, 100, 128, 129, 200]))
    kind = draw(st.sampled_from(["clustered", "unrelated", "copies", "equal", "zero"]))
    random = np.random.default_rng(seed)
    if not count or not width or kind == "zero":
        return np.zeros((count, width), dtype=np.float32)
    if kind == "equal":
        return unit(np.tile(random.normal(size=(1, width)), (count, 1)))
    if kind == "unrelated":
        return unit(random.normal(size=(count, width)))
    vectors = clustered(seed, count, width)
    if kind == "copies":
        return vectors[random.integers(max(1, count // 4), size=count)]
    return vectors


floors = st.sampled_from([0.3, 0.5, 0.8, 0.9, 0.99, 1.0])


def brute(vectors: np.ndarray) -> np.ndarray:
    return vectors.astype(np.float64) @ vectors.astype(np.float64).T


def true_pairs(vectors: np.ndarray, floor: float) -> set[tuple[int, int]]:
    return {(a, b) for a, b in np.argwhere(np.triu(brute(vectors) >= floor, 1)).tolist()}


def collect(found: Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]) -> Pairs:
    """Pairs and their cosines; fails where one comes twice."""
    pairs: Pairs = {}
    for _, left, right, cosine in found:
        for a, b, value in zip(left.tolist(), right.tolist(), cosine.tolist(), strict=True):
            assert (a, b) not in pairs
            pairs[a, b] = value
    return pairs


def check_sound(pairs: Pairs, vectors: np.ndarray, floor: float) -> None:
    """None invented, none below the floor, left before right."""
    cosine = brute(vectors)
    for (a, b), value in pairs.items():
        assert a < b
        assert value >= np.float32(floor)
        assert value == pytest.approx(cosine[a, b], abs=1e-6)


@pytest.fixture
def in_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Search among cells however few the rows are."""
    monkeypatch.setattr(similarity, "_EXACT_ROWS", 0)


@pytest.fixture(params=[False, True], ids=["exact", "cells"])
def method(request: pytest.FixtureRequest) -> Iterator[None]:
    """Once by comparing everything, once among cells."""
    with only_cells(request.param):
        yield


@contextmanager
def only_cells(wanted: bool = True) -> Iterator[None]:
    """As `in_cells`, for property tests, in which fixtures are not reset between examples."""
    with pytest.MonkeyPatch.context() as patch:
        if wanted:
            patch.setattr(similarity, "_EXACT_ROWS", 0)
        yield


# similar_rows


@settings(max_examples=40, deadline=None)
@given(vector_sets(), floors)
def test_exact_search_finds_what_brute_force_finds(vectors: np.ndarray, floor: float) -> None:
    found = collect(similar_rows(vectors, floor))
    check_sound(found, vectors, floor)
    assert true_pairs(vectors, floor + 1e-6) <= set(found) <= true_pairs(vectors, floor - 1e-6)


def test_no_pair_is_missed_across_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "_TILE_ROWS", 16)
    monkeypatch.setattr(blocks, "_TILE_COLUMNS", 48)
    monkeypatch.setattr(similarity, "_STRIPE", 40)
    vectors = clustered(7, 500, 128, 0.7)
    assert set(collect(similar_rows(vectors, 0.8))) == true_pairs(vectors, 0.8)


@settings(max_examples=40, deadline=None)
@given(vector_sets(), floors)
def test_cells_invent_nothing_and_report_each_pair_once(vectors: np.ndarray, floor: float) -> None:
    with only_cells():
        found = collect(similar_rows(vectors, floor))
    check_sound(found, vectors, floor)
    assert set(found) <= true_pairs(vectors, floor - 1e-6)


@settings(max_examples=6, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from([64, 384]),
    st.sampled_from([0.2, 0.5, 0.8]),
    st.sampled_from([0.8, 0.9]),
)
def test_cells_find_nearly_every_pair_of_clustered_rows(
    seed: int, width: int, spread: float, floor: float
) -> None:
    vectors = clustered(seed, 1500, width, spread)
    with only_cells():
        found = set(collect(similar_rows(vectors, floor)))
    expected = true_pairs(vectors, floor)
    assert len(found & expected) >= 0.999 * len(expected)


def test_a_cell_full_of_copies_is_compared_in_parts(
    in_cells: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "_PAIRS_AT_ONCE", 500)
    vectors = np.repeat(clustered(2, 40, 20), 5, axis=0)
    found = list(similar_rows(vectors, 0.99))
    assert max(len(left) for _, left, _, _ in found) <= 500
    assert set(collect(iter(found))) == true_pairs(vectors, 0.99)


@pytest.mark.usefixtures("method")
def test_old_pairs_and_new_pairs_are_all_pairs() -> None:
    vectors = clustered(11, 700, 90)
    everything = collect(similar_rows(vectors, 0.8))
    for first_new in (0, 1, 350, 699, 700):
        added = collect(similar_rows(vectors, 0.8, first_new))
        assert set(added) == {pair for pair in everything if pair[1] >= first_new}
        old = collect(similar_rows(vectors[:first_new], 0.8))
        if similarity._EXACT_ROWS:
            assert set(old) | set(added) == set(everything)
            assert set(old).isdisjoint(added)


@pytest.mark.usefixtures("method")
def test_progress_rises_to_the_number_of_rows() -> None:
    vectors = clustered(1, 300, 70)
    searches = [
        (similar_rows(vectors, 0.9), 300),
        (similar_rows(vectors, 0.9, 200), 300),
        (similar_between(vectors[:120], vectors[120:], 0.9), 120),
    ]
    for search, rows in searches:
        done = [step[0] for step in search]
        assert done[-1] == rows
        assert all(a <= b for a, b in pairwise(done))


def test_the_order_of_the_rows_does_not_matter_to_cells(in_cells: None) -> None:
    vectors = clustered(3, 2000, 200)
    order = np.random.default_rng(0).permutation(len(vectors))
    as_is, _ = cells.build(vectors, 0.2, 16)
    shuffled, _ = cells.build(vectors[order], 0.2, 16)
    np.testing.assert_array_equal(as_is.home[order], shuffled.home)
    found = collect(similar_rows(vectors, 0.85))
    moved = collect(similar_rows(vectors[order], 0.85))
    assert {(min(p), max(p)) for p in ((order[a], order[b]) for a, b in moved)} == set(found)


# similar_between


@settings(max_examples=40, deadline=None)
@given(vector_sets(), st.floats(0, 1), floors, st.booleans())
def test_two_sets_are_compared_with_each_other_only(
    vectors: np.ndarray, share: float, floor: float, among_cells: bool
) -> None:
    split = round(share * len(vectors))
    with only_cells(among_cells):
        found = collect(similar_between(vectors[:split], vectors[split:], floor))
        whole = collect(similar_rows(vectors, floor))
    across = {(a, b - split) for a, b in whole if a < split <= b}
    assert set(found) == across
    for (a, b), value in found.items():
        assert value == pytest.approx(float(vectors[a] @ vectors[split + b]), abs=1e-6)


# nearest_neighbours


@settings(max_examples=40, deadline=None)
@given(vector_sets(), st.integers(1, 12))
def test_neighbours_are_those_of_brute_force(vectors: np.ndarray, k: int) -> None:
    indices, values = nearest_neighbours(vectors, k)
    count = len(vectors)
    width = max(0, min(k, count - 1))
    assert indices.shape == values.shape == (count, width)
    assert (indices.dtype, values.dtype) == (np.int64, np.float32)
    cosine = brute(vectors)
    np.fill_diagonal(cosine, -np.inf)
    if width:
        best = np.sort(cosine, axis=1)[:, ::-1][:, :width]
        np.testing.assert_allclose(values, np.minimum(best, 1), atol=1e-6)
        np.testing.assert_allclose(np.take_along_axis(cosine, indices, 1), best, atol=1e-6)
        assert (np.diff(values, axis=1) <= 0).all()


def test_neighbours_that_tie_come_by_row_number() -> None:
    vectors = np.zeros((400, 2), dtype=np.float32)
    vectors[:, 0] = 1
    indices, values = nearest_neighbours(vectors, 3)
    assert indices[0].tolist() == [1, 2, 3]
    assert indices[2].tolist() == [0, 1, 3]
    assert indices[399].tolist() == [0, 1, 2]
    assert (values == 1).all()


def test_neighbours_do_not_depend_on_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = clustered(5, 300, 20, 0.9)
    whole = nearest_neighbours(vectors, 7)
    monkeypatch.setattr(similarity, "_BLOCK_CELLS", 2000)
    in_blocks = nearest_neighbours(vectors, 7)
    np.testing.assert_array_equal(whole[0], in_blocks[0])
    np.testing.assert_array_equal(whole[1], in_blocks[1])


@settings(max_examples=40, deadline=None)
@given(vector_sets(), st.integers(1, 12))
def test_neighbours_among_cells_are_others_with_their_true_cosine(
    vectors: np.ndarray, k: int
) -> None:
    with only_cells():
        indices, values = nearest_neighbours(vectors, k)
    count = len(vectors)
    assert indices.shape == values.shape == (count, max(0, min(k, count - 1)))
    assert ((indices >= 0) & (indices < count)).all()
    assert (indices != np.arange(count)[:, None]).all()
    assert all(len(set(row)) == len(row) for row in indices.tolist())
    cosine = np.take_along_axis(brute(vectors), indices, 1) if count else values
    np.testing.assert_allclose(values, np.minimum(cosine, 1), atol=1e-6)
    assert (np.diff(values, axis=1) <= 0).all()


def test_neighbours_among_cells_are_nearly_all_true(
    in_cells: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "_PARTY", 100)
    monkeypatch.setattr(cells, "_GROUP", 4)
    vectors = clustered(6, 2500, 64)
    assert (cells.neighbours(vectors, 10) >= 0).all()
    indices, _ = nearest_neighbours(vectors, 10)
    cosine = brute(vectors)
    np.fill_diagonal(cosine, -np.inf)
    true = np.argsort(-cosine, axis=1)[:, :10]
    hits = sum(len(set(a) & set(b)) for a, b in zip(indices.tolist(), true.tolist(), strict=True))
    assert hits >= 0.98 * true.size


def test_a_row_among_crowds_of_copies_has_neighbours_too(
    in_cells: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "_CROWD", 16)
    vectors = np.concatenate([np.tile(clustered(1, 1, 30), (600, 1)), clustered(2, 200, 30)])
    indices, values = nearest_neighbours(vectors, 5)
    np.testing.assert_allclose(values[:600], 1, atol=1e-6)
    assert (indices[:600] < 600).all()
    assert (np.diff(np.sort(indices, axis=1), axis=1) > 0).all()


def test_a_row_that_meets_too_few_is_compared_with_all(
    in_cells: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "_NEIGHBOUR_CELLS", 1)
    vectors = clustered(4, 300, 16)
    indices, values = nearest_neighbours(vectors, 150)
    monkeypatch.setattr(similarity, "_EXACT_ROWS", 20_000)
    exact = nearest_neighbours(vectors, 150)
    np.testing.assert_array_equal(indices, exact[0])
    np.testing.assert_array_equal(values, exact[1])


# Search


def test_a_search_says_how_it_is_done() -> None:
    assert Search.of_pairs(20_000) == Search("exact", 20_000, 0, 1.0, None)
    assert Search.of_pairs(40_000) == Search("cells", 40_000, 400, None, None)
    assert Search.of_pairs(1_000_000, first_new=999_900).method == "exact"
    assert Search.between(100, 1_000_000).method == "exact"
    assert Search.between(100_000, 100_000) == Search("cells", 200_000, 1250, None, None)
    assert Search.of_neighbours(20_000).method == "exact"
    assert Search.of_neighbours(20_001).method == "cells"


def test_recall_of_pairs_is_measured_against_everything() -> None:
    # 20 axes, each taken by two rows: 20 pairs, of which the 18 first are found.
    vectors = np.repeat(np.eye(20, dtype=np.float32), 2, axis=0)
    left = np.arange(0, 36, 2)
    search = Search("cells", 40, 12, None, None)
    measured = pairs_recall(search, vectors, 0.9, (left, left + 1))
    assert measured.recall == pytest.approx(0.9)
    # Wilson's interval of 36 of 40: 40 rows of one pair each.
    assert measured.interval == pytest.approx((0.7695, 0.9604), abs=1e-4)
    assert (measured.method, measured.rows, measured.cells) == ("cells", 40, 12)
    new = pairs_recall(search, vectors, 0.9, (left[-1:], left[-1:] + 1), first_new=34)
    assert new.recall == pytest.approx(1 / 3)


def test_the_interval_of_the_recall_counts_rows_that_hang_together_once() -> None:
    # One group of 4 (12 ordered pairs) and 3 groups of 2 (6): all found. 18² / (4·9 + 6) = 7.71.
    vectors = np.repeat(np.eye(4, dtype=np.float32), [4, 2, 2, 2], axis=0)
    found = np.triu_indices(10, 1)
    same = (vectors @ vectors.T)[found] > 0.9
    measured = pairs_recall(
        Search("cells", 10, 3, None, None), vectors, 0.9, (found[0][same], found[1][same])
    )
    assert measured.recall == 1.0
    assert measured.interval == pytest.approx((7.7143 / (7.7143 + 3.8415), 1.0), abs=1e-4)


def test_recall_without_a_pair_is_not_known() -> None:
    none = np.empty(0, dtype=np.int64)
    search = Search("cells", 5, 4, None, None)
    assert pairs_recall(search, np.eye(5, dtype=np.float32), 0.9, (none, none)) == search


@pytest.mark.usefixtures("method")
def test_measured_recall_is_the_true_one() -> None:
    vectors = clustered(9, 1500, 40)
    found = collect(similar_rows(vectors, 0.8))
    kept = np.array(sorted(found))[: len(found) // 2]
    search = Search.of_pairs(len(vectors))
    whole = pairs_recall(search, vectors, 0.8, (kept[:, 0], kept[:, 1]), sample=1500)
    assert whole.recall == pytest.approx(len(kept) / len(true_pairs(vectors, 0.8)), abs=1e-3)
    part = pairs_recall(search, vectors, 0.8, (kept[:, 0], kept[:, 1]), sample=400, seed=1)
    again = pairs_recall(search, vectors, 0.8, (kept[:, 0], kept[:, 1]), sample=400, seed=1)
    assert part == again
    assert part.interval is not None
    assert part.interval[0] < whole.recall < part.interval[1]


def test_recall_of_neighbours_is_measured_against_everything() -> None:
    vectors = clustered(8, 400, 30)
    indices, _ = nearest_neighbours(vectors, 4)
    search = Search("cells", 400, 40, None, None)
    assert neighbours_recall(search, vectors, indices).recall == 1.0
    cosine = brute(vectors)
    farthest = np.argmin(cosine, axis=1)
    spoilt = indices.copy()
    spoilt[:, 3] = farthest
    measured = neighbours_recall(search, vectors, spoilt)
    assert measured.recall == pytest.approx(0.75)
    assert measured.interval == pytest.approx((0.7053, 0.7900), abs=1e-4)
