"""A base and a fine-tuned model on the test split of an export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curation.detectors.schema import check_schema, validator_of
from curation.errors import WrongUse
from curation.records import Json, Task
from exports.contents import read_contents
from exports.paired import LEVEL, RESAMPLES, Interval, McNemar, intervals, mcnemar, wilson
from exports.predictions import USAGE, Predictions, read_predictions
from exports.scores import SHARES, Rules, Scores, score

TEST = "test"
NOTHING_SHOWN = "no difference can be shown"
_VERDICTS = {"tuned": "the fine-tuned model is better", "base": "the base model is better"}
_SIDES = ("base", "tuned")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two models' answers to a test split say of them. All shares and F1 are in 0 … 1.

    - `measures`: `measure`, `base`, `tuned` with `base_low` … `tuned_high` (95 % Wilson interval,
      null where the measure is no share of rows), `difference` (tuned − base), `low`, `high` (its
      95 % interval), `verdict`: a difference is shown where the interval does not hold 0 and, for
      the first measure, the exact test agrees;
    - `mcnemar`: rows by which model's answer is right as a whole;
    - `classes`: `label` (a label, or a field of an extraction), `support` (how often gold has it),
      `base_precision`, `base_recall`, `base_f1`, `tuned_…`; null where there is nothing to divide
      by;
    - `unreadable`: answers of each side that are none of the task;
    - `usage`: `what`, `figure` (median, p95, total), `base`, `tuned`;
    - `differing`: rows with other answers, `example_id`, `right` (tuned, base, neither), `text`,
      `gold`, `base`, `tuned`: first those that only the base model has right, then those that only
      the fine-tuned one has.
    """

    task: Task
    rows: int
    groups: int
    answers: dict[str, Json]
    """Of each side: `file`, `column` of the answers, and what its rows were `matched_by`."""
    measures: pl.DataFrame
    mcnemar: McNemar
    classes: pl.DataFrame
    unreadable: dict[str, int]
    usage: pl.DataFrame
    differing: pl.DataFrame

    def as_json(self) -> Json:
        """Everything but the differing rows, of which it is the number."""
        counts = self.mcnemar
        return {
            "task": self.task.value,
            "rows": self.rows,
            "groups": self.groups,
            "answers": self.answers,
            "measures": self.measures.to_dicts(),
            "mcnemar": {name: getattr(counts, name) for name in counts.__slots__},
            "classes": self.classes.to_dicts(),
            "unreadable": self.unreadable,
            "usage": self.usage.to_dicts(),
            "differing": self.differing.height,
        }


def compare(
    folder: Path,
    base: Path,
    tuned: Path,
    *,
    column: str | None = None,
    schema: Json | None = None,
    ignore_case: bool = False,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Compare two files of predictions for the test split of the export in `folder`.

    For `column` see `read_predictions`, for `ignore_case` see `scores.Rules`; `schema` is a JSON
    Schema of an extraction's outputs. Raises WrongUse where the export has no test split or was
    changed, and where predictions cannot be read or matched.
    """
    contents = read_contents(folder, (TEST,))
    examples, task = contents.examples, contents.task
    good = pl.col("approved").fill_null(value=True)  # nobody should answer as a bad answer does
    if examples.filter(good).is_empty():
        raise WrongUse(
            f"The export {folder} has no test split to compare models on.",
            "Export with a share for test.",
        )
    ids = examples["example_id"].to_list()
    files = [read_predictions(path, ids, column=column) for path in (base, tuned)]
    examples = examples.with_columns(
        base=files[0].rows["prediction"], tuned=files[1].rows["prediction"]
    ).filter(good)
    rules = _rules(schema, ignore_case=ignore_case)
    scores = [
        score(task, examples["output"].to_list(), examples[side].to_list(), contents.labels, rules)
        for side in _SIDES
    ]
    groups = _groups(examples)
    found = intervals(scores[0], scores[1], groups, resamples=resamples, seed=seed)
    test = mcnemar(scores[0].right, scores[1].right)
    return Comparison(
        task=task,
        rows=examples.height,
        groups=len(set(groups)),
        answers={side: _about(file) for side, file in zip(_SIDES, files, strict=True)},
        measures=_measures(scores, found, test),
        mcnemar=test,
        classes=_classes(scores),
        unreadable={
            side: int((~each.parsed).sum()) for side, each in zip(_SIDES, scores, strict=True)
        },
        usage=_usage(files),
        differing=_differing(examples, scores),
    )


def _rules(schema: Json | None, *, ignore_case: bool) -> Rules:
    if schema is None:
        return Rules(ignore_case)
    check_schema(schema)
    return Rules(ignore_case, validator_of(schema))


def _groups(examples: pl.DataFrame) -> NDArray[np.int64]:
    """The group of near-duplicates of each example, numbered from 0."""
    alike = pl.coalesce("group", "example_id").rank("dense").cast(pl.Int64) - 1
    return examples.select(alike).to_series().to_numpy()


def _about(side: Predictions) -> Json:
    return {"file": side.name, "column": side.column, "matched_by": side.matched_by}


def _measures(scores: Sequence[Scores], found: dict[str, Interval], test: McNemar) -> pl.DataFrame:
    """One line a measure. What `test` looks at must pass both: it is exact, the interval is not."""
    base, tuned = (each.values() for each in scores)
    rows = len(scores[0].right)
    lines = []
    for name, interval in found.items():
        values = base[name], tuned[name]
        bounds = [
            wilson(round(value * rows), rows) if name in SHARES and value is not None else None
            for value in values
        ]
        line: list[Any] = [name]
        for value, bound in zip(values, bounds, strict=True):
            line += [value, *(bound or (None, None))]
        known = None not in values
        line += [tuned[name] - base[name] if known else None, interval.low, interval.high]  # type: ignore[operator]
        doubted = name == scores[0].layout.means[0] and test.p_value >= 1 - LEVEL
        better = None if doubted else interval.shows
        lines.append([*line, NOTHING_SHOWN if better is None else _VERDICTS[better]])
    sides = [f"{side}{end}" for side in _SIDES for end in ("", "_low", "_high")]
    numbers = dict.fromkeys([*sides, "difference", "low", "high"], pl.Float64)
    return pl.DataFrame(
        lines, {"measure": pl.String, **numbers, "verdict": pl.String}, orient="row"
    )


def _classes(scores: Sequence[Scores]) -> pl.DataFrame:
    layout = scores[0].layout
    columns: dict[str, Any] = {"label": layout.classes, "support": []}
    for side, each in zip(_SIDES, scores, strict=True):
        sums = np.asarray(each.parts.sum(axis=0), dtype=np.float64)
        known = layout.counts(sums) if layout.classes else [np.zeros(1)] * 3
        gold, answered, correct = (pl.Series(counts[:-1], dtype=pl.Float64) for counts in known)
        columns["support"] = gold.cast(pl.Int64)
        columns[f"{side}_precision"] = (correct / answered).fill_nan(None)
        columns[f"{side}_recall"] = (correct / gold).fill_nan(None)
        columns[f"{side}_f1"] = (2 * correct / (gold + answered)).fill_nan(None)
    return pl.DataFrame(columns, schema_overrides={"label": pl.String})


def _usage(sides: Sequence[Predictions]) -> pl.DataFrame:
    """Median, 95th percentile and total of what answers took, where a file says so."""
    lines: list[tuple[Any, ...]] = []
    for what in USAGE:
        known = [
            side.rows[what].drop_nulls() if what in side.rows.columns else pl.Series([0.0]).clear()
            for side in sides
        ]
        if all(values.is_empty() for values in known):
            continue
        lines += [
            (what, "median", *(values.median() for values in known)),
            (what, "p95", *(values.quantile(0.95, "linear") for values in known)),
        ]
        if what != "latency_ms":
            sums = (None if values.is_empty() else values.sum() for values in known)
            lines.append((what, "total", *sums))
    schema = {"what": pl.String, "figure": pl.String, "base": pl.Float64, "tuned": pl.Float64}
    return pl.DataFrame(lines, schema, orient="row")


def _differing(examples: pl.DataFrame, scores: Sequence[Scores]) -> pl.DataFrame:
    """Examples whose two answers are not the same once they are read."""
    base, tuned = scores
    apart = [ours != theirs for ours, theirs in zip(base.answers, tuned.answers, strict=True)]
    right = np.select([base.right, tuned.right], ["base", "tuned"], "neither")
    return (
        examples.with_columns(right=pl.Series(right, dtype=pl.Enum(["base", "tuned", "neither"])))
        .filter(pl.Series(apart, dtype=pl.Boolean))
        .sort("right", maintain_order=True)
        .select(
            "example_id", pl.col("right").cast(pl.String), "text", "base", "tuned", gold="output"
        )
        .select("example_id", "right", "text", "gold", "base", "tuned")
    )
