"""Which words are English, their base forms and spellings.

`words.txt.gz` holds 76,077 words of SCOWL, size 60, American and British (see words.LICENSE),
proper names capitalised. A word that is not in it may be a mistyped one.
"""

from __future__ import annotations

import gzip
import re
from functools import cache, lru_cache
from pathlib import Path

from curation.twins.lexicon import word_set

_FIXED = word_set(
    """
    news goods customs arms means glasses species series always this his is was has does as us
    plus less unless being during morning evening king ring thing nothing something anything
    everything string spring bring wedding sling sting
    """
)
"""What only looks like a plural or a form in -ing."""

_PAST = dict(
    pair.split("/")
    for pair in word_set(
        """
        became/become began/begin bought/buy broke/break brought/bring came/come chose/choose
        did/do drew/draw drove/drive ate/eat fell/fall found/find forgot/forget gave/give
        got/get grew/grow had/have heard/hear held/hold knew/know left/leave lent/lend lost/lose
        made/make meant/mean met/meet paid/pay ran/run rang/ring said/say saw/see sent/send
        shipped/ship sold/sell spent/spend spoke/speak stole/steal stood/stand swam/swim
        taught/teach thought/think threw/throw told/tell took/take went/go woke/wake won/win
        wore/wear wrote/write
        """
    )
)
_OPPOSED = (
    ("hyper", "hypo"),
    ("inter", "intra"),
    ("macro", "micro"),
    ("ante", "anti"),
    ("pre", "pro"),
    ("over", "under"),
    ("endo", "exo"),
    ("im", "em"),
    ("in", "ex"),
    ("pre", "post"),
    ("re", "de"),
)
_AMERICAN = [
    (re.compile(pattern), by)
    for pattern, by in (
        (r"our(?=(?:s|ed|ing|ite|ites|ful|less|able|hood|ly|er|ers|al)?$)", "or"),
        (r"(?<=\w{3})is(?=(?:e|es|ed|ing|er|ers|ation|ations)$)", "iz"),
        (r"ys(?=(?:e|es|ed|ing|er|ers)$)", "yz"),
        (r"(?<=[tb])re(?=s?$)", "er"),
        (r"logue(?=s?$)", "log"),
        (r"[ao]e(?=[a-z]{3})", "e"),
        (r"(?<=[aeiouy][^aeiou][aeiou])ll(?=(?:ed|ing|er|ers|or|ors|ous)$)", "l"),
        (r"(?<=[aeiouy][^aeiou][^aeiou][aeiou])ll(?=(?:ed|ing|er|ers|or|ors|ous)$)", "l"),
    )
]


@cache
def _words() -> tuple[frozenset[str], frozenset[str]]:
    """Common words, and proper names in lower case."""
    packed = Path(__file__).with_name("words.txt.gz").read_bytes()
    words = gzip.decompress(packed).decode("ascii").split()
    names = frozenset(word.lower() for word in words if word[0].isupper())
    return frozenset(word for word in words if word[0].islower()), names


def is_common(word: str) -> bool:
    """Whether a word in lower case is in the dictionary, not only as a proper name."""
    return word in _words()[0]


@lru_cache(maxsize=65536)
def is_known(word: str) -> bool:
    """Whether a word in lower case is in the dictionary, or would be without its "'s"."""
    head = word.partition("'")[0]
    return any(head in words for words in _words())


@lru_cache(maxsize=65536)
def base(word: str) -> str:
    """A word in lower case without plural, -s or -ing of a verb, in American spelling.

    The past keeps its ending, since "I cancelled" is not "I cancel". Nor are -er and -est dropped.
    """
    stem = word if word in _FIXED or len(word) < 4 else _uninflected(word)
    if len(stem) > 4:
        for pattern, by in _AMERICAN:
            stem = pattern.sub(by, stem)
    return stem


def _uninflected(word: str) -> str:
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        forms = [word[:-1]]
        if word.endswith("ies"):
            forms = [word[:-3] + "y", word[:-1]]
        elif word.endswith(("ses", "xes", "zes", "ches", "shes", "oes")):
            forms = [word[:-1], word[:-2]]
        elif word.endswith("ves"):
            forms = [word[:-1], word[:-3] + "f", word[:-3] + "fe"]
        return next(filter(is_common, forms), word)
    if word.endswith("ing") and len(word) > 5:
        stem = word[:-3]
        forms = [stem, stem + "e"]
        if re.search(r"([b-df-hj-np-tv-z])\1$", stem):
            forms = [stem, stem[:-1]] if stem[-1] in "ls" else [stem[:-1], stem]
        elif re.search(r"(?:^|[^aeiou])[aeiou][b-df-hj-np-tvz]$", stem):
            forms.reverse()
        return next(filter(is_common, forms), word)
    return word


@lru_cache(maxsize=65536)
def present(word: str) -> str:
    """The base form of a verb in the past; other words come back as they are."""
    if word in _PAST:
        return _PAST[word]
    if not word.endswith("ed"):
        return word
    stem = word[:-2]
    forms = [stem[:-1]] if stem[-1:] == stem[-2:-1] else [stem + "e", stem]
    return base(next(filter(is_common, [*forms, stem]), word))


@lru_cache(maxsize=262144)
def is_typo(x: str, y: str) -> bool:
    """Whether one of two different words is probably the other, mistyped.

    At least one is in no dictionary, and they are one edit apart (an insertion, deletion,
    substitution or swap of neighbours: Damerau 1964, "A technique for computer detection and
    correction of spelling errors"), or two where both have seven letters or more. A longer
    beginning is a prefix and no mistake.
    """
    shorter, longer = sorted((x, y), key=len)
    if len(longer) < 3 or len(longer) - len(shorter) > 2 or (is_known(x) and is_known(y)):
        return False
    if len(longer) - len(shorter) == 2 and longer.endswith(shorter):
        return False
    if len(longer) < 4:
        near = sorted(x) == sorted(y) and _edits(x, y) == 1
    else:
        near = _edits(x, y) <= (2 if len(shorter) >= 7 else 1)
    return near and not _opposed(x, y)


def _opposed(x: str, y: str) -> bool:
    """Whether only two opposite prefixes differ, as in medicine: hyper- and hypo-."""
    return any(
        x.startswith(p) and y.startswith(q) and x[len(p) :] == y[len(q) :]
        for one, other in _OPPOSED
        for p, q in ((one, other), (other, one))
    )


def _edits(x: str, y: str) -> int:
    """Edits between two words, counted as optimal string alignment."""
    start = 0
    while start < min(len(x), len(y)) and x[start] == y[start]:
        start += 1
    x, y = x[start:], y[start:]
    before: list[int] = []
    row = list(range(len(y) + 1))
    for i, letter in enumerate(x, 1):
        last, row = row, [i]
        for j, other in enumerate(y, 1):
            cost = min(last[j] + 1, row[-1] + 1, last[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == y[j - 2] and x[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before = last
    return row[-1]
