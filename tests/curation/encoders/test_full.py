"""The float32 tier against sentence-transformers itself."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.embeddings import load_encoder, model_key
from curation.encoders import full
from curation.encoders.full import token_batches

TEXTS = [
    "",
    "Where is my card?",
    "My card has not arrived yet, and I ordered it two weeks ago.",
    "Où est ma carte ? 我的卡在哪里？ 🙂",
    "word " * 400,
    *(f"Transfer number {row} is still pending" for row in range(30)),
]


@pytest.fixture(scope="module")
def encoder() -> Any:
    return load_encoder()


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", a, b) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def test_vectors_are_those_of_sentence_transformers(encoder: Any) -> None:
    seen: list[int] = []
    vectors = encoder.encode(TEXTS, lambda rows, found: seen.extend(rows.tolist()))
    assert (vectors.dtype, vectors.shape) == (np.float32, (len(TEXTS), 384))
    assert cosines(vectors, encoder.model.encode(TEXTS)).min() >= 0.9999
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert sorted(seen) == list(range(len(TEXTS)))
    assert encoder.encode([]).shape == (0, 384)


def test_each_batch_is_reported_with_its_own_vectors(encoder: Any) -> None:
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    vectors = encoder.encode(TEXTS, lambda rows, found: parts.append((rows, found)))
    assert len(parts) > 1
    for rows, found in parts:
        np.testing.assert_array_equal(vectors[rows], found)


def test_the_model_says_where_it_cuts_texts_off(encoder: Any) -> None:
    assert encoder.max_tokens == 256
    long, longer = encoder.encode(["word " * 300, "word " * 300 + "and then something else"])
    np.testing.assert_allclose(long, longer, atol=1e-6)


def test_texts_are_encoded_the_same_in_several_windows(
    encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = encoder.encode(TEXTS)
    monkeypatch.setattr(full, "TEXTS_PER_WINDOW", 7)
    np.testing.assert_allclose(encoder.encode(TEXTS), whole, atol=1e-5)


def test_a_model_that_pads_on_the_left_is_cut_on_the_left(encoder: Any) -> None:
    expected = encoder.encode(TEXTS)
    tokenizer = encoder.model.tokenizer
    tokenizer.padding_side = "left"
    try:
        # The four long texts fill a batch, so that the short one is padded in the window only.
        found = encoder.encode([*TEXTS[4:5] * 4, TEXTS[1]])
    finally:
        tokenizer.padding_side = "right"
    np.testing.assert_allclose(found, expected[[4, 4, 4, 4, 1]], atol=1e-5)


def test_the_models_own_prompt_is_used(encoder: Any) -> None:
    model = encoder.model
    model.prompts, model.default_prompt_name = {"document": "a banking question: "}, "document"
    try:
        ours, theirs = encoder.encode(TEXTS[1:4]), model.encode(TEXTS[1:4])
    finally:
        model.prompts, model.default_prompt_name = {"query": "", "document": ""}, None
    assert cosines(ours, theirs).min() >= 0.9999
    assert cosines(ours, encoder.encode(TEXTS[1:4])).max() < 0.999


def test_a_static_model_from_a_folder(static_model: Path) -> None:
    encoder = load_encoder(str(static_model))
    vectors = encoder.encode(TEXTS[1:])
    assert vectors.shape == (len(TEXTS) - 1, 8)
    assert encoder.max_tokens is None
    assert cosines(vectors, encoder.model.encode(TEXTS[1:])).min() >= 0.9999
    assert encoder.key == model_key(str(static_model))


@given(st.lists(st.integers(0, 600), max_size=200), st.integers(1, 1024))
def test_batches_hold_every_row_once_within_the_budget(lengths: list[int], budget: int) -> None:
    counts = np.array(lengths, dtype=np.int64)
    batches = token_batches(counts, budget)
    rows = [row for batch in batches for row in batch.tolist()]
    assert sorted(rows) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * counts[batch].max() <= budget
    longest_first = [counts[batch].max() for batch in batches]
    assert longest_first == sorted(longest_first, reverse=True)


def test_a_batch_ends_where_the_length_changes_once_it_is_half_full() -> None:
    lengths = np.array([4, 5, 5, 5, 4, 2])
    assert [batch.tolist() for batch in token_batches(lengths, 20)] == [[1, 2, 3], [0, 4, 5]]


def test_vectors_do_not_depend_on_the_number_of_threads(
    encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    before, found = torch.get_num_threads(), []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("TAMIS_THREADS", threads)
        found.append(encoder.encode(TEXTS))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    assert torch.get_num_threads() == before


def test_company_changes_a_vector_by_rounding_only(encoder: Any) -> None:
    whole = encoder.encode(TEXTS)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS[:6]])
    np.testing.assert_allclose(alone, whole[:6], atol=1e-6)
