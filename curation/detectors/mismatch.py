"""The answer to another question: it fits its own no better than other answers do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from curation.detectors.base import Detector, Evidence, Finding, Vectors
from curation.records import Task

_REFERENCES = 2000
_FEWEST_REFERENCES = 10
_CLEAR = 0.9


def find(evidence: Evidence) -> Iterator[Finding]:
    """Every answer that clearly fits its question no better than others do.

    The score is the mean of two ranks in [0, 1]: the share of other answers that are less similar
    to the question than its own, and of other questions less similar to the answer. It needs no
    scale: an answer drawn at random has a mean of 0.5, a fitting one is near 1. Below 0.9 counts
    as clear. Others are at most 2,000 evenly spaced rows, so the cost is linear. Fewer than ten
    others say nothing, and nothing is found.
    """
    questions, answers = evidence.question_vectors, evidence.answer_vectors
    if questions is None or answers is None:
        return
    rows = np.flatnonzero(evidence.examples["given"].is_not_null().to_numpy())
    others = np.arange(0, len(rows), max(1, -(-len(rows) // _REFERENCES)))
    if len(others) <= _FEWEST_REFERENCES:
        return
    questions, answers = questions[rows], answers[rows]
    among_answers = _ranks(questions, answers, others)
    among_questions = _ranks(answers, questions, others)
    scores = (among_answers + among_questions) / 2
    for at in np.flatnonzero(scores < _CLEAR).tolist():
        reason = (
            f"{1 - among_answers[at]:.0%} of the other answers fit this question better, "
            f"{1 - among_questions[at]:.0%} of the other questions fit this answer better."
        )
        yield Finding(int(rows[at]), float(scores[at]), reason)


def _ranks(own: Vectors, partners: Vectors, others: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of `others` whose partner is less similar to a row than its own, ties half; [n]."""
    ranks = np.empty(len(own))
    matched = np.einsum("ij,ij->i", own, partners)
    for start in range(0, len(own), 4096):
        rows = np.arange(start, min(start + 4096, len(own)))
        similarities = own[rows] @ partners[others].T
        mine = matched[rows, None]
        foreign = rows[:, None] != others
        close = np.isclose(similarities, mine, rtol=0, atol=1e-6)
        less = (similarities < mine) & ~close & foreign
        ranks[rows] = (less.sum(axis=1) + (close & foreign).sum(axis=1) / 2) / foreign.sum(axis=1)
    return ranks


DETECTOR = Detector(
    kind="mismatch",
    title="Answer to another question",
    ask="Does the answer belong to this question?",
    tasks=frozenset({Task.CHAT}),
    find=find,
)
