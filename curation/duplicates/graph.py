"""Pairs of examples folded to a graph of texts, and the groups that hang together in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from curation.records import PairKind
from curation.similarity import Rows, Vectors


def with_lexical(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs with a `lexical` that is a number: 0 where it was never compared."""
    lexical = pl.col("lexical").fill_null(0.0) if "lexical" in pairs.columns else pl.lit(0.0)
    return pairs.with_columns(lexical=lexical.cast(pl.Float32))


def alike(threshold: float, lexical: float | None) -> pl.Expr:
    """Whether a pair, exact or not, is as alike as is asked, in meaning or in spelling.

    `threshold` is for the cosine of the embeddings, `lexical` for how alike the texts are written;
    None: spelling does not count. It never counts for near-twins: texts of one template are written
    alike, and would hang together whatever they mean. Needs a column `lexical` unless None.
    """
    close = (pl.col("similarity") >= threshold) | (pl.col("kind") == PairKind.EXACT.value)
    if lexical is None:
        return close
    written = pl.col("lexical").fill_null(0.0) >= lexical
    return close | (written & (pl.col("kind") != PairKind.NEAR_TWIN.value))


@dataclass(frozen=True, slots=True)
class TextGraph:
    """Pairs folded to texts, which are numbered by the smallest id among their exact copies."""

    ids: pl.Series
    """Every example id in a pair, sorted: number → id."""
    text_of: Rows
    """Number of an example → number of its text."""
    left: Rows
    right: Rows
    similarity: Vectors
    """One near edge per row, left < right, sorted; the cosine of the embeddings."""
    lexical: Vectors
    """How alike the two are written; 0: never compared."""

    def edges(self, threshold: float, lexical: float | None) -> NDArray[np.bool_]:
        """Which edges are duplicates at these thresholds (see `alike`)."""
        close: NDArray[np.bool_] = self.similarity >= np.float32(threshold)
        return close if lexical is None else close | (self.lexical >= np.float32(lexical))


def text_graph(pairs: pl.DataFrame) -> TextGraph:
    """The graph of all exact and near pairs; near-twins are left out."""
    kind = pl.col("kind")
    exact = pairs.filter(kind == PairKind.EXACT.value)
    near = with_lexical(pairs.filter(kind == PairKind.NEAR.value))
    ids = distinct_ids(exact, near)
    text_of = texts_of(ids, exact)
    ends = np.sort(text_of[numbers(ids, near)], axis=0)
    edges = (
        pl.DataFrame(
            {
                "left": ends[0],
                "right": ends[1],
                "similarity": near["similarity"],
                "lexical": near["lexical"],
            }
        )
        .filter(pl.col("left") != pl.col("right"))
        .group_by("left", "right")
        .agg(pl.col("similarity").max(), pl.col("lexical").max())
        .sort("left", "right")
    )
    left, right, similarity, lexical = (edges[name].to_numpy() for name in edges.columns)
    return TextGraph(ids, text_of, left, right, similarity, lexical)


def texts_of(ids: pl.Series, exact: pl.DataFrame) -> Rows:
    """Number of each id's text: the first of the ids (sorted) that exact pairs tie it to."""
    part = _components(ids, exact)
    return np.unique(part, return_index=True)[1][part]


def distinct_ids(*pairs: pl.DataFrame) -> pl.Series:
    """All ids in the pairs, sorted."""
    columns = [frame[side] for frame in pairs for side in ("example_id", "other_id")]
    return pl.concat(columns).unique().sort()


def numbers(ids: pl.Series, pairs: pl.DataFrame) -> Rows:
    """Positions in `ids` of both ends of the pairs, int64 [2, pairs]."""
    places = pl.DataFrame({"id": ids}).with_row_index("place")
    ends = [
        pairs.select(id=side)
        .join(places, on="id", how="left", maintain_order="left")["place"]
        .to_numpy()
        for side in ("example_id", "other_id")
    ]
    return np.stack(ends).astype(np.int64)


def _components(ids: pl.Series, pairs: pl.DataFrame) -> Rows:
    """Number of the connected component of every id."""
    left, right = numbers(ids, pairs)
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(len(ids),) * 2)
    labels: Rows = connected_components(graph, directed=False)[1].astype(np.int64)
    return labels


def leakage_groups(
    pairs: pl.DataFrame,
    threshold: float,
    ids: Sequence[str] | pl.Series,
    lexical: float | None = None,
) -> pl.DataFrame:
    """Groups that must not be split up: `example_id, group`, one row per id, in the order given.

    Connected components over pairs of every kind that are `alike` (exact pairs always): a
    near-twin in train gives away its sibling in test as surely as a duplicate does.
    Examples that are not among `ids` still connect others, since they may be the text through
    which two exact copies hang together. `group` is the smallest of `ids` in the component.
    """
    used = with_lexical(pairs).filter(alike(threshold, lexical))
    known = distinct_ids(used)
    parts = pl.DataFrame({"example_id": known, "part": _components(known, used)})
    return (
        pl.DataFrame({"example_id": ids}, schema={"example_id": pl.String})
        .join(parts, on="example_id", how="left", maintain_order="left")
        .select(
            "example_id",
            group=pl.when(pl.col("part").is_null())
            .then("example_id")
            .otherwise(pl.col("example_id").min().over("part")),
        )
    )
