"""Texts to vectors: an encoder by the name of its model, and a cache that resumes.

Models are imported inside functions only, so that whoever needs a name or the cache alone (the
server) never pays for torch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from curation.encoders.base import Encoder, Rows, Tier
from curation.encoders.models import DEFAULT_MODEL, check_model, model_key, split_name
from curation.records import Progress, text_hash
from curation.vectors import VectorCache, Vectors, VectorsMissing

__all__ = [
    "DEFAULT_MODEL",
    "Encoder",
    "Tier",
    "VectorCache",
    "Vectors",
    "VectorsMissing",
    "check_model",
    "embed",
    "load_encoder",
    "model_key",
    "split_name",
    "vectors_of",
]

CHECKPOINT_SECONDS = 5.0
CHECKPOINT_TEXTS = 4096


def load_encoder(name: str = DEFAULT_MODEL) -> Encoder:
    """Load an encoder from this machine; nothing is ever fetched.

    `name` is a model: `all-MiniLM-L6-v2` (an installed package, its weights checked against the
    published hash), the folder of a sentence-transformers model, or the name of one that already
    lies in the local Hugging Face cache. `:fast` or `:static` behind it asks for its int8 form or
    its word vectors (see `curation.encoders`). Runs on the CPU. Raises ModelUnavailable.
    """
    # Here, since the server needs no more than names.
    from curation.encoders.fast import FastEncoder  # noqa: PLC0415
    from curation.encoders.full import FullEncoder  # noqa: PLC0415
    from curation.encoders.static import StaticEncoder  # noqa: PLC0415

    model, tier = split_name(name)
    if tier is Tier.FAST:
        return FastEncoder.load(model)
    return StaticEncoder.load(model) if tier is Tier.STATIC else FullEncoder.load(model)


def vectors_of(
    texts: Sequence[str],
    encoder: Encoder,
    cache: VectorCache,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Vectors:
    """Vectors of the texts, float32 [n, d]; those that the cache lacks are computed and kept."""
    hashes = [text_hash(text) for text in texts]
    embed(texts, hashes, encoder, cache, progress)
    return cache.load(hashes)


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
    unsaved: list[tuple[Rows, Vectors]] = []
    saved_at = time.monotonic()

    def save() -> None:
        nonlocal saved_at
        if unsaved:
            rows = np.concatenate([indices for indices, _ in unsaved])
            vectors = np.concatenate([found for _, found in unsaved])
            unsaved.clear()
            cache.append([missing[row] for row in rows], vectors)
        saved_at = time.monotonic()

    def on_batch(indices: Rows, vectors: Vectors) -> None:
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
