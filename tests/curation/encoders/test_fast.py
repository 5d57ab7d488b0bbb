"""The int8 tier: near the model, and the same vector for the same text whatever is beside it."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curation.embeddings import load_encoder, model_key
from curation.encoders import fast, models
from curation.encoders.base import Tier
from curation.errors import Cancelled, ModelUnavailable
from curation.recheck import MARGIN

TEXTS = ["", "Where is my card?", "card " * 300, *(f"transfer {n} is late" for n in range(60))]

pytestmark = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, models._FAST_NEEDS)), reason="needs tamis[fast]"
)


@pytest.fixture(scope="module")
def encoder(tiny: str) -> Any:
    return load_encoder(f"{tiny}:fast")


def test_it_is_near_the_model_and_says_what_it_is(encoder: Any, tiny: str) -> None:
    full = load_encoder(tiny)
    vectors = encoder.encode(TEXTS)
    cosines = np.einsum("nd,nd->n", vectors, full.encode(TEXTS))
    assert cosines.min() > 0.9999
    # It is not the float32 model under another name.
    assert np.abs(vectors - full.encode(TEXTS)).max() > 1e-5
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert (encoder.tier, encoder.dimension, encoder.max_tokens) == (Tier.FAST, 32, 64)
    assert encoder.key == model_key(f"{tiny}:fast") != full.key
    assert encoder.encode([]).shape == (0, 32)


def test_the_same_text_has_the_same_bits_in_any_company(encoder: Any, tiny: str) -> None:
    whole = encoder.encode(TEXTS)
    np.testing.assert_array_equal(encoder.encode(TEXTS[::-1]), whole[::-1])
    for row in (1, 5, -1):  # by itself; most others have companions of the same length
        np.testing.assert_array_equal(encoder.encode([TEXTS[row]])[0], whole[row])
    np.testing.assert_array_equal(load_encoder(f"{tiny}:fast").encode(TEXTS), whole)


@pytest.mark.parametrize("threads", ["1", "3"])
def test_the_number_of_threads_changes_nothing(
    encoder: Any, threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = encoder.encode(TEXTS)
    monkeypatch.setenv("TAMIS_THREADS", threads)
    np.testing.assert_array_equal(encoder.encode(TEXTS), whole)


def test_each_text_is_reported_once_and_a_stop_stops(
    encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast, "TOKENS_PER_BATCH", 64)
    monkeypatch.setattr(fast, "TEXTS_PER_WINDOW", 50)
    seen: list[int] = []
    whole = encoder.encode(TEXTS, lambda rows, found: seen.extend(rows.tolist()))
    assert sorted(seen) == list(range(len(TEXTS)))
    parts: list[tuple[np.ndarray, np.ndarray]] = []

    def stop(rows: np.ndarray, found: np.ndarray) -> None:
        parts.append((rows, found))
        if len(parts) == 3:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        encoder.encode(TEXTS, stop)
    assert len(parts) == 3
    for rows, found in parts:
        np.testing.assert_array_equal(found, whole[rows])


def test_similarities_are_off_by_less_than_the_margin_of_the_recheck(
    encoder: Any, tiny: str
) -> None:
    words = ["the", "card", "where", "is", "my", "transfer", "money", "lost", "late"]
    chance = np.random.default_rng(0)
    texts = [" ".join(chance.choice(words, length)) for length in range(2, 12) for _ in range(12)]
    exact, rounded = load_encoder(tiny).encode(texts), encoder.encode(texts)
    off = np.abs(rounded @ rounded.T - exact @ exact.T)
    assert 0 < off.max() < MARGIN


def test_made_up_texts_are_always_the_same_and_of_many_lengths(encoder: Any) -> None:
    texts = fast.made_up_texts(encoder.tokenizer)
    assert texts == fast.made_up_texts(encoder.tokenizer)
    lengths = {len(text.split()) for text in texts}
    assert lengths >= {2**power for power in range(9)}


def test_it_is_made_once_and_again_when_damaged(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAMIS_CACHE", str(tmp_path))
    made: list[str] = []
    build = fast._build
    monkeypatch.setattr(fast, "_build", lambda *given: (made.append("once"), build(*given)))
    expected = load_encoder(f"{tiny}:fast").encode(TEXTS)
    load_encoder(f"{tiny}:fast")
    assert made == ["once"]
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:1000])
    np.testing.assert_array_equal(load_encoder(f"{tiny}:fast").encode(TEXTS), expected)
    assert made == ["once", "once"]
    assert len(list(tmp_path.iterdir())) == 1


def test_a_prompt_of_the_model_is_used(tiny: str, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(tiny, device="cpu")
    model.prompts, model.default_prompt_name = {"document": "where is my "}, "document"
    model.save(str(tmp_path / "prompted"))
    prompted = load_encoder(f"{tmp_path / 'prompted'}:fast")
    np.testing.assert_array_equal(
        prompted.encode(["card"]), load_encoder(f"{tiny}:fast").encode(["where is my card"])
    )


def test_a_model_that_does_not_survive_is_refused(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAMIS_CACHE", str(tmp_path))
    monkeypatch.setattr(fast, "LEAST_COSINE", 1.01)
    with pytest.raises(ModelUnavailable, match="says something else"):
        load_encoder(f"{tiny}:fast")
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_is_static_already_is_refused(static_model: Path) -> None:
    with pytest.raises(ModelUnavailable, match="ONNX Runtime reads") as caught:
        load_encoder(f"{static_model}:fast")
    assert "without :fast" in caught.value.hint


def test_without_the_extra_the_command_to_install_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(models, "model_folder", Path)
    for check in (models.check_model, load_encoder):
        with pytest.raises(ModelUnavailable, match="needs ONNX Runtime") as caught:
            check("all-MiniLM-L6-v2:fast")
        assert "pip install 'tamis[fast]'" in caught.value.hint
