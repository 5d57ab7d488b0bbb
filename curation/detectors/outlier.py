"""Examples unlike all others: of another kind, in another language, or noise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curation.detectors.base import Detector, Evidence, Finding
from curation.records import Task
from curation.similarity import Rows, Vectors

OUTLIER_SCHEMA: dict[str, type[pl.DataType]] = {
    "score": pl.Float64,
    "flagged": pl.Boolean,
    "similarity": pl.Float64,
    "reason": pl.String,
}

_SPREADS = 1 / 0.37037 - 1
"""cleanlab's default: 1.7 quartile ranges above the upper quartile."""
_FEWEST = 20
_ROUNDING = 1e-5
_BLOCK = 256
_DIGITS = 6


def outlier_scores(
    vectors: Vectors, neighbours: tuple[Rows, Vectors], groups: Rows | None = None
) -> pl.DataFrame:
    """How far each example lies from its nearest others, in OUTLIER_SCHEMA, one row per example.

    `vectors` float32 [n, d] of length one; `neighbours` as `similarity.nearest_neighbours`:
    indices int64 [n, k] and cosines float32 [n, k]; `groups` int [n] numbers groups of copies,
    which say nothing of each other: neighbours of the same group are passed over, and where they
    leave fewer than half of the k, the others are looked for among all examples.

    `score` in [0, 1], 0 the most unlike, is cleanlab's (Kuan & Mueller, "Back to the Basics:
    Revisiting Out-of-Distribution Detection Baselines", 2022): exp(−mean distance to the nearest
    others / its median), a distance being 1 − cosine. `flagged` as by cleanlab's Datalab: a mean
    distance more than 1.7 quartile ranges above the upper quartile (a fence as Tukey's, 1977);
    never among fewer than 20 examples. `similarity` is the nearest other's cosine. Both numbers
    are null where there is no other example.
    """
    from cleanlab.outlier import transform_distances_to_scores

    distance, nearest = _distances(vectors, neighbours, groups)
    known = np.isfinite(distance)
    scores = np.full(len(distance), np.nan)
    flagged = np.zeros(len(distance), dtype=np.bool_)
    if known.any():
        scores[known] = transform_distances_to_scores(
            distance[known], t=1, scaling_factor=float(np.median(distance[known]))
        )
    if np.count_nonzero(known) >= _FEWEST:
        lower, upper = np.percentile(distance[known], [25, 75])
        flagged = known & (distance > upper + _SPREADS * (upper - lower) + _ROUNDING)
    table = pl.DataFrame(
        {
            "score": scores,
            "flagged": flagged,
            "similarity": nearest,
            "reason": _reasons(1 - distance, flagged),
        },
        schema=OUTLIER_SCHEMA,
    )
    return table.with_columns(pl.col("score", "similarity").round(_DIGITS).fill_nan(None))


def _distances(
    vectors: Vectors, neighbours: tuple[Rows, Vectors], groups: Rows | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean distance to the nearest others, and the cosine of the nearest; NaN where none is."""
    indices, cosines = neighbours
    count, width = indices.shape
    groups = np.arange(count) if groups is None else groups
    apart = groups[indices] != groups[:, None]
    similar = np.where(apart, cosines, np.nan).astype(np.float64)
    few = np.flatnonzero(2 * apart.sum(axis=1) < width)
    for start in range(0, len(few), _BLOCK):
        rows = few[start : start + _BLOCK]
        similar[rows] = _most_similar(vectors, rows, groups, width)
    found = np.isfinite(similar)
    total = np.where(found, 1 - similar, 0.0).sum(axis=1)
    with np.errstate(invalid="ignore"):
        distance = np.maximum(total, 0.0) / found.sum(axis=1)
    nearest = np.where(found, similar, -np.inf).max(axis=1, initial=-np.inf)
    return distance, np.where(np.isfinite(nearest), nearest, np.nan)


def _most_similar(vectors: Vectors, rows: Rows, groups: Rows, width: int) -> NDArray[np.float64]:
    """The largest cosines of some rows with rows of other groups, [rows, width], NaN for none."""
    cosines = vectors[rows] @ vectors.T
    cosines[groups[rows][:, None] == groups] = -np.inf
    largest = -np.partition(-cosines, width - 1, axis=1)[:, :width]
    return np.where(np.isfinite(largest), np.minimum(largest, 1), np.nan).astype(np.float64)


def _reasons(similar: NDArray[np.float64], flagged: NDArray[np.bool_]) -> list[str]:
    """How like its nearest others each example is on average, and how like half of all are."""
    usual = np.median(similar[np.isfinite(similar)]) if np.isfinite(similar).any() else np.nan
    return [
        f"Its nearest others have a similarity of {'only ' if far else ''}{similarity:.2f} on "
        f"average; for half of all examples it is {usual:.2f} or more."
        if np.isfinite(similarity)
        else "There is no other example to compare with."
        for similarity, far in zip(similar.tolist(), flagged.tolist(), strict=True)
    ]


def find(evidence: Evidence) -> Iterator[Finding]:
    """Every example that lies further from the others than nearly all do."""
    if evidence.question_vectors is None or evidence.neighbours is None:
        return
    table = outlier_scores(evidence.question_vectors, evidence.neighbours, evidence.groups)
    for row in np.flatnonzero(table["flagged"].to_numpy()).tolist():
        yield Finding(row, table["score"][row], table["reason"][row])


DETECTOR = Detector(
    kind="outlier",
    title="Unlike all others",
    ask="Does this example belong in the dataset?",
    tasks=frozenset(Task),
    find=find,
)
