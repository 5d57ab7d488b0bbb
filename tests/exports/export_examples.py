"""Frames that the tests of the exports share."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from curation.records import Task, encode_output
from exports.evidence import Evidence
from exports.options import ExportOptions
from exports.split_rules import SplitRules
from exports.writer import ExportResult, write_export

RULES = [entry.name for entry in fields(SplitRules)]
OPTIONS = [entry.name for entry in fields(ExportOptions) if entry.name != "rules"]
FACTS = {"dataset": "tickets", "decision": 7, "settings": {"seed": 0}, "model": "mini@1"}

SCHEMA = {
    "example_id": pl.String,
    "text": pl.String,
    "output": pl.String,
    "messages": pl.String,
    "group": pl.String,
    "verified": pl.Boolean,
    "metadata": pl.String,
}


def frame(outputs: list[Any], task: Task = Task.SINGLE_LABEL, **columns: list[Any]) -> pl.DataFrame:
    """One row per output, ids e0, e1, …, each in a group of its own unless `columns` says else."""
    count = len(outputs)
    content: dict[str, list[Any]] = {
        "example_id": [f"e{number}" for number in range(count)],
        "text": [f"text {number}" for number in range(count)],
        "output": [encode_output(task, output) for output in outputs],
        "messages": [None] * count,
        "group": [f"g{number}" for number in range(count)],
        "verified": [False] * count,
        "metadata": ["{}"] * count,
    }
    return pl.DataFrame(content | columns, schema=SCHEMA)


def heavy_tailed(seed: int, rows: int = 2301, groups: int = 700, labels: int = 6) -> pl.DataFrame:
    """Groups of 1 to about 170 rows, most of one label each, labels of very unequal share."""
    random = np.random.default_rng(seed)
    weight = 1 / np.arange(1, groups + 1) ** 0.9
    sizes = 1 + random.multinomial(rows - groups, weight / weight.sum())
    shares = random.dirichlet(np.full(labels, 1.5))
    main = np.repeat(random.choice(labels, groups, p=shares), sizes)
    stray = random.choice(labels, rows, p=shares)
    label = np.where(random.random(rows) < 0.9, main, stray)
    group = np.repeat(np.arange(groups), sizes)
    return frame([f"label {k}" for k in label], group=[f"g{g}" for g in group])


def export(
    rows: pl.DataFrame, out: Path, task: Task = Task.SINGLE_LABEL, **given: Any
) -> ExportResult:
    """An export to `out` with the defaults of a first export, changed by `given`.

    `file_format`, `template`, `fractions`, `seed` and fields of the options and the split rules go
    into the options; `pairs` and `threshold` into the evidence.
    """
    rules = {name: given.pop(name) for name in RULES if name in given}
    options = {name: given.pop(name) for name in OPTIONS if name in given}
    if "file_format" in given:
        options["format"] = given.pop("file_format")
    pairs, threshold = given.pop("pairs", None), given.pop("threshold", 0.9)
    if pairs is not None:
        given["evidence"] = Evidence(pairs, threshold, 0.8)
    arguments: dict[str, Any] = {
        "labels": sorted(set(rows["output"].drop_nulls())) if task is Task.SINGLE_LABEL else [],
        "facts": FACTS,
    } | given
    chosen = ExportOptions(**options, rules=SplitRules(**rules))
    return write_export(rows, task, options=chosen, out=out, **arguments)
