"""Doubtful labels: a score, a suggestion and a reason in words for every example.

Probabilities come from `curation.probabilities`; what they say of the given labels is judged by
cleanlab (Northcutt et al., "Confident Learning", JAIR 2021).

Errors that follow a rule (all of one kind labelled wrong in the same way) look consistent and are
invisible here, and the number of flagged examples is not an error rate: only an audit gives one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curation.detectors.base import FLAG_SCHEMA
from curation.duplicates import cluster
from curation.errors import WrongUse
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
from curation.records import Task, decode_output, encode_output

COPY_SIMILARITY = 0.95
"""Cosine from which another example is so nearly a copy that it must not vouch for a label.

Stricter than what counts as a duplicate: paraphrases are evidence, copies are not.
"""

_DIGITS = 6
"""Scores are rounded: further digits differ between machines and would mean nothing."""
_NO_EVIDENCE = 0.5
_MOST_NAMED = 3


def copy_groups(examples: pl.DataFrame, pairs: pl.DataFrame) -> Rows:
    """Number of each example's cluster of copies, int64 [n], for `groups` of the functions below.

    `examples` has `example_id`; `pairs` is of `duplicates.find_pairs`, down to COPY_SIMILARITY.
    """
    clusters = cluster(pairs, COPY_SIMILARITY)
    joined = examples.join(clusters, on="example_id", how="left", maintain_order="left")
    groups = joined.select(pl.coalesce("cluster", "example_id").rank("dense")).to_series()
    return groups.to_numpy().astype(np.int64)


def label_flags(
    examples: pl.DataFrame,
    vectors: Vectors,
    groups: Rows,
    neighbours: Neighbours,
    *,
    seed: int,
    progress: OnProgress | None = None,
) -> pl.DataFrame:
    """One `label` row (FLAG_SCHEMA) per example of a single-label dataset, in the order given.

    `examples` has `example_id, text, given` (null: no label). `vectors` float32 [n, d] of length
    one, `groups` int [n] of near-duplicates, `neighbours` as `similarity.nearest_neighbours`.

    `score` is cleanlab's normalized margin of the out-of-sample probabilities; `confidence` and
    `given_confidence` are calibrated probabilities of the suggested and the given label. `flagged`
    are the lowest scores, as many as confident learning counts errors: of cleanlab's filters the
    one with the best F1 on planted errors. A label that no other group of near-duplicates has
    cannot be judged: it gets 0.5 and no flag. Unlabelled examples get a suggestion only. Where
    nothing can be said of any label every score is null and the reason says why.
    """
    names, labels = _encode(examples["given"])
    try:
        chances = out_of_sample_probabilities(
            examples["text"].to_list(),
            vectors,
            labels,
            groups,
            neighbours,
            seed=seed,
            progress=progress,
        )
    except WrongUse as error:
        return _nothing_to_say(examples, error)
    confidences = calibrate(chances, labels)
    alone = (labels >= 0) & (groups_per_label(labels, groups) < 2)[labels]
    scores, flagged = _judge(labels, chances, confidences, alone)
    best = confidences.argmax(axis=1)
    every = np.arange(len(labels))
    own = np.where(labels >= 0, confidences[every, labels], np.nan)
    reasons = [
        (f"No other example is labelled {names[labels[row]]}. " if alone[row] else "")
        + _reason(
            names, int(labels[row]), confidences[row], _others(row, labels, groups, neighbours)
        )
        for row in every.tolist()
    ]
    return _frame(
        examples,
        scores,
        [names[position] for position in best],
        confidences[every, best],
        own,
        flagged,
        reasons,
    )


def multilabel_flags(
    examples: pl.DataFrame,
    vectors: Vectors,
    groups: Rows,
    neighbours: Neighbours,
    *,
    seed: int,
    progress: OnProgress | None = None,
) -> pl.DataFrame:
    """One `label` row (FLAG_SCHEMA) per example of a multi-label dataset, as `label_flags`.

    `given` is a JSON list of labels, `suggested` the list of those with probability ≥ 0.5;
    `confidence` is the probability of the least certain label in it. Score and `given_confidence`
    are the probability of the least likely label, given or left out: the minimum of cleanlab's
    scores per label, which ranks planted errors far better than its moving average over them.
    Flagged: some label is, by confident learning on it against the rest, missing or too much.
    """
    names, targets, known = _encode_sets(examples["given"])
    try:
        chances = out_of_sample_multilabel(
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
    scores = np.where(known, np.where(targets > 0, chances, 1 - chances).min(axis=1), np.nan)
    flagged = _doubtful_sets(targets, known, chances) & (scores < 0.5)
    return _frame(
        examples,
        scores,
        [
            encode_output(Task.MULTI_LABEL, [names[k] for k in np.flatnonzero(row >= 0.5)])
            for row in chances
        ],
        np.maximum(chances, 1 - chances).min(axis=1),
        scores,
        flagged,
        [
            _set_reason(names, targets[row] if known[row] else None, chances[row])
            for row in range(len(known))
        ],
    )


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


def _judge(
    labels: Rows, chances: Floats, confidences: Floats, alone: NDArray[np.bool_]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Scores float64 [n] (NaN without a label) and flags bool [n].

    The margin is taken before calibration, which shifts counts but spoils the ranking.
    """
    from cleanlab.count import num_label_issues
    from cleanlab.rank import get_label_quality_scores

    scores = np.full(len(labels), np.nan)
    known = labels >= 0
    scores[known] = get_label_quality_scores(
        labels[known], chances[known], method="normalized_margin"
    )
    scores[alone] = _NO_EVIDENCE
    judged = np.flatnonzero(known & ~alone)
    errors = num_label_issues(labels[judged], confidences[judged])
    flagged = np.zeros(len(labels), dtype=np.bool_)
    flagged[judged[np.argsort(scores[judged], kind="stable")[:errors]]] = True
    return scores, flagged & (confidences.argmax(axis=1) != labels)


def _doubtful_sets(targets: Floats, known: NDArray[np.bool_], chances: Floats) -> NDArray[np.bool_]:
    """Rows with a label in doubt, bool [n]. A label that all or none have cannot be doubted."""
    from cleanlab.filter import find_label_issues

    doubtful = np.zeros(len(targets), dtype=np.bool_)
    for label in range(targets.shape[1]):
        applies, chance = targets[known, label].astype(np.int64), chances[known, label]
        if 2 <= applies.sum() <= len(applies) - 2:
            both = np.column_stack([1 - chance, chance])
            doubtful[known] |= find_label_issues(
                applies, both, filter_by="confident_learning", n_jobs=1
            )
    return doubtful


def _others(row: int, labels: Rows, groups: Rows, neighbours: Neighbours) -> list[int]:
    """Labels of the nearest labelled neighbours that are no near-duplicates of the row."""
    near = neighbours[0][row]
    return [int(k) for k in labels[near[groups[near] != groups[row]]] if k >= 0]


def _reason(names: Sequence[str], label: int, confidences: Floats, others: list[int]) -> str:
    """The evidence for one example, in words. `label` is −1 without one."""
    parts = ["No label given."] if label < 0 else []
    if others:
        votes = sorted(Counter(others).items(), key=lambda vote: (-vote[1], vote[0]))
        head, count = votes[0]
        rest = ", ".join(f"{count} {names[k]}" for k, count in votes[1:_MOST_NAMED])
        parts.append(
            f"{count} of {len(others)} nearest neighbours are labelled {names[head]}"
            + (f" ({rest})." if rest else ".")
        )
    best = int(confidences.argmax())
    if label == best:
        parts.append(f"The model agrees with {names[best]} ({confidences[best]:.0%}).")
    else:
        given = f"; {names[label]} has {confidences[label]:.0%}" if label >= 0 else ""
        parts.append(f"The model expects {names[best]} ({confidences[best]:.0%}){given}.")
    return " ".join(parts)


def _set_reason(names: Sequence[str], targets: Floats | None, chances: Floats) -> str:
    """Which labels look missing or too much, the clearest first."""
    if targets is None:
        return "No labels given."
    doubt = np.where(targets > 0, 1 - chances, chances)
    clearest = [k for k in np.argsort(-doubt, kind="stable")[:_MOST_NAMED] if doubt[k] > 0.5]
    if not clearest:
        least = int(doubt.argmax())
        side = "given" if targets[least] else "not given"
        return f"The model agrees; least sure is {names[least]} ({side}, {chances[least]:.0%})."
    parts = [
        f"{names[k]} looks {'extra' if targets[k] else 'missing'} ({chances[k]:.0%} likely)"
        for k in clearest
    ]
    return f"By the other examples {', '.join(parts)}."


def _nothing_to_say(examples: pl.DataFrame, error: WrongUse) -> pl.DataFrame:
    nothing = np.full(examples.height, np.nan)
    reasons = [
        f"{'No label given. ' if given is None else ''}{error}" for given in examples["given"]
    ]
    flagged = np.zeros(examples.height, dtype=np.bool_)
    return _frame(examples, nothing, [None] * examples.height, nothing, nothing, flagged, reasons)


def _frame(
    examples: pl.DataFrame,
    scores: Floats,
    suggested: Sequence[str | None],
    confidence: Floats,
    given_confidence: Floats,
    flagged: NDArray[np.bool_],
    reasons: Sequence[str],
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
            "reason": reasons,
        },
        schema=FLAG_SCHEMA,
    ).with_columns(numbers.round(_DIGITS).fill_nan(None))
