"""Chance that is the same on every machine."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl


def keyed_hash(text: str, seed: int, purpose: str) -> int:
    """64 bits that depend on text, seed and purpose alone, on any machine."""
    digest = hashlib.blake2b(
        text.encode(), digest_size=8, key=str(seed).encode(), person=purpose.encode()
    )
    return int.from_bytes(digest.digest())


def keyed_hashes(texts: pl.Series, seed: int, purpose: str) -> pl.Series:
    """`keyed_hash` of every text: UInt64."""
    empty = hashlib.blake2b(digest_size=8, key=str(seed).encode(), person=purpose.encode())
    digests = []
    for text in texts:
        digest = empty.copy()
        digest.update(text.encode())
        digests.append(digest.digest())
    return pl.Series(np.frombuffer(b"".join(digests), ">u8").astype(np.uint64))
