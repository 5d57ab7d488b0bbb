"""How far the splits lie from the whole."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from curation.records import Task
from exports.split_rules import SPLITS
from exports.strata import LABEL, strata_rows


def strata_report(
    rows: pl.DataFrame, assignment: pl.DataFrame, task: Task, stratify: Sequence[str] = ()
) -> pl.DataFrame:
    """How far each split's share of every stratum lies from that of all placed rows.

    Columns: `split`, `field` (label, number of labels, or one of `stratify`), `value` (String; null
    for the label of tasks without labels), `rows` (Int64), `share` and `overall` (Float64, of 1;
    several labels on one row each count), `error` (Float64, absolute difference in percentage
    points). Held-out rows do not count. `assignment` has `example_id`, `split`. Raises WrongUse for
    a field that no row has.
    """
    placed = assignment.filter(pl.col("split").is_in(SPLITS)).select("example_id", "split")
    strata = strata_rows(rows, task, stratify)
    if not task.has_labels:
        nothing = pl.lit(None, pl.String)
        alike = rows.select("example_id", field=pl.lit(LABEL), value=nothing)
        strata = pl.concat([alike, strata])
    found = placed.join(strata, on="example_id")
    size = placed.group_by("split").agg(size=pl.len())
    overall = found.group_by("field", "value").agg(overall=pl.len() / placed.height)
    counted = found.group_by("split", "field", "value").agg(rows=pl.len().cast(pl.Int64))
    return (
        size.join(overall, how="cross")
        .join(counted, on=["split", "field", "value"], how="left", nulls_equal=True)
        .with_columns(pl.col("rows").fill_null(0))
        .with_columns(share=pl.col("rows") / pl.col("size"))
        .with_columns(error=(pl.col("share") - pl.col("overall")).abs() * 100)
        .sort(pl.col("split").cast(pl.Enum(SPLITS)), pl.col("field") != LABEL, "field", "value")
        .select("split", "field", "value", "rows", "share", "overall", "error")
    )


def split_report(rows: pl.DataFrame, assignment: pl.DataFrame, task: Task) -> pl.DataFrame:
    """`strata_report` of the labels: `split`, `label`, `rows`, `share`, `overall`, `error`."""
    report = strata_report(rows, assignment, task).filter(field=LABEL)
    return report.drop("field").rename({"value": "label"})


def largest_errors(report: pl.DataFrame) -> pl.DataFrame:
    """The worst stratum of each split and field: `split`, `field`, `value`, `error`."""
    return (
        report.sort("error", "value", descending=[True, False])
        .group_by("split", "field", maintain_order=True)
        .first()
        .sort(pl.col("split").cast(pl.Enum(SPLITS)), pl.col("field") != LABEL, "field")
        .select("split", "field", "value", "error")
    )
