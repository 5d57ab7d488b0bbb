"""What a trainer or service asks of its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from curation.records import Task

SPLIT_FILES = ("train.jsonl", "validation.jsonl", "test.jsonl")
_SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Target:
    """A trainer or service: what its files are called and what must be in them.

    `shape` names how an example is laid out. `files` are the names for train, validation and test;
    their suffix says how they are written. `bom`: a file begins with a byte-order mark. `weights`:
    a `weight` of 0 or 1 on an assistant turn is read; elsewhere nothing can say that a turn is not
    to be learnt. `reserved` are strings that no text may contain. Limits count rows of the train
    and validation files and bytes of any file; None where no rule is known. `source` is the page of
    the rules, read in `seen`.
    """

    name: str
    title: str
    description: str
    shape: str
    tasks: tuple[Task, ...]
    source: str
    seen: str = "2026-11"
    files: tuple[str, str, str] = SPLIT_FILES
    bom: bool = False
    weights: bool = False
    reserved: tuple[str, ...] = ()
    min_train: int | None = None
    max_train: int | None = None
    max_validation: int | None = None
    max_bytes: int | None = None

    def file(self, split: str) -> str:
        """Name of the file of a split."""
        return self.files[_SPLITS.index(split)]

    def missed(self, rows: Mapping[str, int], sizes: Mapping[str, int]) -> list[str]:
        """In words: limits that an export does not keep.

        `rows` and `sizes` are the rows and bytes of each split that has a file. These are said and
        refused by nobody here: files can be joined, cut or topped up before they are sent.
        """
        train, validation = rows.get("train", 0), rows.get("validation", 0)
        found = []
        if self.min_train is not None and train < self.min_train:
            found.append(f"train has {train:,} rows where {self.title} wants {self.min_train:,}")
        if self.max_train is not None and train > self.max_train:
            found.append(f"train has {train:,} rows; {self.title} takes {self.max_train:,}")
        if self.max_validation is not None and validation > self.max_validation:
            found.append(
                f"validation has {validation:,} rows; {self.title} takes {self.max_validation:,}"
            )
        if self.max_bytes is not None:
            found += [
                f"{self.file(split)} has {size:,} bytes; {self.title} takes {self.max_bytes:,}"
                for split, size in sizes.items()
                if size > self.max_bytes
            ]
        return found
