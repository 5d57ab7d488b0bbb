"""What can be wrong with an output that no label model sees: one detector a file.

A detector looks at all examples and returns those it finds at fault, with a score (0 surely wrong,
1 surely fine) and a reason in words. None of them suggests an output. To add one: a module with a
`DETECTOR`, its line below, its section in docs/findings.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from curation.detectors import (
    arithmetic,
    conflict,
    echo,
    empty,
    language,
    length,
    markup,
    mismatch,
    not_json,
    outlier,
    refusal,
    repetition,
    schema,
    siblings,
    template_token,
    truncated,
    turns,
    twin_output,
    ungrounded,
)
from curation.detectors.base import FLAG_SCHEMA, Detector, Evidence, Finding, flags_of
from curation.records import Task

__all__ = ["DETECTORS", "FLAG_SCHEMA", "Detector", "Evidence", "Finding", "detect", "detectors_of"]

DETECTORS: tuple[Detector, ...] = (
    conflict.DETECTOR,
    empty.DETECTOR,
    mismatch.DETECTOR,
    arithmetic.DETECTOR,
    truncated.DETECTOR,
    refusal.DETECTOR,
    echo.DETECTOR,
    repetition.DETECTOR,
    language.DETECTOR,
    template_token.DETECTOR,
    turns.DETECTOR,
    markup.DETECTOR,
    length.DETECTOR,
    not_json.DETECTOR,
    schema.DETECTOR,
    ungrounded.DETECTOR,
    siblings.DETECTOR,
    twin_output.DETECTOR,
    outlier.DETECTOR,
)
"""All of them, in the order in which they are shown."""


def detectors_of(task: Task) -> Iterator[Detector]:
    """The detectors that apply to a task."""
    return (detector for detector in DETECTORS if task in detector.tasks)


def detect(
    evidence: Evidence, progress: Callable[[Detector], None] = lambda _: None
) -> pl.DataFrame:
    """The findings of every detector for the task, as rows of FLAG_SCHEMA.

    `progress` hears of each detector as it begins. Raises what a detector raises: WrongUse where
    the settings of the dataset are at fault, never because of an example.
    """
    found = [pl.DataFrame(schema=FLAG_SCHEMA)]
    for detector in detectors_of(evidence.task):
        progress(detector)
        found.append(flags_of(detector, evidence))
    return pl.concat(found).sort("example_id", "kind")
