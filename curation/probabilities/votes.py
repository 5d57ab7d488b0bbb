"""The view on what lies close by: the labels of the nearest examples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from curation.probabilities.types import Neighbours, Rows, Vectors

_CLOSENESS = 10.0


def neighbour_votes(
    targets: Vectors, known: NDArray[np.bool_], groups: Rows, neighbours: Neighbours
) -> tuple[Vectors, Vectors]:
    """Mean target of the labelled neighbours from other groups, and how many of those there are.

    Returns float32 [n, K] and [n, 1]. A neighbour counts as exp(10·(cosine − 1)): one at cosine 0.9
    about a third of a copy. Rows without such neighbours get zeros.
    """
    indices, cosines = neighbours
    heard = known[indices] & (groups[indices] != groups[:, None])
    weights = np.where(heard, np.exp(_CLOSENESS * (cosines - np.float32(1))), np.float32(0))
    voters = np.count_nonzero(weights, axis=1).astype(np.float32)[:, None]
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    votes = np.zeros(targets.shape, dtype=np.float32)
    for rank in range(indices.shape[1]):
        votes += weights[:, rank, None] * targets[indices[:, rank]]
    return votes, voters
