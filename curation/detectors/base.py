"""What every detector gets and what it gives: one detector a file, one uniform result."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curation.records import Json, Task

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]

FLAG_SCHEMA: dict[str, pl.DataType] = {
    "example_id": pl.String(),
    "kind": pl.String(),
    "score": pl.Float64(),
    "suggested": pl.String(),
    "confidence": pl.Float64(),
    "given_confidence": pl.Float64(),
    "flagged": pl.Boolean(),
    "reason": pl.String(),
}
"""Columns of every finding. `score`: 0 surely wrong, 1 surely fine, null unknown."""

_SHOWN = 120


class Finding(NamedTuple):
    """One example at fault: its row in `Evidence.examples`, how surely it is fine, and why."""

    row: int
    score: float
    reason: str


@dataclass(frozen=True)
class Evidence:
    """What the detectors may look at.

    `examples` has `example_id, source_row, text, given, messages`, ids unique: `given` is what the
    example says now (null: nothing), `messages` the JSON of all turns of a conversation, the answer
    among them (null: a question and its answer only). The vectors are float32 [n, d] of length
    one, row by row; an example without output has zeros for an answer. Vectors and conflicts
    are there for the tasks whose detectors ask for them. `conflicts` is what
    `duplicates.conflicts` returns: `example_id, other_id, similarity, output, other_output`;
    `pairs` what `duplicates.find_pairs` does (PAIR_SCHEMA); `neighbours` what
    `similarity.nearest_neighbours` does; `groups` int [n] numbers the groups of copies.
    """

    task: Task
    examples: pl.DataFrame
    question_vectors: Vectors | None = None
    answer_vectors: Vectors | None = None
    conflicts: pl.DataFrame | None = None
    pairs: pl.DataFrame | None = None
    neighbours: tuple[Rows, Vectors] | None = None
    groups: Rows | None = None
    output_schema: Json | None = None

    def outputs(self) -> Iterator[tuple[int, str, str]]:
        """(row, input, output) of every example that has an output that is not blank."""
        columns = (self.examples["text"], self.examples["given"])
        for row, (text, given) in enumerate(zip(*columns, strict=True)):
            if given is not None and given.strip():
                yield row, text, given

    def turns(self) -> Iterator[tuple[int, list[Json]]]:
        """(row, turns) of every conversation: dicts with `role`, `content` and perhaps more.

        A question and its answer are two turns, or one where the answer is missing.
        """
        columns = [self.examples[name] for name in ("text", "given", "messages")]
        for row, (text, given, messages) in enumerate(zip(*columns, strict=True)):
            if messages is not None:
                yield row, json.loads(messages)
            else:
                asked = {"role": "user", "content": text}
                yield row, [asked] if given is None else [asked, _answer(given)]

    @cached_property
    def rows(self) -> dict[str, int]:
        """The row of each example id."""
        return {key: row for row, key in enumerate(self.examples["example_id"])}


def _answer(given: str) -> Json:
    return {"role": "assistant", "content": given}


@dataclass(frozen=True, slots=True)
class Detector:
    """One way in which an output can be wrong.

    `find` returns findings in any order, at most one a row. `title` names the fault for people,
    `ask` is what a reviewer should look at.
    """

    kind: str
    title: str
    ask: str
    tasks: frozenset[Task]
    find: Callable[[Evidence], Iterable[Finding]]


def flags_of(detector: Detector, evidence: Evidence) -> pl.DataFrame:
    """The findings of one detector as flagged rows of FLAG_SCHEMA, sorted by example."""
    ids = evidence.examples["example_id"]
    rows = [
        (ids[found.row], detector.kind, round(found.score, 6), None, None, None, True, found.reason)
        for found in detector.find(evidence)
    ]
    return pl.DataFrame(rows, schema=FLAG_SCHEMA, orient="row").sort("example_id")


def shorten(text: Any) -> str:
    """One line of at most 120 characters, for quoting in a reason."""
    one_line = " ".join(str(text).split())
    return one_line if len(one_line) <= _SHOWN else one_line[: _SHOWN - 1].rstrip() + "…"
