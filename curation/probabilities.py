"""What the labels of the other examples say about each one: out-of-sample probabilities.

Two views are mixed. Kernel ridge regression sees the whole text; it needs no folds, because the
prediction of a model trained without a group of near-duplicates follows exactly from the one
trained on everything. The nearest neighbours see what lies close by, which is what counts when a
label covers many unlike things. No member of a near-duplicate group ever speaks for another one:
a wrong label that was copied must not vouch for itself.

Time and memory grow linearly with the number of examples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from curation.errors import WrongUse
from curation.records import Progress

Vectors = NDArray[np.float32]
Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Neighbours = tuple[Rows, Vectors]
"""Row numbers int64 [n, k] of the nearest other examples and their cosines float32 [n, k]."""
OnProgress = Callable[[Progress], None]

_LEXICAL_DIMENSIONS = 256
_LEXICAL_WEIGHT = np.float32(0.5)
_MOST_TERMS = 100_000
_FREQUENCIES = 1000
_GAMMA = 0.5
_RIDGE = 1.0
_BLOCK = 4096
_RIDGE_WEIGHT = 0.75
_CLOSENESS = 10.0
_MOST_CELLS = 250_000_000
_LOG_POWERS = (-3.0, 3.0)


def out_of_sample_probabilities(
    texts: Sequence[str],
    vectors: Vectors,
    labels: Rows,
    groups: Rows,
    neighbours: Neighbours,
    *,
    seed: int,
    progress: OnProgress | None = None,
) -> Floats:
    """P(label | example), float64 [n, K] with rows that sum to 1, for labels 0 … K−1.

    `vectors` float32 [n, d] of length one; `labels` int [n], −1 where none is given (such rows
    are predicted, not learnt from); `groups` int [n] numbers the near-duplicate groups.
    Every row is predicted without the labels of its group. The same seed gives the same result;
    the order of the rows changes no more than the last digits.

    Raises WrongUse unless two labels have two examples each that are not copies of each other.
    """
    known = labels >= 0
    spread = groups_per_label(labels, groups)
    if np.count_nonzero(spread >= 2) < 2:
        raise WrongUse(
            "Doubtful labels cannot be told: fewer than two labels have two examples each, "
            "copies not counted.",
            "Label more examples, so that there is something to compare with.",
        )
    _check_size(len(labels), len(spread))
    targets = np.eye(len(spread))[labels]
    targets[~known] = 0
    scores = leave_group_out(
        hybrid_features(texts, vectors, seed), targets, known, groups, seed=seed, progress=progress
    )
    ridge = np.clip(scores, 1e-6, None)
    ridge /= ridge.sum(axis=1, keepdims=True)
    votes, voters = neighbour_votes(targets, known, groups, neighbours)
    local = (votes * voters + 1 / len(spread)) / (voters + 1)
    return _RIDGE_WEIGHT * ridge + (1 - _RIDGE_WEIGHT) * local


def out_of_sample_multilabel(
    texts: Sequence[str],
    vectors: Vectors,
    targets: Floats,
    known: NDArray[np.bool_],
    groups: Rows,
    neighbours: Neighbours,
    *,
    seed: int,
    progress: OnProgress | None = None,
) -> Floats:
    """P(label k applies | example), float64 [n, K], each in [0, 1]: one question per label.

    `targets` [n, K] is 1 where a label is given; rows that are not `known` have no labels yet.
    The mixed scores are turned into probabilities by one logistic curve for all labels (Platt
    1999), fitted on out-of-sample scores. Raises WrongUse unless some label both applies and
    does not apply to two examples or more.
    """
    applies = targets[known].sum(axis=0)
    if not np.any((applies >= 2) & (known.sum() - applies >= 2)):
        raise WrongUse(
            "Doubtful labels cannot be told: no label both applies to two examples and is "
            "missing from two.",
            "Label more examples, so that there is something to compare with.",
        )
    scores = leave_group_out(
        hybrid_features(texts, vectors, seed), targets, known, groups, seed=seed, progress=progress
    )
    votes, voters = neighbour_votes(targets, known, groups, neighbours)
    local = (votes * voters + applies / known.sum()) / (voters + 1)
    return _platt(_RIDGE_WEIGHT * scores + (1 - _RIDGE_WEIGHT) * local, targets, known)


def _check_size(examples: int, labels: int) -> None:
    if examples * labels > _MOST_CELLS:
        raise WrongUse(
            f"Doubtful labels cannot be told: {labels:,} different labels are too many for "
            f"{examples:,} examples.",
            "Check that the label column holds labels and not free text.",
        )


def groups_per_label(labels: Rows, groups: Rows) -> Rows:
    """In how many groups each label 0 … K−1 occurs, int64 [K]; −1 is no label."""
    pairs = np.unique(np.column_stack([labels, groups]), axis=0)
    return np.bincount(pairs[pairs[:, 0] >= 0, 0])


def calibrate(chances: Floats, labels: Rows) -> Floats:
    """The same ranking of labels within each row, as sure as it is right: float64 [n, K].

    All probabilities are raised to the one power that makes the given labels likeliest
    (temperature scaling, Guo et al. 2017); the mixture itself is far too modest where labels are
    many. Rows labelled −1 are not learnt from.
    """
    known = np.flatnonzero(labels >= 0)
    logs = np.log(chances)

    def surprise(log_power: float) -> float:
        scaled = log_softmax(np.exp(log_power) * logs[known], axis=1)
        return -float(scaled[np.arange(len(known)), labels[known]].mean())

    power = np.exp(minimize_scalar(surprise, bounds=_LOG_POWERS, method="bounded").x)
    return np.asarray(np.exp(log_softmax(power * logs, axis=1)), dtype=np.float64)


def hybrid_features(texts: Sequence[str], vectors: Vectors, seed: int) -> Vectors:
    """Meaning beside wording, float32 [n, d + ≤256].

    The embeddings, and half as heavy the leading axes of TF-IDF over words and pairs of words
    (latent semantic analysis, Deerwester et al. 1990). Where the texts share no words (all of
    them empty, say) the embeddings are all there is.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2),
        sublinear_tf=True,
        min_df=min(2, len(texts)),
        max_features=_MOST_TERMS,
        dtype=np.float32,
    )
    # The axes depend on the order of the rows where they are hard to tell apart: fix that order.
    order = np.argsort(np.asarray(texts, dtype=object), kind="stable")
    try:
        terms = vectorizer.fit_transform([texts[row] for row in order])
    except ValueError:  # scikit-learn's way of saying that no word is left
        return vectors
    width = min(_LEXICAL_DIMENSIONS, *(size - 1 for size in terms.shape))
    if width < 1:
        return vectors
    lexical = np.empty((len(texts), width), dtype=np.float32)
    lexical[order] = TruncatedSVD(width, random_state=seed).fit_transform(terms)
    return np.hstack([vectors, _LEXICAL_WEIGHT * lexical])


def leave_group_out(
    features: Vectors,
    targets: Floats,
    known: NDArray[np.bool_],
    groups: Rows,
    *,
    seed: int,
    progress: OnProgress | None = None,
) -> Floats:
    """Kernel ridge regression of `targets` [n, K], each row predicted without its own group.

    The Gaussian kernel exp(−½‖x − y‖²) is expanded into random Fourier features (Rahimi & Recht
    2007), so the fit is a linear one of fixed size. For the rows of one group with hat matrix H
    the residual of a model that never saw them is (I − H)⁻¹ times their residual (Cook & Weisberg
    1982, ch. 3): exact, without another fit. Rows that are not `known` are predicted only.
    """
    report = progress or (lambda _: None)
    model = _fit(features, targets, known, seed)
    predicted = np.empty(targets.shape)
    unknown = np.flatnonzero(~known)
    for start in range(0, len(unknown), _BLOCK):
        rows = unknown[start : start + _BLOCK]
        predicted[rows] = model.whiten(features[rows]) @ model.weights
    done = len(unknown)
    for rows in _equal_groups(np.flatnonzero(known), groups):
        flat = rows.ravel()
        whitened = model.whiten(features[flat])
        residual = targets[flat] - whitened @ model.weights
        shape = (*rows.shape, -1)
        unseen = _unseen(whitened.reshape(shape), residual.reshape(shape))
        predicted[flat] = targets[flat] - unseen.reshape(residual.shape)
        done += len(flat)
        report(Progress("flags", done, len(targets), "comparing labels"))
    return predicted


def neighbour_votes(
    targets: Floats, known: NDArray[np.bool_], groups: Rows, neighbours: Neighbours
) -> tuple[Floats, Floats]:
    """Mean target of the labelled neighbours from other groups, and how many of those there are.

    Returns [n, K] and [n, 1]. A neighbour counts as exp(10·(cosine − 1)): one at cosine 0.9
    about a third of a copy. Rows without such neighbours get zeros.
    """
    indices, cosines = neighbours
    weights = np.where(
        known[indices] & (groups[indices] != groups[:, None]),
        np.exp(_CLOSENESS * (cosines.astype(np.float64) - 1)),
        0.0,
    )
    voters = np.count_nonzero(weights, axis=1).astype(np.float64)[:, None]
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    votes = np.zeros(targets.shape)
    for rank in range(indices.shape[1]):
        votes += weights[:, rank, None] * targets[indices[:, rank]]
    return votes, voters


@dataclass(frozen=True, slots=True)
class _Ridge:
    """A fit in whitened coordinates, where the regularised covariance is the identity."""

    directions: Vectors
    whitening: Vectors
    weights: Floats

    def whiten(self, features: Vectors) -> Floats:
        """Random Fourier features of some rows, whitened: float64 [rows, 2 · frequencies]."""
        return (_fourier(features, self.directions) @ self.whitening).astype(np.float64)


def _fourier(features: Vectors, directions: Vectors) -> Vectors:
    angles = features @ directions
    waves = np.hstack([np.cos(angles), np.sin(angles)])
    waves /= np.float32(np.sqrt(directions.shape[1]))
    return waves


def _fit(features: Vectors, targets: Floats, known: NDArray[np.bool_], seed: int) -> _Ridge:
    shape = (features.shape[1], _FREQUENCIES)
    directions = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    directions *= np.float32(np.sqrt(2 * _GAMMA))
    covariance = _RIDGE * np.eye(2 * _FREQUENCIES)
    moments = np.zeros((2 * _FREQUENCIES, targets.shape[1]))
    rows = np.flatnonzero(known)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        waves = _fourier(features[block], directions)
        covariance += waves.T @ waves
        moments += waves.T @ targets[block].astype(np.float32)
    whitening = np.linalg.inv(np.linalg.cholesky(covariance)).T
    return _Ridge(directions, whitening.astype(np.float32), whitening.T @ moments)


def _unseen(whitened: Floats, residual: Floats) -> NDArray[np.floating]:
    """(I − UUᵀ)⁻¹ e for each of g groups of m rows: U is [g, m, f], e is [g, m, K].

    Groups larger than the feature space are solved there: (I − UUᵀ)⁻¹ = I + U(I − UᵀU)⁻¹Uᵀ.
    """
    across = whitened.transpose(0, 2, 1)
    if whitened.shape[1] <= whitened.shape[2]:
        return np.linalg.solve(np.eye(whitened.shape[1]) - whitened @ across, residual)
    inner = np.linalg.solve(np.eye(whitened.shape[2]) - across @ whitened, across @ residual)
    return residual + whitened @ inner


def _equal_groups(rows: Rows, groups: Rows) -> Iterator[Rows]:
    """Yield the rows as blocks [groups, size] of whole groups of equal size, each row once."""
    _, number, sizes = np.unique(groups[rows], return_inverse=True, return_counts=True)
    order = np.lexsort((number, sizes[number]))
    ordered = rows[order]
    start = 0
    for size, members in zip(*np.unique(sizes[number], return_counts=True), strict=True):
        same = ordered[start : start + members].reshape(-1, size)
        step = max(1, _BLOCK // int(size))
        yield from (same[top : top + step] for top in range(0, len(same), step))
        start += members


def _platt(scores: Floats, targets: Floats, known: NDArray[np.bool_]) -> Floats:
    """Scores through the logistic curve that fits the targets of the known rows best."""
    from sklearn.linear_model import LogisticRegression

    curve = LogisticRegression(C=1e3)
    curve.fit(scores[known].reshape(-1, 1), targets[known].ravel() > 0)
    flat = curve.predict_proba(scores.reshape(-1, 1))[:, 1]
    return np.asarray(flat, dtype=np.float64).reshape(scores.shape)
