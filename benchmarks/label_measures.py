"""How good a ranking by doubt is, when the errors are known; and tables of it.

Where equal doubts straddle the end of a list, their order is left open: the measure is the mean
over all orders, so that a method with few different scores gains nothing from the order of a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

CELL = ("file", "kind", "rate")
RANKING = ("auroc", "average_precision", "precision_at_100", "found_in_tenth")
HEADINGS = {
    "file": "file",
    "kind": "noise",
    "rate": "rate",
    "method": "method",
    "seeds": "seeds",
    "auroc": "AUROC",
    "average_precision": "average precision",
    "precision_at_100": "precision of the first 100",
    "found_in_tenth": "errors found in the first 10 %",
    "flag_precision": "precision of the flags",
    "flag_recall": "recall of the flags",
    "cpu_seconds": "CPU s",
}


def measure(
    doubt: NDArray[np.float64], flagged: NDArray[np.bool_], wrong: NDArray[np.bool_]
) -> dict[str, float]:
    """Ranking and flags of n rows against which of them are `wrong`, all [n]."""
    hits, errors = int((flagged & wrong).sum()), int(wrong.sum())
    first, tenth = min(100, len(doubt)), round(len(doubt) / 10)
    return {
        "auroc": float(roc_auc_score(wrong, doubt)),
        "average_precision": float(average_precision_score(wrong, doubt)),
        "precision_at_100": hits_among_first(doubt, wrong, first) / first,
        "found_in_tenth": hits_among_first(doubt, wrong, tenth) / max(1, errors),
        "flagged": int(flagged.sum()),
        "flag_precision": hits / max(1, int(flagged.sum())),
        "flag_recall": hits / max(1, errors),
    }


def hits_among_first(doubt: NDArray[np.float64], wrong: NDArray[np.bool_], count: int) -> float:
    """Expected number of wrong rows among the `count` most doubtful, ties in random order."""
    last = np.partition(doubt, len(doubt) - count)[len(doubt) - count]
    above, tied = doubt > last, doubt == last
    left = count - int(above.sum())
    return float(wrong[above].sum() + left * wrong[tied].mean())


def means(results: pl.DataFrame) -> str:
    """Every cell and method, mean over the seeds, as Markdown."""
    columns = [*RANKING, "flag_precision", "flag_recall", "cpu_seconds"]
    table = (
        results.group_by(*CELL, "method", maintain_order=True)
        .agg(pl.len().alias("seeds"), pl.col(columns).mean())
        .sort(*CELL, maintain_order=True)
    )
    return markdown(table)


def worst_differences(results: pl.DataFrame, method: str, peer: str) -> str:
    """By how much `method` is above `peer` in its worst seed of every cell, as Markdown."""
    key = [*CELL, "seed"]
    pairs = results.filter(method=method).join(
        results.filter(method=peer), on=key, suffix="_peer", maintain_order="left"
    )
    table = (
        pairs.with_columns(pl.col(each) - pl.col(f"{each}_peer") for each in RANKING)
        .group_by(CELL, maintain_order=True)
        .agg(pl.len().alias("seeds"), pl.col(RANKING).min())
        .sort(*CELL, maintain_order=True)
    )
    return markdown(table, signed=RANKING)


def markdown(table: pl.DataFrame, signed: Sequence[str] = ()) -> str:
    """A table of docs/benchmarks.md: words to the left, numbers to the right."""
    numeric = [kind.is_numeric() for kind in table.dtypes]
    lines = [
        "| " + " | ".join(HEADINGS.get(name, name) for name in table.columns) + " |",
        "|" + "|".join("---:" if number else "---" for number in numeric) + "|",
    ]
    for row in table.iter_rows(named=True):
        cells = (_cell(name, value, signed=name in signed) for name, value in row.items())
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(name: str, value: Any, *, signed: bool) -> str:
    if name == "rate":
        return f"{value:.0%}".replace("%", " %")
    if not isinstance(value, float):
        return str(value)
    digits = 1 if name == "cpu_seconds" else 3
    return f"{value:{'+' if signed else ''}.{digits}f}"
