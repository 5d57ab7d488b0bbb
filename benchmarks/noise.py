"""Planted label errors with known truth, for measuring whether they are found again."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["confusable", "uniform"]
Labels = NDArray[np.int64]


def plant_noise(
    labels: Labels, vectors: NDArray[np.float32], *, kind: Kind, rate: float, seed: int
) -> Labels:
    """Labels with `rate` of them made wrong, uniformly or as people get them wrong."""
    if kind == "uniform":
        return uniform_noise(labels, rate, seed)
    return confusable_noise(labels, vectors, rate, seed)


def uniform_noise(labels: Labels, rate: float, seed: int) -> Labels:
    """A copy of `labels` int [n] with round(rate·n) of them moved to any other class."""
    classes = int(labels.max()) + 1
    return _flip(labels, 1.0 - np.eye(classes), rate, seed)


def confusable_noise(
    labels: Labels, vectors: NDArray[np.float32], rate: float, seed: int
) -> Labels:
    """A copy of `labels` int [n] with round(rate·n) of them moved to a class like their own.

    Class j takes the place of class i as often as a row of class i has the centroid of j as its
    nearest foreign one: the confusion of a nearest-centroid classifier that may not say the truth.
    `vectors` is float32 [n, d] with rows of length one.
    """
    return _flip(labels, confusability(labels, vectors), rate, seed)


def confusability(labels: Labels, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """[K, K]: share of the rows of class i (the row) whose nearest foreign centroid is j."""
    classes = int(labels.max()) + 1
    centroids = np.zeros((classes, vectors.shape[1]), dtype=np.float32)
    np.add.at(centroids, labels, vectors)
    centroids /= np.maximum(np.linalg.norm(centroids, axis=1, keepdims=True), 1e-12)
    likeness = vectors @ centroids.T
    likeness[np.arange(len(labels)), labels] = -np.inf
    counts = np.zeros((classes, classes))
    np.add.at(counts, (labels, likeness.argmax(axis=1)), 1)
    counts /= np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return counts


def _flip(labels: Labels, chances: NDArray[np.float64], rate: float, seed: int) -> Labels:
    """Move round(rate·n) labels, drawn without replacement, by the rows of `chances` [K, K]."""
    generator = np.random.default_rng(seed)
    noisy = labels.copy()
    for row in generator.choice(len(labels), size=round(rate * len(labels)), replace=False):
        weights = chances[labels[row]]
        noisy[row] = generator.choice(len(weights), p=weights / weights.sum())
    return noisy
