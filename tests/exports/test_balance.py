"""Groups shared out: by hand, and what holds of every search."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.balance import Groups, balance

SHARES = np.array([8, 1, 1])


def _groups(labels: list[list[int]], start: list[int], **given: object) -> Groups:
    """Groups by their rows of each label; the last stratum counts all."""
    counts = np.array([[*row, sum(row)] for row in labels], np.int64)
    allowed = given.pop("allowed", np.ones((len(labels), 3), bool))
    return Groups(counts, np.array(start, np.int64), allowed, **given)  # type: ignore[arg-type]


def _inside(groups: Groups, place: np.ndarray) -> list[list[int]]:
    return [groups.counts[place == split].sum(axis=0).tolist() for split in range(3)]


def test_all_in_one_split_are_shared_out_to_the_row() -> None:
    groups = _groups([[1, 0]] * 30 + [[0, 1]] * 10, [0] * 40)
    place = balance(groups, np.zeros((3, 3), np.int64), SHARES)
    assert _inside(groups, place) == [[24, 8, 32], [3, 1, 4], [3, 1, 4]]


def test_what_is_well_placed_stays() -> None:
    start = [0] * 8 + [1, 2]
    groups = _groups([[1]] * 10, start)
    assert balance(groups, np.zeros((3, 2), np.int64), SHARES).tolist() == start


def test_what_is_held_counts() -> None:
    groups = _groups([[1]] * 10, [2] * 10)
    held = np.array([[0, 0], [0, 0], [2, 2]])  # of 12 rows the test split is due 1.2
    assert 2 not in balance(groups, held, SHARES)


def test_a_group_too_large_for_its_split_leaves_it() -> None:
    groups = _groups([[50]] + [[1]] * 50, [2] + [0] * 50)
    place = balance(groups, np.zeros((3, 2), np.int64), SHARES)
    assert place[0] == 0
    assert _inside(groups, place)[2] == [10, 10]


def test_of_equal_splits_each_may_take_a_large_group() -> None:
    groups = _groups([[30], [30], [30]] + [[1]] * 30, [0] * 33)
    place = balance(groups, np.zeros((3, 2), np.int64), np.ones(3, np.int64))
    assert sorted(place[:3]) == [0, 1, 2]


def test_only_some_rows_of_a_group_may_count_in_a_split() -> None:
    # Of each group of ten rows one counts in test, which is due 20 of 200 rows.
    groups = _groups(
        [[10]] * 20,
        [0] * 20,
        only={2: np.ones((20, 2), np.int64)},
        allowed=np.array([[1, 0, 1]] * 20, bool),
    )
    place = balance(groups, np.zeros((3, 2), np.int64), np.array([9, 0, 1]))
    # Each group that leaves train costs it ten rows; the small split's error weighs 81 times.
    assert (place == 2).sum() > 2


def test_an_empty_split_gets_the_smallest_group() -> None:
    groups = _groups([[9], [3], [5]], [0, 0, 0])
    place = balance(groups, np.zeros((3, 2), np.int64), np.array([98, 1, 1]))
    assert sorted(place) == [0, 1, 2]
    assert place[0] == 0


def test_with_no_work_left_groups_still_move(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exports.balance._WORK", 0)
    groups = _groups([[2, 0]] * 30 + [[0, 2]] * 10, [0] * 40)
    place = balance(groups, np.zeros((3, 3), np.int64), SHARES)
    # 48, 6 and 6 rows of the first label are due: a group has two rows.
    assert np.abs(np.array(_inside(groups, place))[:, 0] - [48, 6, 6]).max() <= 2


def test_no_groups() -> None:
    nothing = Groups(np.zeros((0, 2), np.int64), np.zeros(0, np.int64), np.zeros((0, 3), bool))
    assert balance(nothing, np.ones((3, 2), np.int64), SHARES).tolist() == []


@pytest.mark.parametrize("rows", [10**4, 10**6])
def test_groups_of_very_many_rows_overflow_nothing(rows: int) -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, rows, (60, 3)).tolist()
    groups = _groups(labels, random.integers(0, 3, 60).tolist())
    shares = np.array([799, 101, 100])
    inside = np.array(_inside(groups, balance(groups, np.zeros((3, 4), np.int64), shares)))
    total = inside.sum(axis=0)
    assert np.abs(inside / total - shares[:, None] / 1000).max() < 0.01


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_groups_go_where_they_may_and_the_same_way_twice(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 25))
    row = st.lists(st.integers(0, 9), min_size=2, max_size=2)
    labels = data.draw(st.lists(row, min_size=count, max_size=count))
    # Train is open to every group, which starts where it may be.
    allowed = np.array(
        [[True, *data.draw(st.tuples(st.booleans(), st.booleans()))] for _ in labels]
    )
    start = [int(np.flatnonzero(open_)[-1]) for open_ in allowed]
    groups = _groups(labels, start, allowed=allowed)
    held = np.array(data.draw(st.lists(row, min_size=3, max_size=3)))
    held = np.hstack([held, held.sum(axis=1, keepdims=True)])
    place = balance(groups, held, SHARES)
    assert allowed[np.arange(count), place].all()
    assert place.tolist() == balance(groups, held, SHARES).tolist()
