"""The view on the whole text: kernel ridge regression without folds.

The prediction of a model trained without a group of near-duplicates follows exactly from the one
trained on everything. Time and memory grow linearly with the number of examples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import strmm
from scipy.linalg.lapack import dtrtri

from curation.probabilities.types import Floats, Rows, Vectors

_FREQUENCIES = 1000
_TRIAL_FREQUENCIES = 500
_TRIAL_ROWS = 4000
_BLOCK = 4096
_WORDINGS = (0.0, 0.5, 1.0)
_GAMMAS = (0.03, 0.1, 0.3)
_PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)


@dataclass(frozen=True, slots=True)
class Shape:
    """What has to be chosen: how much the wording counts beside the meaning (a factor on its
    axes), the width of the kernel exp(−gamma‖x − y‖²) and the penalty on large weights.
    """

    wording: float = 0.5
    gamma: float = 0.1
    penalty: float = 0.3


def join(vectors: Vectors, axes: Vectors, shape: Shape) -> Vectors:
    """Meaning beside wording, float32 [n, d + axes]."""
    if not shape.wording or not axes.shape[1]:
        return vectors
    return np.hstack([vectors, np.float32(shape.wording) * axes])


def choose_shape(
    vectors: Vectors, axes: Vectors, targets: Vectors, rows: Rows, *, seed: int
) -> Shape:
    """The shape whose leave-one-out predictions of `targets` have the least squared error.

    The sum of squares (PRESS, Allen 1974) is exact and needs one fit a shape. The wording is chosen
    first, the width of the kernel next, the penalty with each. Compared on at most 4,000 of `rows`,
    evenly spaced, which should hold no two near-duplicates: they would tell each other's label.
    """
    rows = rows[:: max(1, -(-len(rows) // _TRIAL_ROWS))]

    def best(shapes: Iterable[Shape]) -> Shape:
        errors: dict[Shape, float] = {}
        for shape in shapes:
            features = join(vectors[rows], axes[rows], shape)
            directions = _directions(features.shape[1], shape.gamma, _TRIAL_FREQUENCIES, seed)
            for penalty, error in _squared_errors(_waves(features, directions), targets[rows]):
                errors[replace(shape, penalty=penalty)] = error
        return min(errors, key=errors.__getitem__)

    shape = best(Shape(wording=wording) for wording in (_WORDINGS if axes.shape[1] else (0.0,)))
    return best(replace(shape, gamma=gamma) for gamma in _GAMMAS)


def leave_group_out(
    features: Vectors,
    targets: Vectors,
    known: NDArray[np.bool_],
    groups: Rows,
    shape: Shape,
    *,
    seed: int,
    progress: Callable[[int], None] = lambda _: None,
) -> Vectors:
    """Regression of `targets` [n, K], each row predicted without its own group: float32 [n, K].

    The Gaussian kernel is expanded into random Fourier features (Rahimi & Recht 2007), so the fit
    is a linear one of fixed size. For the rows of one group with hat matrix H the residual of a
    model that never saw them is (I − H)⁻¹ times their residual (Cook & Weisberg 1982, ch. 3):
    exact, without another fit. Rows that are not `known` are predicted only. `progress` hears how
    many rows are done.
    """
    model = _fit(features, targets, known, shape, seed)
    predicted = np.empty(targets.shape, dtype=np.float32)
    unknown = np.flatnonzero(~known)
    for start in range(0, len(unknown), _BLOCK):
        rows = unknown[start : start + _BLOCK]
        predicted[rows] = model.whiten(features[rows]) @ model.weights
    done = len(unknown)
    for rows in _equal_groups(np.flatnonzero(known), groups):
        flat = rows.ravel()
        whitened = model.whiten(features[flat])
        residual = targets[flat] - whitened @ model.weights
        grouped = (*rows.shape, -1)
        if rows.shape[1] == 1:
            leverage = np.einsum("ij,ij->i", whitened, whitened)
            unseen = residual / (1 - leverage)[:, None]
        else:
            unseen = _unseen(
                whitened.reshape(grouped).astype(np.float64), residual.reshape(grouped)
            )
        predicted[flat] = targets[flat] - unseen.reshape(residual.shape)
        done += len(flat)
        progress(done)
    return predicted


@dataclass(frozen=True, slots=True)
class _Ridge:
    """A fit in whitened coordinates, where the regularised covariance is the identity."""

    directions: Vectors
    whitening: Vectors
    weights: Vectors

    def whiten(self, features: Vectors) -> Vectors:
        """Random Fourier features of some rows, whitened: float32 [rows, 2 · frequencies]."""
        waves = _waves(features, self.directions)
        # Half of the whitening matrix is zero: the product of a triangle costs half as much.
        return np.asarray(strmm(1.0, self.whitening, waves.T, side=0, lower=1, overwrite_b=1)).T


def _directions(width: int, gamma: float, frequencies: int, seed: int) -> Vectors:
    drawn = np.random.default_rng(seed).standard_normal((width, frequencies), dtype=np.float32)
    return drawn * np.float32(np.sqrt(2 * gamma))


def _waves(features: Vectors, directions: Vectors) -> Vectors:
    angles = features @ directions
    waves = np.empty((len(features), 2 * directions.shape[1]), dtype=np.float32)
    np.cos(angles, out=waves[:, : directions.shape[1]])
    np.sin(angles, out=waves[:, directions.shape[1] :])
    waves /= np.float32(np.sqrt(directions.shape[1]))
    return waves


def _fit(
    features: Vectors, targets: Vectors, known: NDArray[np.bool_], shape: Shape, seed: int
) -> _Ridge:
    directions = _directions(features.shape[1], shape.gamma, _FREQUENCIES, seed)
    covariance = shape.penalty * np.eye(2 * _FREQUENCIES)
    moments = np.zeros((2 * _FREQUENCIES, targets.shape[1]))
    rows = np.flatnonzero(known)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        waves = _waves(features[block], directions)
        covariance += waves.T @ waves
        moments += waves.T @ targets[block]
    whitening = dtrtri(np.linalg.cholesky(covariance), lower=1)[0]
    weights = (whitening @ moments).astype(np.float32)
    return _Ridge(directions, np.asfortranarray(whitening, dtype=np.float32), weights)


def _squared_errors(waves: Vectors, targets: Vectors) -> Iterator[tuple[float, float]]:
    """(penalty, mean squared leave-one-out error): one decomposition serves all penalties."""
    if len(waves) < waves.shape[1]:
        values, axes = np.linalg.eigh((waves @ waves.T).astype(np.float64))
        rotated = (axes * np.sqrt(np.maximum(values, 0))).astype(np.float32)
    else:
        values, axes = np.linalg.eigh((waves.T @ waves).astype(np.float64))
        rotated = waves @ axes.astype(np.float32)
    moments = rotated.T @ targets
    squares = rotated**2
    for penalty in _PENALTIES:
        weights = (1 / (np.maximum(values, 0) + penalty)).astype(np.float32)
        residual = targets - rotated @ (moments * weights[:, None])
        residual /= (1 - squares @ weights)[:, None]
        yield penalty, float(np.mean(residual.astype(np.float64) ** 2))


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
