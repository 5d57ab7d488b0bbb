"""Marks show where in a text others stand, and how often they are spelt as JSON."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.marks import awkward, cut, filled, mark, spelt


def as_json(text: str, times: int) -> str:
    for _ in range(times):
        text = json.dumps(text, ensure_ascii=False)
    return text


@pytest.mark.parametrize("level", range(4))
@given(before=st.text(), between=st.text(), text=st.text())
def test_what_was_put_in_place_of_the_marks_stands_there(
    level: int, before: str, between: str, text: str
) -> None:
    marked = f"{before}{mark(3)}{between}{mark(0)}"
    found = cut(as_json(marked, level))
    assert found is not None
    assert [tuple(slot) for slot in found.slots] == [(3, level), (0, level)]
    texts = {3: text, 0: awkward(0)}
    assert filled(found, texts) == as_json(f"{before}{text}{between}{awkward(0)}", level)


def test_a_column_is_spelt_as_often() -> None:
    found = cut(as_json(mark(7), 2))
    assert found is not None
    [slot] = found.slots
    assert pl.DataFrame({"7": [awkward(7)]}).select(spelt(slot)).item() == as_json(
        awkward(7), 2
    ).removeprefix('"\\"').removesuffix('\\""')


def test_a_mark_that_was_changed_is_no_mark() -> None:
    assert cut(f"a{mark(0)[1:]}") is None
    assert cut("no mark") == (("no mark",), ())
