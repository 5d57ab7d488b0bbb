"""What can be wrong with an output that is no label: conflicts, mismatches, blanks, schema.

Every detector returns rows of FLAG_SCHEMA for the examples it finds at fault, and only for those.
Scores: 0 surely wrong, 1 surely fine. None of them suggests an output.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable

from curation.errors import WrongUse
from curation.label_issues import FLAG_SCHEMA
from curation.probabilities import Floats, Vectors
from curation.records import Json

_SHOWN = 120
_MOST_VIOLATIONS = 3
_REFERENCES = 2000
_FEWEST_REFERENCES = 10
_CLEAR = 0.9

_MARKS = re.compile(r"[\s\-–—‐‑−._?*/\\|~#…]*")
_PLACEHOLDERS = {"n/a", "na", "n.a.", "nan", "none", "null", "nil", "tbd", "todo"}
_EMPTY_JSON = {"{}", "[]", '""', "null"}


def conflict_flags(conflicts: pl.DataFrame, outputs: pl.DataFrame) -> pl.DataFrame:
    """A `conflict` row for both sides of every pair in `conflicts`, one per example.

    `conflicts` is what `duplicates.conflicts` returns: `example_id, other_id, similarity, output,
    other_output`. `outputs` has `example_id` and, where known, `source_row`. The score is
    1 − similarity: the closer the inputs, the surer it is that one of the outputs is wrong. The
    reason quotes the most similar of the others.
    """
    sides = pl.concat(
        [
            conflicts.select("example_id", "other_id", "similarity", "other_output"),
            conflicts.select(
                example_id="other_id",
                other_id="example_id",
                similarity="similarity",
                other_output="output",
            ),
        ]
    )
    closest = sides.sort("example_id", "similarity", "other_id", descending=[False, True, False])
    found = closest.group_by("example_id", maintain_order=True).agg(
        pl.all().first(), others=pl.len()
    )
    rows = (
        dict(outputs.select("example_id", "source_row").iter_rows()) if _has_rows(outputs) else {}
    )
    return _flags(
        "conflict",
        (
            (
                row["example_id"],
                1.0 - min(row["similarity"], 1.0),
                _conflict_reason(row, rows.get(row["other_id"])),
            )
            for row in found.iter_rows(named=True)
        ),
    )


def mismatch_flags(
    examples: pl.DataFrame, question_vectors: Vectors, answer_vectors: Vectors
) -> pl.DataFrame:
    """A `mismatch` row for every answer that clearly fits its question no better than others do.

    `examples` has `example_id`; the vectors are float32 [n, d] of length one, row by row.
    The score is the mean of two ranks in [0, 1]: the share of other answers that are less similar
    to the question than its own, and of other questions less similar to the answer. It needs no
    scale: an answer drawn at random has a mean of 0.5, a fitting one is near 1. Below 0.9 counts
    as clear. Others are at most 2,000 evenly spaced rows, so the cost is linear. Fewer than ten
    others say nothing, and no row is returned.
    """
    count = examples.height
    others = np.arange(0, count, max(1, -(-count // _REFERENCES)))
    if len(others) <= _FEWEST_REFERENCES:
        return pl.DataFrame(schema=FLAG_SCHEMA)
    among_answers = _ranks(question_vectors, answer_vectors, others)
    among_questions = _ranks(answer_vectors, question_vectors, others)
    scores = (among_answers + among_questions) / 2
    ids = examples["example_id"].to_list()
    return _flags(
        "mismatch",
        (
            (
                ids[row],
                float(scores[row]),
                _mismatch_reason(1 - among_answers[row], 1 - among_questions[row]),
            )
            for row in np.flatnonzero(scores < _CLEAR).tolist()
        ),
    )


def empty_flags(examples: pl.DataFrame) -> pl.DataFrame:
    """An `empty-output` row where `given` is missing, blank, a dash or a word such as "n/a".

    `examples` has `example_id, given`. A missing or blank output scores 0, a placeholder 0.05:
    it may be meant.
    """
    return _flags(
        "empty-output",
        (
            (example_id, score, reason)
            for example_id, given in examples.select("example_id", "given").iter_rows()
            for score, reason in _emptiness(given)
        ),
    )


def schema_flags(examples: pl.DataFrame, schema: Json) -> pl.DataFrame:
    """A `schema` row for every output that violates the JSON Schema (draft 2020-12).

    `examples` has `example_id, given` (JSON text; null is passed over). The reason names where,
    as a JSON path, and what. References to other documents are never fetched. Raises WrongUse if
    the schema itself is not valid or refers to what it does not hold.
    """
    validator = _validator(schema)
    found = []
    for example_id, given in examples.select("example_id", "given").iter_rows():
        violations = [] if given is None else _violations(given, validator)
        if violations:
            shown = "; ".join(violations[:_MOST_VIOLATIONS])
            more = len(violations) - _MOST_VIOLATIONS
            found.append((example_id, 0.0, shown + (f"; and {more} more." if more > 0 else ".")))
    return _flags("schema", found)


def _has_rows(outputs: pl.DataFrame) -> bool:
    return "source_row" in outputs.columns


def _conflict_reason(row: dict[str, Any], source_row: int | None) -> str:
    where = f"Row {source_row}" if source_row is not None else f"Example {row['other_id']}"
    exact = row["similarity"] >= 1
    alike = "the same input" if exact else f"nearly the same input ({row['similarity']:.2f})"
    more = f" {row['others'] - 1} more like it disagree." if row["others"] > 1 else ""
    return f"{where} has {alike} but another output: “{_shorten(row['other_output'])}”.{more}"


def _mismatch_reason(answers: float, questions: float) -> str:
    return (
        f"{answers:.0%} of the other answers fit this question better, "
        f"{questions:.0%} of the other questions fit this answer better."
    )


def _shorten(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _SHOWN else one_line[: _SHOWN - 1].rstrip() + "…"


def _ranks(own: Vectors, partners: Vectors, others: np.ndarray[Any, Any]) -> Floats:
    """Share of `others` whose partner is less similar to a row than its own, ties half; [n]."""
    ranks = np.empty(len(own))
    matched = np.einsum("ij,ij->i", own, partners)
    for start in range(0, len(own), 4096):
        rows = np.arange(start, min(start + 4096, len(own)))
        similarities = own[rows] @ partners[others].T
        mine = matched[rows, None]
        foreign = rows[:, None] != others
        close = np.isclose(similarities, mine, rtol=0, atol=1e-6)
        less = (similarities < mine) & ~close & foreign
        ranks[rows] = (less.sum(axis=1) + (close & foreign).sum(axis=1) / 2) / foreign.sum(axis=1)
    return ranks


def _emptiness(given: str | None) -> list[tuple[float, str]]:
    """At most one (score, reason)."""
    if given is None:
        return [(0.0, "No output is given.")]
    text = given.strip()
    if not text or text in _EMPTY_JSON:
        return [(0.0, "The output is blank.")]
    if _MARKS.fullmatch(text):
        return [(0.0, f"The output is only “{_shorten(text)}”.")]
    if text.casefold() in _PLACEHOLDERS:
        return [(0.05, f"The output is the placeholder “{text}”.")]
    return []


def _validator(schema: Json) -> Any:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise WrongUse(
            f"The output schema is not valid at {error.json_path}: {_shorten(error.message)}.",
            "Correct the schema in the settings of the dataset (JSON Schema, draft 2020-12).",
        ) from error
    return Draft202012Validator(schema, registry=Registry())  # an empty one never fetches


def _violations(given: str, validator: Any) -> list[str]:
    try:
        value = json.loads(given)
    except ValueError as error:
        return [f"The output is not JSON: {error}"]
    try:
        errors = sorted(validator.iter_errors(value), key=lambda error: error.json_path)
    except (Unresolvable, RecursionError) as error:
        raise WrongUse(
            f"The output schema has a reference that leads nowhere: {_shorten(str(error))}.",
            "Put what it refers to under $defs in the same schema.",
        ) from error
    return [f"{error.json_path}: {_shorten(error.message)}" for error in errors]


def _flags(kind: str, found: Iterable[tuple[str, float, str]]) -> pl.DataFrame:
    """(example_id, score, reason) as flagged rows of FLAG_SCHEMA, sorted by example."""
    rows = [
        (example_id, kind, round(score, 6), None, None, None, True, reason)
        for example_id, score, reason in found
    ]
    return pl.DataFrame(rows, schema=FLAG_SCHEMA, orient="row").sort("example_id")
