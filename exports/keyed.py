"""Chance that is the same on every machine."""

from __future__ import annotations

import hashlib

import polars as pl


def keyed_hash(text: str, seed: int, purpose: str) -> int:
    """64 bits that depend on text, seed and purpose alone, on any machine."""
    digest = hashlib.blake2b(
        text.encode(), digest_size=8, key=str(seed).encode(), person=purpose.encode()
    )
    return int.from_bytes(digest.digest())


def keyed_hashes(texts: pl.Series, seed: int, purpose: str) -> pl.Series:
    """`keyed_hash` of every text: UInt64."""
    return pl.Series([keyed_hash(text, seed, purpose) for text in texts], dtype=pl.UInt64)
