"""What every encoder offers, and the three kinds there are of each model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from curation.vectors import Vectors

Rows = NDArray[np.int64]
Batch = tuple[Rows, Vectors]
"""Positions int64 [b] in the texts given, and their vectors float32 [b, d]."""
OnBatch = Callable[[Rows, Vectors], None]


class Tier(StrEnum):
    """How a model's vectors are computed; the value is what follows the colon in its name."""

    FULL = "full"
    """float32, as sentence-transformers: what the other two are measured against."""
    FAST = "fast"
    """int8 in ONNX Runtime."""
    STATIC = "static"
    """A weighted mean of word vectors that were made once with the model."""


@dataclass(frozen=True, slots=True)
class Encoder(ABC):
    """A loaded model: texts in, L2-normalised vectors out.

    `max_tokens` is where the model cuts a text off; what stands behind it does not count.
    None: it reads all of it. `key` names the cache of its vectors, which no other encoder shares.
    """

    name: str
    key: str
    tier: Tier
    max_tokens: int | None
    dimension: int

    @abstractmethod
    def batches(self, texts: Sequence[str]) -> Generator[Batch]:
        """Yield the vectors of some of the texts at a time, each text once; see `encode`."""

    def encode(self, texts: Sequence[str], on_batch: OnBatch | None = None) -> Vectors:
        """Vectors of the texts, float32 [n, d], rows of length 1 (or 0 for a vector of zeros).

        `on_batch(indices, vectors)` is called after each batch with the positions just done, so
        that a caller can save them; it may raise to stop.
        """
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        with closing(self.batches(texts)) as batches:
            for rows, found in batches:
                vectors[rows] = found
                if on_batch is not None:
                    on_batch(rows, found)
        return vectors


def unit(vectors: Vectors) -> Vectors:
    """The rows at length 1; a row of zeros stays one."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = vectors / np.maximum(norms, np.finfo(np.float32).tiny)
    return scaled
