"""Nearly the same input, another output: one of the two is wrong, or the guidelines allow both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from curation.detectors.base import Detector, Evidence, Finding, shorten
from curation.detectors.json_values import NOTHING, differences, parse, quoted
from curation.records import Task

_MOST_FIELDS = 3


def find(evidence: Evidence) -> Iterator[Finding]:
    """Both sides of every pair in `evidence.conflicts`, one finding an example.

    The score is 1 − similarity: the closer the inputs, the surer it is that one of the outputs is
    wrong. The reason quotes the most similar of the others; for extraction, the fields in which
    the two differ. JSON that differs in no value (in the order of keys, 1 against 1.0) is no
    conflict.
    """
    conflicts = evidence.conflicts
    if conflicts is None:
        return
    if evidence.task is Task.EXTRACTION:
        conflicts = _differing(conflicts)
    for found in _closest(conflicts).iter_rows(named=True):
        other = evidence.rows[found["other_id"]]
        reason = _reason(found, evidence.examples["source_row"][other], evidence.task)
        yield Finding(
            evidence.rows[found["example_id"]], 1.0 - min(found["similarity"], 1.0), reason
        )


def _differing(conflicts: pl.DataFrame) -> pl.DataFrame:
    """Without pairs whose outputs are the same JSON."""
    outputs = conflicts.select("output", "other_output").iter_rows()
    return conflicts.filter(pl.Series([_fields(*pair) != [] for pair in outputs], dtype=pl.Boolean))


def _fields(output: str, other_output: str) -> list[str] | None:
    """The fields in which two JSON outputs differ, in words; None where one is not JSON."""
    values = parse(output), parse(other_output)
    if NOTHING in values:
        return None
    return [
        f"{path}: {quoted(here)} here, {quoted(there)} there"
        for path, here, there in differences(*values)
    ]


def _closest(conflicts: pl.DataFrame) -> pl.DataFrame:
    """One row per side of a conflict, with its most similar opponent and their number."""
    there = conflicts.select("example_id", "other_id", "similarity", "output", "other_output")
    back = conflicts.select(
        example_id="other_id",
        other_id="example_id",
        similarity="similarity",
        output="other_output",
        other_output="output",
    )
    sides = pl.concat([there, back])
    closest = sides.sort("example_id", "similarity", "other_id", descending=[False, True, False])
    return closest.group_by("example_id", maintain_order=True).agg(
        pl.all().first(), others=pl.len()
    )


def _reason(found: dict[str, Any], source_row: int, task: Task) -> str:
    exact = found["similarity"] >= 1
    alike = "the same input" if exact else f"nearly the same input ({found['similarity']:.2f})"
    more = f" {found['others'] - 1} more like it disagree." if found["others"] > 1 else ""
    fields = task is Task.EXTRACTION and _fields(found["output"], found["other_output"])
    if fields:
        left = len(fields) - _MOST_FIELDS
        shown = "; ".join(fields[:_MOST_FIELDS]) + (f"; and {left} more" if left > 0 else "")
    else:
        shown = f"“{shorten(found['other_output'])}”"
    return f"Row {source_row} has {alike} but another output: {shown}.{more}"


DETECTOR = Detector(
    kind="conflict",
    title="Conflict",
    ask="Which of the two outputs is right?",
    tasks=frozenset(Task),
    find=find,
)
