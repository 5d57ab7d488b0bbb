"""JSON written by the column is what the json module writes of each value."""

from __future__ import annotations

import json
import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.records import canonical_json
from exports.formats.containers import json_line
from exports.json_lines import arrays, escaped, joined, json_values, objects, unescaped

TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["\u2028", "\x85", '"', "\\", "\\u0041", "\0", "\x1f", "\x7f", "\ufeff", "'", "😀", "null", ""]
)
ROWS = st.lists(
    st.tuples(
        st.none() | TEXTS,
        TEXTS,
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.none() | st.booleans(),
    ),
    max_size=20,
)
SCHEMA = {
    "maybe": pl.String,
    'the "text"': pl.String,
    "whole": pl.Int64,
    "number": pl.Float64,
    "flag": pl.Boolean,
}


@given(rows=ROWS)
@settings(deadline=None)
def test_a_row_is_an_object_on_a_line_or_a_list(rows: list[tuple[object, ...]]) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    assert objects(frame).to_list() == [json_line(row) for row in frame.iter_rows(named=True)]
    assert arrays(frame).to_list() == [canonical_json(list(row)) + "\n" for row in rows]


@given(texts=st.lists(TEXTS, min_size=1))
@settings(deadline=None)
def test_a_text_is_escaped_as_json_wants_it_and_comes_back(texts: list[str]) -> None:
    frame = pl.DataFrame({"text": texts})
    spelt = frame.select(escaped(pl.col("text")))
    assert spelt["text"].to_list() == [json.dumps(t, ensure_ascii=False)[1:-1] for t in texts]
    assert spelt.select(unescaped(pl.col("text")))["text"].to_list() == texts


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_json_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_values(pl.Series([1.0, number]))


def test_lines_are_a_file_sign_for_sign() -> None:
    lines = pl.Series(['{"a": "b,\\"c"}\n', "\n", " x\n"])
    assert joined(lines).read() == b'{"a": "b,\\"c"}\n\n x\n'
    assert joined(lines.clear()).read() == b""
