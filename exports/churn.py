"""What changed between two assignments of examples to splits."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from curation.records import Json


@dataclass(frozen=True, slots=True)
class Churn:
    """Differences of two assignments.

    `rows`: `example_id`, `before`, `after` (split, null where absent), `change` (added, removed or
    moved), of the examples that changed, by id. `summary`: `kept` (number), `added` and `removed`
    (number by split), `moved` (number by `BEFORE to AFTER`).
    """

    rows: pl.DataFrame
    summary: Json


def churn(before: pl.DataFrame, after: pl.DataFrame) -> Churn:
    """Compare two frames of `example_id`, `split`, one row per example; held-out is a split too."""
    both = (
        before.select("example_id", before="split")
        .join(after.select("example_id", after="split"), on="example_id", how="full", coalesce=True)
        .with_columns(
            change=pl.when(pl.col("before").is_null())
            .then(pl.lit("added"))
            .when(pl.col("after").is_null())
            .then(pl.lit("removed"))
            .when(pl.col("before") != pl.col("after"))
            .then(pl.lit("moved"))
            .otherwise(pl.lit("kept"))
        )
        .sort("example_id")
    )
    moved = both.filter(change="moved").select(way=pl.format("{} to {}", "before", "after"))
    summary: Json = {
        "kept": both.filter(change="kept").height,
        "added": _counts(both.filter(change="added")["after"]),
        "removed": _counts(both.filter(change="removed")["before"]),
        "moved": _counts(moved["way"]),
    }
    return Churn(both.filter(pl.col("change") != "kept"), summary)


def _counts(values: pl.Series) -> dict[str, int]:
    frame = values.to_frame("value")
    return dict(frame.group_by("value").len().sort("value").iter_rows())
