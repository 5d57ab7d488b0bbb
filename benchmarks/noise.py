"""Planted label errors with known truth, for measuring whether they are found again.

Every kind moves exactly round(rate·n) labels, drawn without replacement, to another class; the same
seed plants the same errors. What differs is which rows are wrong, and what they are taken for:

| kind | which rows | which class |
|---|---|---|
| `uniform` | any, alike | any other, alike |
| `confusable` | any, alike | one that its class is often near to |
| `instance` | those that resemble another class | the class that the row resembles most |
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Kind = Literal["uniform", "confusable", "instance"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Labels = NDArray[np.int64]
Vectors = NDArray[np.float32]
Floats = NDArray[np.float64]


def plant_noise(labels: Labels, vectors: Vectors, *, kind: Kind, rate: float, seed: int) -> Labels:
    """A copy of `labels` int [n], classes 0 … K−1, with round(rate·n) of them made wrong.

    `vectors` is float32 [n, d] with rows of length one.
    """
    if kind == "uniform":
        return uniform_noise(labels, rate, seed)
    if kind == "confusable":
        return confusable_noise(labels, vectors, rate, seed)
    return instance_noise(labels, vectors, rate, seed)


def uniform_noise(labels: Labels, rate: float, seed: int) -> Labels:
    """A copy of `labels` int [n] with round(rate·n) of them moved to any other class."""
    classes = int(labels.max()) + 1
    return _flip(labels, 1.0 - np.eye(classes), rate, seed)


def confusable_noise(labels: Labels, vectors: Vectors, rate: float, seed: int) -> Labels:
    """A copy of `labels` int [n] with round(rate·n) of them moved to a class like their own.

    Class j takes the place of class i as often as a row of class i has the centroid of j as its
    nearest foreign one: the confusion of a nearest-centroid classifier that may not say the truth.
    `vectors` is float32 [n, d] with rows of length one.
    """
    return _flip(labels, confusability(labels, vectors), rate, seed)


def instance_noise(labels: Labels, vectors: Vectors, rate: float, seed: int) -> Labels:
    """A copy of `labels` int [n] with round(rate·n) of them moved, each row by what it is itself.

    The doubt about a row is its cosine to the nearest foreign centroid less that to its own. Rows
    are drawn one after the other, each with a chance proportional to exp(z), z being the doubt in
    standard deviations from its mean over all rows: a row one deviation more doubtful is e times
    as likely to be wrong. A drawn row gets the class of its nearest foreign centroid. In the spirit
    of Xia et al., "Part-dependent Label Noise" (NeurIPS 2020), with centroids for their parts.
    `vectors` is float32 [n, d] with rows of length one.
    """
    own, foreign, nearest = likeness(labels, vectors)
    doubt = (foreign - own).astype(np.float64)
    weights = np.exp((doubt - doubt.mean()) / max(float(doubt.std()), 1e-12))
    rows = np.random.default_rng(seed).choice(
        len(labels), size=round(rate * len(labels)), replace=False, p=weights / weights.sum()
    )
    noisy = labels.copy()
    noisy[rows] = nearest[rows]
    return noisy


def likeness(labels: Labels, vectors: Vectors) -> tuple[Vectors, Vectors, Labels]:
    """Cosine to the own centroid [n], to the nearest foreign one [n], and its class [n].

    A centroid is the mean of all vectors of a class, brought to length one.
    """
    classes = int(labels.max()) + 1
    centroids = np.zeros((classes, vectors.shape[1]), dtype=np.float32)
    np.add.at(centroids, labels, vectors)
    centroids /= np.maximum(np.linalg.norm(centroids, axis=1, keepdims=True), 1e-12)
    cosines = vectors @ centroids.T
    every = np.arange(len(labels))
    own = cosines[every, labels]
    cosines[every, labels] = -np.inf
    nearest = cosines.argmax(axis=1)
    return own, cosines[every, nearest], nearest


def confusability(labels: Labels, vectors: Vectors) -> Floats:
    """[K, K]: share of the rows of class i (the row) whose nearest foreign centroid is j."""
    classes = int(labels.max()) + 1
    counts = np.zeros((classes, classes))
    np.add.at(counts, (labels, likeness(labels, vectors)[2]), 1)
    counts /= np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return counts


def _flip(labels: Labels, chances: Floats, rate: float, seed: int) -> Labels:
    """Move round(rate·n) labels, drawn without replacement, by the rows of `chances` [K, K]."""
    generator = np.random.default_rng(seed)
    noisy = labels.copy()
    for row in generator.choice(len(labels), size=round(rate * len(labels)), replace=False):
        weights = chances[labels[row]]
        noisy[row] = generator.choice(len(weights), p=weights / weights.sum())
    return noisy
