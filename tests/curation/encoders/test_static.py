"""Word vectors: what a text's vector is made of, by hand, and that words are tokenised once."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curation.embeddings import load_encoder, model_key
from curation.encoders import static
from curation.encoders.base import Tier
from curation.encoders.static import SIF, distil
from curation.errors import ModelUnavailable

TEXTS = ["Where is my card?", "the cards", "", "transfer " * 500 + "lost", "!", "my card, my card"]


@pytest.fixture
def encoder(tiny: str) -> Any:
    return load_encoder(f"{tiny}:static")


def test_a_text_is_the_sum_of_its_tokens_at_length_one(encoder: Any) -> None:
    assert (encoder.tier, encoder.max_tokens, encoder.dimension) == (Tier.STATIC, None, 32)
    vectors = encoder.encode(TEXTS)
    assert (vectors.dtype, vectors.shape) == (np.float32, (len(TEXTS), 32))
    for text, vector in zip(TEXTS, vectors, strict=True):
        ids = encoder.tokenizer.encode(text, add_special_tokens=False).ids
        expected = encoder.table[ids].sum(axis=0)
        expected /= np.linalg.norm(expected) or 1
        np.testing.assert_allclose(vector, expected, atol=1e-5)
    assert not vectors[2].any()


def test_words_in_another_order_are_the_same_text_to_it(encoder: Any) -> None:
    one, other, third = encoder.encode(["my card is lost", "lost is my card", "my money is lost"])
    assert one @ other > 0.99999
    assert one @ third < 0.999


def test_the_same_text_has_the_same_bits_in_any_company(
    encoder: Any, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = encoder.encode(TEXTS)
    np.testing.assert_array_equal(encoder.encode(TEXTS[::-1]), whole[::-1])
    monkeypatch.setattr(static, "TEXTS_PER_WINDOW", 2)
    monkeypatch.setattr(static, "MOST_WORDS", 1)
    again = load_encoder(f"{tiny}:static")
    assert again is not encoder
    np.testing.assert_array_equal(again.encode(TEXTS), whole)


def test_each_word_is_tokenised_once(encoder: Any) -> None:
    encoder.encode(["my card my card", "my"])
    encoder.encode(["card lost"])
    assert list(encoder.memory.words) == ["my", "card", "lost"]
    assert len(encoder.memory.tokens) == 3


def test_special_and_unused_tokens_have_no_vector(encoder: Any) -> None:
    vocabulary = encoder.tokenizer.get_vocab()
    for token in ("[CLS]", "[SEP]", "[PAD]", "[UNK]", "[unused0]"):
        assert not encoder.table[vocabulary[token]].any()
    assert encoder.table[vocabulary["card"]].any()


def test_its_vectors_have_a_key_of_their_own(tiny: str, encoder: Any) -> None:
    keys = {model_key(tiny), model_key(f"{tiny}:fast"), model_key(f"{tiny}:static")}
    assert len(keys) == 3
    assert encoder.key in keys


def test_distilling_keeps_the_main_axes_and_weighs_by_rank() -> None:
    # Centred on (0, 0, 0); spread along the first axis, then the second, hardly along the third.
    rows = np.array([[3, 0, 0], [-3, 0, 0], [0, 2, 0], [0, -2, 0]], dtype=np.float32)
    found = distil(rows, 2)
    share = np.array([1, 1 / 2, 1 / 3, 1 / 4]) / (1 + 1 / 2 + 1 / 3 + 1 / 4)
    weights = SIF / (SIF + share)
    np.testing.assert_allclose(found, rows[:, :2] * weights[:, None], atol=1e-8)


def test_rows_that_are_nearly_all_of_one_kind_are_told_apart_from_the_mean() -> None:
    rows = np.array([[10, 1], [10, -1]], dtype=np.float32)
    found = distil(rows, 1)
    assert found[0, 0] > 0 > found[1, 0]


def test_a_model_without_tokens_in_context_is_refused(static_model: Path) -> None:
    with pytest.raises(ModelUnavailable, match="word vectors") as caught:
        load_encoder(f"{static_model}:static")
    assert "without :static" in caught.value.hint
