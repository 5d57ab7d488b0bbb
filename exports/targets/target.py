"""One way to write a dataset for a consumer: the names of its files, and how a row is laid out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from curation.records import Task
from exports.targets.consumer import Consumer

SPLIT_FILES = ("train.jsonl", "validation.jsonl", "test.jsonl")
_SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Target:
    """A format as data.

    `shape` names how an example is laid out. `files` are the names for train, validation and test;
    their suffix says how they are written. All other rules are those of the `consumer`; `page` is
    the page on this layout where it is not the consumer's own.
    """

    name: str
    consumer: Consumer
    description: str
    shape: str
    tasks: tuple[Task, ...]
    files: tuple[str, str, str] = SPLIT_FILES
    page: str = ""

    @property
    def title(self) -> str:
        """What the consumer is called."""
        return self.consumer.title

    @property
    def source(self) -> str:
        """The page of the rules."""
        return self.page or self.consumer.source

    @property
    def seen(self) -> str:
        """The month in which the page was read."""
        return self.consumer.seen

    @property
    def weights(self) -> bool:
        """Whether weights are read; of two answers that are compared none has one."""
        return self.consumer.weights and "preference" not in self.shape

    @property
    def bom(self) -> bool:
        """Whether a file begins with a byte-order mark."""
        return self.consumer.bom

    def file(self, split: str) -> str:
        """Name of the file of a split."""
        return self.files[_SPLITS.index(split)]

    def missed(self, rows: Mapping[str, int], sizes: Mapping[str, int]) -> list[str]:
        """In words: limits of the consumer that an export does not keep; see `Consumer.missed`."""
        return self.consumer.missed(rows, sizes, dict(zip(_SPLITS, self.files, strict=True)))
