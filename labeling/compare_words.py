"""Comparisons of models and of exports as people read them: percents, points, sentences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from exports.model_comparison import Comparison
from exports.versions import UNCHANGED, Difference

NAMES = {"base": "base", "tuned": "fine-tuned"}
_SHARES = ("precision", "recall", "f1")


def measures(found: Comparison) -> pl.DataFrame:
    """A line a measure: both models in percent, their difference in points, with intervals."""
    return pl.DataFrame(
        [
            {
                "measure": line["measure"],
                **{
                    name: _with_bounds(line[side], line[f"{side}_low"], line[f"{side}_high"])
                    for side, name in NAMES.items()
                },
                "difference": _with_bounds(
                    line["difference"], line["low"], line["high"], signed=True
                ),
                "verdict": line["verdict"],
            }
            for line in found.measures.iter_rows(named=True)
        ]
    )


def classes(found: Comparison) -> pl.DataFrame:
    """A line a class that gold or a model has, in percent; "–" where it cannot be had."""
    there = pl.any_horizontal(pl.col("support") > 0, pl.col("^.*_precision$").is_not_null())
    known = found.classes.filter(there)
    return known.select(
        "label",
        pl.col("support").alias("examples"),
        *(
            pl.Series(f"{name} {share}", [_percent(value) for value in known[f"{side}_{share}"]])
            for share in _SHARES
            for side, name in NAMES.items()
        ),
    )


def usage(found: Comparison) -> pl.DataFrame:
    """What answers took, as the files say it."""
    rounded = found.usage.with_columns(pl.col(pl.Float64).round_sig_figs(4))
    return rounded.rename(NAMES)


def about(found: Comparison) -> list[str]:
    """In words: what was compared, and which answers could not be read."""
    alike = (
        ""
        if found.groups == found.rows
        else f" in {found.groups:,} groups of near-duplicates, which count as one in the intervals"
        " of the difference"
    )
    lines = [f"{found.rows:,} test examples{alike}."]
    for side, name in NAMES.items():
        file = found.answers[side]
        lines.append(
            f"{name}: {file['file']}, answers in {file['column']}, matched by "
            f"{file['matched_by']}; {found.unreadable[side]:,} unreadable."
        )
    return lines


def test(found: Comparison) -> str:
    """The rows behind the exact test, in words."""
    counts = found.mcnemar
    return (
        f"Right as a whole: both {counts.both:,}, only base {counts.only_base:,}, only fine-tuned "
        f"{counts.only_tuned:,}, neither {counts.neither:,}; exact McNemar test "
        f"p = {counts.p_value:.2g}."
    )


def counts(found: Difference) -> pl.DataFrame:
    """How many examples changed, and how."""
    return pl.DataFrame(
        {"change": list(found.counts), "examples": list(found.counts.values())},
        {"change": pl.String, "examples": pl.Int64},
    )


def changed(table: pl.DataFrame) -> pl.DataFrame:
    """The lines of a table with `old` and `new` that differ."""
    return table.filter(pl.col("old").ne_missing(pl.col("new")))


def same(found: Difference) -> bool:
    """Whether both exports hold the same examples, outputs and splits."""
    return not any(number for name, number in found.counts.items() if name != UNCHANGED)


def folder_names(folders: Sequence[Path]) -> dict[Path, str]:
    """What to call each folder: its own name, or its whole path where two have the same."""
    names = [folder.name for folder in folders]
    return {path: path.name if names.count(path.name) == 1 else str(path) for path in folders}


def _with_bounds(
    value: float | None, low: float | None, high: float | None, *, signed: bool = False
) -> str:
    if value is None:
        return "–"
    if low is None or high is None:
        return _percent(value, signed=signed)
    bounds = " to ".join(_percent(bound, signed=signed) for bound in (low, high))
    return f"{_percent(value, signed=signed)} ({bounds})"


def _percent(value: float | None, *, signed: bool = False) -> str:
    if value is None:
        return "–"
    return f"{100 * value + 0.0:+.1f}" if signed else f"{100 * value:.1f}"
