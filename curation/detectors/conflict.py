"""Nearly the same input, another output: one of the two is wrong, or the guidelines allow both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from curation.detectors.base import Detector, Evidence, Finding, shorten
from curation.records import Task


def find(evidence: Evidence) -> Iterator[Finding]:
    """Both sides of every pair in `evidence.conflicts`, one finding an example.

    The score is 1 − similarity: the closer the inputs, the surer it is that one of the outputs is
    wrong. The reason quotes the most similar of the others.
    """
    if evidence.conflicts is None:
        return
    for found in _closest(evidence.conflicts).iter_rows(named=True):
        other = evidence.rows[found["other_id"]]
        reason = _reason(found, evidence.examples["source_row"][other])
        yield Finding(
            evidence.rows[found["example_id"]], 1.0 - min(found["similarity"], 1.0), reason
        )


def _closest(conflicts: pl.DataFrame) -> pl.DataFrame:
    """One row per side of a conflict, with its most similar opponent and their number."""
    there = conflicts.select("example_id", "other_id", "similarity", "other_output")
    back = conflicts.select(
        example_id="other_id",
        other_id="example_id",
        similarity="similarity",
        other_output="output",
    )
    sides = pl.concat([there, back])
    closest = sides.sort("example_id", "similarity", "other_id", descending=[False, True, False])
    return closest.group_by("example_id", maintain_order=True).agg(
        pl.all().first(), others=pl.len()
    )


def _reason(found: dict[str, Any], source_row: int) -> str:
    exact = found["similarity"] >= 1
    alike = "the same input" if exact else f"nearly the same input ({found['similarity']:.2f})"
    more = f" {found['others'] - 1} more like it disagree." if found["others"] > 1 else ""
    output = shorten(found["other_output"])
    return f"Row {source_row} has {alike} but another output: “{output}”.{more}"


DETECTOR = Detector(
    kind="conflict",
    title="Conflict",
    ask="Which of the two outputs is right?",
    tasks=frozenset(Task),
    find=find,
)
