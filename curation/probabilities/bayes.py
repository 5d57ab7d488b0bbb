"""The view on the words: naive Bayes, each example judged without its own group.

A model of counts forgets a group by subtracting what the group had added, so no folds are needed
here either. It also knows which words speak for a label, which is what people understand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import softmax

from curation.probabilities.mixture import brier, power_of
from curation.probabilities.types import Floats, Rows, Vectors

_SMOOTHINGS = (0.01, 0.03, 0.1, 0.3, 1.0)
_TRIAL_ROWS = 4000
_FEWEST_USES = 2
_TELLING = np.log(3)


@dataclass(frozen=True)
class Bayes:
    """Multinomial naive Bayes over the terms of the labelled rows (Rennie et al. 2003 for the
    smoothing by background frequency).

    `counts` float64 [K, V] says in how many rows of a label a term occurs, `prior` [V] is the
    weight that smoothing adds to each, `rows` [K] how many rows a label has.
    """

    counts: Floats
    prior: Floats
    rows: Floats

    @property
    def smoothed(self) -> Floats:
        """Log of the weight of each term in each label, [K, V]."""
        return np.asarray(np.log(self.counts + self.prior))

    @property
    def totals(self) -> Floats:
        """Weight of all terms of each label, [K]."""
        return np.asarray(self.counts.sum(axis=1) + self.prior.sum())


def leave_group_out(terms: csr_array, labels: Rows, groups: Rows, trial_rows: Rows) -> Vectors:
    """Log-scores float32 [n, K] of every label, each row judged without the labels of its group.

    `terms` [n, V] is 0 or 1; labels −1 teach nothing. The amount of smoothing is the one whose
    probabilities, once sharpened, have the least Brier score on at most 4,000 of `trial_rows`.
    """
    trial = trial_rows[:: max(1, -(-len(trial_rows) // _TRIAL_ROWS))]
    known = trial[labels[trial] >= 0]

    def error(smoothing: float) -> float:
        scores = _scores(terms, labels, groups, fit(terms, labels, smoothing), known)
        chances = softmax(power_of(scores, labels[known]) * scores, axis=1)
        return brier(np.asarray(chances, dtype=np.float64), labels[known])

    best = min(_SMOOTHINGS, key=error) if len(known) else _SMOOTHINGS[0]
    return _scores(terms, labels, groups, fit(terms, labels, best), np.arange(len(labels)))


def fit(terms: csr_array, labels: Rows, smoothing: float = 0.1) -> Bayes:
    """Count the terms of each label 0 … K−1."""
    members = _by_label(labels)
    counts = (members @ terms).toarray().astype(np.float64)
    background = counts.sum(axis=0) + 1
    prior = smoothing * terms.shape[1] * background / background.sum()
    return Bayes(counts, prior, np.asarray(members.sum(axis=1), dtype=np.float64))


def telling_terms(
    terms: csr_array,
    names: NDArray[np.object_],
    labels: Rows,
    suggested: Rows,
    rows: Rows,
    most: int = 2,
) -> list[list[str]]:
    """For each of `rows`, up to `most` of its terms that speak for the suggested label, best first.

    A term speaks for it where its share among the other rows of the suggested label is three times
    that among those of the given one, and at least two of the former have it. Rows whose
    suggested label is the given one, or without any such term, have an empty list.
    """
    model = fit(terms, labels)
    logs, totals = model.smoothed, np.log(model.totals)
    found: list[list[str]] = []
    for row in rows.tolist():
        given, best = int(labels[row]), int(suggested[row])
        mine = terms.indices[terms.indptr[row] : terms.indptr[row + 1]]
        if given < 0 or given == best or not len(mine):
            found.append([])
            continue
        without = np.log(np.maximum(model.counts[given, mine] - 1, 0) + model.prior[mine])
        weight = logs[best, mine] - totals[best] - (without - totals[given])
        weight[model.counts[best, mine] < _FEWEST_USES] = -np.inf
        order = np.argsort(-weight, kind="stable")
        words = [str(names[mine[at]]) for at in order if weight[at] >= _TELLING]
        found.append(_without_parts(filter(_says_something, words))[:most])
    return found


def _says_something(term: str) -> bool:
    """True for what is more than numbers and words like "and"."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return not all(word.isnumeric() or word in ENGLISH_STOP_WORDS for word in term.split())


def _without_parts(words: Iterable[str]) -> list[str]:
    """The words that are no part of a pair before them, nor a pair around a word before them."""
    kept: list[str] = []
    for word in words:
        if not any(set(word.split()) & set(other.split()) for other in kept):
            kept.append(word)
    return kept


def _by_label(labels: Rows) -> csr_array:
    """Which rows have each label, [K, n]."""
    known = np.flatnonzero(labels >= 0)
    shape = (int(labels.max(initial=-1)) + 1, len(labels))
    ones = np.ones(len(known), dtype=np.float32)
    return csr_array((ones, (labels[known], known)), shape=shape)


def _scores(terms: csr_array, labels: Rows, groups: Rows, model: Bayes, rows: Rows) -> Vectors:
    """Log-scores float32 [len(rows), K], corrected for what each row's own group had added."""
    mine = csr_array(terms[rows])
    lengths = np.asarray(mine.sum(axis=1))
    logs, totals = model.smoothed, model.totals
    scores = np.asarray(mine @ logs.T.astype(np.float32), dtype=np.float32)
    scores -= lengths[:, None] * np.log(totals).astype(np.float32)
    scores += np.log(model.rows + 1).astype(np.float32)
    added, label_of, members, pairs = _own_groups(terms, labels, groups, rows)
    at, which = pairs[:, 0], pairs[:, 1]
    label = label_of[which]
    shared = mine[at].multiply(added[which]).tocoo()
    term, of = shared.col, shared.row
    before = logs[label[of], term]
    after = np.log(model.counts[label[of], term] - shared.data + model.prior[term])
    change = np.bincount(of, after - before, minlength=len(pairs))
    weight = np.asarray(added.sum(axis=1))[which]
    change -= lengths[at] * (np.log(totals[label] - weight) - np.log(totals[label]))
    change += np.log(model.rows[label] - members[which] + 1) - np.log(model.rows[label] + 1)
    scores[at, label] += change.astype(np.float32)
    return scores


def _own_groups(
    terms: csr_array, labels: Rows, groups: Rows, rows: Rows
) -> tuple[csr_array, Rows, Rows, Rows]:
    """What each group of examples has added to each label, and which rows must not hear it.

    Returns terms added [m, V], the label [m] and the number of examples [m] of every group and
    label, and pairs [p, 2] of a position in `rows` and the number of such an addition.
    """
    known = np.flatnonzero(labels >= 0)
    parts, number, members = np.unique(
        np.column_stack([groups[known], labels[known]]),
        axis=0,
        return_inverse=True,
        return_counts=True,
    )
    ones = np.ones(len(known), dtype=np.float32)
    within = csr_array((ones, (number.ravel(), known)), shape=(len(parts), terms.shape[0]))
    first = np.searchsorted(parts[:, 0], groups[rows], side="left")
    last = np.searchsorted(parts[:, 0], groups[rows], side="right")
    counts = last - first
    position = np.repeat(np.arange(len(rows)), counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    pairs = np.column_stack([position, np.repeat(first, counts) + offset])
    return csr_array(within @ terms), parts[:, 1], members, pairs
