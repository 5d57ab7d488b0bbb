"""Two inputs that hardly differ, and outputs that differ in something else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any, NamedTuple

import polars as pl

from curation.detectors.base import Detector, Evidence, Finding, shorten
from curation.detectors.grounding import Source, fold
from curation.detectors.json_values import (
    NOTHING,
    differences,
    kin_of,
    lower_bound,
    nodes,
    parse,
    quoted,
)
from curation.detectors.spellings import date_readings
from curation.detectors.ungrounded import EXTRACTIVE, shares
from curation.records import PairKind, Task

_MOST_TWINS = 3
_ALIKE = 0.7
_MOST_CHANGED = 12


class Change(NamedTuple):
    """A field in which two outputs differ."""

    path: str
    kin: str
    here: Any
    there: Any


class Twins:
    """Two examples whose inputs hardly differ."""

    def __init__(self, rows: tuple[int, int], texts: list[str], outputs: list[Any]) -> None:
        self.rows = rows
        self.sources = [Source(text) for text in texts]
        self.outputs = outputs

    @cached_property
    def changes(self) -> list[Change]:
        """Where the outputs have different values: not null, not a list, not an object."""
        here, there = self.outputs
        return [
            Change(path, kin_of(path), ours, theirs)
            for path, ours, theirs in differences(here, there)
            if all(isinstance(each, (str, bool, int, float)) for each in (ours, theirs))
        ]

    @cached_property
    def own(self) -> list[list[str]] | None:
        """The words that only one input has; None where words only moved, or many differ."""
        ours, theirs = (source.tokens for source in self.sources)
        shared = (Counter(ours) & Counter(theirs)).total()
        if 2 * shared < _ALIKE * (len(ours) + len(theirs)):
            return None
        own: list[list[str]] = [[], []]
        for tag, a, b, c, d in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
            if tag != "equal":
                own[0] += ours[a:b]
                own[1] += theirs[c:d]
        many = max(map(len, own)) > _MOST_CHANGED
        return None if many or not set(own[0]).isdisjoint(own[1]) else own

    @property
    def differ_in_numbers_only(self) -> bool:
        """True where all that sets the inputs apart is digits."""
        return self.own is not None and all(word.isdigit() for side in self.own for word in side)

    def explain(self, change: Change) -> bool:
        """True where what sets the inputs apart may be why the field differs."""
        if self.own is None or _reordered(change, self.outputs):
            return True
        values = (change.here, change.there)
        if any(isinstance(value, str) and date_readings(fold(value)) for value in values):
            return self.sources[0].dates != self.sources[1].dates
        return any(
            Source(" ".join(words)).support(value)
            for value, words in zip(values, self.own, strict=True)
        )

    def have_both(self, change: Change) -> bool:
        """True where both inputs have both values."""
        return all(
            source.support(value) == 1
            for source in self.sources
            for value in (change.here, change.there)
        )


def _reordered(change: Change, outputs: list[Any]) -> bool:
    """True where each of the two values stands elsewhere in the other list."""
    here, there = (
        [node.value for node in nodes(output) if node.kin == change.kin] for output in outputs
    )
    return change.there in here or change.here in there


def find(evidence: Evidence) -> Iterator[Finding]:
    """Fields in which the outputs of near twins differ and their inputs do not; both sides.

    Looked at are the three most similar near twins of each example in which the same words, but for
    a dozen, come in the same order. A field is at fault where no word or number that only one input
    has stands in either value, and (1) the path is copied from the input (`ungrounded.shares`)
    and both inputs have both values, or (2) it is not, the inputs differ in digits alone, and in
    other such twins the field is the same with a share of at least 0.9 (`lower_bound`). The score
    is 1 − share / 2, since either of the two may be right. What an input lacks altogether is the
    matter of `ungrounded`.
    """
    if evidence.pairs is None:
        return
    twins = list(_twins(evidence, evidence.pairs))
    copied = {kin: share for kin, share in shares(evidence).items() if share >= EXTRACTIVE}
    steady = _steady(twins)
    found: dict[int, Finding] = {}
    for each in twins:
        for change in each.changes:
            by_copying = copied.get(change.kin, 0.0) if each.have_both(change) else 0.0
            by_habit = steady.get(change.kin, 0.0) if each.differ_in_numbers_only else 0.0
            share = by_copying if change.kin in copied else by_habit
            if share >= EXTRACTIVE and not each.explain(change):
                for finding in _both(each, change, share, evidence.examples["source_row"]):
                    found.setdefault(finding.row, finding)
    yield from found.values()


def _twins(evidence: Evidence, pairs: pl.DataFrame) -> Iterator[Twins]:
    texts, given = evidence.examples["text"], evidence.examples["given"]
    closest = (
        pairs.filter(kind=PairKind.NEAR_TWIN.value)
        .sort("similarity", "example_id", "other_id", descending=[True, False, False])
        .group_by("example_id", maintain_order=True)
        .head(_MOST_TWINS)
    )
    for here, there in closest.select("example_id", "other_id").iter_rows():
        rows = evidence.rows[here], evidence.rows[there]
        outputs = [parse(given[row] or "") for row in rows]
        if NOTHING not in outputs:
            yield Twins(rows, [texts[row] for row in rows], outputs)


def _steady(twins: list[Twins]) -> dict[str, float]:
    """For each path that changes, how surely it stays the same in the other twins.

    Only twins whose inputs differ in digits alone are counted.
    """
    trials: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    for each in twins:
        if each.differ_in_numbers_only:
            trials.update({node.kin for node in nodes(each.outputs[0])})
            changed.update({change.kin for change in each.changes})
    return {kin: lower_bound(trials[kin] - n, trials[kin] - 1) for kin, n in changed.items()}


def _both(twins: Twins, change: Change, share: float, lines: pl.Series) -> Iterator[Finding]:
    apart = [shorten(" ".join(words)) or "nothing" for words in twins.own or [[], []]]
    sides = ((0, 1, change.here, change.there), (1, 0, change.there, change.here))
    for side, other, here, there in sides:
        reason = (
            f"{change.path}: {quoted(here)} here, {quoted(there)} in row "
            f"{lines[twins.rows[other]]}, whose input differs in other words only "
            f"({apart[side]} / {apart[other]})."
        )
        yield Finding(twins.rows[side], 1 - share / 2, reason)


DETECTOR = Detector(
    kind="twin-output",
    title="Differs from its twin",
    ask="The inputs hardly differ: why does this field?",
    tasks=frozenset({Task.EXTRACTION}),
    find=find,
)
