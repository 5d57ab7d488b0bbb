"""An answer caught in a loop: the same words over and over."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator
from statistics import median

from curation.detectors.base import Detector, Evidence, Finding, shorten
from curation.detectors.text import exchanges, without_code, words
from curation.records import Task

_WANTED = re.compile(
    r"\b(?:write|say|type|print|output|generate|copy)\b.{0,80}\btimes\b|\brepeat|\bover and over|"
    r"\blyrics|\bsong|\bpoem|\bchant|\brefrain|\bchorus|\bmantra|"
    r"\bwiederhol|\brépét|\brepit|\bripeti|重复|繰り返|반복",
    re.IGNORECASE,
)
_GRAM = 8
_LONGEST = 20_000
_COMPRESSES = 0.6
_FEWEST_TIMES = 4
_SHORTEST_LOOP = 40
_SHORTEST_FIGURES = 120
_LOOP_SHARE = 0.3
_RUN = 4
_FEWEST_WORDS = 24
_FLOOR = 0.35
_FEWEST_ANSWERS = 20
_MADS = 6.0
_SPACES = re.compile(r"\s+")


def find(evidence: Evidence) -> Iterator[Finding]:
    """Every answer with a loop, or with far more repeated words than the others have.

    A loop is a piece of text that comes at least four times at one distance, with or without
    spaces, and fills three tenths of the answer. Otherwise what counts is the share of runs of
    four words that have stood there before (the measure of Holtzman et al., "The Curious Case
    of Neural Text Degeneration", 2020): above 35 % and above the
    median of the dataset by six median absolute deviations. Code is left out; where the question
    asks for repetition or verse, a loop scores 0.5 and the rest is passed over.
    """
    shares: dict[int, tuple[float, str]] = {}
    for row, question, answer in exchanges(evidence):
        text = _SPACES.sub(" ", without_code(answer)).strip()
        if not _compresses(text):
            shares[row] = (0.0, text)
            continue
        wanted = bool(_WANTED.search(question))
        if found := _loop(text):
            score = 0.5 if wanted else 0.02
            yield Finding(row, score, f"“{shorten(found[0])}” is repeated {found[1]} times.")
        elif (share := _repeated(text)) is not None and not wanted:
            shares[row] = (share, text)
    yield from _unusual(shares)


def _unusual(shares: dict[int, tuple[float, str]]) -> Iterator[Finding]:
    every = [share for share, _ in shares.values()]
    enough = len(every) >= _FEWEST_ANSWERS
    middle = median(every) if enough else 0.0
    spread = median(abs(share - middle) for share in every) if enough else 0.0
    limit = max(_FLOOR, middle + _MADS * spread)
    for row, (share, text) in shares.items():
        if share > limit:
            reason = (
                f"{share:.0%} of the answer repeats what stands in it before, like "
                f"“{shorten(_commonest(text))}”" + (f"; {middle:.0%} is usual." if enough else ".")
            )
            yield Finding(row, max(0.5 - (share - limit), 0.1), reason)


def _loop(text: str) -> tuple[str, int] | None:
    """The unit of the strongest loop and how often it comes; None where there is none.

    Every eight characters are looked up where they last stood: in a loop, however long its unit,
    that is one and the same distance away for as long as the loop lasts. Linear in the text.
    """
    text = text[-_LONGEST:]
    last: dict[str, int] = {}
    run = period = longest = longest_period = end = 0
    for at in range(len(text) - _GRAM + 1):
        gram = text[at : at + _GRAM]
        distance = at - last.get(gram, at)
        last[gram] = at
        run = run + 1 if distance == period else 1
        period = distance
        if period and run > longest:
            longest, longest_period, end = run, period, at + _GRAM
    return _unit(text, longest + _GRAM - 1, longest_period, end)


def _unit(text: str, matched: int, period: int, end: int) -> tuple[str, int] | None:
    """The unit of a loop that ends at `end`, `matched` characters of which stood before."""
    times = matched // max(period, 1) + 1
    unit = text[end - period : end]
    length = matched + period
    if times < _FEWEST_TIMES or length < max(_SHORTEST_LOOP, _LOOP_SHARE * len(text)):
        return None
    if sum(map(str.isalnum, unit)) < len(unit) / 3:
        return None  # a row of dashes
    if not any(map(str.isalpha, unit)) and length < _SHORTEST_FIGURES:
        return None  # a decimal
    return unit.strip(), times


def _compresses(text: str) -> bool:
    """True where a text may hold repetition; most do not, and need no closer look."""
    data = text.encode("utf-8", "surrogatepass")
    return len(text) >= _SHORTEST_LOOP and len(zlib.compress(data, 1)) < _COMPRESSES * len(data)


def _repeated(text: str) -> float | None:
    """Share of runs of four words that are not their first; None for few words."""
    found = words(text)
    if len(found) < _FEWEST_WORDS:
        return None
    runs = list(zip(found, found[1:], found[2:], found[3:], strict=False))
    return 1 - len(set(runs)) / len(runs)


def _commonest(text: str) -> str:
    found = words(text)
    runs = Counter(zip(found, found[1:], found[2:], found[3:], strict=False))
    return " ".join(runs.most_common(1)[0][0])


DETECTOR = Detector(
    kind="repetition",
    title="Repeats itself",
    ask="Is the answer caught in a loop?",
    tasks=frozenset({Task.CHAT}),
    find=find,
)
