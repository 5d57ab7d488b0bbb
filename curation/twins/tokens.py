"""From a clause to keys: one spelling for numbers, units, contractions and forms of words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from curation.twins import lexicon
from curation.twins.dictionary import base

_PHRASES = [
    (re.compile(rf"\b(?:{pattern})\b"), by)
    for pattern, by in (
        (r"how come", "why"),
        (r"you guys", "you"),
        (r"same thing", "same"),
        (r"needs? (?=\w{3,}ing\b)", "needto "),
        (r"a few", "several"),
        (r"(?:have|has) been", "was"),
        (r"even though", "although"),
        (r"no one", "nobody"),
        (r"(?:a lot|lots|plenty) of", "many"),
        (r"in order to", "to"),
        (r"right now|at the moment|at present", "now"),
        (r"as soon as possible", "asap"),
        (r"because of|due to|owing to", "with"),
        (r"by the time", "when"),
        (r"unable to", "can not to"),
        (r"able to", "can to"),
        (r"needs? to", "needto to"),
        (r"needed to", "had needto to"),
        (r"(have|has|had|got) to", r"\1 needto to"),
        (r"would (?:like|love)", "wish"),
    )
]
_PHRASE = re.compile("|".join(pattern.pattern for pattern, _ in _PHRASES))
"""Whether any of them is there at all; mostly none is."""
_FILE_OR_DOMAIN = "com|org|net|io|co|uk|eu|de|gov|edu|pdf|csv|docx?|xlsx?|py|js|txt"
_ADDRESS = (
    r"(?:https?://|www\.)\S+\w|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|@\w+"
    rf"|\w+(?:\.\w+)*\.(?:{_FILE_OR_DOMAIN})\b(?:/\S*\w)?"
)
_TOKEN = re.compile(
    rf"(?P<address>{_ADDRESS})"
    r"|(?P<code>\w*[^\W\d]_\w+|\w+_\w*|(?<![\w-])[^\W\d_]+-?\d[\w-]*|[^\W\d_](?:\+\+|\#)(?!\w))"
    r"|(?P<number>(?:(?<![\w)])-(?=[.\d]))?(?:\d+(?:[.,:]\d+)*|\.\d+))(?P<suffix>[^\W\d_]\w*)?"
    r"|(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)"
    r"|(?P<degree>°\s?[cf]\b)"
    r"|(?P<operator>(?<=\d)\s+[-*/]\s+(?=\d))"
    r"|(?P<sign>[^\w\s])"
)
_WORDS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*(?: [^\W\d_]+(?:'[^\W\d_]+)*)*")
"""A clause of words and spaces, in which nothing else need be looked for."""
_NUMERALS = frozenset((*lexicon.NUMBER_WORDS, *lexicon.SCALES))
_GROUPED_THOUSANDS = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_COUNTED = ("#", "~", "")
_PLACED = ("preposition:", "person:", "pronoun:", "link:b", "link:al")
"""Families whose place in the sentence counts."""
_LIMITS = frozenset(
    (*lexicon.DATES, *lexicon.UNITS, *lexicon.NUMBER_WORDS, "end", "noon", "midnight", "morning")
)
"""After "by", what one can be late for: "by Friday" is not "on Friday"."""


class Word(NamedTuple):
    """A word as read; `key` is "" for a void word."""

    key: str
    written: str
    soft: bool = False
    ordered: bool = True


def plain_number(written: str) -> str:
    """One spelling of a number: ASCII digits, no thousands commas, no needless zeros.

    "1.000" keeps its zeros, since in half of the world it is a thousand.
    """
    plain = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in written)
    if _GROUPED_THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    whole, point, decimals = plain.partition(".")
    sign = "-" if whole.startswith("-") else ""
    whole = whole.lstrip("-+0") or "0"
    if len(decimals) != 3 and decimals.isdigit():
        decimals = decimals.rstrip("0")
    return sign + whole + (point + decimals if decimals else "")


def words_of(clause: str) -> Iterator[Word]:
    """The words of a clause; currency behind its amount, numbers in digits, repetitions once."""
    clause = clause.replace("'d like", " would like").replace("'d love", " would love")
    if _PHRASE.search(clause):
        for pattern, by in _PHRASES:
            clause = pattern.sub(by, clause)
    words = list(_plain_tokens(clause) if _WORDS.fullmatch(clause) else _tokens(clause))
    if any(word.written in _NUMERALS or word.key.startswith("#") for word in words):
        words = list(_with_numbers(words))
    last = None
    for word in _currency_behind(words):
        if word != last or word.key[:1] in _COUNTED:
            yield word
        last = word


def _plain_tokens(clause: str) -> Iterator[Word]:
    """What `_tokens` finds in a clause of words and spaces."""
    tokens = clause.split(" ")
    for place, written in enumerate(tokens):
        before = tokens[place - 1] if place else ""
        after = tokens[place + 1] if place + 1 < len(tokens) else ""
        counted = before in lexicon.NUMBER_WORDS
        yield from _in_place(written, after, first=not place, counted=counted)


def _tokens(clause: str) -> Iterator[Word]:
    matches = list(_TOKEN.finditer(clause))
    for place, match in enumerate(matches):
        kind, written = match.lastgroup, match[0]
        if kind in ("number", "suffix"):
            yield from _number(match["number"], match["suffix"])
        elif kind in ("address", "code"):
            yield Word(f"={written}", written)
        elif kind == "degree":
            yield Word(lexicon.UNITS[f"°{written[-1]}"], written)
        elif kind == "operator":
            yield Word(f"^{written.strip()}", written.strip())
        elif kind == "sign":
            yield from _sign(written)
        else:
            counted = bool(place) and _is_number(matches[place - 1])
            after = matches[place + 1][0] if place + 1 < len(matches) else ""
            yield from _in_place(written, after, first=not place, counted=counted)


def _in_place(written: str, after: str, *, first: bool, counted: bool) -> tuple[Word, ...]:
    """The words behind one written word, `counted` behind a number, before another token."""
    if written == "by" and (after[:1].isdigit() or after in _LIMITS):
        return (Word("until", written),)
    if counted and written in lexicon.UNITS_AFTER_NUMBER:
        return (Word(lexicon.UNITS_AFTER_NUMBER[written], written),)
    return _word(written, first=first)


def _is_number(match: re.Match[str]) -> bool:
    return match["number"] is not None or match[0] in lexicon.NUMBER_WORDS


def _sign(sign: str) -> Iterator[Word]:
    """Currency, percent, operators and emoji; all other punctuation carries no meaning."""
    category = unicodedata.category(sign)
    if category == "Sc" or sign in lexicon.UNITS:
        yield Word(lexicon.UNITS.get(sign, f"~{sign}"), sign)
    elif sign == "&":
        yield from _word(sign, first=False)
    elif sign == "^" or (category in ("Sm", "So") and sign not in "~|"):
        yield Word(f"^{sign}", sign)


def _number(digits: str, suffix: str | None) -> Iterator[Word]:
    if not suffix:
        yield Word(f"#{plain_number(digits)}", digits)
    elif suffix in ("st", "nd", "rd", "th"):
        ordinal = lexicon.UNITS["second"] if digits == "2" else f"#{digits}{suffix}"
        yield Word(ordinal, digits + suffix)  # "second" is also a unit
    elif suffix in lexicon.SCALES:
        yield Word(f"#{plain_number(digits)}", digits)
        yield Word(f"#{suffix}", suffix)
    elif suffix in lexicon.UNITS_AFTER_NUMBER or suffix in lexicon.UNITS:
        yield Word(f"#{plain_number(digits)}", digits)
        yield Word(lexicon.UNITS_AFTER_NUMBER.get(suffix) or lexicon.UNITS[suffix], suffix)
    else:
        yield Word(f"={digits}{suffix}", digits + suffix)


@lru_cache(maxsize=65536)
def _word(written: str, *, first: bool) -> tuple[Word, ...]:
    """The words behind one written word: "can't" is "can" and "not"."""
    expanded = lexicon.EXPANSIONS.get(written)
    if expanded is None and written.endswith("n't"):
        expanded = f"{written[:-3]} not"
    if expanded is None and "'" in written:
        head, _, tail = written.rpartition("'")
        expanded = f"{head} will" if tail == "ll" else head
    keys = [_key(part, first=first) for part in (expanded or written).split()]
    return tuple(Word(key, written, soft, ordered) for key, soft, ordered in keys)


def _key(word: str, *, first: bool) -> tuple[str, bool, bool]:
    """Key ("" for a void word), whether it is soft, whether its place counts."""
    if word in lexicon.VOID:
        return "", True, False
    if word == "which" and first:
        return word, False, True
    if word in lexicon.LENIENT:
        return lexicon.LENIENT[word], True, False
    if word in lexicon.SOFT:
        key = lexicon.SOFT[word]
        places = key.startswith(_PLACED) and word not in lexicon.POSSESSIVES
        return key, True, places
    for table in (lexicon.DATES, lexicon.UNITS, lexicon.ORDINALS, lexicon.SAME):
        if word in table:
            return table[word], False, table[word] not in lexicon.INVERTED
    stem = base(word)
    key = lexicon.SAME.get(stem, stem)
    return key, False, key not in lexicon.INVERTED


def _with_numbers(words: Iterable[Word]) -> Iterator[Word]:
    """Number words as digits: "two hundred and five" is 205, "5 thousand" 5000."""
    run: list[Word] = []
    for word in words:
        if _value(word, run) is not None:
            run.append(word)
            continue
        if word.written in ("and", "&") and run and run[-1].written in lexicon.SCALES:
            run.append(word)
            continue
        yield from _in_digits(run)
        run = []
        yield word
    yield from _in_digits(run)


def _value(word: Word, run: list[Word]) -> Decimal | None:
    if word.written in lexicon.NUMBER_WORDS:
        return Decimal(lexicon.NUMBER_WORDS[word.written])
    if word.written in lexicon.SCALES and (run or word.written != "k"):
        return Decimal(lexicon.SCALES[word.written])
    if (
        word.written == "one"
        and run
        and (run[-1].written in lexicon.NUMBER_WORDS or run[-1].written in ("and", "&"))
    ):
        return Decimal(1)
    if (
        word.key.startswith("#")
        and re.fullmatch(r"-?\d+(?:\.\d+)?", word.key[1:])
        and not word.soft
    ):
        return Decimal(word.key[1:])
    return None


def _in_digits(run: list[Word]) -> Iterator[Word]:
    """The numbers in a run of number words and digits, each as one word."""
    total, group, parts = Decimal(0), Decimal(0), list[Word]()
    for word in run:
        value = _value(word, run)
        if value is None:  # "and"
            continue
        if word.written not in lexicon.SCALES and parts and not _goes_on(parts[-1], word, group):
            yield _whole(parts, total + group)
            total, group, parts = Decimal(0), Decimal(0), []
        parts.append(word)
        if word.written not in lexicon.SCALES:
            group += value
        elif value == 100:
            group = (group or 1) * value
        else:
            total, group = total + (group or 1) * value, Decimal(0)
    if parts:
        yield _whole(parts, total + group)


def _goes_on(last: Word, word: Word, group: Decimal) -> bool:
    """Whether a number word belongs to the number before it, as "five" in "twenty five"."""
    if (word.key.startswith("#") and not word.soft) or last.key.startswith("#"):
        return False
    value = lexicon.NUMBER_WORDS.get(word.written, 1)
    room = 10 if group % 100 else 100
    return last.written in lexicon.SCALES or (
        group % 10 == 0 and group % 100 >= 20 and value < room
    )


def _whole(parts: list[Word], value: Decimal) -> Word:
    if len(parts) == 1 and parts[0].key.startswith("#"):
        return parts[0]
    return Word(f"#{plain_number(format(value, 'f'))}", " ".join(word.written for word in parts))


def _currency_behind(words: Iterable[Word]) -> Iterator[Word]:
    """As in "5 dollars", so that "$5" is no other order."""
    held: list[Word] = []
    for word in words:
        if held and not word.key.startswith("#"):
            yield held.pop()
        if len(word.written) == 1 and unicodedata.category(word.written) == "Sc":
            held.append(word)
        else:
            yield word
            yield from held
            held.clear()
    yield from held
