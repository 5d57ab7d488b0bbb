"""Rows that are there twice, and prompts with several answers: 64-bit hashes, 20 bytes a row.

With n rows two different texts share a hash with a probability of about n²/2⁶⁵: 3·10⁻⁸ for a
million rows (birthday bound).
"""

from __future__ import annotations

import json
import unicodedata
from array import array
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from curation.records import Json
from exports.check.report import Found
from exports.check.shapes import UNKNOWN, Shape

Hashes = npt.NDArray[np.uint64]


def content_of(row: Json, shape: Shape) -> tuple[Any, Any]:
    """(prompt, answer) of a row: what a model sees and what it learns; ids and metadata are not."""
    if shape is UNKNOWN:
        return None, row
    if shape.turns:
        turns = row.get(shape.turns)
        said = turns if isinstance(turns, list) else [turns]
        around = [row.get(name) for name in ("system", "systemInstruction", "tools", "functions")]
        return [around, said[:-1]], said[-1:]
    more = [row.get(name) for name in ("input", "system", "history") if name in shape.optional]
    names = (*shape.answers, shape.label) if shape.label else shape.answers
    prompt = [row.get(name) for name in shape.asks] + more if shape.asks else None
    return prompt, [row.get(name) for name in names]


def plain(value: Any) -> Any:
    """A value with its texts normalised: NFKC, case folded, runs of white space as one space."""
    if isinstance(value, str):
        return " ".join(unicodedata.normalize("NFKC", value).casefold().split())
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def digest(value: Any) -> int:
    """64 bits of BLAKE2b over a JSON value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True)
    return int.from_bytes(blake2b(text.encode("ascii"), digest_size=8).digest(), "little")


class Repeats:
    """Remembers what was said in each row."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._rows = array("I")
        self._prompts = array("Q")
        self._answers = array("Q")

    def watch(self, row: Json, number: int) -> None:
        """Take in one row."""
        prompt, answer = content_of(row, self._shape)
        self._rows.append(number)
        self._prompts.append(digest(prompt))
        self._answers.append(digest(answer))

    def found(self) -> Iterator[tuple[int, Found]]:
        """(row, fault) of every copy of an earlier row, and of every answer unlike an earlier."""
        rows = np.array(self._rows, dtype=np.uint32)
        if len(rows) < 2:
            return
        prompts = np.array(self._prompts, dtype=np.uint64)
        answers = np.array(self._answers, dtype=np.uint64)
        # Odd constants of splitmix64: the two hashes of a row mixed into one.
        whole = prompts * np.uint64(0x9E3779B97F4A7C15) ^ answers * np.uint64(0xBF58476D1CE4E5B9)
        first = _first(whole)
        copies = np.flatnonzero(first != np.arange(len(rows)))
        for at in copies:
            said = f"the row says the same as row {rows[first[at]]}"
            yield int(rows[at]), Found("duplicate-row", None, said)
        if self._shape is UNKNOWN or not (self._shape.asks or self._shape.turns):
            return
        if "preference" in self._shape.name or self._shape.name == "kto":
            return  # one prompt has many pairs there
        asked = _first(prompts)
        differ = (answers != answers[asked]) & (first == np.arange(len(rows)))
        for at in np.flatnonzero(differ):
            said = f"the prompt is that of row {rows[asked[at]]}, the answer is another"
            yield int(rows[at]), Found("answers-differ", None, said)


def _first(hashes: Hashes) -> npt.NDArray[np.int64]:
    """For each hash the position at which it stands first."""
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    found: npt.NDArray[np.int64] = first[inverse]
    return found
