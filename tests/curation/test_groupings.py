"""Groups of examples: by what their metadata says, by words, by topic."""

import json
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.groupings import (
    GROUP_SCHEMA,
    MEMBER_SCHEMA,
    Grouping,
    by_keyword,
    by_metadata,
    by_topic,
    topics,
    with_parts,
)


def by_name(grouping: Grouping) -> dict[str, list[int]]:
    """Rows of each group by its name."""
    assert grouping.groups.schema == pl.Schema(GROUP_SCHEMA)
    assert grouping.members.schema == pl.Schema(MEMBER_SCHEMA)
    named = grouping.members.join(grouping.groups, on="group", validate="m:1")
    found = named.sort("row").group_by("name").agg("row")
    return dict(found.iter_rows())


def of(*rows: Any, fewest: int = 2) -> dict[str, list[int]]:
    return by_name(by_metadata(pl.Series([json.dumps(row) for row in rows]), fewest))


def test_examples_with_the_same_value_are_together() -> None:
    found = of(
        {"channel": "web", "vip": True}, {"channel": "mail", "vip": True}, {"channel": "web"}
    )
    assert found == {"channel = web": [0, 2], "vip = true": [0, 1]}


def test_ids_and_what_is_nested_or_missing_make_no_group() -> None:
    found = of(
        *({"id": f"T-{row}", "more": {"a": 1}, "tags": ["x"], "no": None} for row in range(9))
    )
    assert found == {}


def test_an_empty_value_is_a_value() -> None:
    assert of({"vendor": ""}, {"vendor": ""}) == {"vendor is empty": [0, 1]}


def test_dates_are_grouped_by_month_however_they_are_written() -> None:
    days = ["2026-03-02", "2026/03/17", "2026-04-01T10:00:00Z", "2026-04-30", "2026-03"]
    assert of(*({"created": day} for day in days)) == {
        "created in 2026-03": [0, 1, 4],
        "created in 2026-04": [2, 3],
    }


def test_what_only_looks_like_a_date_is_none() -> None:
    assert of(*({"code": code} for code in ["2026-13-01", "2026-001", "12026-01-01"])) == {}


def test_many_different_numbers_are_cut_into_tenths_and_few_are_kinds() -> None:
    rows = [{"words": str(row), "annotator": row % 3} for row in range(30)]
    found = of(*rows)
    assert found["words from 0 to 2"] == [0, 1, 2]
    assert found["words from 27 to 29"] == [27, 28, 29]
    assert found["annotator = 1"] == list(range(1, 30, 3))
    assert len(found) == 13


def test_equal_numbers_stay_in_one_range() -> None:
    rows = [{"price": price} for price in [5.0] * 10 + list(range(10, 40))]
    assert of(*rows)["price from 5.0 to 5.0"] == list(range(10))


def test_keys_that_share_a_name_with_a_derived_facet_stay_apart() -> None:
    rows = [{"a": "x", "a = x": "x"}] * 2
    found = by_metadata(pl.Series([json.dumps(row) for row in rows]), 2)
    assert found.groups["name"].to_list() == ["a = x", "a = x = x"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
JUNK = st.none() | st.text(max_size=8) | JSON.map(json.dumps)


@settings(max_examples=60, deadline=None)
@given(st.lists(JUNK, max_size=8))
def test_any_metadata_is_survived_and_nothing_is_grouped_twice(texts: list[str | None]) -> None:
    found = by_metadata(pl.Series(texts, dtype=pl.String), 1)
    assert by_name(found) is not None
    assert not found.members.is_duplicated().any()
    assert found.groups["group"].to_list() == list(range(found.groups.height))


def test_hostile_metadata_is_survived() -> None:
    texts = [
        '{"n": ' + "9" * 10_000 + "}",
        '{"s": "\\ud800"}',
        "[" * 100_000,
        '{"x": 1e999}',
        "nul",
    ]
    found = by_name(by_metadata(pl.Series(texts), 1))
    assert sorted(len(rows) for rows in found.values()) == [1, 1, 1]


def test_keywords_are_words_and_pairs_in_enough_texts_but_not_in_most() -> None:
    texts = ["The gift card", "a Gift card!", "the refund", "the order", "the", None]
    found = by_name(by_keyword(pl.Series(texts), 2))
    assert found == {'"card"': [0, 1], '"gift"': [0, 1], '"gift card"': [0, 1]}


def test_texts_without_words_have_no_keywords() -> None:
    assert by_keyword(pl.Series(["", "!", None], dtype=pl.String), 2).groups.is_empty()
    assert by_keyword(pl.Series([], dtype=pl.String), 10).groups.is_empty()


def test_a_topic_is_named_by_the_words_that_set_it_apart() -> None:
    texts = pl.Series(["money back please"] * 4 + ["please deliver"] * 2 + ["please wait"] * 4)
    topic = pl.Series([0] * 4 + [1] * 2 + [2] * 4)
    found = by_name(by_topic(topic, by_keyword(texts, 2), 3))
    assert found == {"topic: back, money": [0, 1, 2, 3], "topic: wait": [6, 7, 8, 9]}


def test_a_topic_without_words_has_its_number() -> None:
    texts = pl.Series([""] * 6)
    found = by_name(by_topic(pl.Series([7, 7, 7, None, 8, 8]), by_keyword(texts, 2), 3))
    assert found == {"topic 7": [0, 1, 2]}


def test_groups_are_parted() -> None:
    grouping = by_metadata(pl.Series(['{"a": "x"}'] * 4), 2)
    parts = pl.DataFrame({"row": [0, 1, 2], "part": ["p", "p", "q"]}).cast({"row": pl.UInt32})
    assert by_name(with_parts(grouping, parts, 2)) == {"a = x": [0, 1, 2, 3], "a = x, p": [0, 1]}


def test_topics_are_found_again() -> None:
    generator = np.random.default_rng(0)
    centres = np.eye(6, dtype=np.float32)
    vectors = np.repeat(centres, 12, axis=0) + generator.normal(0, 0.02, (72, 6)).astype(np.float32)
    found = topics(vectors, seed=0)
    assert found.dtype == np.int64
    assert len(set(found)) == 6
    assert all(len(set(found[start : start + 12])) == 1 for start in range(0, 72, 12))
    assert (topics(vectors, seed=0) == found).all()


def test_too_few_examples_are_one_topic() -> None:
    assert topics(np.eye(3, dtype=np.float32), seed=0).tolist() == [0, 0, 0]
    assert topics(np.empty((0, 3), dtype=np.float32), seed=0).tolist() == []
