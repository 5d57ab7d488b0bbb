"""How a short text is built: its letters, digits and signs, without what they say."""

from __future__ import annotations

import re
from functools import lru_cache

from curation.detectors.grounding import fold
from curation.detectors.spellings import date_readings

LEVELS = 4
"""Shapes of a text, from the finest to the coarsest."""
_LONGEST = 80
_NUMBER = re.compile(r"\d{1,3}(?:[,.'’ ]\d{3})+(?=[.,]\d|\D|$)|\d+")
_DECIMALS = re.compile(r"9[.,]9(?![.,]?9)")
_LETTERS = re.compile(r"[^\W\d_]+")
_MONTH = re.compile(r"[^\W\d_]{3,}\.?")
_SAME_WORDS = re.compile(r"\b(Aa|A|a|x)(?: \1)+\b")
_SMALL_WORDS = re.compile(r"\bAa(?: a)+(?= Aa\b)")
_JOINED_WORDS = re.compile(r"\b(Aa|A|a|x)(?:[-'’.,&/ ]+\1)+\b")


@lru_cache(maxsize=65536)
def shapes(text: str) -> tuple[str, str, str, str] | None:
    """Four shapes of a text, each coarser than the one before; None for a blank or a long one.

    1. Where there are digits every digit is 9, every capital A, every other letter a (`AA-9999`).
    2. Numbers are 9 with their decimal mark (`9,9`), words A, Aa or a by their case; words alike
       count once: `Aa` is Rosa and Rosa Parks.
    3. As 2, without decimals, and words may be joined by signs: Jean-Paul & Sons.
    4. As 3, without case: `x@x.x`.
    A date keeps its form on every level: `9999-D-D`, `D. month 9999`.
    """
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    runs = _LETTERS.sub(_case, _NUMBER.sub("9", text))
    finest = runs
    if any(sign.isdigit() for sign in text):
        finest = "".join(map(_class, text))
        if date_readings(fold(text)):
            date = _MONTH.sub("month", re.sub(r"(?<!9)99?(?!9)", "D", finest))
            return finest, date, date, date
    same = _SAME_WORDS.sub(r"\1", _SMALL_WORDS.sub("Aa", runs))
    joined = _JOINED_WORDS.sub(r"\1", _DECIMALS.sub("9", same))
    caseless = _JOINED_WORDS.sub(r"\1", re.sub(r"\b(?:Aa|A|a)\b", "x", joined))
    return (finest if finest != runs else same), same, joined, caseless


def _class(sign: str) -> str:
    if sign.isdigit():
        return "9"
    if not sign.isalpha():
        return sign
    return "A" if sign.isupper() else "a"


def _case(word: re.Match[str]) -> str:
    letters = word[0]
    if not letters[0].isupper():
        return "a"
    return "A" if len(letters) > 1 and letters.isupper() else "Aa"
