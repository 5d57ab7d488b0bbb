"""Result tables as files: CSV, JSONL or Parquet, by the ending of the name."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from curation.errors import WrongUse


def write_table(frame: pl.DataFrame, out: Path) -> None:
    """Write a frame in the format that the file's ending names. Raises WrongUse for another.

    In CSV, a list is a JSON array, and a text that a spreadsheet would take for a formula gets an
    apostrophe in front; JSONL and Parquet hold everything as it is.
    """
    if out.suffix not in (".csv", ".jsonl", ".parquet"):
        raise WrongUse(f"Cannot write '{out.name}'.", "End --out in .csv, .jsonl or .parquet.")
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".csv":
        frame.with_columns(_lists_as_json()).with_columns(_without_formulas()).write_csv(out)
    elif out.suffix == ".jsonl":
        frame.write_ndjson(out)
    else:
        frame.write_parquet(out)


def _lists_as_json() -> pl.Expr:
    """CSV has no lists."""
    return pl.col(pl.List(pl.String)).map_elements(
        lambda texts: json.dumps(texts.to_list(), ensure_ascii=False), pl.String
    )


def _without_formulas() -> pl.Expr:
    text = pl.col(pl.String)
    return pl.when(text.str.contains(r"^[=+\-@\t\r]")).then("'" + text).otherwise(text).name.keep()
