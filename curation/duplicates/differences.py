"""Which words set two texts apart."""

from __future__ import annotations

import difflib
import re
from itertools import groupby

Segments = list[tuple[str, bool]]

_WORD = re.compile(
    r"(?:\d+(?:[.,]\d+)*|[\u3040-\u30ff\u3400-\u9fff]|[^\W\d]+(?:['’][^\W\d]+)*|[^\w\s])\s*|\s+"
)


def mark_differences(a: str, b: str) -> tuple[Segments, Segments]:
    """Both texts as (segment, changed) runs; the segments of a side joined give its text back.

    Compares words (numbers whole, CJK character by character); white space and case of a word are
    no difference of their own.
    """
    ours, theirs = _WORD.findall(a), _WORD.findall(b)
    matcher = difflib.SequenceMatcher(
        None, [word.strip().casefold() for word in ours], [w.strip().casefold() for w in theirs]
    )
    left, right = [True] * len(ours), [True] * len(theirs)
    for i, j, size in matcher.get_matching_blocks():
        left[i : i + size] = [False] * size
        right[j : j + size] = [False] * size
    return _runs(ours, left), _runs(theirs, right)


def _runs(words: list[str], changed: list[bool]) -> Segments:
    """Join neighbouring words that are alike in being changed or not."""
    marked = zip(words, changed, strict=True)
    return [
        ("".join(word for word, _ in run), flag)
        for flag, run in groupby(marked, key=lambda pair: pair[1])
    ]
