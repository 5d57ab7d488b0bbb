"""Products of blocks of vectors, of which every search in `similarity` and `cells` is made."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Axes = NDArray[np.float64]
Pairs = tuple[Rows, Rows, Vectors]
"""Left rows, right rows and the cosine between them, one pair per position."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_ROUNDING = np.float32(2e-5)
"""Bounds the float32 error of a dot product of two unit vectors: n·2⁻²⁴ for n ≤ 300 terms, and far
below that in practice. Candidates are let through by this much and then verified."""
_TILE_ROWS, _TILE_COLUMNS = 128, 2048
_VERIFIED_AT_ONCE = 8192


class Side(NamedTuple):
    """Rows on one side of a comparison, int64 [m], and their sketches, float32 [m, s]."""

    rows: Rows
    sketches: Vectors


@lru_cache(maxsize=1)
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread meanwhile.

    On blocks as small as ours its threads wait for one another longer than they work: up to fifty
    times longer where other processes want the cores too.
    """
    with _blas().limit(limits=1):
        yield


def spread(work: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
    """Yield `work(item)` in the order of the items, on as many threads as BLAS may use.

    Each of them does its own products, so results do not depend on their number. Nothing runs
    while the caller holds a result, and only two results per thread are ever kept.
    """
    items = iter(items)
    allowed = (library["num_threads"] for library in _blas().info())
    threads = max(allowed, default=os.cpu_count() or 1)
    with ThreadPoolExecutor(threads) as pool:
        while batch := list(islice(items, 2 * threads)):
            with one_blas_thread():
                results = list(pool.map(work, batch))
            yield from results


def sketch(vectors: Vectors, width: int, sample: Rows) -> Vectors:
    """Short vectors, float32 [n, ≤ width], whose dot products are never below those of `vectors`.

    See `shorten`; the axes are those of the rows in `sample`.
    """
    return shorten(vectors, axes_of(vectors[sample], width))


def axes_of(sample: Vectors, width: int) -> Axes | None:
    """The width − 1 principal axes of uncentred rows, float64 [d, width − 1].

    None where there are no rows, or they are no longer than `width`.
    """
    if sample.shape[1] <= width or not len(sample):
        return None
    seen = sample.astype(np.float64)
    with one_blas_thread():
        axes: Axes = np.linalg.eigh(seen.T @ seen)[1][:, ::-1][:, : width - 1]
    return axes


def shorten(vectors: Vectors, axes: Axes | None) -> Vectors:
    """The vectors on fewer axes, whose dot products are never below those of the vectors.

    On an orthonormal basis x·y = Σ x_i y_i; Cauchy–Schwarz bounds the part of all the coordinates
    that are left out by the product of the two residual norms, which is kept as one more
    coordinate. So a shortened unit vector is a unit vector. Without axes nothing is shortened.
    """
    if axes is None or not len(vectors):
        return vectors

    def part(start: int) -> Vectors:
        block = vectors[start : start + 8192].astype(np.float64)
        head = block @ axes
        residual = np.einsum("ij,ij->i", block, block) - np.einsum("ij,ij->i", head, head)
        return np.column_stack([head, np.sqrt(np.maximum(residual, 0.0))]).astype(np.float32)

    return np.concatenate(list(spread(part, range(0, len(vectors), 8192))))


def close_pairs(
    vectors: Vectors,
    left: Side,
    right: Side,
    floor: float,
    wanted: Callable[[Rows, Rows], Mask],
) -> Pairs:
    """Pairs of a left and a right row with cosine ≥ floor that `wanted(left, right)` accepts.

    Scans tiles of the product of the sketches, which is an upper bound of the cosine, and verifies
    what reaches the floor on whole vectors: no pair can be lost. Where a tile lets many through,
    its whole product is taken first, so that the cost never exceeds that of comparing everything.
    """
    bound = np.float32(floor) - _ROUNDING
    found: list[Pairs] = []
    for top in range(0, len(left.rows), _TILE_ROWS):
        rows = left.rows[top : top + _TILE_ROWS]
        sketches = left.sketches[top : top + _TILE_ROWS]
        for start in range(0, len(right.rows), _TILE_COLUMNS):
            columns = right.rows[start : start + _TILE_COLUMNS]
            likely = sketches @ right.sketches[start : start + _TILE_COLUMNS].T >= bound
            if np.count_nonzero(likely) > likely.size // 50:
                likely &= vectors[rows] @ vectors[columns].T >= bound
            row, column = places(likely)
            pair = rows[row], columns[column]
            chosen = wanted(*pair)
            found.append(_verified(vectors, pair[0][chosen], pair[1][chosen], floor))
    return joined(found)


def places(mask: Mask) -> tuple[Rows, Rows]:
    """Rows and columns of the true entries; ten times as fast as `np.nonzero` where few are."""
    row, column = np.divmod(np.flatnonzero(mask), max(1, mask.shape[1]))
    return row, column


def _verified(vectors: Vectors, left: Rows, right: Rows, floor: float) -> Pairs:
    cosine = np.empty(len(left), dtype=np.float32)
    for start in range(0, len(left), _VERIFIED_AT_ONCE):
        part = slice(start, start + _VERIFIED_AT_ONCE)
        cosine[part] = np.einsum("ij,ij->i", vectors[left[part]], vectors[right[part]])
    kept = cosine >= np.float32(floor)
    return left[kept], right[kept], cosine[kept]


def joined(found: list[Pairs]) -> Pairs:
    """Several lists of pairs as one; no list makes no pairs."""
    none = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)
    left, right, cosine = zip(none, *found, strict=True)
    return np.concatenate(left), np.concatenate(right), np.concatenate(cosine)
