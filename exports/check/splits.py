"""What stands in two split files of one folder, and labels that only the test split knows."""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from curation.records import Json
from exports.check.lines import read_lines
from exports.check.repeats import content_of, digest, plain
from exports.check.report import Found
from exports.check.rows import labels_of
from exports.check.shapes import Shape

_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval"), "validation"),
    **dict.fromkeys(("test", "testing", "heldout", "holdout"), "test"),
}


def split_of(path: Path) -> str | None:
    """Which split a file is by its name, None where the name does not say."""
    found = {_NAMES[word] for word in _words(path) if word in _NAMES}
    return found.pop() if len(found) == 1 else None


def other_splits(path: Path) -> list[Path]:
    """The files beside `path` that hold other splits of the same data, by name."""
    own = split_of(path)
    if own is None:
        return []
    beside = sorted(path.parent.glob("*.jsonl"))
    return [
        other
        for other in beside
        if split_of(other) not in (own, None) and _base(other) == _base(path) and other.is_file()
    ]


def _words(path: Path) -> list[str]:
    return re.split(r"[\W\d_]+", path.stem.lower())


def _base(path: Path) -> list[str]:
    """What a file's name says beside the split and the number of a part."""
    return [word for word in _words(path) if word not in (*_NAMES, "", "of", "part", "shard")]


@dataclass(slots=True)
class Contents:
    """The rows of one file as hashes of their normalised texts (64 bits each), and its labels."""

    rows: array[int] = field(default_factory=lambda: array("I"))
    whole: array[int] = field(default_factory=lambda: array("Q"))
    prompts: array[int] = field(default_factory=lambda: array("Q"))
    labels: dict[str, int] = field(default_factory=dict)

    def watch(self, row: Json, number: int, shape: Shape) -> None:
        """Take in one row."""
        prompt, answer = plain(list(content_of(row, shape)))
        self.rows.append(number)
        self.whole.append(digest([prompt, answer]))
        self.prompts.append(digest(prompt if shape.asks or shape.turns else answer))
        for label in labels_of(row, shape):
            self.labels.setdefault(label, number)


def read_contents(path: Path, shape: Shape) -> Contents:
    """The contents of another file; what is no object in it is passed over."""
    contents = Contents()
    for line in read_lines(path):
        try:
            row: Any = json.loads(line.data or b"")
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            contents.watch(row, line.number, shape)
    return contents


def leaks(own: Contents, path: Path, shape: Shape) -> Iterator[tuple[int | None, Found]]:
    """(row, fault) of what `path` shares with the other split files of its folder."""
    for other in other_splits(path):
        theirs = read_contents(other, shape)
        yield from _shared(own, theirs, other.name)
        yield from _strange_labels(own, theirs, split_of(path), other)


def _shared(own: Contents, theirs: Contents, name: str) -> Iterator[tuple[int, Found]]:
    whole = np.array(own.whole, dtype=np.uint64)
    prompts = np.array(own.prompts, dtype=np.uint64)
    their_whole = np.array(theirs.whole, dtype=np.uint64)
    their_prompts = np.array(theirs.prompts, dtype=np.uint64)
    same = np.isin(whole, their_whole)
    for at in np.flatnonzero(same | np.isin(prompts, their_prompts)):
        if same[at]:
            row = theirs.rows[int(np.flatnonzero(their_whole == whole[at])[0])]
            yield own.rows[at], Found("leakage", None, f"the row is also row {row} of {name}")
        else:
            row = theirs.rows[int(np.flatnonzero(their_prompts == prompts[at])[0])]
            said = f"the prompt is also that of row {row} of {name}, with another answer"
            yield own.rows[at], Found("leakage-prompt", None, said)


def _strange_labels(
    own: Contents, theirs: Contents, split: str | None, other: Path
) -> Iterator[tuple[int | None, Found]]:
    """Labels of a validation or test file that the train file lacks."""
    if split == "train":
        for label in sorted(set(theirs.labels) - set(own.labels)):
            said = f"the label {label[:60]!r} of {other.name} is in no row here"
            yield None, Found("label-only-in-test", None, said)
    elif split_of(other) == "train":
        for label in sorted(set(own.labels) - set(theirs.labels)):
            said = f"the label {label[:60]!r} is in no row of {other.name}"
            yield own.labels[label], Found("label-only-in-test", None, said)
