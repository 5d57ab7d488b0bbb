"""The encoder against sentence-transformers itself, and embedding that resumes."""

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import embeddings
from curation.embeddings import (
    Encoder,
    VectorCache,
    embed,
    load_encoder,
    model_key,
    token_batches,
)
from curation.errors import Cancelled, ModelUnavailable
from curation.records import Progress, text_hash

TEXTS = [
    "",
    "Where is my card?",
    "My card has not arrived yet, and I ordered it two weeks ago.",
    "Où est ma carte ? 我的卡在哪里？ 🙂",
    "word " * 400,
    *(f"Transfer number {row} is still pending" for row in range(30)),
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder()


@pytest.fixture(scope="module")
def static_model(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model that has neither padding nor attention mask."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    folder = tmp_path_factory.mktemp("models") / "static model"
    tokenizer = encoder.model.tokenizer.backend_tokenizer
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=8)]).save(str(folder))
    return folder


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", a, b) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def test_vectors_are_those_of_sentence_transformers(encoder: Encoder) -> None:
    seen: list[int] = []
    vectors = encoder.encode(TEXTS, lambda rows, found: seen.extend(rows.tolist()))
    assert (vectors.dtype, vectors.shape) == (np.float32, (len(TEXTS), 384))
    assert cosines(vectors, encoder.model.encode(TEXTS)).min() >= 0.9999
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert sorted(seen) == list(range(len(TEXTS)))
    assert encoder.encode([]).shape == (0, 384)


def test_each_batch_is_reported_with_its_own_vectors(encoder: Encoder) -> None:
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    vectors = encoder.encode(TEXTS, lambda rows, found: parts.append((rows, found)))
    assert len(parts) > 1
    for rows, found in parts:
        np.testing.assert_array_equal(vectors[rows], found)


def test_the_model_says_where_it_cuts_texts_off(encoder: Encoder) -> None:
    assert encoder.max_tokens == 256
    long, longer = encoder.encode(["word " * 300, "word " * 300 + "and then something else"])
    np.testing.assert_allclose(long, longer, atol=1e-6)


def test_texts_are_encoded_the_same_in_several_windows(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = encoder.encode(TEXTS)
    monkeypatch.setattr(embeddings, "TEXTS_PER_WINDOW", 7)
    np.testing.assert_allclose(encoder.encode(TEXTS), whole, atol=1e-5)


def test_a_model_that_pads_on_the_left_is_cut_on_the_left(encoder: Encoder) -> None:
    expected = encoder.encode(TEXTS)
    tokenizer = encoder.model.tokenizer
    tokenizer.padding_side = "left"
    try:
        # The four long texts fill a batch, so that the short one is padded in the window only.
        found = encoder.encode([*TEXTS[4:5] * 4, TEXTS[1]])
    finally:
        tokenizer.padding_side = "right"
    np.testing.assert_allclose(found, expected[[4, 4, 4, 4, 1]], atol=1e-5)


def test_the_models_own_prompt_is_used(encoder: Encoder) -> None:
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


def test_the_key_is_a_safe_name_and_follows_the_weights(static_model: Path, tmp_path: Path) -> None:
    assert model_key() == "all-MiniLM-L6-v2-53aa51172d14"
    copy = tmp_path / static_model.name
    shutil.copytree(static_model, copy)
    before = model_key(str(copy))
    assert before.startswith("static-model-")
    assert before == model_key(str(static_model))
    (copy / "modules.json").write_text((copy / "modules.json").read_text() + " ")
    assert model_key(str(copy)) != before


def test_a_model_that_is_not_there_is_refused_without_asking_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for load in (load_encoder, model_key):
        with pytest.raises(ModelUnavailable, match="no model 'nobody/nothing'") as caught:
            load("nobody/nothing")
        assert "Nothing is downloaded" in caught.value.hint
        with pytest.raises(ModelUnavailable, match=r"modules\.json"):
            load(str(tmp_path))


def test_a_folder_that_does_not_load_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text(json.dumps([{"idx": 0, "type": "no.such.Module"}]))
    (tmp_path / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_encoder(str(tmp_path))


def test_tampered_default_weights_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "modules.json").write_text("[]")
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setattr(embeddings, "_default_folder", lambda: tmp_path)
    with pytest.raises(ModelUnavailable, match="not the published ones"):
        load_encoder()


def test_importing_the_module_does_not_import_torch() -> None:
    code = (
        "import sys, curation.duplicates, curation.embeddings as e; e.model_key();"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'sklearn', 'cleanlab'};"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    root = Path(embeddings.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0


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


# embed


class CountingEncoder:
    """Gives each text the vector [its length, 1] and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: list[str], on_batch: Any) -> None:
        for row, text in enumerate(texts):
            self.asked.append(text)
            on_batch(np.array([row]), np.array([[len(text), 1]], dtype=np.float32))


def run(cache: VectorCache, encoder: Any, texts: list[str], stop_at: int = 10**9) -> list[Progress]:
    seen: list[Progress] = []

    def progress(step: Progress) -> None:
        seen.append(step)
        if step.done >= stop_at:
            raise Cancelled("stopped")

    embed(texts, [text_hash(text) for text in texts], encoder, cache, progress)
    return seen


def test_each_distinct_text_is_encoded_once_and_cached_ones_count_as_done(tmp_path: Path) -> None:
    cache, encoder = VectorCache(tmp_path), CountingEncoder()
    run(cache, encoder, ["a", "bb"])
    seen = run(VectorCache(tmp_path), encoder, ["bb", "ccc", "a", "ccc", "dddd"])
    assert encoder.asked == ["a", "bb", "ccc", "dddd"]
    assert [(step.step, step.done, step.total) for step in seen] == [
        ("embed", 3, 5),
        ("embed", 4, 5),
        ("embed", 5, 5),
    ]
    found = VectorCache(tmp_path).load([text_hash(text) for text in ("dddd", "a")])
    assert found.tolist() == [[4, 1], [1, 1]]


def test_a_stopped_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    texts, encoder = [f"text {row}" for row in range(10)], CountingEncoder()
    with pytest.raises(Cancelled):
        run(VectorCache(tmp_path), encoder, texts, stop_at=4)
    run(VectorCache(tmp_path), encoder, texts)
    assert encoder.asked == texts


def test_a_killed_run_has_its_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "CHECKPOINT_TEXTS", 3)
    texts, on_disk = [f"text {row}" for row in range(8)], []
    encoder = CountingEncoder()

    def progress(step: Progress) -> None:
        missing = VectorCache(tmp_path).missing([text_hash(text) for text in texts])
        on_disk.append(len(texts) - len(missing))

    hashes = [text_hash(text) for text in texts]
    embed(texts, hashes, encoder, VectorCache(tmp_path), progress)  # type: ignore[arg-type]
    assert on_disk == [0, 0, 0, 3, 3, 3, 6, 6, 6]
    assert VectorCache(tmp_path).missing(hashes) == []


def test_a_checkpoint_is_due_after_some_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1000, 3))
    monkeypatch.setattr(embeddings, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    run(VectorCache(tmp_path), CountingEncoder(), [f"text {row}" for row in range(6)])
    assert len(list(tmp_path.glob("part-*.parquet"))) == 3
