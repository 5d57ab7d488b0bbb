"""Each exported row can be followed to its source and to a person without a name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import WrongUse
from exports.provenance import provenance_rows, pseudonyms

KEY = b"0123456789abcdef"
EXAMPLES = {
    "example_id": pl.String,
    "source_file": pl.String,
    "source_row": pl.Int64,
    "given": pl.String,
    "current": pl.String,
    "status": pl.String,
    "decided_by": pl.String,
    "decided_at": pl.Datetime(time_zone="Europe/Zurich"),
    "disputed": pl.Boolean,
    "comment": pl.String,
}
MOMENT = datetime(2026, 11, 22, 12, 30, 5, 250000, tzinfo=timezone(timedelta(hours=1)))


def rows(**given: Any) -> list[dict[str, Any]]:
    examples = pl.DataFrame(
        [
            ("a", "x.csv", 3, "y", "n", "relabelled", "Ann Lee", MOMENT, False, "Ann says no"),
            ("b", "x.csv", 4, "y", "y", "unreviewed", None, None, False, None),
            ("gone", "x.csv", 5, "y", "y", "kept", "Bob", MOMENT, True, None),
        ],
        schema=EXAMPLES,
        orient="row",
    )
    placed = pl.DataFrame({"example_id": ["b", "a"], "split": ["test", "train"]})
    return list(provenance_rows(placed, examples, KEY, **given))


def test_a_row_says_where_it_comes_from_and_what_became_of_it() -> None:
    who = pseudonyms(["Ann Lee", "Bob"], KEY)["Ann Lee"]
    assert rows() == [
        {
            "example_id": "b",
            "split": "test",
            "source_file": "x.csv",
            "source_row": 4,
            "given": "y",
            "output": "y",
            "status": "unreviewed",
            "decided_by": None,
            "when": None,
            "disputed": False,
        },
        {
            "example_id": "a",
            "split": "train",
            "source_file": "x.csv",
            "source_row": 3,
            "given": "y",
            "output": "n",
            "status": "relabelled",
            "decided_by": who,
            "when": "2026-11-22T11:30:05Z",
            "disputed": False,
        },
    ]


def test_no_name_is_told_and_comments_only_where_asked_for() -> None:
    assert "Ann" not in str(rows())
    assert [row["comment"] for row in rows(comments=True)] == [None, "Ann says no"]


@given(st.sets(st.text(max_size=5), max_size=300))
def test_pseudonyms_tell_people_apart_and_do_not_depend_on_the_order(names: set[str]) -> None:
    found = pseudonyms(names, KEY)
    assert len(set(found.values())) == len(names)
    assert found == pseudonyms(sorted(names, reverse=True), KEY)


def test_pseudonyms_depend_on_the_key() -> None:
    assert pseudonyms(["Ann"], KEY) != pseudonyms(["Ann"], KEY[::-1])
    with pytest.raises(WrongUse, match="5 bytes"):
        pseudonyms(["Ann"], b"short")


def test_a_pseudonym_is_a_keyed_hash() -> None:
    # printf 'Ann' | openssl dgst -sha256 -hmac 0123456789abcdef
    assert pseudonyms(["Ann"], KEY) == {"Ann": "annotator-993b"}


def test_times_are_utc() -> None:
    assert datetime.fromisoformat(rows()[1]["when"]) == MOMENT.astimezone(UTC).replace(
        microsecond=0
    )
