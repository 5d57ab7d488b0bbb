"""How sure to be, and whom to believe: both from how well unseen labels are predicted.

How sure a view is, is chosen by likelihood, for which a confident mistake costs the most: among
wrong labels that keeps a view modest. How much a view counts is chosen by the Brier score (Brier
1950), which is bounded: the wrong labels that are looked for cannot dominate the choice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax, softmax

from curation.probabilities.types import Floats, Rows, Vectors

_LOG_POWERS = (-4.0, 5.0)
_FLOOR = 1e-9
_CALIBRATION_ROWS = 10_000


def brier(chances: Floats, labels: Rows) -> float:
    """Mean squared distance of probabilities [n, K] from the labels int [n], all ≥ 0."""
    own = chances[np.arange(len(labels)), labels]
    return float(np.mean((chances**2).sum(axis=1) - 2 * own + 1))


def power_of(scores: Vectors | Floats, labels: Rows) -> float:
    """The power for which softmax(power · scores) makes the labels likeliest.

    Temperature scaling (Guo et al. 2017). `scores` [n, K] are on the scale of logarithms, `labels`
    int [n] all ≥ 0.
    """
    scores = scores.astype(np.float64)
    rows = np.arange(len(labels))

    def surprise(log_power: float) -> float:
        return -float(log_softmax(np.exp(log_power) * scores, axis=1)[rows, labels].mean())

    return float(np.exp(minimize_scalar(surprise, bounds=_LOG_POWERS, method="bounded").x))


def logs(chances: Vectors) -> Vectors:
    """Logarithms that are never infinite."""
    return np.log(np.maximum(chances, np.float32(_FLOOR)))


def weights_of(views: Sequence[Vectors], labels: Rows) -> Floats:
    """How much each view should count, float64 [views], ≥ 0, sum 1: stacking (Wolpert 1992).

    Each view is probabilities [n, K] for labels int [n], all ≥ 0. Their weighted mean is judged
    after sharpening, because a mean of honest forecasts is less sure than it should be (Ranjan &
    Gneiting 2010): weights and power are fitted together.
    """
    stacked = np.stack(views).astype(np.float64)
    rows = np.arange(len(labels))

    def error(parameters: Floats) -> tuple[float, Floats]:
        weights, power = softmax(parameters[:-1]), np.exp(parameters[-1])
        mean = np.maximum(np.tensordot(weights, stacked, 1), _FLOOR)
        log_mean = np.log(mean)
        chances = softmax(power * log_mean, axis=1)
        off = chances.copy()
        off[rows, labels] -= 1
        # d error / d (power · log mean), by the derivative of softmax
        slope = 2 * chances * (off - (off * chances).sum(axis=1, keepdims=True)) / len(labels)
        by_weight = power * np.tensordot(stacked, slope / mean, 2)
        gradient = np.empty_like(parameters)
        gradient[:-1] = weights * (by_weight - weights @ by_weight)
        gradient[-1] = power * (slope * log_mean).sum()
        return float((off**2).sum(axis=1).mean()), gradient

    start = np.zeros(len(views) + 1)
    bounds = [(-6.0, 6.0)] * len(views) + [_LOG_POWERS]
    found = minimize(error, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(softmax(found.x[:-1]), dtype=np.float64)


def calibrate(chances: Floats, labels: Rows) -> Floats:
    """The same ranking of labels within each row, as sure as it is right: float64 [n, K].

    All probabilities are raised to one power, see `power_of`. Rows labelled −1 are not learnt from.
    """
    known = np.flatnonzero(labels >= 0)
    known = known[:: max(1, -(-len(known) // _CALIBRATION_ROWS))]
    logarithms = np.log(chances)
    power = power_of(logarithms[known], labels[known])
    return np.asarray(softmax(power * logarithms, axis=1), dtype=np.float64)
