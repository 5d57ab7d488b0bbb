"""Clusters that follow people's preferences and verdicts, on any graph of pairs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.duplicates import (
    PAIR_SCHEMA,
    RANKS,
    Stars,
    cluster,
    leakage_groups,
    set_apart,
    text_graph,
)

IDS = [f"n{row:02}" for row in range(12)]
VERDICTS = {"example_id": pl.String, "other_id": pl.String}
SCHEMA = {**PAIR_SCHEMA, "lexical": pl.Float32}
Edge = tuple[str, str, float, str, float]

pair_ids = st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)).filter(lambda p: p[0] < p[1])
edges = st.dictionaries(
    pair_ids,
    st.tuples(
        st.sampled_from([0.5, 0.8, 0.9, 0.95]),
        st.sampled_from(["near", "near", "near-twin", "exact"]),
        st.sampled_from([0.1, 0.85]),
    ),
    max_size=30,
).map(
    lambda found: [
        (a, b, 1.0 if kind == "exact" else value, kind, lexical)
        for (a, b), (value, kind, lexical) in found.items()
    ]
)
ranks = st.dictionaries(st.sampled_from(IDS), st.tuples(st.integers(-2, 2), st.booleans())).map(
    lambda found: pl.DataFrame([(k, *v) for k, v in found.items()], schema=RANKS, orient="row")
)
verdicts = st.lists(pair_ids, max_size=6).map(
    lambda found: pl.DataFrame(found, schema=VERDICTS, orient="row")
)


def pairs_of(*found: Edge) -> pl.DataFrame:
    return pl.DataFrame(found, schema=SCHEMA, orient="row")


def rank(**values: int | None) -> pl.DataFrame:
    """A rank by example; None: barred."""
    rows = [(key, value or 0, value is None) for key, value in values.items()]
    return pl.DataFrame(rows, schema=RANKS, orient="row")


def text_of(pairs: pl.DataFrame) -> dict[str, str]:
    return dict(leakage_groups(pairs.filter(kind="exact"), 1.0, IDS).rows())


@settings(max_examples=300, deadline=None)
@given(edges, ranks, verdicts, st.randoms(use_true_random=False))
def test_the_promises_of_a_cluster_hold_on_any_graph(
    found: list[Edge], preferred: pl.DataFrame, said: pl.DataFrame, random: object
) -> None:
    pairs, apart = set_apart(pairs_of(*found), said)
    clusters = cluster(pairs, 0.9, lexical=0.8, ranks=preferred, apart=apart)

    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again, apart_again = set_apart(pairs_of(*shuffled), said[::-1])
    assert cluster(again, 0.9, lexical=0.8, ranks=preferred[::-1], apart=apart_again).equals(
        clusters
    )

    centre = dict(clusters.select("example_id", "representative").iter_rows())
    barred = set(preferred.filter("barred")["example_id"])
    order = dict(preferred.select("example_id", "rank").iter_rows())
    text = text_of(pairs)
    duplicates = {
        frozenset((text[a], text[b]))
        for a, b, value, kind, lexical in pairs.iter_rows()
        if kind == "near" and (value >= np.float32(0.9) or lexical >= np.float32(0.8))
    }
    for member, of in centre.items():
        assert centre[of] == of  # kept, and representing itself
        assert of not in barred
        # Every removed example is itself a duplicate of the one that is kept: no chains.
        assert text[member] == text[of] or frozenset((text[member], text[of])) in duplicates
        if text[member] == text[of] and member not in barred:
            assert order.get(of, 0) <= order.get(member, 0)
    for a, b in said.rows():
        assert centre.get(a, a) != centre.get(b, b)
    whole = text_of(pairs_of(*found))
    for a, b in combinations(IDS, 2):
        if text[a] == text[b]:
            if a in centre:
                assert centre[a] == centre[b]
        elif whole[a] == whole[b]:  # copies part only where somebody parted copies
            assert any(whole[x] == whole[a] == whole[y] for x, y in said.rows())


@settings(max_examples=200, deadline=None)
@given(edges, verdicts)
def test_copies_share_a_verdict_and_verdicts_still_count_for_leakage(
    found: list[Edge], said: pl.DataFrame
) -> None:
    before = pairs_of(*found)
    after, _ = set_apart(before, said)
    whole = text_of(before)
    now = text_of(after)
    named = {frozenset((whole[a], whole[b])) for a, b in said.rows()}
    for a, b, _, kind, _ in after.iter_rows():
        if kind == "near" and now[a] != now[b]:
            assert frozenset((whole[a], whole[b])) not in named
    # Alike in meaning they stay together, whatever was said; alike in spelling alone they need not.
    assert leakage_groups(after, 0.9, IDS).equals(leakage_groups(before, 0.9, IDS))
    assert set_apart(before, said.clear())[0].equals(before)


def test_a_verdict_holds_for_a_copy_that_is_imported_later() -> None:
    said = pl.DataFrame([("b", "c")], schema=VERDICTS, orient="row")
    # "a" is a later copy of b, with a smaller id, so that pairs name it in the place of b.
    pairs = pairs_of(("a", "b", 1, "exact", 1), ("a", "c", 0.97, "near", 0.9))
    after, apart = set_apart(pairs, said)
    assert after.sort("other_id")["kind"].to_list() == ["exact", "near-twin"]
    assert apart.rows() == [("a", "c")]
    assert cluster(after, 0.9, apart=apart)["example_id"].to_list() == ["a", "b"]


def test_copies_that_were_set_apart_part_and_the_others_go_with_the_first() -> None:
    said = pl.DataFrame([("b", "c")], schema=VERDICTS, orient="row")
    pairs = pairs_of(
        ("a", "b", 1, "exact", 1), ("a", "c", 1, "exact", 1), ("a", "x", 0.95, "near", 0.9)
    )
    after, apart = set_apart(pairs, said)
    assert sorted(after.select("example_id", "other_id", "kind").rows()) == [
        ("a", "b", "exact"),
        ("a", "c", "near-twin"),
        ("a", "x", "near"),
        ("c", "x", "near"),
    ]
    # c and a are both like x, but cannot both be represented by it.
    assert cluster(after, 0.9, apart=apart).select("example_id", "cluster").rows() == [
        ("a", "x"),
        ("b", "x"),
        ("x", "x"),
    ]


def test_two_texts_that_stand_apart_do_not_meet_at_a_third() -> None:
    pairs = pairs_of(
        ("a", "b", 0.99, "near", 0), ("a", "c", 0.95, "near", 0), ("b", "c", 0.96, "near", 0)
    )
    said = pl.DataFrame([("b", "c")], schema=VERDICTS, orient="row")
    after, apart = set_apart(pairs, said)
    assert cluster(after, 0.9, apart=apart).select("example_id", "cluster").rows() == [
        ("a", "a"),
        ("b", "a"),
    ]


def test_the_preferred_example_represents_and_a_bad_one_never_does() -> None:
    chain = pairs_of(("a", "b", 0.9, "near", 0), ("b", "c", 0.95, "near", 0))
    assert set(cluster(chain, 0.9)["cluster"]) == {"b"}  # alike to most
    first = cluster(chain, 0.9, ranks=rank(c=-1))
    assert first.select("example_id", "cluster").rows() == [("b", "c"), ("c", "c")]
    without = cluster(chain, 0.9, ranks=rank(b=None))
    # b may be represented, but represents nobody: a and c are not duplicates of each other.
    assert without.select("example_id", "cluster").rows() == [("a", "a"), ("b", "a")]
    copies = pairs_of(("a", "b", 1, "exact", 1), ("a", "c", 1, "exact", 1))
    assert set(cluster(copies, 0.9, ranks=rank(c=-1))["cluster"]) == {"c"}
    assert set(cluster(copies, 0.9, ranks=rank(a=None))["cluster"]) == {"b"}
    assert cluster(copies, 0.9, ranks=rank(a=None, b=None, c=None)).is_empty()


def test_spelling_counts_at_any_cosine_once_it_is_asked_for() -> None:
    pairs = pairs_of(("a", "b", 0.6, "near", 0.85), ("c", "d", 0.6, "near-twin", 0.85))
    assert cluster(pairs, 0.9).is_empty()
    assert cluster(pairs, 0.9, lexical=0.9).is_empty()
    found = cluster(pairs, 0.9, lexical=0.8)
    assert found.select("example_id", "similarity").rows() == [
        ("a", 1.0),
        ("b", pytest.approx(0.6)),
    ]
    groups = leakage_groups(pairs, 0.9, ["a", "b", "c", "d"], 0.8)
    assert groups["group"].to_list() == ["a", "a", "c", "d"]  # a template makes no group


def test_counts_by_hand() -> None:
    pairs = pairs_of(
        ("a", "b", 1, "exact", 1), ("c", "d", 0.9, "near", 0), ("c", "e", 0.9, "near", 0)
    )
    # e is excluded already: nothing is left to exclude of it, and it contradicts nobody.
    outputs = np.array([0, 1, 0, 0, -2])
    found = Stars(text_graph(pairs)).counts(0.9, None, outputs)
    assert found == {"clusters": 2, "exclude": 2, "conflicts": 1}
    silent = np.array([-1, 1, 0, 0, 0])
    assert Stars(text_graph(pairs)).counts(0.9, None, silent)["conflicts"] == 0
