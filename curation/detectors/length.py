"""An answer far shorter or longer than the others are for a question of that length."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curation.detectors.base import Detector, Evidence, Finding
from curation.detectors.text import SPACELESS, exchanges
from curation.records import Task

Floats = NDArray[np.float64]

_FEWEST_ANSWERS = 50
_CLEAR = 5.0
_NARROWEST = np.log(1.4)
_RARE = 0.05
_TO_SIGMA = 1.4826  # of a normal distribution, from its median absolute deviation
_PATTERN = rf"[{SPACELESS}]|[^\W{SPACELESS}]+"


def find(evidence: Evidence) -> Iterator[Finding]:
    """Every answer whose length stands out by five robust standard deviations.

    What is expected grows with the question: a line through log lengths, its slope the median of
    the slopes over n/2 pairs (Theil 1950, the incomplete method; linear in time). What is left is
    measured in median absolute deviations, above and below the median each on its own scale
    (Iglewicz and Hoaglin 1993), which is taken to be at least a factor of 1.4. Nothing is said
    where fewer than 50 answers can be compared; nor of a side on which more than 5 % stand out,
    since such a dataset simply has answers of two kinds.
    """
    rows, questions, answers = _lengths(evidence)
    if len(rows) < _FEWEST_ANSWERS:
        return
    logs = np.log1p(answers)
    expected = _line(np.log1p(questions), logs)
    deviations = _deviations(logs - expected)
    usual = np.quantile(answers, [0.25, 0.75]).round().astype(int)
    for side in (deviations > _CLEAR, deviations < -_CLEAR):
        if side.mean() > _RARE:
            continue
        for at in np.flatnonzero(side).tolist():
            reason = (
                f"{_counted(answers[at])}; half of all answers have {usual[0]} to {usual[1]}, and "
                f"{max(round(float(np.expm1(expected[at]))), 1)} would be usual for a question of "
                f"{_counted(questions[at])}."
            )
            yield Finding(int(rows[at]), float(0.5 * _CLEAR / abs(deviations[at])), reason)


def _counted(number: float) -> str:
    return f"{int(number):,} word" + ("" if number == 1 else "s")


def _lengths(evidence: Evidence) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Rows that have an answer in words, and the words of their questions and answers, each [n]."""
    schema = {"row": pl.Int64, "question": pl.String, "answer": pl.String}
    frame = pl.DataFrame(list(exchanges(evidence)), schema=schema, orient="row")
    counted = frame.select("row", pl.col("question", "answer").str.count_matches(_PATTERN))
    counted = counted.filter(pl.col("answer") > 0)
    columns = (counted[name].to_numpy() for name in ("question", "answer"))
    questions, answers = (column.astype(np.float64) for column in columns)
    return counted["row"].to_numpy(), questions, answers


def _line(x: Floats, y: Floats) -> Floats:
    """The value expected at each x, along the line of Theil's incomplete method; [n]."""
    order = np.argsort(x, kind="stable")
    half = len(x) // 2
    low, high = order[:half], order[-half:]
    runs = x[high] - x[low]
    apart = runs > 0
    slope = float(np.median((y[high] - y[low])[apart] / runs[apart])) if apart.any() else 0.0
    slope = max(slope, 0.0)  # a longer question never makes a short answer too long
    expected: Floats = slope * x + np.median(y - slope * x)
    return expected


def _deviations(residuals: Floats) -> Floats:
    """Residuals in robust standard deviations of their own side of the median; [n]."""
    scaled = np.zeros_like(residuals)
    for side in (residuals >= 0, residuals <= 0):
        if side.any():
            scale = max(_TO_SIGMA * float(np.median(np.abs(residuals[side]))), _NARROWEST)
            scaled[side] = residuals[side] / scale
    return scaled


DETECTOR = Detector(
    kind="length",
    title="Unusual length",
    ask="Is the answer cut short, padded, or fine as it is?",
    tasks=frozenset({Task.CHAT}),
    find=find,
)
