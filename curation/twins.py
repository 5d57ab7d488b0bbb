"""The guard: what makes two similar texts say different things.

An embedding hardly notices a changed number or a "not". Such a pair is shown as a near-twin and
never merged. The guard would rather refuse a true duplicate than merge two different texts.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

_SMALL_NUMBERS = """
    zero _ two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen
"""  # Without "one", which is seldom a number.
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_DATES = """
    january february march april june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday today tomorrow yesterday
"""  # Without "may", which is mostly a verb; another month against it differs all the same.
_DATE_WORDS = frozenset(_DATES.split())
_ROUND_NUMBERS = {"twice": 2, "dozen": 12, "hundred": 100, "thousand": 1000, "million": 1_000_000}
_NUMBER_WORDS = {
    **{word: str(value) for value, word in enumerate(_SMALL_NUMBERS.split())},
    **{word: str(10 * value) for value, word in enumerate(_TENS.split(), start=2)},
    **{word: str(value) for word, value in _ROUND_NUMBERS.items()},
}
_NEGATIONS = """
    not no non never none nobody nothing nowhere neither nor without cannot dont doesnt didnt wont
    cant couldnt shouldnt wouldnt isnt arent wasnt werent hasnt havent hadnt
"""
_NEGATION_WORDS = frozenset(_NEGATIONS.split())
_SAME_UNIT = """
    % percent; ‰; $ dollar dollars usd; € euro euros eur; £ pound pounds gbp; ¥ yen jpy;
    ₹ rupee rupees inr; chf; cent cents; second seconds sec secs; minute minutes min mins;
    hour hours hr hrs; day days; week weeks; month months; year years; mm; cm; metre metres meter
    meters; km kilometre kilometres kilometer kilometers; inch inches; foot feet ft; mile miles; mg;
    gram grams; kg kilo kilos; lb lbs; ml; litre litres liter liters; celsius; fahrenheit;
    kb; mb; gb; tb
"""
_UNITS = {name: line.split()[0] for line in _SAME_UNIT.split(";") for name in line.split()}
_SYMBOLS = "s second; h hour; d day; m metre; g gram; l litre; c celsius; f fahrenheit; k thousand"
_UNITS_AFTER_NUMBER = dict(map(str.split, _SYMBOLS.split(";")))
_NEGATIVE_PREFIX = re.compile(r"(?:un|in|im|ir|il|dis|de|mis|non)(?=\w{3})")
_GROUPED_THOUSANDS = re.compile(r"[-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_TOKEN = re.compile(r"(?:(?<!\w)[-−])?\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the guard sees in a text: numbers, units and dates in their order, negations, words."""

    numbers: tuple[str, ...]
    units: tuple[str, ...]
    dates: tuple[str, ...]
    negations: tuple[str, ...]
    words: frozenset[str]


def why_not_duplicate(a: str, b: str) -> str | None:
    """Why two similar texts must not be merged, in words; None where nothing speaks against it.

    Compares digits of any script and English number words (value and order), units and currencies
    (order), English months and weekdays (order), the count of English negations, and words against
    their negative form.
    """
    return difference(read(a), read(b))


def read(text: str) -> Reading:
    """Read a text once, to compare it with many."""
    numbers, units, dates, negations, words = [], [], [], [], set()
    after_number = False
    for token in _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold()):
        word = token.replace("’", "'")
        is_number = word[-1].isdecimal()
        if is_number:
            numbers.append(_plain_number(word))
        elif word in _NUMBER_WORDS:
            numbers.append(_NUMBER_WORDS[word])
        elif word in _NEGATION_WORDS or word.endswith("n't"):
            negations.append(word)
        elif after_number and word in _UNITS_AFTER_NUMBER:
            units.append(_UNITS_AFTER_NUMBER[word])
        elif word in _UNITS or unicodedata.category(word[0]) == "Sc":
            units.append(_UNITS.get(word, word))
        elif word in _DATE_WORDS:
            dates.append(word)
        else:
            words.add(word)
        after_number = is_number
    return Reading(tuple(numbers), tuple(units), tuple(dates), tuple(negations), frozenset(words))


def difference(a: Reading, b: Reading) -> str | None:
    """As `why_not_duplicate`, for texts already read."""
    if a.numbers != b.numbers:
        return _in_words("numbers", a.numbers, b.numbers)
    if a.units != b.units:
        return _in_words("units", a.units, b.units)
    if a.dates != b.dates:
        return _in_words("dates", a.dates, b.dates)
    if len(a.negations) != len(b.negations):
        return _in_words("negations", a.negations, b.negations)
    only_a, only_b = a.words - b.words, b.words - a.words
    for negative, positive in ((only_a, only_b), (only_b, only_a)):
        for word in sorted(negative):
            stem = _NEGATIVE_PREFIX.sub("", word, count=1)
            if stem != word and stem in positive:
                return f"one says the opposite of the other: {word} / {stem}"
    return None


def _in_words(name: str, a: tuple[str, ...], b: tuple[str, ...]) -> str:
    ours, theirs = Counter(a) - Counter(b), Counter(b) - Counter(a)
    if not ours and not theirs:
        return f"the {name} stand in another order: {', '.join(a)} / {', '.join(b)}"
    sides = [", ".join(side.elements()) or "none" for side in (ours, theirs)]
    return f"the {name} differ: {' / '.join(sides)}"


def _plain_number(written: str) -> str:
    """One spelling of a number: ASCII digits, no thousands commas, no needless zeros.

    "1.000" keeps its zeros, since in half of the world it is a thousand.
    """
    plain = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in written)
    plain = plain.replace("−", "-")
    if _GROUPED_THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    whole, point, decimals = plain.partition(".")
    sign = "-" if whole.startswith("-") else ""
    whole = whole.lstrip("-0") or "0"
    if len(decimals) != 3 and decimals.isdigit():
        decimals = decimals.rstrip("0")
    return sign + whole + (point + decimals if decimals else "")
