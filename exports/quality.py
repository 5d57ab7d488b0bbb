"""What is known of the quality of an export, in numbers with their uncertainty (pure)."""

from __future__ import annotations

from itertools import combinations

import polars as pl

from curation.labels import REVIEWED
from curation.records import Action, Json, Task

_VERDICTS = tuple(str(action) for action in (Action.KEEP, Action.RELABEL, Action.EDIT))


def quality_summary(
    task: Task,
    examples: pl.DataFrame,
    flags: pl.DataFrame,
    decisions: pl.DataFrame,
    audit: Json | None = None,
) -> Json:
    """The numbers behind "how good is it", for the manifest.

    `examples` is of `labels.current_examples` and `flags` of `labels.flag_rows`. `decisions` are
    the standing decisions about outputs in their order: `example_id`, `annotator`, `action`,
    `value` (the output that holds by it). `audit` is the `estimate` of the share of wrong outputs
    from a random sample that was checked; None where there was none.

    What was reviewed is no random sample: the share that was corrected says nothing of the rest.
    """
    reviewed = examples.filter(pl.col("status").is_in([str(status) for status in REVIEWED]))
    corrected = reviewed.filter(pl.col("current").ne_missing(pl.col("given"))).height
    duplicate = pl.col("duplicate_verdict").eq_missing("exclude")
    excluded = examples.filter(pl.col("excluded"))
    return {
        "examples": examples.height,
        "excluded": {
            "as_duplicates": excluded.filter(duplicate).height,
            "in_review": excluded.filter(~duplicate).height,
        },
        "reviewed": {
            "count": reviewed.height,
            "of": examples.height,
            "share": _share(reviewed.height, examples.height),
        },
        "corrected": estimate(corrected, reviewed.height),
        "disputed": int(examples["disputed"].sum()),
        "flags": _flags(examples, flags),
        "agreement": agreement(task, decisions),
        "audit": audit,
    }


def estimate(count: int, total: int) -> Json:
    """A share with its 95 % interval: `{count, of, share, interval}`; null where `of` is 0.

    The interval is the score interval (Wilson 1927, JASA 22:209).
    """
    if not total:
        return {"count": count, "of": total, "share": None, "interval": None}
    from scipy.stats import binomtest  # noqa: PLC0415 (slow to import, and only exports need it)

    bounds = binomtest(count, total).proportion_ci(0.95, "wilson")
    return {
        "count": count,
        "of": total,
        "share": _share(count, total),
        "interval": [round(float(bounds.low), 6), round(float(bounds.high), 6)],
    }


def agreement(task: Task, decisions: pl.DataFrame) -> Json:
    """How often two people who decided on the same example agree: an `estimate` and `kappa`.

    The latest verdict of each person on an example counts: an output, or that it be excluded. Each
    two people and each example they both decided on are one comparison. `kappa` is Cohen's (1960,
    Educational and Psychological Measurement 20:37), over more than two people pooled: observed
    and expected agreement of each two people are averaged, weighted by their comparisons, before
    they are set in relation (de Vries et al. 2008, Field Methods 20:272). It is null without
    labels, without comparisons, and where agreement by chance is certain.
    """
    gone = pl.col("action") == str(Action.EXCLUDE)
    verdicts = (
        decisions.filter(pl.col("action").is_in([*_VERDICTS, str(Action.EXCLUDE)]))
        .unique(["example_id", "annotator"], keep="last", maintain_order=True)
        .select("example_id", "annotator", verdict=pl.when(~gone).then("value"), gone=gone)
    )
    agreed, compared, chance = 0, 0, 0.0
    people = verdicts.partition_by("annotator", include_key=False)
    for one, other in combinations(people, 2):
        both = one.join(other, on="example_id", suffix="_other")
        if both.is_empty():
            continue
        same = (pl.col("gone") == pl.col("gone_other")) & pl.col("verdict").eq_missing(
            pl.col("verdict_other")
        )
        agreed += both.filter(same).height
        compared += both.height
        chance += _by_chance(both)
    labelled = task.has_labels and compared > chance
    kappa = (agreed - chance) / (compared - chance) if labelled else None
    return {
        **estimate(agreed, compared),
        "kappa": None if kappa is None else round(kappa, 6),
    }


def _by_chance(both: pl.DataFrame) -> float:
    """Agreements expected of two people who answer as often as these, but independently."""
    ours = both.group_by("verdict", "gone").len()
    theirs = both.group_by(verdict="verdict_other", gone="gone_other").len()
    shared = ours.join(theirs, on=["verdict", "gone"], nulls_equal=True)
    products = shared["len"].cast(pl.Int64) * shared["len_right"].cast(pl.Int64)
    return int(products.sum()) / both.height


def _flags(examples: pl.DataFrame, flags: pl.DataFrame) -> Json:
    """Examples that each kind of finding flagged, and how many of them were looked at."""
    is_open = pl.col("status").is_in(["unreviewed", "skipped"]) & ~pl.col("excluded")
    open_ = examples.select("example_id", open=is_open)
    found = (
        flags.filter(pl.col("flagged"))
        .unique(["example_id", "kind"])
        .join(open_, on="example_id")
        .group_by("kind")
        .agg(flagged=pl.len(), open=pl.col("open").sum())
        .sort("kind")
    )
    return {
        kind: {"flagged": flagged, "open": still, "resolved": flagged - still}
        for kind, flagged, still in found.iter_rows()
    }


def _share(count: int, total: int) -> float | None:
    return round(count / total, 6) if total else None
