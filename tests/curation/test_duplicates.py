"""Pairs, clusters, leakage groups and conflicts, against brute force and by hand."""

from collections import Counter
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.duplicates import (
    PAIR_SCHEMA,
    cluster,
    conflicts,
    exact_key,
    find_pairs,
    finding,
    leakage_groups,
    mark_differences,
)
from curation.errors import TamisError, WrongUse

Edge = tuple[str, str, float, str]


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def clustered(seed: int, count: int, width: int, spread: float) -> np.ndarray:
    """Unit vectors around a few centres, with pairs on both sides of any threshold."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(max(1, count // 8), width))
    scale = spread * random.random((count, 1))
    return unit(
        centres[random.integers(len(centres), size=count)]
        + scale * random.normal(size=(count, width))
    )


def words(number: int) -> str:
    """A text of its own for every number, in which the guard sees no difference that matters."""
    return "card " + " ".join("the" if bit == "1" else "a" for bit in f"{number:b}")


def frame(texts: list[str]) -> pl.DataFrame:
    ids = [f"e{row:05}" for row in range(len(texts))]
    return pl.DataFrame(
        {"example_id": ids, "text": texts}, schema={"example_id": pl.String, "text": pl.String}
    )


def pairs_of(*edges: Edge) -> pl.DataFrame:
    return pl.DataFrame(list(edges), schema=PAIR_SCHEMA, orient="row")


edges = st.dictionaries(
    st.tuples(st.integers(0, 14), st.integers(0, 14)).filter(lambda pair: pair[0] < pair[1]),
    st.tuples(
        st.sampled_from([0.8, 0.85, 0.9, 0.95]), st.sampled_from(["near", "near-twin", "exact"])
    ),
    max_size=40,
).map(
    lambda found: [
        (f"n{a:02}", f"n{b:02}", 1.0 if kind == "exact" else value, kind)
        for (a, b), (value, kind) in found.items()
    ]
)


# exact_key


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Where is my card?", "  where is\tMY card "),
        ("don't do it", "don’t do it!"),
        ("e-mail", "e mail"),
        ("ﬁne … ｆｕｌｌ", "fine ... full"),
        ("Straße", "STRASSE"),
        ("soft\u00adhyphen\u200b", "softhyphen"),
    ],
)
def test_texts_that_differ_in_form_only_share_a_key(a: str, b: str) -> None:
    assert exact_key(a) == exact_key(b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("pay 1.5", "pay 15"),
        ("pay 1.5", "pay 1 5"),
        ("pay 1,000", "pay 1.000"),
        ("it is -5", "it is 5"),
        ("it is +5", "it is 5"),
        ("it is .5", "it is 5"),
        ("at 10:30", "at 1030"),
        ("$5", "€5"),
        ("5%", "5"),
        ("10²", "102"),
        ("½", "1 2"),
        ("we're here", "were here"),
        ("a != b", "a = b"),
        ("if !ok", "if ok"),
        ("C#", "C"),
        ("good 🙂", "good 🙁"),
        ("???", "!!!"),
        ("कि", "क"),
    ],
)
def test_texts_that_differ_in_meaning_keep_their_own_keys(a: str, b: str) -> None:
    assert exact_key(a) != exact_key(b)


@given(st.text(st.characters(max_codepoint=127), max_size=30))
def test_a_number_behind_a_text_changes_nothing_else_of_its_key(text: str) -> None:
    assert exact_key(f"{text} x 7") == f"{exact_key(f'{text} x')} 7"


def test_a_text_of_punctuation_keeps_itself_and_an_empty_one_stays_empty() -> None:
    assert exact_key("?!") == "?!"
    assert exact_key(" \n") == ""


# find_pairs


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(2, 90),
    st.sampled_from([3, 64, 65, 100, 384]),
    st.sampled_from([0.2, 0.6, 1.5]),
    st.sampled_from([0.5, 0.8, 0.9, 0.99]),
)
def test_no_pair_is_missed_and_none_is_invented(
    seed: int, count: int, width: int, spread: float, floor: float
) -> None:
    vectors = clustered(seed, count, width, spread)
    found = find_pairs(frame([words(row) for row in range(count)]), vectors, floor)
    cosine = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    sure = {(a, b) for a, b in np.argwhere(np.triu(cosine > floor + 1e-6, 1)).tolist()}
    possible = {(a, b) for a, b in np.argwhere(np.triu(cosine > floor - 1e-6, 1)).tolist()}
    got = {(int(a[1:]), int(b[1:])) for a, b in found.select("example_id", "other_id").rows()}
    assert sure <= got <= possible
    for a, b, value, kind in found.rows():
        assert value == pytest.approx(min(1.0, cosine[int(a[1:]), int(b[1:])]), abs=1e-6)
        assert value <= 1.0
        assert kind == "near"


def test_the_rows_may_come_in_any_order() -> None:
    texts = ["Pay $5", "pay $5!", *(words(row) for row in range(40))]
    examples, vectors = frame(texts), clustered(3, len(texts), 80, 0.6)
    vectors[1] = vectors[0]
    order = np.random.default_rng(0).permutation(len(texts))
    shuffled = find_pairs(examples[order.tolist()], vectors[order], 0.7)
    assert shuffled.equals(find_pairs(examples, vectors, 0.7))
    assert shuffled.equals(shuffled.sort("example_id", "other_id"))
    assert (shuffled["example_id"] < shuffled["other_id"]).all()
    assert shuffled.schema == pl.Schema(PAIR_SCHEMA)


def test_exact_copies_make_a_star_around_the_smallest_id() -> None:
    vectors = np.tile(unit(np.ones((1, 5))), (4, 1))
    found = find_pairs(frame(["Hello", "hello!", "HELLO", "hello there"]), vectors, 0.8)
    assert found.rows() == [
        ("e00000", "e00001", 1.0, "exact"),
        ("e00000", "e00002", 1.0, "exact"),
        ("e00000", "e00003", pytest.approx(1.0), "near"),
    ]


def test_ten_thousand_copies_make_as_many_pairs() -> None:
    count = 10_000
    found = find_pairs(frame(["the same"] * count), np.ones((count, 1), dtype=np.float32), 0.9)
    assert found.height == count - 1


def test_the_guard_makes_near_twins() -> None:
    vectors = unit(np.ones((3, 4)))
    found = find_pairs(
        frame(["I lost 2 cards", "I lost 3 cards", "I lost two cards"]), vectors, 0.9
    )
    assert found["kind"].to_list() == ["near-twin", "near", "near-twin"]


def test_nothing_in_nothing_out() -> None:
    for count in (0, 1):
        found = find_pairs(frame(["one"] * count), np.zeros((count, 384), np.float32), 0.8)
        assert found.is_empty()
        assert found.schema == pl.Schema(PAIR_SCHEMA)


def test_progress_ends_at_the_number_of_texts() -> None:
    seen = []
    find_pairs(
        frame([words(row) for row in range(300)]), clustered(1, 300, 70, 1), 0.9, seen.append
    )
    assert (seen[-1].step, seen[-1].done, seen[-1].total) == ("duplicates", 300, 300)


def test_wrong_arguments_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WrongUse, match="2 examples need"):
        find_pairs(frame(["a", "b"]), np.ones((3, 4), np.float32), 0.8)
    with pytest.raises(WrongUse, match="lowest similarity"):
        find_pairs(frame(["a"]), np.ones((1, 4), np.float32), 0.0)
    monkeypatch.setattr(finding, "MAX_PAIRS", 100)
    with pytest.raises(TamisError, match="More than 100 pairs") as caught:
        find_pairs(frame([words(n) for n in range(50)]), np.ones((50, 1), np.float32), 0.8)
    assert "pair_floor" in caught.value.hint


# cluster


def test_clusters_do_not_chain() -> None:
    chain = pairs_of(("a", "b", 0.9, "near"), ("b", "c", 0.9, "near"), ("c", "d", 0.9, "near"))
    # b and c have two neighbours each; b comes first by id and takes a and c; d is left alone.
    assert cluster(chain, 0.9).rows() == [
        ("a", "b", "b", pytest.approx(0.9)),
        ("b", "b", "b", 1.0),
        ("c", "b", "b", pytest.approx(0.9)),
    ]


def test_copies_go_with_their_text_at_any_threshold() -> None:
    pairs = pairs_of(
        ("a", "c", 1.0, "exact"),
        ("a", "d", 1.0, "exact"),
        ("a", "b", 0.9, "near"),
        ("b", "x", 0.85, "near"),
    )
    at_90 = [("a", 1.0), ("b", pytest.approx(0.9)), ("c", 1.0), ("d", 1.0)]
    assert cluster(pairs, 0.9).select("example_id", "similarity").rows() == at_90
    assert set(cluster(pairs, 0.9)["representative"]) == {"a"}
    assert cluster(pairs, 0.99)["example_id"].to_list() == ["a", "c", "d"]
    # At .85 b has the most neighbours: the copies of a are as similar to b as a itself.
    at_85 = [("a", 0.9), ("b", 1.0), ("c", 0.9), ("d", 0.9), ("x", 0.85)]
    assert cluster(pairs, 0.85).select("example_id", "similarity").rows() == [
        (name, pytest.approx(value)) for name, value in at_85
    ]


def test_near_twins_are_never_merged() -> None:
    assert cluster(pairs_of(("a", "b", 0.99, "near-twin")), 0.8).is_empty()


def test_no_pairs_no_clusters() -> None:
    assert cluster(pairs_of(), 0.9).is_empty()
    assert cluster(pairs_of(("a", "b", 0.8, "near")), 0.9).is_empty()


@settings(max_examples=150, deadline=None)
@given(edges, st.sampled_from([0.8, 0.9, 0.95]), st.randoms())
def test_every_cluster_is_a_star_and_the_order_of_pairs_is_irrelevant(
    found: list[Edge], threshold: float, random: object
) -> None:
    pairs = pairs_of(*found)
    clusters = cluster(pairs, threshold)
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert cluster(pairs_of(*shuffled), threshold).equals(clusters)

    members = {row[0]: row[2] for row in clusters.rows()}
    assert len(members) == clusters.height  # no example in two clusters
    assert all(members[centre] == centre for centre in members.values())
    assert all(size > 1 for size in Counter(members.values()).values())

    copies = leakage_groups(pairs.filter(kind="exact"), 1.0, [f"n{row:02}" for row in range(15)])
    text = dict(copies.rows())
    near = {
        frozenset((text[a], text[b]))
        for a, b, value, kind in found
        if kind == "near" and np.float32(value) >= np.float32(threshold)
    }
    for example, centre in members.items():
        same_text = text[example] == text[centre]
        assert same_text or frozenset((text[example], text[centre])) in near
    for a, b, _, kind in found:
        if kind == "exact":
            assert members[a] == members[b]
    centres = {text[centre] for centre in members.values()}
    assert not any(pair <= centres for pair in near if len(pair) == 2)


# leakage_groups


def test_leakage_groups_by_hand() -> None:
    pairs = pairs_of(
        ("a", "b", 0.9, "near-twin"),
        ("b", "c", 0.95, "near"),
        ("d", "e", 0.85, "near"),
        ("f", "h", 1.0, "exact"),
    )
    groups = leakage_groups(pairs, 0.9, ["h", "g", "f", "e", "d", "c", "a", "b"])
    assert groups.rows() == [
        ("h", "f"),
        ("g", "g"),
        ("f", "f"),
        ("e", "e"),
        ("d", "d"),
        ("c", "a"),
        ("a", "a"),
        ("b", "a"),
    ]


def test_copies_stay_together_when_the_one_between_them_is_left_out() -> None:
    pairs = pairs_of(("a", "b", 1.0, "exact"), ("a", "c", 1.0, "exact"))
    assert leakage_groups(pairs, 0.9, ["b", "c"]).rows() == [("b", "b"), ("c", "b")]


@settings(max_examples=100, deadline=None)
@given(edges, st.sampled_from([0.8, 0.9]))
def test_no_pair_crosses_two_groups(found: list[Edge], threshold: float) -> None:
    ids = [f"n{row:02}" for row in range(15)]
    group = dict(leakage_groups(pairs_of(*found), threshold, ids).rows())
    assert list(group) == ids
    for a, b, value, _ in found:
        if np.float32(value) >= np.float32(threshold):
            assert group[a] == group[b]
    for example, first in group.items():
        assert first == min(other for other in ids if group[other] == group[example])
    for a, b, _, _ in cluster(pairs_of(*found), threshold).rows():
        assert group[a] == group[b]


# conflicts


def test_conflicts_by_hand() -> None:
    pairs = pairs_of(
        ("a", "b", 1.0, "exact"),  # a says nothing, so b speaks for the text
        ("a", "c", 1.0, "exact"),
        ("a", "d", 1.0, "exact"),
        ("0", "a", 0.9, "near"),
        ("0", "e", 0.95, "near-twin"),
        ("0", "f", 0.8, "near"),
    )
    outputs = pl.DataFrame(
        {"example_id": ["0", "a", "b", "c", "d", "e", "f"], "output": ["y", None, *"xyxzz"]}
    )
    found = conflicts(pairs, outputs, 0.9)
    assert found.rows() == [
        ("0", "b", pytest.approx(0.9), "near", "y", "x"),
        ("b", "c", 1.0, "exact", "x", "y"),
        ("c", "d", 1.0, "exact", "y", "x"),
    ]
    assert found.columns == [*PAIR_SCHEMA, "output", "other_output"]
    assert conflicts(pairs_of(), outputs, 0.9).is_empty()


# mark_differences


def test_changed_words_are_marked_on_both_sides() -> None:
    left, right = mark_differences("I lost 12.50 euro  today", "I lost 14 euro Today!")
    assert left == [("I lost ", False), ("12.50 ", True), ("euro  today", False)]
    assert right == [("I lost ", False), ("14 ", True), ("euro Today", False), ("!", True)]


def test_texts_without_spaces_are_marked_by_character() -> None:
    left, right = mark_differences("我丢了卡", "我买了卡")
    assert left == [("我", False), ("丢", True), ("了卡", False)]
    assert right == [("我", False), ("买", True), ("了卡", False)]


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_the_segments_give_the_texts_back(a: str, b: str) -> None:
    left, right = mark_differences(a, b)
    assert "".join(segment for segment, _ in left) == a
    assert "".join(segment for segment, _ in right) == b
    assert all(x[1] != y[1] for side in (left, right) for x, y in pairwise(side))
    assert not any(changed for side in mark_differences(a, a) for _, changed in side)


def test_every_copy_that_another_one_contradicts_is_in_a_conflict() -> None:
    ids = [f"e{number}" for number in range(5)]
    pairs = pl.DataFrame(
        [("e0", other, 1.0, "exact") for other in ids[1:]], PAIR_SCHEMA, orient="row"
    )
    outputs = pl.DataFrame({"example_id": ids, "output": ["A", "B", "A", "A", "A"]})
    found = conflicts(pairs, outputs, 0.9)
    assert set(found["example_id"]) | set(found["other_id"]) == set(ids)
    assert found.height == 4
    assert (found["output"] != found["other_output"]).all()
