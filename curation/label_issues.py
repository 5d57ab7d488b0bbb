"""Doubtful labels: a score, a suggestion and a reason in words for every example.

Probabilities come from `curation.probabilities`; what they say of the given labels is judged by
cleanlab (Northcutt et al., "Confident Learning", JAIR 2021; of several labels, Thyagarajan et al.,
"Identifying Incorrect Annotations in Multi-Label Classification Data", 2023).

Errors that follow a rule (all of one kind labelled wrong in the same way) look consistent and are
invisible here (see `curation.slices`), and the number of flagged examples is not an error rate:
only an audit gives one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curation import label_map
from curation.detectors.base import FLAG_SCHEMA
from curation.errors import WrongUse
from curation.label_reasons import reasons, set_reasons
from curation.probabilities import (
    Floats,
    Neighbours,
    OnProgress,
    Rows,
    Vectors,
    calibrate,
    groups_per_label,
    out_of_sample_multilabel,
    out_of_sample_probabilities,
)
from curation.probabilities.bayes import telling_terms
from curation.probabilities.wording import Wording
from curation.records import Task, decode_output, encode_output

_DIGITS = 6
"""Scores are rounded: further digits differ between machines and would mean nothing."""
_NO_EVIDENCE = 0.5


@dataclass(frozen=True)
class LabelIssues:
    """One `label` row of FLAG_SCHEMA per example, in the order given; the labels that overlap
    (label_map.OVERLAP_SCHEMA); how far each label can be trusted (label_map.QUALITY_SCHEMA).
    """

    flags: pl.DataFrame
    overlaps: pl.DataFrame
    quality: pl.DataFrame


def label_issues(
    examples: pl.DataFrame,
    vectors: Vectors,
    groups: Rows,
    neighbours: Neighbours,
    *,
    seed: int,
    method: str = "normalized_margin",
    progress: OnProgress | None = None,
) -> LabelIssues:
    """What is doubtful about the labels of a single-label dataset.

    `examples` has `example_id, text, given` (null: no label) and perhaps `verified` (Boolean): a
    label that a person has vouched for teaches the model and is never flagged. `vectors` float32
    [n, d] of length one, `groups` int [n] of copies, `neighbours` as
    `similarity.nearest_neighbours`.

    `score` is cleanlab's score of the out-of-sample probabilities by `method`
    (`normalized_margin`, `self_confidence` or `confidence_weighted_entropy`); `confidence` and
    `given_confidence` are calibrated probabilities of the suggested and the given label. `flagged`
    are the lowest scores, as many as confident learning counts errors: of cleanlab's filters the
    one with the best F1 on planted errors. A label that no other group of copies has cannot be
    judged: it gets 0.5 and no flag. Unlabelled examples get a suggestion only. Where nothing can
    be said of any label every score is null and the reason says why.
    """
    names, labels = _encode(examples["given"])
    texts = examples["text"].to_list()
    try:
        forecast = out_of_sample_probabilities(
            texts, vectors, labels, groups, neighbours, seed=seed, progress=progress
        )
    except WrongUse as error:
        return _nothing_to_say(examples, error)
    confidences = calibrate(forecast.chances, labels)
    verified = _verified(examples)
    alone = (labels >= 0) & (groups_per_label(labels, groups) < 2)[labels]
    scores, flagged = _judge(labels, forecast.chances, confidences, alone, verified, method)
    best = confidences.argmax(axis=1)
    every = np.arange(len(labels))
    own = np.where(labels >= 0, confidences[every, labels], np.nan)
    words = _words(forecast.wording, labels, best)
    flags = _frame(
        examples,
        scores,
        [names[position] for position in best],
        confidences[every, best],
        own,
        flagged,
        list(reasons(names, labels, confidences, groups, neighbours, words, verified, alone)),
    )
    return LabelIssues(
        flags,
        label_map.overlapping_labels(names, labels, confidences),
        label_map.label_quality(names, labels, confidences),
    )


def multilabel_issues(
    examples: pl.DataFrame,
    vectors: Vectors,
    groups: Rows,
    neighbours: Neighbours,
    *,
    seed: int,
    method: str = "self_confidence",
    progress: OnProgress | None = None,
) -> LabelIssues:
    """What is doubtful about the labels of a multi-label dataset, as `label_issues`.

    `given` is a JSON list of labels, `suggested` the list of those with probability ≥ 0.5;
    `confidence` is the probability of the least certain label in it, `given_confidence` that of
    the least likely label, given or left out. The score of an example is the least of cleanlab's
    scores of its labels, which ranks planted errors far better than its moving average over them.
    Flagged: some label is, by confident learning on it against the rest, missing or too much.
    """
    names, targets, known = _encode_sets(examples["given"])
    try:
        forecast = out_of_sample_multilabel(
            examples["text"].to_list(),
            vectors,
            targets,
            known,
            groups,
            neighbours,
            seed=seed,
            progress=progress,
        )
    except WrongUse as error:
        return _nothing_to_say(examples, error)
    chances, verified = forecast.chances, _verified(examples)
    likely = np.where(known, np.where(targets > 0, chances, 1 - chances).min(axis=1), np.nan)
    scores, doubtful = _judge_sets(targets, known, chances, method)
    flagged = doubtful.any(axis=1) & (likely < 0.5) & ~verified
    flags = _frame(
        examples,
        scores,
        [
            encode_output(Task.MULTI_LABEL, [names[k] for k in np.flatnonzero(row >= 0.5)])
            for row in chances
        ],
        np.maximum(chances, 1 - chances).min(axis=1),
        likely,
        flagged,
        list(set_reasons(names, targets, known, chances, neighbours, groups, verified)),
    )
    doubtful[verified] = False
    quality = label_map.multilabel_quality(names, targets[known], doubtful[known])
    return LabelIssues(flags, pl.DataFrame(schema=label_map.OVERLAP_SCHEMA), quality)


def _encode(given: pl.Series) -> tuple[list[str], Rows]:
    """Label names in order, and their numbers int64 [n], −1 for none."""
    names = sorted(given.drop_nulls().unique())
    number = {name: position for position, name in enumerate(names)}
    return names, np.array([number.get(label, -1) for label in given], dtype=np.int64)


def _encode_sets(given: pl.Series) -> tuple[list[str], Floats, NDArray[np.bool_]]:
    """Label names in order, which of them apply as 0/1 float64 [n, K], and rows with a list."""
    sets = [decode_output(Task.MULTI_LABEL, labels) for labels in given]
    names = sorted({label for labels in sets for label in labels or ()})
    number = {name: position for position, name in enumerate(names)}
    targets = np.zeros((len(sets), len(names)))
    for row, labels in enumerate(sets):
        targets[row, [number[label] for label in labels or ()]] = 1
    return names, targets, np.array([labels is not None for labels in sets], dtype=np.bool_)


def _verified(examples: pl.DataFrame) -> NDArray[np.bool_]:
    if "verified" not in examples.columns:
        return np.zeros(examples.height, dtype=np.bool_)
    return examples["verified"].fill_null(value=False).to_numpy()


def _judge(
    labels: Rows,
    chances: Floats,
    confidences: Floats,
    alone: NDArray[np.bool_],
    verified: NDArray[np.bool_],
    method: str,
) -> tuple[Floats, NDArray[np.bool_]]:
    """Scores float64 [n] (NaN without a label) and flags bool [n].

    The score is taken before calibration, which shifts counts but spoils the ranking.
    """
    from cleanlab.count import num_label_issues
    from cleanlab.rank import get_label_quality_scores

    scores = np.full(len(labels), np.nan)
    known = labels >= 0
    scores[known] = get_label_quality_scores(labels[known], chances[known], method=method)
    scores[alone] = _NO_EVIDENCE
    judged = np.flatnonzero(known & ~alone)
    errors = num_label_issues(labels[judged], confidences[judged])
    flagged = np.zeros(len(labels), dtype=np.bool_)
    flagged[judged[np.argsort(scores[judged], kind="stable")[:errors]]] = True
    return scores, flagged & (confidences.argmax(axis=1) != labels) & ~verified


def _judge_sets(
    targets: Floats, known: NDArray[np.bool_], chances: Floats, method: str
) -> tuple[Floats, NDArray[np.bool_]]:
    """Scores float64 [n] (NaN without labels) and which labels are in doubt, bool [n, K].

    A label that all or none have cannot be doubted.
    """
    from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class
    from cleanlab.multilabel_classification.rank import get_label_quality_scores

    given = targets[known]
    applies = given.sum(axis=0)
    judged = np.flatnonzero((applies >= 2) & (applies <= len(given) - 2))
    scores = np.full(len(targets), np.nan)
    doubtful = np.zeros(targets.shape, dtype=np.bool_)
    asked, shown = given[:, judged], np.ascontiguousarray(chances[known][:, judged])
    if (
        len(judged) == 1
    ):  # cleanlab wants two labels or more: the other one is not to have the first
        asked, shown = np.hstack([asked, 1 - asked]), np.hstack([shown, 1 - shown])
    lists = [np.flatnonzero(row).tolist() for row in asked]
    scores[known] = get_label_quality_scores(
        lists, shown, method=method, aggregator_kwargs={"method": np.min}
    )
    found = find_multilabel_issues_per_class(lists, shown, filter_by="confident_learning", n_jobs=1)
    doubtful[np.ix_(known, judged)] = np.asarray(found).reshape(shown.shape)[:, : len(judged)]
    return scores, doubtful


def _words(wording: Wording, labels: Rows, best: Rows) -> dict[int, list[str]]:
    """Telling terms of the rows whose label is not the expected one."""
    rows = np.flatnonzero((labels >= 0) & (labels != best))
    found = telling_terms(wording.terms, wording.names, labels, best, rows)
    return dict(zip(rows.tolist(), found, strict=True))


def _nothing_to_say(examples: pl.DataFrame, error: WrongUse) -> LabelIssues:
    nothing = np.full(examples.height, np.nan)
    why = [f"{'No label given. ' if given is None else ''}{error}" for given in examples["given"]]
    flagged = np.zeros(examples.height, dtype=np.bool_)
    unknown: list[str | None] = [None] * examples.height
    return LabelIssues(
        _frame(examples, nothing, unknown, nothing, nothing, flagged, why),
        pl.DataFrame(schema=label_map.OVERLAP_SCHEMA),
        pl.DataFrame(schema=label_map.QUALITY_SCHEMA),
    )


def _frame(
    examples: pl.DataFrame,
    scores: Floats,
    suggested: Sequence[str | None],
    confidence: Floats,
    given_confidence: Floats,
    flagged: NDArray[np.bool_],
    why: Sequence[str],
) -> pl.DataFrame:
    """The result in FLAG_SCHEMA; NaN becomes null."""
    numbers = pl.col("score", "confidence", "given_confidence")
    return pl.DataFrame(
        {
            "example_id": examples["example_id"],
            "kind": ["label"] * examples.height,
            "score": scores,
            "suggested": suggested,
            "confidence": confidence,
            "given_confidence": given_confidence,
            "flagged": flagged,
            "reason": why,
        },
        schema=FLAG_SCHEMA,
    ).with_columns(numbers.round(_DIGITS).fill_nan(None))
