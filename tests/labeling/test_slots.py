"""What stands in a place stays there until it is decided."""

from hypothesis import given
from hypothesis import strategies as st

from labeling.slots import fill

KEYS = st.lists(st.sampled_from("abcdefghij"), unique=True)


def test_the_next_in_line_comes_up_in_the_place_of_what_is_gone() -> None:
    assert fill([], list("abcde"), 3) == ["a", "b", "c"]
    assert fill(list("abc"), list("acde"), 3) == ["a", "d", "c"]


def test_where_nothing_is_left_the_rest_moves_together() -> None:
    assert fill(list("abc"), list("ac"), 3) == ["a", "c"]
    assert fill(list("abc"), [], 3) == []


@given(KEYS, KEYS, st.integers(1, 5))
def test_everything_fits_and_nothing_moves_while_there_is_enough(
    shown: list[str], waiting: list[str], count: int
) -> None:
    found = fill(shown, waiting, count)
    assert len(found) == min(count, len(waiting)) == len(set(found))
    assert set(found) <= set(waiting)
    if len(waiting) >= count:
        for place, key in enumerate(shown[:count]):
            assert key not in waiting or found[place] == key
