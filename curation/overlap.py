"""Texts that stand in other texts word for word, by the share of their 8-grams found there.

Embeddings miss them: a question inside a long passage hardly moves the vector of the passage, and
a model reads the beginning of a text only.

The measure is that of PaLM (Chowdhery et al. 2022, arXiv 2204.02311, section 8): a text counts as
seen where at least 70 % of its 8-grams are found. It is taken here of the shorter of two texts, so
that it holds in both directions. As in GPT-3 (Brown et al. 2020, arXiv 2005.14165, appendix C),
eight words are the fewest that are no coincidence, case and punctuation do not count, and an n-gram
that stands in more than ten texts is boilerplate, which alone is no evidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curation.duplicates import exact_key
from curation.records import Progress

WORDS = 8
SHARE = 0.7
_BOILERPLATE = 10
OVERLAP_SCHEMA = {"left": pl.Int64, "right": pl.Int64, "share": pl.Float32}

Hashes = NDArray[np.uint64]

# Chinese and Japanese put no spaces between words: each character counts as one.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\s\u3040-\u30ff\u3400-\u9fff]+")
_POWERS = np.cumprod(np.full(WORDS, 0x9E3779B97F4A7C15, dtype=np.uint64))
_REPORTED = 2000


def overlaps(
    left: Sequence[str],
    right: Sequence[str],
    progress: Callable[[Progress], None] = lambda _: None,
) -> pl.DataFrame:
    """Pairs of a left and a right text of which the shorter stands in the other: OVERLAP_SCHEMA.

    `left` and `right` are numbers of texts; `share` is that of the shorter one's distinct 8-grams
    that are in the longer one, at least SHARE. Texts of fewer than WORDS words are never in a pair.
    Holds the 8-grams of the left texts, 12 bytes each, and those of one right text.
    """
    index = _Index.of(left)
    found: list[tuple[int, int, float]] = []
    for number, text in enumerate(right):
        grams = ngrams(text)
        for other in index.candidates(grams):
            theirs = index.grams_of(other)
            shared = len(np.intersect1d(grams, theirs, assume_unique=True))
            share = shared / min(len(grams), len(theirs))
            if share >= SHARE:
                found.append((other, number, share))
        if number % _REPORTED == 0 or number == len(right) - 1:
            progress(Progress("overlap", number + 1, len(right)))
    return pl.DataFrame(found, schema=OVERLAP_SCHEMA, orient="row")


def ngrams(text: str) -> Hashes:
    """The distinct runs of WORDS words of a text as sorted 64-bit hashes; none in a shorter one."""
    words = _WORD.findall(exact_key(text))
    if len(words) < WORDS:
        return np.empty(0, dtype=np.uint64)
    hashes = np.fromiter(map(hash, words), dtype=np.int64, count=len(words)).view(np.uint64)
    runs = np.lib.stride_tricks.sliding_window_view(hashes, WORDS)
    return np.unique((runs * _POWERS).sum(axis=1, dtype=np.uint64))


@dataclass(frozen=True, slots=True)
class _Index:
    """The 8-grams of many texts: those of each one, and the texts in which a rare one stands."""

    grams: Hashes
    """All of them, text by text."""
    starts: NDArray[np.int64]
    rare: Hashes
    """Those in at most ten texts, sorted, once for each of these."""
    owners: NDArray[np.int32]

    @classmethod
    def of(cls, texts: Sequence[str]) -> _Index:
        parts = [ngrams(text) for text in texts]
        grams = np.concatenate([np.empty(0, dtype=np.uint64), *parts])
        lengths = np.array([len(part) for part in parts], dtype=np.int64)
        owners = np.repeat(np.arange(len(parts), dtype=np.int32), lengths)
        order = np.argsort(grams, kind="stable")
        ordered = grams[order]
        _, number, count = np.unique(ordered, return_inverse=True, return_counts=True)
        rare = count[number] <= _BOILERPLATE
        starts = np.concatenate([[0], np.cumsum(lengths)])
        return cls(grams, starts, ordered[rare], owners[order][rare])

    def grams_of(self, number: int) -> Hashes:
        return self.grams[self.starts[number] : self.starts[number + 1]]

    def candidates(self, grams: Hashes) -> list[int]:
        """Numbers of the texts that share a rare 8-gram, in their order."""
        first = np.searchsorted(self.rare, grams, side="left")
        last = np.searchsorted(self.rare, grams, side="right")
        owners = {
            int(owner)
            for a, b in zip(first.tolist(), last.tolist(), strict=True)
            for owner in self.owners[a:b]
        }
        return sorted(owners)
