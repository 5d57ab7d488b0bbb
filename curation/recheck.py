"""Pairs found with rounded vectors, made those that exact vectors give.

Only where rounding could put a pair on the wrong side of a threshold is it measured again: with
vectors as near as those of `curation.encoders.int8` this concerns few texts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curation.records import PairKind
from curation.vectors import Vectors

MARGIN = 0.003
"""How near to a threshold a similarity of int8 vectors is checked. Not a bound: see
docs/embeddings.md for how far off those are that benchmarks/recheck.py compares."""

_PAIRS_AT_ONCE = 1 << 16

Encode = Callable[[Sequence[str]], Vectors]


def recheck(
    candidates: pl.DataFrame,
    examples: pl.DataFrame,
    encode: Encode,
    floor: float,
    columns: Sequence[str] = ("text",),
    thresholds: Sequence[float] = (),
) -> pl.DataFrame:
    """The candidates that reach the floor in exact vectors, sorted.

    `candidates` are pairs as `duplicates.search_pairs` finds them at `floor` − MARGIN. Those within
    MARGIN of the floor, or of one of the other `thresholds` that the pairs will be held against,
    get the similarity of exact vectors; the others keep theirs, which is within MARGIN of it, and
    on the same side of each threshold. `examples` has `example_id` and the text `columns` that were
    compared; with several, the least of their cosines is the similarity. `encode` gives exact unit
    vectors, float32 [n, d], of the texts of the pairs that are checked, each asked for once; a text
    that is missing is similar to none. Exact copies stay, and so does what reaches the floor in
    the column `lexical`, where there is one.
    """
    exact = pl.col("kind") == PairKind.EXACT.value
    is_close = pl.any_horizontal(
        (pl.col("similarity") - edge).abs() <= MARGIN for edge in (floor, *thresholds)
    )
    unsure = ~exact & is_close.fill_null(value=True)
    close = candidates.filter(unsure)
    checked = close.with_columns(similarity=_exact_cosines(close, examples, encode, columns))
    found = pl.concat([candidates.filter(~unsure), checked])
    kept = exact | (pl.col("similarity") >= pl.lit(floor, pl.Float32))
    if "lexical" in candidates.columns:
        kept |= (pl.col("lexical") >= floor).fill_null(value=False)
    return found.filter(kept).sort("example_id", "other_id")


def _exact_cosines(
    pairs: pl.DataFrame, examples: pl.DataFrame, encode: Encode, columns: Sequence[str]
) -> pl.Series:
    involved = pl.concat([pairs["example_id"], pairs["other_id"]]).unique().sort()
    texts = pl.DataFrame({"example_id": involved}).join(
        examples.select("example_id", *columns),
        on="example_id",
        how="left",
        maintain_order="left",
        validate="1:1",
    )
    row_of = {key: row for row, key in enumerate(involved)}
    left, right = (
        np.array([row_of[key] for key in pairs[side]], dtype=np.int64)
        for side in ("example_id", "other_id")
    )
    cosines = np.ones(pairs.height, dtype=np.float32)
    for column in columns:
        np.minimum(cosines, _cosines(texts[column], left, right, encode), out=cosines)
    return pl.Series(cosines)


def _cosines(
    texts: pl.Series, left: NDArray[np.int64], right: NDArray[np.int64], encode: Encode
) -> Vectors:
    """Cosine between texts[left] and texts[right], float32 [pairs], at most 1."""
    distinct = texts.drop_nulls().unique(maintain_order=True)
    found = encode(distinct.to_list())
    if not len(distinct):
        return np.zeros(len(left), dtype=np.float32)
    # A missing text is the last row: zeros.
    vectors = np.concatenate([found, np.zeros((1, found.shape[1]), dtype=np.float32)])
    number = {text: row for row, text in enumerate(distinct)}
    row_of = np.array([number.get(text, -1) for text in texts], dtype=np.int64)
    cosines = np.empty(len(left), dtype=np.float32)
    for start in range(0, len(left), _PAIRS_AT_ONCE):
        some = slice(start, start + _PAIRS_AT_ONCE)
        sides = (vectors[row_of[side[some]]] for side in (left, right))
        cosines[some] = np.einsum("nd,nd->n", *sides)
    return np.minimum(cosines, np.float32(1))
