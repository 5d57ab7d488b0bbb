"""Does a value occur in a text, however the two are spelt?"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from functools import cached_property, lru_cache
from itertools import combinations
from typing import Any

from curation.detectors.spellings import Date, date_readings, dates, numbers, rounded

_TOKEN = re.compile(r"\d+|[^\W\d_]+")
_POSSESSIVE = re.compile(r"(?<=\w)['’]s\b")
_CURRENCY = {"eur", "euro", "usd", "us", "dollar", "gbp", "pound", "chf", "jpy", "yen"}
_ALIKE = 0.8
_SHORTEST_RUN = 5
_MOST_TERMS = 12


def fold(text: str) -> str:
    """The text without case, accents and width: what is left to compare."""
    if text.isascii():
        return text.lower()
    spread = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in spread if not unicodedata.combining(sign))


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A word without its English plural; "cookies" and "cookie" give the same (Harman 1991)."""
    if len(word) > 3 and word.isalpha():
        if word[-1] == "s" and word[-2] not in "su":
            word = word[:-1]
        word = word.removesuffix("e")
        return word[:-1] + "i" if word[-1] == "y" else word
    return word.lstrip("0") or "0"


def tokens(folded: str) -> list[str]:
    """The stems of the words and numbers of a folded text, in order; a possessive s is dropped."""
    return [stem(word) for word in _TOKEN.findall(_POSSESSIVE.sub("", folded))]


class Source:
    """A text in which values are looked up; each part is read when first needed."""

    def __init__(self, text: str) -> None:
        self.folded = fold(text)

    @cached_property
    def tokens(self) -> list[str]:
        """Stems in order."""
        return tokens(self.folded)

    @cached_property
    def line(self) -> str:
        """Stems between single spaces, one at either end."""
        return f" {' '.join(self.tokens)} "

    @cached_property
    def run(self) -> str:
        """Letters and digits alone."""
        return "".join(_TOKEN.findall(self.folded))

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """Where each stem stands."""
        places: dict[str, list[int]] = {}
        for at, token in enumerate(self.tokens):
            places.setdefault(token, []).append(at)
        return places

    @cached_property
    def numbers(self) -> set[float]:
        """Every reading of every number."""
        return numbers(self.folded)

    @cached_property
    def dates(self) -> set[Date]:
        """Every reading of every date."""
        return dates(self.folded)

    @cached_property
    def derived(self) -> set[float]:
        """What two numbers, or all, of the text add, subtract or multiply to."""
        terms = sorted(self.numbers - {0.0, 1.0})[-_MOST_TERMS:]
        results = {sum(terms)}
        for a, b in combinations(terms, 2):
            results |= {a + b, b - a, a * b}
        return {rounded(result) for result in results}

    def support(self, value: Any) -> float | None:
        """How much of a value the text has, in [0, 1]; None where that says nothing.

        1: found. Below 1: the share of its letters in words that are. Numbers, dates and codes are
        found or not. Truth values, null, 0 and 1, lists, objects and texts without a letter or
        digit say nothing.
        """
        if isinstance(value, str):
            return self._support_of_text(fold(value))
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            number = finite(value)
            return None if number in (None, 0, 1) else float(number in self.numbers)
        return None

    def derives(self, value: Any) -> bool:
        """True for a number, or an amount as text, that follows from numbers of the text."""
        if isinstance(value, str):
            return _is_amount(value) and not numbers(fold(value)).isdisjoint(self.derived)
        return finite(value) in self.derived

    def respells(self, value: Any) -> bool:
        """True for a text that the input has but for slips of the pen: whtieboard, reciept."""
        if not isinstance(value, str):
            return False
        missing = [word for word in tokens(fold(value)) if word not in self.places]
        return all(word.isalpha() and self._has_alike(word) for word in missing)

    def _has_alike(self, word: str) -> bool:
        letters = sorted(word)
        near = [each for each in self.places if abs(len(each) - len(word)) <= 1]
        return any(sorted(each) == letters for each in near if len(word) > 2) or (
            len(word) > 3 and bool(difflib.get_close_matches(word, near, 1, _ALIKE))
        )

    def _support_of_text(self, value: str) -> float | None:
        words = tokens(value)
        if not words:
            return None
        if f" {' '.join(words)} " in self.line:
            return 1.0
        run = "".join(_TOKEN.findall(value))
        if len(run) >= _SHORTEST_RUN and run in self.run:
            return 1.0
        if any(sign.isdigit() for sign in value) and self._has_date_or_amount(value, words):
            return 1.0
        if len(words) > 1 and self._has_nearby(words):
            return 1.0
        if not any(word.isalpha() for word in words):
            return 0.0
        return min(sum(len(w) for w in words if w in self.places) / sum(map(len, words)), 0.99)

    def _has_date_or_amount(self, value: str, words: list[str]) -> bool:
        if readings := date_readings(value):
            return any(mine.fits(theirs) for mine in readings for theirs in self.dates)
        others = [word for word in words if not word[0].isdigit() and word not in _CURRENCY]
        return all(word in self.places for word in others) and any(
            number in self.numbers for number in numbers(value)
        )

    def _has_nearby(self, words: list[str]) -> bool:
        """All words, in any order, within a stretch thrice as long as they are."""
        if not all(word in self.places for word in words):
            return False
        reach = 3 * len(words)
        rarest = min(words, key=lambda word: len(self.places[word]))
        return any(
            all(any(abs(at - centre) <= reach for at in self.places[word]) for word in words)
            for centre in self.places[rarest]
        )


def finite(value: Any) -> float | None:
    """A number as `numbers` gives it; None for anything else, and what no double holds."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return rounded(number) if math.isfinite(number) else None


def _is_amount(value: str) -> bool:
    words = tokens(fold(value))
    return (
        not date_readings(fold(value))
        and any(w[0].isdigit() for w in words)
        and all(word[0].isdigit() or word in _CURRENCY for word in words)
    )
