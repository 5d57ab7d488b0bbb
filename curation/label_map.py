"""What the labels look like as a whole: which overlap, and how far each can be trusted.

The numbers are estimates of confident learning (Northcutt et al., "Confident Learning", JAIR 2021)
through `cleanlab.dataset`, from out-of-sample probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

OVERLAP_SCHEMA: dict[str, type[pl.DataType]] = {
    "label": pl.String,
    "other": pl.String,
    "joint": pl.Int64,
    "share": pl.Float64,
    "reason": pl.String,
}
QUALITY_SCHEMA: dict[str, type[pl.DataType]] = {
    "label": pl.String,
    "examples": pl.Int64,
    "label_quality": pl.Float64,
    "label_noise": pl.Float64,
    "inverse_label_noise": pl.Float64,
    "reason": pl.String,
}

_FEWEST = 5
_LEAST_SHARE = 0.05
_ONE_WAY = 0.8
_DIGITS = 6


def overlapping_labels(names: Sequence[str], labels: Rows, probabilities: Floats) -> pl.DataFrame:
    """Pairs of labels given for one another, in OVERLAP_SCHEMA, the most overlapping share first.

    `names` [K]; `labels` int [n] into them, −1 for none; `probabilities` [n, K] out of sample.
    `joint` is the estimated number of examples that have one of the two labels and should have the
    other, `share` that number by the examples of the smaller label, at most 1. Named are pairs
    with a `joint` of at least 5 and 5 %, of which at least 5 were counted confidently: the
    estimate stretches what was counted to all examples of a label, and a single one may stand for
    a hundred.
    """
    from cleanlab.dataset import find_overlapping_classes

    known, sizes = _known(labels, len(names))
    if len(known) == 0 or len(names) < 2:
        return pl.DataFrame(schema=OVERLAP_SCHEMA)
    counted, joint = _joint(labels[known], probabilities[known])
    pairs = find_overlapping_classes(joint=joint, num_examples=len(known))
    found = pl.DataFrame(
        {
            "first": pairs["Class Index A"].to_numpy(),
            "second": pairs["Class Index B"].to_numpy(),
            "joint": pairs["Num Overlapping Examples"].to_numpy(),
        }
    )
    first, second = found["first"].to_numpy(), found["second"].to_numpy()
    smaller = np.minimum(sizes[first], sizes[second])
    found = found.with_columns(
        counted=counted[first, second] + counted[second, first],
        share=np.minimum(found["joint"].to_numpy() / np.maximum(smaller, 1), 1.0),
    ).filter(pl.min_horizontal("joint", "counted") >= _FEWEST, pl.col("share") >= _LEAST_SHARE)
    moved = _examples(joint, len(known))
    rows = [
        _overlap(names, sizes, moved, *pair)
        for pair in found.select("first", "second", "share").iter_rows()
    ]
    return pl.DataFrame(rows, schema=OVERLAP_SCHEMA).sort(
        "share", "joint", "label", "other", descending=[True, True, False, False]
    )


def label_quality(names: Sequence[str], labels: Rows, probabilities: Floats) -> pl.DataFrame:
    """How far each label can be trusted, in QUALITY_SCHEMA, the worst first; K rows.

    Arguments as `overlapping_labels`. `label_quality` is the estimated share of the examples with
    the label that deserve it, `label_noise` the rest, `inverse_label_noise` the share of those
    that deserve it and have another one. All three are null where fewer than five examples of the
    label were counted confidently: cleanlab would call a label without evidence perfect.
    """
    from cleanlab.dataset import rank_classes_by_label_quality

    known, sizes = _known(labels, len(names))
    if len(known) == 0:
        told = np.zeros(len(names), dtype=np.bool_)
        moved = np.zeros((len(names), len(names)), dtype=np.int64)
        noise = inverse = np.zeros(len(names))
    else:
        counted, joint = _joint(labels[known], probabilities[known])
        ranked = rank_classes_by_label_quality(joint=joint, num_examples=len(known))
        ranked = ranked.sort_values("Class Index")
        told = counted.sum(axis=1) >= _FEWEST
        moved = _examples(joint, len(known))
        noise = ranked["Label Noise"].to_numpy()
        inverse = ranked["Inverse Label Noise"].to_numpy()
    table = pl.DataFrame(
        {
            "label": names,
            "examples": sizes,
            "label_quality": np.where(told, 1 - noise, np.nan),
            "label_noise": np.where(told, noise, np.nan),
            "inverse_label_noise": np.where(told, inverse, np.nan),
            "reason": [
                _trust(names, label, int(sizes[label]), moved if told[label] else None)
                for label in range(len(names))
            ],
        },
        schema=QUALITY_SCHEMA,
    )
    figures = pl.col("label_quality", "label_noise", "inverse_label_noise")
    return table.with_columns(figures.fill_nan(None).round(_DIGITS)).sort(
        "label_quality", "label", nulls_last=True
    )


def multilabel_quality(
    names: Sequence[str], targets: Floats, doubtful: NDArray[np.bool_]
) -> pl.DataFrame:
    """How far each of several labels can be trusted, in QUALITY_SCHEMA, the worst first; K rows.

    `targets` [n, K] is 1 where a label is given, `doubtful` [n, K] what
    `cleanlab.multilabel_classification` finds wrong. `label_noise` is the share of those with the
    label that should not have it, `inverse_label_noise` the share of those that should and do not.
    """
    given = targets > 0
    has = given.sum(axis=0)
    extra = (given & doubtful).sum(axis=0)
    missing = (~given & doubtful).sum(axis=0)
    rows = []
    for k, name in enumerate(names):
        noise = extra[k] / has[k] if has[k] else None
        deserving = has[k] - extra[k] + missing[k]
        rows.append(
            {
                "label": name,
                "examples": int(has[k]),
                "label_quality": None if noise is None else 1 - noise,
                "label_noise": noise,
                "inverse_label_noise": missing[k] / deserving if deserving else None,
                "reason": f"Of {has[k]} examples with {name}, {extra[k]} look as if they should "
                f"not have it; {missing[k]} without it look as if they should.",
            }
        )
    figures = pl.col("label_quality", "label_noise", "inverse_label_noise")
    return (
        pl.DataFrame(rows, schema=QUALITY_SCHEMA)
        .with_columns(figures.round(_DIGITS))
        .sort("label_quality", "label", nulls_last=True)
    )


def _known(labels: Rows, count: int) -> tuple[Rows, Rows]:
    """Rows with a label, and how many examples each of the labels has, int64 [count]."""
    known = np.flatnonzero(labels >= 0)
    return known, np.bincount(labels[known], minlength=count).astype(np.int64)


def _joint(labels: Rows, probabilities: Floats) -> tuple[Rows, Floats]:
    """Examples counted confidently, and the estimated shares of all: [K, K], given × deserved."""
    from cleanlab.count import compute_confident_joint, estimate_joint

    counted = compute_confident_joint(labels, probabilities, calibrate=False)
    return counted, estimate_joint(labels, probabilities, confident_joint=counted)


def _examples(joint: Floats, count: int) -> Rows:
    return np.rint(joint * count).astype(np.int64)


def _overlap(
    names: Sequence[str], sizes: Rows, moved: Rows, first: int, second: int, share: float
) -> dict[str, object]:
    """A row of OVERLAP_SCHEMA; the first label is the one that loses more examples."""
    if moved[first, second] < moved[second, first]:
        first, second = second, first
    most, least = int(moved[first, second]), int(moved[second, first])
    label, other = names[first], names[second]
    smaller = second if sizes[second] < sizes[first] else first
    reason = (
        f"An estimated {most} examples labelled {label} should be {other}"
        f" and {least} labelled {other} should be {label},"
        f" together {share:.0%} of the number of {names[smaller]}. "
    )
    reason += (
        f"Mostly in one direction: the guidelines may not say what {label} leaves to {other}."
        if most >= _ONE_WAY * (most + least)
        else "In both directions: the guidelines should tell them apart, or one label is enough."
    )
    return {
        "label": label,
        "other": other,
        "joint": most + least,
        "share": round(share, _DIGITS),
        "reason": reason,
    }


def _trust(names: Sequence[str], label: int, size: int, moved: Rows | None) -> str:
    """In words what becomes of a label's examples; `moved` [K, K] is None without evidence."""
    if not size:
        return f"No example is labelled {names[label]}."
    if moved is None:
        return f"Too few of the {size} examples labelled {names[label]} are clear to judge it by."
    away, towards = moved[label].copy(), moved[:, label].copy()
    away[label] = towards[label] = 0
    if not away.sum() and not towards.sum():
        return f"All {size} examples labelled {names[label]} seem right, and none is missing."
    parts = [f"Of {size} examples labelled {names[label]} an estimated {away.sum()} should not be"]
    if away.sum():
        parts.append(f" (most often they should be {names[int(away.argmax())]}: {away.max()})")
    parts.append(f"; {towards.sum()} labelled otherwise should be")
    if towards.sum():
        parts.append(f" (most often {names[int(towards.argmax())]}: {towards.max()})")
    return "".join(parts) + "."
