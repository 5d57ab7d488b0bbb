"""A value that does not occur in the input, at a path whose other values do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from curation.detectors.base import Detector, Evidence, Finding
from curation.detectors.grounding import Source, fold
from curation.detectors.json_values import json_outputs, lower_bound, nodes, quoted
from curation.records import Task

EXTRACTIVE = 0.9
"""Least share, by its lower bound, of values found in their inputs that makes a path copied."""

_COPIED = 0.95
_HALF = 0.5
_WEIGHT = 4
_LIKELY = 0.75
_MOST_SHOWN = 3


class Miss(NamedTuple):
    """A value that its input does not have; `support` is how much of it the input has."""

    row: int
    path: str
    kin: str
    value: Any
    support: float


@dataclass(slots=True)
class Path:
    """What the values at one path, entries of a list taken together, have in common."""

    found: int = 0
    partly: int = 0
    absent: int = 0
    inputs: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Value → the inputs that lack it."""
    occurrences: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Value → how often it was found."""

    @property
    def others(self) -> int:
        """How many values stand beside one that is missing."""
        return self.found + self.partly + self.absent - 1

    def expected(self, miss: Miss) -> float:
        """How surely this value would be in its input if it were right; 0 where that is open.

        The lower bound of the share of the other values that are found is the prior, worth four
        values, and the value's own record elsewhere moves it: a value that several inputs lack is
        a category or a default. Where many are reworded rather than copied, those are left alone.
        """
        share = lower_bound(self.found, self.others)
        reworded = miss.support >= _HALF
        if share < EXTRACTIVE or (
            reworded and lower_bound(self.found, self.found + self.partly - 1) < _COPIED
        ):
            return 0.0
        key = spelling(miss.value)
        lacking, having = len(self.inputs[key]) - 1, self.occurrences[key]
        own = (_WEIGHT * share + having) / (_WEIGHT + having + lacking)
        return min(share, own) if own >= _LIKELY * share else 0.0


def find(evidence: Evidence) -> Iterator[Finding]:
    """Values that their input lacks although it should have them; one finding an example.

    Which paths are copied from the input is learnt: those whose values are found in their inputs
    with a share of at least 0.9 by its `lower_bound` (so 25 others at the least).
    Spelling is no matter (see `Source.support`), nor is a slip of the pen put right; a number that
    follows from numbers of the input counts for nothing. The score is 1 − share × (1 − the part of
    the value that was found).
    """
    paths, misses = _read(evidence)
    found: dict[int, list[tuple[float, Miss]]] = defaultdict(list)
    for miss in misses:
        expected = paths[miss.kin].expected(miss)
        if expected > 0 and not Source(evidence.examples["text"][miss.row]).respells(miss.value):
            found[miss.row].append((1 - expected * (1 - miss.support), miss))
    for row, faults in found.items():
        worst = sorted(faults, key=lambda fault: fault[0])
        reasons = [_reason(miss, paths[miss.kin]) for _, miss in worst[:_MOST_SHOWN]]
        more = len(faults) - _MOST_SHOWN
        yield Finding(
            row, worst[0][0], "; ".join(reasons) + (f"; and {more} more." if more > 0 else ".")
        )


def shares(evidence: Evidence) -> dict[str, float]:
    """For each path, entries of a list taken together, the least share of values copied."""
    return {
        kin: lower_bound(path.found, path.found + path.partly + path.absent)
        for kin, path in _read(evidence)[0].items()
    }


def spelling(value: Any) -> str:
    """The one spelling under which a value is counted."""
    return fold(value) if isinstance(value, str) else repr(float(value))


def _read(evidence: Evidence) -> tuple[dict[str, Path], list[Miss]]:
    paths: dict[str, Path] = defaultdict(Path)
    misses = []
    for row, text, output in json_outputs(evidence):
        source = Source(text)
        for node in nodes(output):
            support = source.support(node.value)
            if support is None:
                continue
            path = paths[node.kin]
            if support == 1:
                path.found += 1
                path.occurrences[spelling(node.value)] += 1
            elif not source.derives(node.value):
                path.partly += support >= _HALF
                path.absent += support < _HALF
                path.inputs[spelling(node.value)].add(text)
                misses.append(Miss(row, *node, support))
    return paths, misses


def _reason(miss: Miss, path: Path) -> str:
    share = path.found / path.others
    verb = "is not in the input" if miss.support < _HALF else "is not in the input in these words"
    return f"{miss.path}: {quoted(miss.value)} {verb}; {share:.0%} of the others are"


DETECTOR = Detector(
    kind="ungrounded",
    title="Not in the input",
    ask="Does the input say what the output says?",
    tasks=frozenset({Task.EXTRACTION}),
    find=find,
)
