"""Exact search among unit vectors: all pairs above a cosine, and nearest neighbours."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]

_PREFIX = 64
_TILE_ROWS, _TILE_COLUMNS = 128, 2048
_ROUNDING = np.float32(2e-5)
"""Bounds the float32 error of a dot product of two unit vectors: n·2⁻²⁴ for n ≤ 300 terms, and far
below that in practice. Candidates are let through by this much and then verified."""

_CHUNK = 64
_BLOCK_CELLS = 1 << 25


def similar_rows(vectors: Vectors, floor: float) -> Iterator[tuple[int, Rows, Rows, Vectors]]:
    """Yield (rows done, left, right, cosine) of all row pairs left < right with cosine ≥ floor.

    Tiles of short sketches (`_sketch`) whose product is an upper bound of the cosine are scanned,
    and what reaches the floor is verified on whole vectors: nothing above it can be lost. Where a
    tile lets many through, its whole product is taken first, so that the cost never exceeds that
    of comparing everything. Holds one tile at a time beside the vectors and the result.
    """
    count = len(vectors)
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    sketch = _sketch(vectors)
    across = np.ascontiguousarray(sketch.T)
    bound = np.float32(floor) - _ROUNDING
    for top in range(0, count, _TILE_ROWS):
        rows = slice(top, min(top + _TILE_ROWS, count))
        blocks: list[tuple[Rows, Rows, Vectors]] = []
        for start in range(top, count, _TILE_COLUMNS):
            columns = slice(start, start + _TILE_COLUMNS)
            likely = sketch[rows] @ np.ascontiguousarray(across[:, columns]) >= bound
            if np.count_nonzero(likely) > likely.size // 50:
                likely &= vectors[rows] @ vectors[columns].T >= bound
            left, right = np.nonzero(likely)
            left, right = left + top, right + start
            ahead = left < right
            left, right = left[ahead], right[ahead]
            cosine = np.einsum("ij,ij->i", vectors[left], vectors[right])
            kept = cosine >= np.float32(floor)
            blocks.append((left[kept], right[kept], cosine[kept]))
        yield (
            rows.stop,
            np.concatenate([block[0] for block in blocks]),
            np.concatenate([block[1] for block in blocks]),
            np.concatenate([block[2] for block in blocks]),
        )


def _sketch(vectors: Vectors) -> Vectors:
    """Short vectors, float32 [n, ≤ 64], whose dot products are never below those of the vectors.

    On an orthonormal basis x·y = Σ x_i y_i; for all coordinates after the first 63,
    Cauchy–Schwarz bounds their part of the sum by the product of the two residual norms, which is
    kept as the 64th coordinate. The basis is the principal axes of the uncentred vectors (from at
    most 20,000 of them), where the residuals are smallest.
    """
    count, width = vectors.shape
    if width <= _PREFIX or not count:
        return vectors
    sample = vectors[:: -(-count // 20_000)].astype(np.float64)
    _, axes = np.linalg.eigh(sample.T @ sample)
    axes = axes[:, ::-1][:, : _PREFIX - 1]
    sketch = np.empty((count, _PREFIX), dtype=np.float32)
    for start in range(0, count, 8192):
        block = vectors[start : start + 8192].astype(np.float64)
        head = block @ axes
        residual = np.einsum("ij,ij->i", block, block) - np.einsum("ij,ij->i", head, head)
        sketch[start : start + 8192, :-1] = head
        sketch[start : start + 8192, -1] = np.sqrt(np.maximum(residual, 0.0))
    return sketch


def nearest_neighbours(vectors: Vectors, k: int) -> tuple[Rows, Vectors]:
    """The k nearest other rows of every row by cosine, most similar first, ties by row number.

    `vectors` is float32 [n, d], L2-normalised. Returns indices int64 [n, m] and similarities
    float32 [n, m], clipped to 1, with m = min(k, n − 1). Exact; holds a block of rows × n
    similarities (about 128 MB) at a time.
    """
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    count = len(vectors)
    width = max(0, min(k, count - 1))
    indices = np.empty((count, width), dtype=np.int64)
    height = max(1, _BLOCK_CELLS // max(1, count))
    for top in range(0, count if width else 0, height):
        block = vectors[top : top + height] @ vectors.T
        own = np.arange(len(block))
        block[own, own + top] = -np.inf
        for row, least in enumerate(_lower_bounds(block, width)):
            indices[top + row] = _largest(block[row], width, least)
    similarities = np.empty(indices.shape, dtype=np.float32)
    for top in range(0, count, 4096):
        rows = indices[top : top + 4096]
        similarities[top : top + 4096] = np.einsum(
            "id,ikd->ik", vectors[top : top + 4096], vectors[rows]
        )
    order = np.lexsort((indices, -similarities), axis=1)
    similarities = np.minimum(np.take_along_axis(similarities, order, axis=1), np.float32(1))
    return np.take_along_axis(indices, order, axis=1), similarities


def _lower_bounds(block: Vectors, k: int) -> Vectors:
    """For every row a value that at least k of its entries reach, float32 [rows].

    The k-th largest of the maxima of disjoint chunks: far cheaper than sorting the row.
    """
    chunks = block.shape[1] // _CHUNK
    if chunks < k:
        return np.full(len(block), -np.inf, dtype=np.float32)
    maxima = block[:, : chunks * _CHUNK].reshape(len(block), chunks, _CHUNK).max(axis=2)
    return np.partition(maxima, chunks - k, axis=1)[:, chunks - k]


def _largest(row: Vectors, k: int, least: np.float32) -> Rows:
    """Positions of the k largest entries, none of which is below `least`; ties by position."""
    places = np.flatnonzero(row >= least)
    values = row[places]
    limit = np.partition(values, len(values) - k)[len(values) - k]
    above, tied = places[values > limit], places[values == limit]
    return np.concatenate([above, tied[: k - len(above)]])
