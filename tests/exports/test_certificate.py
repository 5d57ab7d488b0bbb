"""The leak certificate counts every pair across splits, and says what it did not look at."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.duplicates import PAIR_SCHEMA, Form
from curation.records import Json
from exports.certificate import LEVELS, Reference, certificate, leak_facts, leak_sentences
from exports.formats import find_format
from exports.split import ASSIGNMENT_SCHEMA
from tests.exports.manifests import HASH, manifest

EXACT = {
    "channel": "embedding",
    "method": "exact",
    "rows": 6,
    "cells": 0,
    "threshold": 0.9,
    "recall": 1.0,
    "low": 1.0,
    "high": 1.0,
}
CELLS = EXACT | {
    "channel": "lexical",
    "method": "cells",
    "recall": 0.995,
    "low": 0.99,
    "high": 0.998,
}


def frames(places: dict[str, str], verified: tuple[str, ...] = ()) -> tuple[Any, Any]:
    placed = pl.DataFrame(list(places.items()), schema=ASSIGNMENT_SCHEMA, orient="row")
    rows = placed.select(
        "example_id",
        text="example_id",
        verified=pl.col("example_id").is_in(list(verified)),
    )
    return placed, rows


def facts(
    places: dict[str, str],
    pairs: list[tuple[str, str, float, str]],
    verified: tuple[str, ...] = (),
    **given: Any,
) -> Json:
    placed, rows = frames(places, verified)
    found = pl.DataFrame(pairs, schema=PAIR_SCHEMA, orient="row")
    options: Json = {"threshold": 0.9, "floor": 0.8} | given
    return leak_facts(placed, found, options.pop("rows", rows), **options)


def test_pairs_across_splits_are_counted_by_kind_at_every_level() -> None:
    found = facts(
        {"a": "train", "b": "test", "c": "train", "d": "validation"},
        [
            ("a", "b", 0.96, "near"),
            ("a", "c", 0.99, "near"),
            ("b", "c", 0.86, "near-twin"),
            ("c", "d", 0.80, "near"),
        ],
    )
    assert found["pairs_across_splits"] == {
        "exact": dict.fromkeys(["0.80", "0.85", "0.90", "0.95", "0.99", "1.00"], 0),
        "near": {"0.80": 2, "0.85": 1, "0.90": 1, "0.95": 1, "0.99": 0, "1.00": 0},
        "near-twin": {"0.80": 1, "0.85": 1, "0.90": 0, "0.95": 0, "0.99": 0, "1.00": 0},
    }
    assert found["pairs_above_threshold_across_splits"] == 1
    assert found["highest_similarity_across_splits"] == 0.96
    assert found["highest_pair"] == {
        "similarity": 0.96,
        "kind": "near",
        "examples": [{"example_id": "a", "split": "train"}, {"example_id": "b", "split": "test"}],
    }


def test_levels_below_the_floor_were_not_searched() -> None:
    found = facts({"a": "train", "b": "test"}, [("a", "b", 0.92, "near")], floor=0.9)
    assert found["pairs_across_splits"]["near"] == {
        "0.80": None,
        "0.85": None,
        "0.90": 1,
        "0.95": 0,
        "0.99": 0,
        "1.00": 0,
    }
    assert found["pairs_across_splits"]["exact"]["0.80"] == 0


def test_a_copy_shares_the_pairs_of_its_text_even_where_that_text_was_not_written() -> None:
    places = {"b": "train", "c": "train", "d": "test", "e": "test"}
    stars = [("a", "b", 1.0, "exact"), ("a", "c", 1.0, "exact"), ("d", "e", 1.0, "exact")]
    found = facts(places, [*stars, ("a", "d", 0.93, "near")])
    assert found["pairs_across_splits"]["near"]["0.90"] == 4
    assert found["pairs_above_threshold_across_splits"] == 4
    assert found["highest_pair"]["examples"] == [
        {"example_id": "b", "split": "train"},
        {"example_id": "d", "split": "test"},
    ]


def test_copies_across_splits_are_pairs_of_similarity_one() -> None:
    places = {"b": "train", "c": "train", "d": "test", "e": "validation"}
    stars = [("a", name, 1.0, "exact") for name in places]
    found = facts(places, stars)
    assert found["pairs_across_splits"]["exact"]["1.00"] == 5  # bd be cd ce de
    assert found["highest_similarity_across_splits"] == 1.0


def test_without_a_pair_the_highest_is_unknown_and_said_to_lie_below_the_floor() -> None:
    found = facts({"a": "train", "b": "test"}, [])
    assert found["highest_similarity_across_splits"] is None
    assert found["highest_pair"] is None
    assert "No two examples in two splits have a similarity of 0.8 or more." in leak_sentences(
        found
    )


def test_similarities_at_the_threshold_count_though_they_are_stored_in_single_precision() -> None:
    found = facts({"a": "train", "b": "test"}, [("a", "b", 0.9, "near")])
    assert found["pairs_above_threshold_across_splits"] == 1


def test_texts_that_differ_in_case_and_punctuation_only_are_identical() -> None:
    places = {"a": "train", "b": "test", "c": "test", "d": "train"}
    texts = pl.Series("text", ["Where is it?", "where is it", "else", "more"])
    found = facts(places, [], rows=frames(places)[1].with_columns(texts))
    assert found["identical_texts_across_splits"] == 1
    strict = Form(keep_case=True)
    apart = facts(places, [], rows=frames(places)[1].with_columns(texts), form=strict)
    assert apart["identical_texts_across_splits"] == 0


def test_test_rows_are_counted_by_whether_a_person_decided() -> None:
    places = {"a": "train", "b": "test", "c": "test", "d": "test"}
    found = facts(places, [], verified=("a", "c"))
    assert found["test"] == {"rows": 3, "verified": 1, "unverified": 2}


def test_rows_of_a_reference_file_count_once_by_their_plainest_kind_and_in_what_was_written() -> (
    None
):
    found = pl.DataFrame(
        [
            (1, "a", "near"),
            (1, "b", "exact"),
            (2, "a", "contains"),
            (3, "gone", "exact"),
        ],
        schema=["reference_row", "example_id", "kind"],
        orient="row",
    )
    reference = Reference("bench.jsonl", HASH, 40, 0.9, found, 0.9700001)
    facts_ = facts({"a": "train", "b": "test"}, [], references=[reference], held_out=2)
    assert facts_["references"] == [
        {
            "name": "bench.jsonl",
            "sha256": HASH,
            "rows": 40,
            "threshold": 0.9,
            "rows_found": {"exact": 1, "near": 0, "near-twin": 0, "contains": 1},
            "examples_found": {"train": 1, "validation": 0, "test": 1},
            "highest_similarity": 0.97,
        }
    ]
    assert facts_["held_out"] == 2
    said = "Of the 40 rows of bench.jsonl, 2 (exact 1, contains 1) are in 1 train, 1 test rows."
    assert said in leak_sentences(facts_)


def test_a_clean_reference_file_is_said_to_be_clean() -> None:
    nothing = pl.DataFrame(schema=dict.fromkeys(["reference_row", "example_id", "kind"], pl.String))
    reference = Reference("bench.jsonl", HASH, 40, 0.9, nothing, None)
    found = facts({"a": "train", "b": "test"}, [], references=[reference])
    assert found["references"][0]["highest_similarity"] is None
    assert "Of the 40 rows of bench.jsonl, none is found." in leak_sentences(found)


def test_the_certificate_names_the_files_it_is_about() -> None:
    document = manifest()
    document["files"]["assignment.jsonl"] = {"bytes": 1, "sha256": HASH}
    found = certificate(document, find_format(document["format"], document["task"]))
    assert found["files"] == {"train.jsonl": HASH, "test.jsonl": HASH}
    assert found["leaks"] == document["leaks"]
    assert found["data_hash"] == document["source"]["data_hash"]


@pytest.mark.parametrize(
    ("channels", "words"),
    [
        ([EXACT], "All 6 texts were compared with one another by meaning."),
        (
            [EXACT, CELLS],
            "99.5% of the pairs with a similarity of 0.9 or more are found (95% interval 99.0% to",
        ),
        ([CELLS | {"recall": None}], "by spelling within cells of like texts; the recall was not"),
        (None, "was not recorded"),
    ],
)
def test_how_pairs_were_searched_is_said(channels: list[Json] | None, words: str) -> None:
    search = channels and {"model": "m", "channels": channels}
    found = facts({"a": "train", "b": "test"}, [], search=search)
    assert words in " ".join(leak_sentences(found))


def test_pairs_alike_in_spelling_count_at_a_threshold_of_their_own() -> None:
    placed, rows = frames({"a": "train", "b": "test", "c": "test"})
    pairs = pl.DataFrame(
        [("a", "b", 0.7, "near", 0.82), ("a", "c", 0.85, "near", None)],
        schema={**PAIR_SCHEMA, "lexical": pl.Float32},
        orient="row",
    )
    found = leak_facts(placed, pairs, rows, threshold=0.9, floor=0.8, lexical_threshold=0.8)
    assert found["pairs_above_threshold_across_splits"] == 1
    assert found["pairs_across_splits"]["near"]["0.80"] == 1
    assert (
        "a similarity of 0.9 or more in meaning, or 0.8 or more in spelling: 1."
        in (leak_sentences(found)[0])
    )
    only = leak_facts(placed, pairs[:1], rows, threshold=0.9, floor=0.8, lexical_threshold=0.8)
    assert only["highest_similarity_across_splits"] is None  # others below the floor may be higher


names = st.sampled_from("abcdefgh")
splits = st.sampled_from(["train", "validation", "test"])
edges = st.dictionaries(
    st.tuples(names, names).filter(lambda pair: pair[0] < pair[1]),
    st.tuples(
        st.sampled_from([0.8, 0.87, 0.9, 0.95, 0.995]), st.sampled_from(["near", "near-twin"])
    ),
)


@given(st.dictionaries(names, splits, min_size=1), edges)
def test_every_pair_across_splits_is_counted_once(places: dict[str, str], links: Any) -> None:
    pairs = [(*pair, *found) for pair, found in sorted(links.items())]
    found = facts(places, pairs)
    across = [
        (similarity, kind)
        for one, other, similarity, kind in pairs
        if one in places and other in places and places[one] != places[other]
    ]
    for kind in ("near", "near-twin"):
        for level in LEVELS:
            want = sum(value >= level and of == kind for value, of in across)
            assert found["pairs_across_splits"][kind][f"{level:.2f}"] == want
    assert found["highest_similarity_across_splits"] == max(
        (value for value, _ in across), default=None
    )


def test_a_search_that_was_measured_at_two_thresholds_is_said_once() -> None:
    channels = [EXACT | {"threshold": 0.8}, EXACT | {"threshold": 0.9}]
    search = {"model": "m", "channels": channels}
    found = leak_sentences(facts({"a": "train", "b": "test"}, [], search=search))
    assert sum("compared with one another" in words for words in found) == 1
