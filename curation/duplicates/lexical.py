"""How alike two texts are written, whatever they mean: for what an embedding misses.

A typing error makes an embedding see another word, a model reads only the first tokens of a long
text, and it knows nothing of codes. Here a text is the set of its letters by threes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from curation.similarity import Vectors

WIDTH = 512
_LETTERS = 3
_BLOCK = 4096
_RUN_BITS = np.uint64(52)
_RUN = np.uint64(2**52 - 1)
_Codes = NDArray[np.uint64]


def lexical_vectors(keys: Sequence[str]) -> Vectors:
    """Vectors of length one, float32 [n, 512], whose cosine tells how alike texts are written.

    `keys` are texts in the form of `exact_key`. A text's runs of three letters, its ends marked by
    spaces, are counted; the cosine of the square roots of two such counts is their Bhattacharyya
    coefficient (1943, Bull. Calcutta Math. Soc. 35:99): 1 for the same runs equally often, 0 for
    none in common. Runs are hashed to 512 signed places, which keeps the cosine up to a
    random error of at most 1/√512 (Weinberger et al. 2009, "Feature hashing for large scale
    multitask learning", ICML, section 3). Depends on the text alone, never on the other texts.
    """
    vectors = np.zeros((len(keys), WIDTH), dtype=np.float32)
    for top in range(0, len(keys), _BLOCK):
        block = [f" {key} " for key in keys[top : top + _BLOCK]]
        vectors[top : top + len(block)] = _hashed(block)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.maximum(lengths, np.finfo(np.float32).tiny)
    return vectors


def _hashed(texts: list[str]) -> NDArray[np.float64]:
    end = "\0" * _LETTERS
    joined = "".join(text.replace("\0", " ") + end for text in texts)
    encoded = joined.encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(encoded, np.uint32).astype(np.uint64)
    rows = np.repeat(np.arange(len(texts)), [len(text) + _LETTERS for text in texts])
    runs = np.zeros(len(codes) - _LETTERS + 1, dtype=np.uint64)
    whole = np.ones(len(runs), dtype=np.bool_)
    for place in range(_LETTERS):
        letters = codes[place : place + len(runs)]
        whole &= letters != 0
        runs = _mixed(runs ^ letters)
    # Text and run in one number, which sorts many times faster than two.
    of_text = rows[: len(runs)].astype(np.uint64) << _RUN_BITS | runs & _RUN
    of_text = np.sort(of_text[whole])
    first = np.flatnonzero(np.diff(of_text, prepend=~of_text[:1]))
    counts = np.diff(first, append=len(of_text))
    found, row = of_text[first] & _RUN, (of_text[first] >> _RUN_BITS).astype(np.int64)
    signed = np.where((found >> np.uint64(40)) & np.uint64(1), 1.0, -1.0) * np.sqrt(counts)
    places = row * WIDTH + (found % np.uint64(WIDTH)).astype(np.int64)
    sums = np.bincount(places, signed, len(texts) * WIDTH).astype(np.float64)
    hashed: NDArray[np.float64] = sums.reshape(len(texts), WIDTH)
    return hashed


def _mixed(codes: _Codes) -> _Codes:
    """Every bit of a number spread over all bits of another."""
    product = codes * np.uint64(0x9E3779B97F4A7C15)
    return product ^ (product >> np.uint64(29))
