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
_SAME = 1 - 1e-5
Ranks = NDArray[np.float64]


def find(evidence: Evidence) -> Iterator[Finding]:
    """Every answer that clearly fits its question no better than others do.

    The score is the mean of two ranks in [0, 1]: the share of other answers that are less similar
    to the question than its own, and of other questions less similar to the answer. It needs no
    scale: an answer drawn at random has a mean of 0.5, a fitting one is near 1. Below 0.9 counts
    as clear. Others are at most 2,000 evenly spaced rows, so the cost is linear; those with the
    same question or answer are no others. Fewer than ten say nothing, and nothing is found.
    """
    questions, answers = evidence.question_vectors, evidence.answer_vectors
    if questions is None or answers is None:
        return
    rows = np.flatnonzero(evidence.examples["given"].is_not_null().to_numpy())
    others = np.arange(0, len(rows), max(1, -(-len(rows) // _REFERENCES)))
    among_answers, among_questions = _ranks(questions[rows], answers[rows], others)
    scores = (among_answers + among_questions) / 2
    for at in np.flatnonzero(scores < _CLEAR).tolist():  # NaN, without enough others, is not less
        reason = (
            f"{1 - among_answers[at]:.0%} of the other answers fit this question better, "
            f"{1 - among_questions[at]:.0%} of the other questions fit this answer better."
        )
        yield Finding(int(rows[at]), float(scores[at]), reason)


def _ranks(questions: Vectors, answers: Vectors, others: NDArray[np.int64]) -> tuple[Ranks, Ranks]:
    """Share of `others` whose answer, and whose question, is less similar to a row's own, [n] each.

    Ties count half. NaN where fewer than ten others have another question and another answer.
    """
    ranks = np.full((2, len(questions)), np.nan)
    matched = np.einsum("ij,ij->i", questions, answers)
    for start in range(0, len(questions), 4096):
        rows = np.arange(start, min(start + 4096, len(questions)))
        foreign = (questions[rows] @ questions[others].T < _SAME) & (
            answers[rows] @ answers[others].T < _SAME
        )
        enough = foreign.sum(axis=1) >= _FEWEST_REFERENCES
        mine = matched[rows, None]
        for side, (own, partners) in enumerate(((questions, answers), (answers, questions))):
            similarities = own[rows] @ partners[others].T
            close = np.isclose(similarities, mine, rtol=0, atol=1e-6)
            less = (similarities < mine) & ~close & foreign
            better = less.sum(axis=1) + (close & foreign).sum(axis=1) / 2
            ranks[side, rows[enough]] = better[enough] / foreign[enough].sum(axis=1)
    return ranks[0], ranks[1]


DETECTOR = Detector(
    kind="mismatch",
    title="Answer to another question",
    ask="Does the answer belong to this question?",
    tasks=frozenset({Task.CHAT}),
    find=find,
)
