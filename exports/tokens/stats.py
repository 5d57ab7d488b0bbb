"""Tokens of the splits of an export, in one pass and bounded memory."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from curation.errors import WrongUse
from curation.records import Json
from exports.formats import FORMATS
from exports.manifest import MANIFEST, about
from exports.tokens.counters import Counter
from exports.tokens.sequences import Sequence, read_records, sequences

_BATCH = 256
_QUANTILES = {"minimum": 0, "p5": 5, "median": 50, "p95": 95, "p99": 99, "maximum": 100}


@dataclass(frozen=True, slots=True)
class Spread:
    """Lengths of rows in tokens; each is that of a row that is there (nearest rank)."""

    minimum: int
    p5: int
    median: int
    p95: int
    p99: int
    maximum: int


@dataclass(frozen=True, slots=True)
class SplitTokens:
    """Tokens of the rows of one split.

    `learnt` are those of the answers, None where the rows have none (a text and its label). A row
    of a preference is two sequences: `total` counts both, `lengths` the longer. `over_limit` rows
    are longer than the limit; `without_answer` of them would be cut before the first token that is
    learnt. Both are None without a limit.
    """

    rows: int
    total: int
    learnt: int | None
    lengths: Spread
    over_limit: int | None = None
    without_answer: int | None = None

    @classmethod
    def of(cls, total: pl.Series, longest: pl.Series, learnt: pl.Series) -> SplitTokens:
        """Of the tokens of each row, at least one: all, of its longest sequence, and learnt."""
        answers = int(learnt.sum())
        return cls(total.len(), int(total.sum()), answers or None, _spread(longest.to_numpy()))


@dataclass(frozen=True, slots=True)
class TokenStats:
    """Tokens of an export: who counted, the limit in tokens, and each split that has rows."""

    counter: str
    is_exact: bool
    limit: int | None
    splits: dict[str, SplitTokens]

    @property
    def longest(self) -> int:
        """Tokens of the longest row of any split."""
        return max(split.lengths.maximum for split in self.splits.values())

    def as_json(self) -> Json:
        """The same as plain values."""
        return asdict(self)


def count_tokens(
    records: Iterable[Json], counter: Counter, *, limit: int | None = None
) -> SplitTokens:
    """Tokens of training records of any shape; holds four bytes a record and no record.

    `limit` is the longest sequence in tokens that the trainer takes; it cuts the end of others.
    Raises WrongUse where there is no record and for a record that is none.
    """
    rows = iter(records)
    lengths = array("I")
    total = learnt = over = lost = 0
    learns = False
    while batch := list(islice(rows, _BATCH)):
        groups = [_read(record, len(lengths) + at) for at, record in enumerate(batch, start=1)]
        measured = iter(counter.measure([one for group in groups for one in group]))
        for group in groups:
            found = [next(measured) for _ in group]
            longest = max(length.total for length in found)
            lengths.append(longest)
            total += sum(length.total for length in found)
            learnt += sum(length.learnt for length in found)
            learns |= any(one.learnt for one in group)
            if limit is not None and longest > limit:
                over += 1
                lost += any(length.first >= limit for length in found)
    if not lengths:
        raise WrongUse("There is no record to count.", "Name a split that has rows.")
    cut = (None, None) if limit is None else (over, lost)
    spread = _spread(np.frombuffer(lengths, dtype=np.uint32))
    return SplitTokens(len(lengths), total, learnt if learns else None, spread, *cut)


def count_export(folder: Path, counter: Counter, *, limit: int | None = None) -> TokenStats:
    """Tokens of each split of an export; see `count_tokens`.

    Raises WrongUse where the folder is no export, UnreadableFile where a file cannot be read.
    """
    splits = {
        split: count_tokens(read_records(path), counter, limit=limit)
        for split, path in _files(folder)
    }
    return TokenStats(counter.name, counter.is_exact, limit, splits)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    try:
        document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        target = FORMATS[document["format"]].target
        rows = about(document).rows
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise WrongUse(f"{folder} is not an export of Tamis.", "Name its folder.") from error
    return ((split, folder / target.file(split)) for split in rows)


def _read(record: Json, number: int) -> list[Sequence]:
    try:
        return sequences(record)
    except ValueError as error:
        raise WrongUse(f"Record {number} cannot be counted: {error}.", "Check the file.") from error


def _spread(lengths: npt.NDArray[Any]) -> Spread:
    found = np.percentile(lengths, list(_QUANTILES.values()), method="inverted_cdf")
    return Spread(*(int(value) for value in found))
