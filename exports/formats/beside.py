"""Columns that rows have beside an example's own: the fold and the weight in training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from curation.records import Json
from exports.json_lines import objects
from exports.split_rules import SplitRules
from exports.targets import Target

FOLD, WEIGHT = "fold", "weight"
ARROW = {FOLD: pa.int64(), WEIGHT: pa.float64()}
POLARS = {FOLD: pl.Int64, WEIGHT: pl.Float64}
SAMPLE = {FOLD: 0, WEIGHT: 1.0}
_WORDS = {FOLD: "folds", WEIGHT: "weights"}


def asked(rules: SplitRules) -> tuple[str, ...]:
    """The columns that these rules make."""
    wanted = {FOLD: rules.folds > 0, WEIGHT: rules.sample_weights}
    return tuple(name for name, is_wanted in wanted.items() if is_wanted)


def columns_for(target: Target, rules: SplitRules) -> tuple[str, ...]:
    """Those of them that stand in the rows; none where the target takes no unknown column."""
    return asked(rules) if target.consumer.extra_columns else ()


def known(columns: Sequence[str]) -> tuple[str, ...]:
    """The columns that a manifest names; raises ValueError where there is no such."""
    if set(columns) - set(SAMPLE):
        raise ValueError(f"unknown columns {columns!r:.60}")
    return tuple(columns)


def where_they_stand(target: Target, rules: SplitRules) -> str:
    """In words, where folds and weights are found; "" where there are none."""
    names = asked(rules)
    if not names:
        return ""
    said = " and ".join(_WORDS[name] for name in names).capitalize()
    if columns_for(target, rules):
        columns = " and ".join(f"`{name}`" for name in names)
        return f"{said} stand in the rows, as {columns}, and in assignment.jsonl."
    return f"{said} stand in assignment.jsonl alone: {target.title} takes no such key in a row."


def placed_as(column: str, value: Any) -> Any:
    """What a column of a row holds, of the value that the assignment has."""
    return 1.0 if column == WEIGHT and value is None else value


def put_on(lines: pl.Series, rows: pl.DataFrame, columns: tuple[str, ...]) -> pl.Series:
    """The records of rows, as lines by `json_line` (null for none), with the columns beside them.

    A row outside train weighs 1, as every row does on average; a row of test has no fold.
    """
    if not columns:
        return lines
    weighed = [pl.col(WEIGHT).fill_null(1.0)] if WEIGHT in columns else []
    more = objects(rows.select(columns).with_columns(*weighed))
    return lines.str.strip_suffix("}\n") + ", " + more.str.strip_prefix("{")


def taken_off(record: Json, columns: tuple[str, ...]) -> tuple[Json, Json]:
    """A record as the format writes it, and what stands beside it; raises ValueError, in words."""
    kept = len(record) - len(columns)
    names = tuple(record)[max(kept, 0) :]
    if names != columns:
        raise ValueError(f"the last keys are {', '.join(names)}, not {', '.join(columns)}")
    items = list(record.items())
    beside = {name: _value(name, value) for name, value in items[kept:]}
    return dict(items[:kept]), beside


def _value(name: str, value: Any) -> Any:
    """The value of a column, which a table of texts holds as one."""
    if isinstance(value, str):
        value = None if value == "" else float(value) if name == WEIGHT else int(value)
    if name == WEIGHT:
        fine = type(value) in (int, float) and math.isfinite(value) and value > 0
    else:
        fine = value is None or (type(value) is int and value >= 0)
    if not fine:
        raise ValueError(f"{value!r:.40} is no {name}")
    return value
