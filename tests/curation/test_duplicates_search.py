"""Searching in several imports, spelling, chats, and how a search is recorded."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import similarity
from curation.duplicates import Form, Found, exact_key, find_pairs, lexical_vectors, search_pairs
from curation.duplicates.texts import FOUND_SCHEMA, exact_pairs, folded

FORMS = ("{}", "{}!", "Oh, {}", "{} please")
WORDS = ("card", "crad", "cards", "money", "monney", "12", "13", "lost")


def vectors_of(texts: list[str]) -> np.ndarray:
    """A vector for every text that depends on nothing but the text, as an embedding does."""
    rows = []
    for text in texts:
        random = np.random.default_rng(abs(hash_of(exact_key(text).replace("please", ""))))
        own = np.random.default_rng(hash_of(text))
        rows.append(random.normal(size=16) + 0.1 * own.normal(size=16))
    found = np.array(rows, dtype=np.float64).reshape(len(texts), 16)
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def hash_of(text: str) -> int:
    return int.from_bytes(text.encode(), "little") % (1 << 63)


def frame(texts: list[str], ids: list[str]) -> pl.DataFrame:
    return pl.DataFrame(
        {"example_id": ids, "text": texts}, schema={"example_id": pl.String, "text": pl.String}
    )


texts = st.lists(
    st.builds(
        lambda form, words: form.format(" ".join(words)),
        st.sampled_from(FORMS),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(texts, st.randoms(use_true_random=False), st.integers(1, 4))
def test_any_imports_in_any_order_give_the_pairs_of_one_import(
    found: list[str], random: object, imports: int
) -> None:
    ids = [f"e{number:02}" for number in range(len(found))]
    random.shuffle(ids)  # type: ignore[attr-defined]  # a later import may have smaller ids
    examples, vectors = frame(found, ids), vectors_of(found)
    once = search_pairs(examples, vectors, 0.7)
    order = list(range(len(found)))
    random.shuffle(order)  # type: ignore[attr-defined]
    cuts = sorted(random.randint(0, len(found)) for _ in range(imports))  # type: ignore[attr-defined]
    last: Found | None = None
    for cut in [*cuts, len(found)]:
        rows = order[:cut]
        known = last.known if last else None
        last = search_pairs(examples[rows], vectors[rows], 0.7, known=known)
    assert last is not None
    assert last.pairs.equals(once.pairs)
    assert last.searches.equals(once.searches)
    assert set(text_of(examples, last.texts)) == set(text_of(examples, once.texts)) == set(found)


def text_of(examples: pl.DataFrame, ids: pl.Series) -> list[str]:
    return examples.filter(pl.col("example_id").is_in(ids.implode()))["text"].to_list()


def test_new_texts_are_compared_with_all_and_old_ones_are_left_in_peace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []
    real = similarity.similar_rows

    def counting(vectors: np.ndarray, floor: float, first_new: int = 0) -> object:
        compared.append((len(vectors), first_new))
        return real(vectors, floor, first_new)

    monkeypatch.setattr("curation.duplicates.finding.similar_rows", counting)
    found = [f"text {number}" for number in range(50)]
    ids = [f"e{number:02}" for number in range(50)]
    first = search_pairs(frame(found[:49], ids[:49]), vectors_of(found[:49]), 0.8)
    search_pairs(frame(found, ids), vectors_of(found), 0.8, known=first.known)
    assert compared == [(49, 0), (49, 0), (50, 49), (50, 49)]


def test_copies_share_the_pairs_of_whatever_is_most_alike() -> None:
    """Case and marks make no other text, but an embedding may see them."""
    found = frame(["Pay now", "pay now!", "pay it now"], ["a", "b", "c"])
    vectors = np.array([[1, 0], [0.6, 0.8], [0.6, 0.8]], dtype=np.float32)
    pairs = find_pairs(found, vectors, 0.9)
    assert pairs.rows() == [
        ("a", "b", 1.0, "exact"),
        ("a", "c", pytest.approx(1.0), "near"),
    ]


def test_what_the_guard_keeps_apart_in_one_form_stays_apart_in_all() -> None:
    copies = pl.DataFrame({"first": ["a"], "example_id": ["b"]})
    found = [("a", "c", 0.9, "near", 0.7), ("c", "b", 0.8, "near-twin", 0.8)]
    pairs = pl.DataFrame(found, schema=FOUND_SCHEMA, orient="row")
    assert folded([pairs], exact_pairs(copies)).rows() == [
        ("a", "c", pytest.approx(0.9), "near-twin", pytest.approx(0.8))
    ]


def test_a_copy_with_a_smaller_id_takes_over() -> None:
    found, ids = ["Lost card", "card Lost", "lost card!"], ["m", "n", "a"]
    vectors = np.ones((3, 1), dtype=np.float32)
    first = search_pairs(frame(found[:2], ids[:2]), vectors[:2], 0.8)
    again = search_pairs(frame(found, ids), vectors, 0.8, known=first.known)
    assert first.pairs.select("example_id", "other_id").rows() == [("m", "n")]
    assert again.pairs.select("example_id", "other_id", "kind").rows() == [
        ("a", "m", "exact"),
        ("a", "n", "near-twin"),
    ]


def test_what_was_erased_takes_its_pairs_along() -> None:
    found, ids = ["one card", "one card", "one card please"], ["a", "b", "c"]
    vectors = np.ones((3, 1), dtype=np.float32)
    first = search_pairs(frame(found, ids), vectors, 0.8)
    rest = search_pairs(frame(found[1:], ids[1:]), vectors[1:], 0.8, known=first.known)
    assert rest.pairs.equals(search_pairs(frame(found[1:], ids[1:]), vectors[1:], 0.8).pairs)


# spelling


def alike(a: str, b: str) -> float:
    one, other = lexical_vectors([a, b])
    return float(one @ other)


def test_spelling_hardly_changes_with_a_typing_error_and_wholly_with_other_words() -> None:
    text = "where is the card that i ordered"
    assert alike(text, text) == pytest.approx(1, abs=1e-6)
    assert 0.8 < alike(text, "where is the crad that i ordered") < 1
    assert alike(text, "please transfer money abroad") < 0.3
    assert alike("", "anything") == 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=6))
def test_the_spelling_of_a_text_does_not_depend_on_the_others(found: list[str]) -> None:
    together = lexical_vectors(found)
    assert together.shape == (len(found), 512)
    for text, vector in zip(found, together, strict=True):
        assert np.array_equal(vector, lexical_vectors([text])[0])


def test_by_hand_two_of_three_runs_in_common() -> None:
    # " ab " has the runs " ab" and "ab "; " abab " has " ab", "aba", "bab", "ab ".
    assert alike("ab", "abab") == pytest.approx(2 / np.sqrt(2 * 4), abs=1 / np.sqrt(512))


def test_a_typing_error_is_found_where_the_embedding_is_lost() -> None:
    found = ["I have lost my purse and my card", "I have lsot my purse and my card"]
    pairs = search_pairs(frame(found, ["a", "b"]), np.eye(2, dtype=np.float32), 0.8).pairs
    assert pairs.select("similarity", "kind").rows() == [(0.0, "near")]
    assert pairs["lexical"][0] > 0.8
    assert find_pairs(frame(found, ["a", "b"]), np.eye(2, dtype=np.float32), 0.8).is_empty()


# the form of a text


@pytest.mark.parametrize(
    ("form", "a", "b", "same"),
    [
        (Form(), "Polish it!", "polish it", True),
        (Form(keep_case=True), "Polish it!", "polish it", False),
        (Form(keep_case=True), "Polish it!", "Polish it", True),
        (Form(keep_punctuation=True), "Let's eat, Grandma", "let's  eat Grandma", False),
        (Form(keep_punctuation=True), "Let's eat", "LET'S  EAT", True),
        (Form(), "résumé", "resume", False),
        (Form(keep_accents=False), "Résumé", "resume", True),
        (Form(keep_accents=False), "कि", "क", False),
    ],
)
def test_what_makes_a_text_another_text_can_be_set(form: Form, a: str, b: str, same: bool) -> None:
    assert (exact_key(a, form) == exact_key(b, form)) is same


def test_texts_that_differ_only_in_what_is_kept_are_twins() -> None:
    examples = frame(["I polish it", "I Polish it", "i polish it!"], ["a", "b", "c"])
    vectors = np.ones((3, 1), dtype=np.float32)
    kept = search_pairs(examples, vectors, 0.8, form=Form(keep_case=True)).pairs
    assert set(kept["kind"]) == {"near-twin"}
    assert set(search_pairs(examples, vectors, 0.8).pairs["kind"]) == {"exact"}


# chats


def chats(*rows: tuple[str, str, str | None]) -> pl.DataFrame:
    schema = {"example_id": pl.String, "text": pl.String, "answer": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_both_sides_of_a_chat_must_be_alike() -> None:
    examples = chats(
        ("a", "How are you?", "Fine, thanks"),
        ("b", "how are you", "Fine thanks!"),
        ("c", "How are you", "I am ill"),
        ("d", "Who are you", "Fine, thanks"),
        ("e", "How are you", None),
    )
    questions = np.array([[1, 0], [1, 0], [1, 0], [0.9, 0.19**0.5], [1, 0]], dtype=np.float32)
    answers = np.array([[1, 0], [1, 0], [0.8, 0.6], [1, 0], [0, 0]], dtype=np.float32)
    found = search_pairs(examples, questions, 0.75, answers=answers).pairs
    assert found.select("example_id", "other_id", "kind").rows() == [
        ("a", "b", "exact"),
        ("a", "c", "near-twin"),
        ("a", "d", "near-twin"),
        ("c", "d", "near-twin"),
    ]
    # The question is the same text, so the answers decide; and the other way round.
    assert found["similarity"].to_list() == pytest.approx([1, 0.8, 0.9, 0.8], abs=1e-6)


def test_one_question_asked_a_thousand_times_makes_no_million_pairs() -> None:
    count = 1000
    answers = np.eye(count, dtype=np.float32)
    examples = chats(*((f"e{n:04}", "Summarise it", f"answer {n}") for n in range(count)))
    vectors = np.ones((count, 1), dtype=np.float32)
    found = search_pairs(examples, vectors, 0.9, answers=answers).pairs
    assert (found["lexical"] >= 0.9).all()
    assert found.height < count


# the record of a search


def test_a_small_search_is_exact_and_says_so() -> None:
    found = search_pairs(
        frame(["a", "b"], ["a", "b"]), np.eye(2, dtype=np.float32), 0.8, thresholds=(0.8, 0.9)
    )
    assert found.known.exact
    assert found.searches.select("channel", "method", "rows", "recall", "low").rows() == [
        ("embedding", "exact", 2, 1.0, 1.0),
        ("embedding", "exact", 2, 1.0, 1.0),
        ("lexical", "exact", 2, 1.0, 1.0),
    ]


def test_a_search_among_cells_measures_what_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity, "_EXACT_ROWS", 100)
    random = np.random.default_rng(0)
    centres = random.normal(size=(100, 16))
    vectors = np.repeat(centres, 4, axis=0) + 0.15 * random.normal(size=(400, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    ids = [f"e{n:03}" for n in range(400)]
    examples = frame([f"text number {n * 7919}" for n in range(400)], ids)
    first = search_pairs(examples[:399], vectors[:399], 0.8, thresholds=(0.9,))
    row = first.searches.row(0, named=True)
    assert (row["channel"], row["method"], row["threshold"]) == ("embedding", "cells", 0.9)
    assert row["cells"] > 0
    assert 0.9 < row["low"] <= row["recall"] <= row["high"] <= 1
    # One more row is compared with everything, but what was missed before is not found by that.
    later = search_pairs(examples, vectors, 0.8, known=first.known, thresholds=(0.9,))
    assert later.searches.row(0, named=True)["method"] == "cells"
