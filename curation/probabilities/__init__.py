"""What the labels of the other examples say about each one: out-of-sample probabilities.

Three views are mixed: kernel ridge regression sees the whole text, meaning and wording; naive
Bayes sees the single words; the nearest neighbours see what lies close by, which is what counts
when a label covers many unlike things. No member of a group of near-duplicates ever speaks for
another one: a wrong label that was copied must not vouch for itself. Nothing is set by hand that
the data can tell: what the views look at and how much each of them counts is chosen by how well it
predicts the given labels of examples that it has not seen.

Time and memory grow linearly with the number of examples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from curation.errors import WrongUse
from curation.probabilities import bayes, ridge
from curation.probabilities.mixture import calibrate, logs, power_of, weights_of
from curation.probabilities.types import Floats, Neighbours, Rows, Vectors
from curation.probabilities.votes import neighbour_votes
from curation.probabilities.wording import Wording, read_wording
from curation.records import Progress

__all__ = [
    "Floats",
    "Forecast",
    "Neighbours",
    "OnProgress",
    "Rows",
    "Vectors",
    "calibrate",
    "groups_per_label",
    "out_of_sample_multilabel",
    "out_of_sample_probabilities",
]

OnProgress = Callable[[Progress], None]

_MOST_CELLS = 250_000_000
_STACKING_ROWS = 15_000


@dataclass(frozen=True)
class Forecast:
    """P(label | example) float64 [n, K] and what it came from."""

    chances: Floats
    wording: Wording


def out_of_sample_probabilities(
    texts: Sequence[str],
    vectors: Vectors,
    labels: Rows,
    groups: Rows,
    neighbours: Neighbours,
    *,
    seed: int,
    progress: OnProgress | None = None,
) -> Forecast:
    """P(label | example), rows that sum to 1, for labels 0 … K−1.

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
    targets = np.zeros((len(labels), len(spread)), dtype=np.float32)
    targets[known, labels[known]] = 1
    wording = read_wording(texts, seed)
    trial = _one_a_group(texts, groups, known)
    scores = _regression(vectors, wording, targets, known, groups, trial, seed, progress)
    votes, voters = neighbour_votes(targets, known, groups, neighbours)
    votes *= voters
    votes += 1 / len(spread)
    votes /= voters + 1
    sample = trial[:: max(1, -(-len(trial) // _STACKING_ROWS))]
    views = [
        _sharpened(logs(np.maximum(scores, np.float32(1e-6))), labels, sample),
        votes,
    ]
    if wording.terms.shape[1]:
        words = bayes.leave_group_out(wording.terms, labels, groups, trial)
        views.append(_sharpened(words, labels, sample))
    weights = weights_of([view[sample] for view in views], labels[sample])
    chances = np.zeros(targets.shape)
    for weight, view in zip(weights, views, strict=True):
        chances += weight * view
    chances = np.maximum(chances, 1e-9)
    chances /= chances.sum(axis=1, keepdims=True)
    return Forecast(chances, wording)


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
) -> Forecast:
    """P(label k applies | example), each in [0, 1]: one question per label.

    `targets` [n, K] is 1 where a label is given; rows that are not `known` have no labels yet.
    Regression and neighbours are weighed and turned into probabilities by one logistic curve for
    all labels (Platt 1999), fitted on out-of-sample scores. Raises WrongUse unless some label both
    applies and does not apply to two examples or more.
    """
    applies = targets[known].sum(axis=0)
    if not np.any((applies >= 2) & (known.sum() - applies >= 2)):
        raise WrongUse(
            "Doubtful labels cannot be told: no label both applies to two examples and is "
            "missing from two.",
            "Label more examples, so that there is something to compare with.",
        )
    _check_size(*targets.shape)
    truth = targets.astype(np.float32)
    wording = read_wording(texts, seed)
    trial = _one_a_group(texts, groups, known)
    scores = _regression(vectors, wording, truth, known, groups, trial, seed, progress)
    votes, voters = neighbour_votes(truth, known, groups, neighbours)
    votes *= voters
    votes += (applies / known.sum()).astype(np.float32)
    votes /= voters + 1
    sample = trial[:: max(1, -(-len(trial) // _STACKING_ROWS))]
    return Forecast(_platt(scores, votes, targets, sample), wording)


def groups_per_label(labels: Rows, groups: Rows) -> Rows:
    """In how many groups each label 0 … K−1 occurs, int64 [K]; −1 is no label."""
    pairs = np.unique(np.column_stack([labels, groups]), axis=0)
    return np.bincount(pairs[pairs[:, 0] >= 0, 0])


def _check_size(examples: int, labels: int) -> None:
    if examples * labels > _MOST_CELLS:
        raise WrongUse(
            f"Doubtful labels cannot be told: {labels:,} different labels are too many for "
            f"{examples:,} examples.",
            "Check that the label column holds labels and not free text.",
        )


def _one_a_group(texts: Sequence[str], groups: Rows, known: NDArray[np.bool_]) -> Rows:
    """One labelled row of each group, int64, in the order of the texts: the same ones in whatever
    order the rows come.
    """
    order = np.argsort(np.asarray(texts, dtype=object), kind="stable")
    order = order[known[order]]
    first = np.unique(groups[order], return_index=True)[1]
    return order[np.sort(first)]


def _regression(
    vectors: Vectors,
    wording: Wording,
    targets: Vectors,
    known: NDArray[np.bool_],
    groups: Rows,
    trial: Rows,
    seed: int,
    progress: OnProgress | None,
) -> Vectors:
    def report(done: int) -> None:
        if progress is not None:
            progress(Progress("flags", done, len(targets), "comparing labels"))

    shape = ridge.choose_shape(vectors, wording.axes, targets, trial, seed=seed)
    features = ridge.join(vectors, wording.axes, shape)
    return ridge.leave_group_out(
        features, targets, known, groups, shape, seed=seed, progress=report
    )


def _sharpened(scores: Vectors, labels: Rows, sample: Rows) -> Vectors:
    """softmax(power · scores) float32 [n, K], with the power that suits the sample best."""
    scores *= np.float32(power_of(scores[sample], labels[sample]))
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return scores


def _platt(scores: Vectors, votes: Vectors, targets: Floats, sample: Rows) -> Floats:
    """Both views through the logistic curve that fits the targets of the sample best."""
    from sklearn.linear_model import LogisticRegression

    curve = LogisticRegression(C=1e3)
    both = np.column_stack([scores[sample].ravel(), votes[sample].ravel()])
    curve.fit(both, targets[sample].ravel() > 0)
    first, second = curve.coef_[0]
    return np.asarray(
        expit(curve.intercept_[0] + first * scores + second * votes), dtype=np.float64
    )
