"""Numbers and dates as people write them: every reading that a text allows.

The text is expected folded (see `grounding.fold`): lower case, no accents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
fifteen sixteen seventeen eighteen nineteen twenty"""
_ORDINALS = """zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh
twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_NUMBER_WORDS: dict[str, float] = {
    **{word: value for value, word in enumerate(_SMALL.split())},
    **{word: value for value, word in enumerate(_ORDINALS.split())},
    **{word: 10 * value for value, word in enumerate(_TENS.split(), start=2)},
    "half": 0.5,
    "once": 1,
    "twice": 2,
    "couple": 2,
    "pair": 2,
}
_THOUSANDS = {"dozen": 12, "hundred": 100, "thousand": 1000, "k": 1000}
_MILLIONS = {"million": 10**6, "m": 10**6, "mio": 10**6, "mn": 10**6, "billion": 10**9, "bn": 10**9}
_SCALES = _THOUSANDS | _MILLIONS
_FILLERS = {"a", "and", "of"}
_WORD = re.compile(r"\d+(?:[.,]\d+)?|[a-z]+")
_HAS_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join([*_NUMBER_WORDS, *_SCALES])})s?\b|\d(?:k|m|bn)\b")
_NUMBER = re.compile(r"\d+(?:[.,'’\u00a0\u202f ]\d+)*(\s?%)?")
_GROUPED = re.compile(r"(\d{1,3}(?:([.,'’\u00a0\u202f ])\d{3})(?:\2\d{3})*)(?:[.,](\d+))?")
_SPACES = re.compile(r"[\u00a0\u202f ]")

_MONTHS = """january januar janvier enero gennaio janeiro januari jan; february februar fevrier
febrero febbraio fevereiro februari feb; march marz mars marzo marco maart mar mrz; april avril
abril aprile apr; may mai mayo maggio maio mei; june juni juin junio giugno junho jun; july juli
juillet julio luglio julho jul; august aout agosto augustus aug; september septembre septiembre
settembre setembro sept sep; october oktober octobre octubre ottobre outubro oct okt; november
noviembre novembre novembro nov; december dezember decembre diciembre dicembre dezembro dec dez"""
_MONTH_OF = {
    name: month for month, names in enumerate(_MONTHS.split(";"), 1) for name in names.split()
}
_MONTH = rf"\b(?P<month>{'|'.join(sorted(_MONTH_OF, key=len, reverse=True))})\b\.?"
_DAY = r"(?<!\d)(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.|o)?"
_YEAR = r"(?P<year>\d{4})(?!\d)"
_DAY_AND_MONTH = r"(?<!\d)(?P<day>\d{1,2})(?P<swap>[-/.]) ?(?P<month>\d{1,2})"
_DATES_WITH_YEAR = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<!\d)(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})(?!\d)",
        r"(?<!\d)(?P<year>(?:19|20)\d{2})(?P<month>[01]\d)(?P<day>[0-3]\d)(?!\d)",
        _DAY_AND_MONTH + r"(?P=swap) ?(?P<year>\d{4}|\d{2})(?!\d)",
        _DAY + r"[\s-]*(?:(?:of|de|day of)\s)?\s*" + _MONTH + r"[\s,-]*(?:de\s)?" + _YEAR,
        _MONTH + r"[\s-]*(?P<day>\d{1,2})(?:st|nd|rd|th)?[\s,-]+" + _YEAR,
    )
)
_DATES_WITHOUT_YEAR = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![\d.,/-])(?P<day>\d{1,2})(?P<swap>[./])(?P<month>\d{1,2})(?![\d/-])",
        _DAY + r"[\s-]*(?:(?:of|de)\s)?\s*" + _MONTH,
        _MONTH + r"[\s-]*(?P<day>\d{1,2})(?!\d)",
    )
)
_MONTH_AND_YEAR = (
    re.compile(_MONTH + r"[\s,/-]*(?:of |de )?" + _YEAR),
    re.compile(r"(?<![\d.,/-])(?P<month>\d{1,2})[/.]" + _YEAR),
    re.compile(r"(?<!\d)(?P<year>\d{4})-(?P<month>\d{1,2})(?![\d-])"),
)
_LETTERS = re.compile(r"[a-z]+")
_DIGITS_OF_DATE = re.compile(r"\d[-/.]\s?\d|\d{8}")
_TIME_OF_DAY = re.compile(r"[\st]*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:z|[+-]\d{2}:?\d{2})?")


class Date(NamedTuple):
    """One reading of a date; `year` or `day` is 0 where the text does not have it."""

    year: int
    month: int
    day: int

    def fits(self, other: Date) -> bool:
        """True where both may be the same day: what one leaves open, the other may fill."""
        return self.month == other.month and all(
            not mine or not theirs or mine == theirs
            for mine, theirs in ((self.year, other.year), (self.day, other.day))
        )


def numbers(text: str) -> set[float]:
    """Every number that a text may be taken to hold, absolute values.

    Reads digits with separators of thousands and a decimal point or comma (both readings of
    "1.234"), percentages (also as a share), English number words and ordinals ("forty-four", "half
    a dozen", "5k"). Days and months of full dates are not numbers; their years are.
    """
    for pattern in _patterns(text, _DATES_WITH_YEAR):
        text = pattern.sub(r" \g<year> ", text)
    found: set[float] = set()
    for match in _NUMBER.finditer(text):
        written = match[0].rstrip("% \u00a0\u202f")
        readings = list(_readings(written))
        found.update(readings)
        if match[1]:
            found.update(reading / 100 for reading in readings)
    if _HAS_NUMBER_WORD.search(text):
        found.update(_worded(text))
    return {rounded(number) for number in found}


def rounded(number: float) -> float:
    """A number as it is compared: absolute, to twelve digits."""
    return float(f"{abs(number):.12g}")


def _readings(written: str) -> Iterator[float]:
    grouped = _GROUPED.fullmatch(written)
    if grouped:
        yield float(re.sub(r"\D", "", grouped[1]) + "." + (grouped[3] or "0"))
    for part in _SPACES.split(written):
        pieces = re.split(r"[.,'’]", part)
        yield from map(float, pieces[:1] if len(pieces) == 1 else [])
        if len(pieces) == 2:
            yield float(f"{pieces[0]}.{pieces[1]}")
        elif not grouped:
            yield from map(float, pieces)


def _worded(text: str) -> Iterator[float]:
    """The numbers that words take part in: "two hundred and fifty", "3 dozen", "twenty-one"."""
    total, current, reading = 0.0, 0.0, False
    for word in [*_WORD.findall(text), "."]:
        singular = word.removesuffix("s")
        value = _NUMBER_WORDS.get(word)
        if word[0].isdigit():
            value = float(word.replace(",", "."))
        if value is not None:
            if reading and not _goes_on(current, value):
                yield total + current
                total, current = 0.0, 0.0
            current, reading = current + value, True
            yield value
        elif singular in _SCALES and (reading or singular in ("dozen", "hundred", "thousand")):
            current, reading = (current or 1.0) * _SCALES[singular], True
            if _SCALES[singular] >= 1000:
                total, current = total + current, 0.0
        elif reading and word not in _FILLERS:
            yield total + current
            total, current, reading = 0.0, 0.0, False


def _goes_on(current: float, value: float) -> bool:
    """Whether a number word carries a number on: "forty" + "four", "one" + "half"."""
    if not current or value == 0.5:
        return True
    return current % (100 if value >= 10 else 10) == 0 and value < current


def dates(text: str) -> set[Date]:
    """Every date that a text may be taken to hold; both readings of 3/4/2026."""
    return {date for date, _ in _dates(text)}


@lru_cache(maxsize=65536)
def date_readings(value: str) -> frozenset[Date]:
    """The readings of a value that is a date and nothing else but a time of day; empty if not."""
    rest = _TIME_OF_DAY.sub("", value).strip()
    return frozenset(date for date, span in _dates(rest) if span == (0, len(rest)))


def _dates(text: str) -> Iterator[tuple[Date, tuple[int, int]]]:
    """Dates and their spans, the fullest reading first; what one has read is gone for the next."""
    for pattern in _patterns(text, (*_DATES_WITH_YEAR, *_DATES_WITHOUT_YEAR, *_MONTH_AND_YEAR)):
        for match in list(pattern.finditer(text)):
            start, end = match.span()
            for date in _valid(match.groupdict()):
                yield date, (start, end)
                text = text[:start] + "|" * (end - start) + text[end:]


def _patterns(text: str, patterns: tuple[re.Pattern[str], ...]) -> Iterator[re.Pattern[str]]:
    """Those that stand a chance: few texts have a date, and looking for all of them is slow."""
    has_name = not _MONTH_OF.keys().isdisjoint(_LETTERS.findall(text))
    has_digits = _DIGITS_OF_DATE.search(text) is not None
    for pattern in patterns:
        if has_name if _MONTH in pattern.pattern else has_digits:
            yield pattern


def _valid(parts: dict[str, str | None]) -> Iterator[Date]:
    written = parts.get("year") or ""
    year, day = int(written or 0), int(parts.get("day") or 0)
    if len(written) == 2:
        year += 2000 if year < 70 else 1900
    named = _MONTH_OF.get(str(parts["month"]))
    month = named or int(parts["month"] or 0)
    if 1 <= month <= 12 and day <= 31:
        yield Date(year, month, day)
    either = named is None and "swap" in parts
    if either and 1 <= day <= 12 and month <= 31 and day != month:
        yield Date(year, day, month)
