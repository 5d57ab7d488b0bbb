"""Embedding with checkpoints: what was done is kept, whatever stops the run."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from curation import embeddings
from curation.embeddings import VectorCache, embed, vectors_of
from curation.errors import Cancelled
from curation.records import Progress, text_hash


def test_importing_the_module_does_not_import_torch() -> None:
    code = (
        "import sys, curation.duplicates, curation.embeddings as e; e.model_key();"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'sklearn', 'cleanlab', 'onnx',"
        "'onnxruntime'};"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    root = Path(embeddings.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0


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


def test_vectors_come_in_the_order_of_the_texts_and_only_new_ones_are_computed(
    tmp_path: Path,
) -> None:
    encoder: Any = CountingEncoder()
    assert vectors_of(["bb", "a"], encoder, VectorCache(tmp_path)).tolist() == [[2, 1], [1, 1]]
    again = vectors_of(["a", "ccc", "a"], encoder, VectorCache(tmp_path))
    assert again.tolist() == [[1, 1], [3, 1], [1, 1]]
    assert encoder.asked == ["bb", "a", "ccc"]
    assert vectors_of([], encoder, VectorCache(tmp_path)).shape == (0, 0)
