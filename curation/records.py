"""The shared nouns. Every other module speaks in these words; see docs/architecture.md."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from curation.errors import WrongUse

Json = dict[str, Any]


class Task(StrEnum):
    """What a dataset teaches a model to produce."""

    SINGLE_LABEL = "single-label"
    MULTI_LABEL = "multi-label"
    CHAT = "chat"
    EXTRACTION = "extraction"

    @property
    def has_labels(self) -> bool:
        """True where the output is one or several labels of a closed set."""
        return self in (Task.SINGLE_LABEL, Task.MULTI_LABEL)


class Action(StrEnum):
    """One act of a person on one example."""

    KEEP = "keep"
    RELABEL = "relabel"
    EDIT = "edit"
    EXCLUDE = "exclude"
    SKIP = "skip"
    UNDO = "undo"
    COMMENT = "comment"
    SEPARATE = "separate"
    """These two are no duplicates of each other; about a pair, whose other id is the value."""


class About(StrEnum):
    """What a decision is about: the example's output, or its place in a duplicate cluster.

    Keeping a duplicate says nothing of its label, so the two never mix in the fold.
    """

    OUTPUT = "output"
    DUPLICATE = "duplicate"


class PairKind(StrEnum):
    """How two examples are alike."""

    EXACT = "exact"
    NEAR = "near"
    NEAR_TWIN = "near-twin"


class Status(StrEnum):
    """Where an example stands after the fold of its decisions."""

    UNREVIEWED = "unreviewed"
    SKIPPED = "skipped"
    KEPT = "kept"
    RELABELLED = "relabelled"
    EDITED = "edited"
    EXCLUDED = "excluded"


LABEL_SCORES = ("normalized_margin", "self_confidence", "confidence_weighted_entropy")
"""The rankings of cleanlab. The first is the best where labels are easily confused, the second
where errors fall on any label alike."""


REPRESENTATIVES = ("verified", "complete", "central", "newest")
"""Who represents a cluster of duplicates: what a person has verified, the longest, the one that is
alike to most of the others, the one imported last."""

DUPLICATES_OF = ("question", "answer", "both")
"""What is compared in chats."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Per-dataset settings of the analysis; stored with the dataset, part of every step's key."""

    model: str = "all-MiniLM-L6-v2"
    near_threshold: float = 0.90
    """Cosine from which two examples count as near-duplicates; applied when pairs are read."""
    pair_floor: float = 0.80
    """Lowest cosine, of meaning or of spelling, at which a pair is stored."""
    lexical_threshold: float = 0.80
    """Similarity of spelling from which two examples count as near-duplicates whatever the cosine
    of their embeddings; applied when pairs are read. Above 1: never."""
    keep_case: bool = False
    """Texts that differ in case only are different texts."""
    keep_punctuation: bool = False
    """Texts that differ in punctuation only are different texts."""
    keep_accents: bool = True
    """Texts that differ in accents only are different texts."""
    duplicates_of: str = "question"
    """What is compared in chats; see DUPLICATES_OF."""
    representative: str = "verified"
    """Who represents a cluster; see REPRESENTATIVES. Applied when clusters are read."""
    neighbours: int = 20
    label_score: str = "normalized_margin"
    """How cleanlab ranks doubtful labels; see LABEL_SCORES."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise WrongUse where a choice is none of those there are, or a number out of range."""
        if not 0 < self.pair_floor <= self.near_threshold <= 1:
            raise WrongUse(
                f"The setting 'near_threshold' is {self.near_threshold}, and 'pair_floor' "
                f"{self.pair_floor}.",
                "Pairs below the floor are not known: 0 < pair_floor ≤ near_threshold ≤ 1.",
            )
        if self.lexical_threshold < self.pair_floor:
            raise WrongUse(
                f"The setting 'lexical_threshold' is {self.lexical_threshold}, and 'pair_floor' "
                f"{self.pair_floor}.",
                "Choose no less than pair_floor; above 1, spelling counts for nothing.",
            )
        if self.neighbours < 1:
            raise WrongUse(f"The setting 'neighbours' is {self.neighbours}.", "Choose 1 or more.")
        for name, choices in (
            ("representative", REPRESENTATIVES),
            ("duplicates_of", DUPLICATES_OF),
        ):
            if getattr(self, name) not in choices:
                raise WrongUse(
                    f"The setting '{name}' cannot be '{getattr(self, name)}'.",
                    f"Choose one of: {', '.join(choices)}.",
                )


@dataclass(frozen=True, slots=True)
class Dataset:
    """One task's examples in a workspace."""

    dataset_id: str
    name: str
    task: Task
    guidelines: str = ""
    output_schema: Json | None = None
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True, slots=True)
class Example:
    """One input with its given output, as imported; never changed afterwards."""

    example_id: str
    source_row: int
    text: str
    given: str | None
    messages: str | None = None
    metadata: str = "{}"


@dataclass(frozen=True, slots=True)
class Operation:
    """A decision as a client asks for it, before the store has numbered it.

    `op_id` is chosen by the client and makes the operation idempotent. `revision` is the number of
    the last decision on this example that the person had seen (0: none). For UNDO, `value` is the
    `op_id` that is taken back, for SEPARATE the other example's id, for RELABEL and EDIT the new
    output (see `encode_output`).
    """

    op_id: str
    dataset_id: str
    example_id: str
    annotator: str
    action: Action
    value: str | None = None
    comment: str | None = None
    about: About = About.OUTPUT
    revision: int = 0
    elapsed_ms: int = 0


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row that could not be imported, and why. No `column`: the whole row is at fault."""

    source_row: int
    column: str | None
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one step of a long job has come; `total` is 0 where it is not known."""

    step: str
    done: int
    total: int
    message: str = ""


def canonical_json(value: Any) -> str:
    """The one spelling of a JSON value: sorted keys, no spaces, non-ASCII kept.

    Raises ValueError on NaN and infinities, which are not JSON.
    """
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )


def encode_output(task: Task, value: Any) -> str | None:
    """An output as it is stored: label, sorted JSON list of labels, answer, or canonical JSON.

    None stays None: an output may be missing. An empty multi-label list is an output (`[]`).
    """
    if value is None:
        return None
    if task is Task.MULTI_LABEL:
        return canonical_json(sorted(set(value)))
    if task is Task.EXTRACTION:
        return canonical_json(value)
    return str(value)


def decode_output(task: Task, stored: str | None) -> Any:
    """The inverse of `encode_output`."""
    if stored is None:
        return None
    return json.loads(stored) if task in (Task.MULTI_LABEL, Task.EXTRACTION) else stored


def text_hash(text: str) -> str:
    """Key of a text in the embedding cache: 24 hex digits of BLAKE2b over its UTF-8 bytes."""
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def example_hash(text: str, given: str | None, occurrence: int) -> str:
    """Stable id of an example: 24 hex digits of BLAKE2b over input, output and occurrence.

    `occurrence` numbers identical rows of one file from 0, so that exact duplicates stay apart
    while the same file imported again yields the same ids.
    """
    content = canonical_json([text, given, occurrence])
    return hashlib.blake2b(content.encode(), digest_size=12).hexdigest()
