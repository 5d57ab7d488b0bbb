"""The form of a text that all its exact copies share."""

from __future__ import annotations

import re
import string
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Signs that carry meaning stay: any mark between digits, a minus or point before a number, "!" as
# the sign of "not". All other punctuation is folded into white space by `_fold`.
_MARK = re.compile(
    r"(?P<kept>(?<=\d)[^\w\s](?=\d)|(?<!\w)[-−–.](?=\.?\d)|!(?==)|(?<!\w)!(?=\w))|[^\w\s]|_"
)
_MEANINGFUL = frozenset("%‰#@&*/\\")
_AT_RISK = re.compile(r"\d|!(?=[=\w])")
"""Where a mark may carry meaning. In ASCII without it, all punctuation is folded at once."""
_FOLDED = str.maketrans(
    {
        mark: " "
        for mark in string.punctuation
        if unicodedata.category(mark)[0] == "P" and mark not in _MEANINGFUL
    }
)


@dataclass(frozen=True, slots=True)
class Form:
    """What of its form makes a text another text."""

    keep_case: bool = False
    keep_punctuation: bool = False
    keep_accents: bool = True


AS_EVER = Form()
"""Case and punctuation say nothing, accents do."""


def exact_key(text: str, form: Form = AS_EVER) -> str:
    """The text without what carries no meaning: equal keys mean the same text.

    Unicode NFKC (with ² and ½ kept apart from 2 and 1/2), case folded, punctuation and white space
    folded to single spaces. Digits, symbols (currency, plus, equals, emoji), percent and minus
    signs and the marks inside numbers stay. A text of punctuation alone keeps itself.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", "".join(map(_spread, text)))
        if not form.keep_accents:
            text = _without_accents(text)
    if not form.keep_case:
        text = text.casefold()
        if not text.isascii():
            text = unicodedata.normalize("NFKC", text)
    if form.keep_punctuation:
        return " ".join(text.split())
    if text.isascii() and not _AT_RISK.search(text):
        return " ".join(text.translate(_FOLDED).split()) or text.strip()
    return " ".join(_MARK.sub(_fold, text).split()) or text.strip()


@lru_cache(maxsize=4096)
def _spread(character: str) -> str:
    """Mark what NFKC would silently turn into a plain digit: 10² is not 102."""
    raised = unicodedata.decomposition(character).startswith(("<super>", "<sub>", "<fraction>"))
    return f"^{character}" if raised else character


def _without_accents(text: str) -> str:
    """Latin, Greek and Cyrillic letters bare; vowel signs of other scripts are no accents."""
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if not "\u0300" <= c <= "\u036f")
    return unicodedata.normalize("NFKC", bare)


def _fold(mark: re.Match[str]) -> str:
    character = mark[0]
    category = unicodedata.category(character)
    if mark["kept"]:
        return "-" if category == "Pd" or character == "−" else character
    if category == "Cf":
        return ""
    return " " if category[0] == "P" and character not in _MEANINGFUL else character
