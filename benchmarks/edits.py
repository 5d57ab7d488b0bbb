"""Edits of a sentence that keep its meaning, and edits that change it.

A kind of edit is a function from a text and a random generator to the edited text, or None where
it cannot be applied. The word lists (`edit_words.py`) are not those of `curation.twins`, which must
not be graded on its own answers; `shared` counts what both happen to list.
"""

from __future__ import annotations

import random
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import edit_words as lists

from curation.twins import lexicon

Edit = Callable[[str, random.Random], str | None]
Pair = tuple[str, str]

_WORD = re.compile(r"[A-Za-z][A-Za-z']*")
_NUMBER = re.compile(r"(?<![\w.,:/#-])\d+(?![\w,.:/-]*\d)\b")
_STOP = frozenset(lists.STOP.split())
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")


def _table(pairs: str, separator: str | None = None) -> dict[str, str]:
    """Both directions of "a/b c/d"; the first mention of a word wins."""
    found: dict[str, str] = {}
    for entry in pairs.strip().split(separator):
        left, _, right = entry.strip().partition("/")
        found.setdefault(left, right)
        found.setdefault(right, left)
    return found


def _swap(pairs: str, separator: str | None = None) -> Edit:
    """An edit that replaces one word or phrase of a table by its partner."""
    table = _table(pairs, separator)
    ranked = "|".join(map(re.escape, sorted(table, key=len, reverse=True)))
    pattern = re.compile(rf"(?<![\w'])(?:{ranked})(?![\w'])", re.IGNORECASE)

    def edit(text: str, rng: random.Random) -> str | None:
        match = _pick(list(pattern.finditer(text)), rng)
        if match is None:
            return None
        other = table[match[0].lower()]
        return _put(text, match, other[:1].upper() + other[1:] if match[0][0].isupper() else other)

    return edit


def _pick(matches: list[re.Match[str]], rng: random.Random) -> re.Match[str] | None:
    return rng.choice(matches) if matches else None


def _put(text: str, match: re.Match[str], word: str) -> str:
    return text[: match.start()] + word + text[match.end() :]


def _exchange(text: str, x: re.Match[str], y: re.Match[str]) -> str:
    return text[: x.start()] + y[0] + text[x.end() : y.start()] + x[0] + text[y.end() :]


def _content(text: str, least: int) -> list[re.Match[str]]:
    """Words of at least so many letters that are no function words."""
    found = (word for word in _WORD.finditer(text) if len(word[0]) >= least)
    return [word for word in found if word[0].lower() not in _STOP]


def _lower_first(text: str) -> str:
    return text if re.match(r"I\b|[A-Z]{2}", text) else text[:1].lower() + text[1:]


# Edits that keep the meaning


def case(text: str, rng: random.Random) -> str | None:
    """Another case."""
    return rng.choice([text.upper(), text.lower(), text.title(), text.swapcase()])


def punctuation(text: str, rng: random.Random) -> str | None:
    """Marks dropped, added or doubled at the end; commas dropped."""
    bare = text.rstrip(".?! ")
    return rng.choice([bare, bare + " !", bare + "...", bare + "??", re.sub(r",(?= )", "", text)])


def white_space(text: str, rng: random.Random) -> str | None:
    """Spaces doubled, line breaks and tabs."""
    return rng.choice(
        [f"  {text} ", text.replace(" ", "  "), text.replace(" ", "\n", 1), f"\t{text}\n"]
    )


def unicode_forms(text: str, rng: random.Random) -> str | None:
    """Curly quotes, fullwidth and decomposed letters, no-break and zero-width spaces."""
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    curly = text.replace("'", "’").replace(" ", "\u00a0")
    return rng.choice([curly, wide, unicodedata.normalize("NFD", text).replace(" ", " \u200b", 1)])


def typing_error(text: str, rng: random.Random, least: int = 5, errors: int = 1) -> str | None:
    """Letters of one word dropped, doubled, replaced, inserted or swapped."""
    match = _pick(_content(text, least), rng)
    if match is None:
        return None
    word = match[0]
    for _ in range(errors):
        place, letter = rng.randrange(1, len(word) - 1), rng.choice("etaoinshrdlu")
        head, rest = word[:place], word[place:]
        word = head + rng.choice(
            [
                rest[1:],
                rest[0] + rest,
                letter + rest[1:],
                letter + rest,
                rest[1] + rest[0] + rest[2:],
            ]
        )
    return _put(text, match, word)


def greeting(text: str, rng: random.Random) -> str | None:
    """A greeting before the text."""
    return f"{rng.choice(lists.GREETINGS.split('|'))} {_lower_first(text)}"


def politeness(text: str, rng: random.Random) -> str | None:
    """A polite phrase before the text or thanks behind it."""
    if rng.random() < 0.5:
        return rng.choice(lists.REQUESTS.split("|")) + _lower_first(text)
    return text + rng.choice(lists.THANKS.split("|"))


def sign_off(text: str, rng: random.Random) -> str | None:
    """A signature."""
    return text.rstrip() + rng.choice(lists.SIGN_OFFS.split("|"))


def filler(text: str, rng: random.Random) -> str | None:
    """A word that says nothing, at the start or before a verb."""
    verb = _pick(list(re.finditer(r"(?<=\b[Ii] )(?=[a-z])(?!am\b)", text)), rng)
    if verb is None or rng.random() < 0.4:
        return f"{rng.choice(lists.FILLERS.split()).capitalize()}, {_lower_first(text)}"
    return _put(text, verb, rng.choice(lists.FILLERS.replace("well", "").split()) + " ")


def article_dropped(text: str, rng: random.Random) -> str | None:
    """An article or another empty word left out."""
    match = _pick(list(re.finditer(r"(?<=\w )(?:the|a|an|of|that|so|very) ", text)), rng)
    return None if match is None else _put(text, match, "")


def article_added(text: str, rng: random.Random) -> str | None:
    """An article in place of a possessive, or before a plural."""
    places = r"\b(?:my|our) (?=\w)|(?<=\bto )(?=[a-z]+s\b)|(?<=\bfor )(?=[a-z]+s\b)"
    match = _pick(list(re.finditer(places, text)), rng)
    return None if match is None else _put(text, match, "the ")


def plural(text: str, rng: random.Random) -> str | None:
    """A noun in the other number."""
    nouns = re.finditer(r"(?:(?<=\bmy )|(?<=\bthe ))[a-z]{4,}\b", text)
    fitting = [m for m in nouns if not re.search(r"(?:ss|us|is|ed|ly|ing|st|er|th|rd|ee)$", m[0])]
    match = _pick([m for m in fitting if m[0] not in _STOP], rng)
    if match is None:
        return None
    if match[0].endswith("s"):
        return _put(text, match, match[0][:-1])
    if re.search(r"(?:x|z|ch|sh)$", match[0]):
        return _put(text, match, match[0] + "es")
    return _put(text, match, re.sub(r"([^aeiou])y$", r"\1ie", match[0]) + "s")


def sentences_reordered(text: str, _: random.Random) -> str | None:
    """The last sentence first."""
    sentences = _SENTENCE_END.split(text.strip())
    if len(sentences) < 2 or sentences[-1][-1] not in ".?!":
        return None
    return " ".join([sentences[-1], *sentences[:-1]])


def number_as_word(text: str, rng: random.Random) -> str | None:
    """A number from two to twenty as a word, or the other way round."""
    names = lists.NUMBERS.split()
    small = [m for m in _NUMBER.finditer(text) if 2 <= int(m[0]) <= 20]
    spelled = [m for m in _WORD.finditer(text) if m[0].lower() in names[2:]]
    match = _pick([m for m in small if text[m.start() - 1 : m.start()] != "$"] + spelled, rng)
    if match is None:
        return None
    word = match[0].lower()
    return _put(text, match, str(names.index(word)) if word in names else names[int(word)])


# Edits that change the meaning


def number(text: str, rng: random.Random) -> str | None:
    """Another number."""
    match = _pick(list(_NUMBER.finditer(text)), rng)
    return match and _put(text, match, str(int(match[0]) + rng.choice([1, 2, 7, 10, 100])))


def numbers_swapped(text: str, rng: random.Random) -> str | None:
    """Two different numbers in each other's place."""
    found = list(_NUMBER.finditer(text))
    pairs = [(x, y) for x in found for y in found if x.start() < y.start() and x[0] != y[0]]
    return _exchange(text, *rng.choice(pairs)) if pairs else None


def negation(text: str, rng: random.Random) -> str | None:
    """A "not" put in or taken out."""
    if re.search(r"\b(?:ca|wo)n't", text):
        return re.sub(r"\bcan't\b", "can", text, count=1).replace("won't", "will", 1)
    if gone := re.search(r"\b(?:not|never) |n't\b", text):
        return _put(text, gone, "")
    verbs = r"\b(?:is|are|was|were|can|could|will|should|would|did|does|has|have) "
    match = _pick(list(re.finditer(verbs, text)), rng)
    return None if match is None else f"{text[: match.end()]}not {text[match.end() :]}"


def name(text: str, rng: random.Random) -> str | None:
    """Another person, place or company."""
    match = _pick(list(re.finditer(r"(?<=[a-z,] )[A-Z][a-z]{2,}\b", text)), rng)
    if match is None:
        return None
    return _put(text, match, rng.choice([one for one in lists.NAMES.split() if one != match[0]]))


def with_code(text: str, rng: random.Random) -> str:
    """The text with an order number, an address or a product code at its end."""
    code = rng.choice(lists.CODES.split("|")).format(rng.randrange(1000, 9999))
    return f"{text.rstrip('.?! ')} ({code})"


def code(text: str, rng: random.Random) -> str | None:
    """A code at the end of the text that differs in one digit."""
    digit = list(re.finditer(r"\d", text))[-rng.randrange(1, 4)]
    return _put(text, digit, str((int(digit[0]) + rng.randrange(1, 9)) % 10))


def words_exchanged(text: str, rng: random.Random) -> str | None:
    """Two content words with function words between them in each other's place."""
    found = _content(text, 4)
    pairs = [
        (x, y)
        for x, y in pairwise(found)
        if re.fullmatch(r" [a-z ]+ ", text[x.end() : y.start()])
        and x[0].lower()[:4] != y[0].lower()[:4]
        and not re.search(r"\b(?:and|or)\b", text[x.end() : y.start()])
    ]
    return _exchange(text, *rng.choice(pairs)) if pairs else None


def word_substituted(text: str, rng: random.Random, pool: tuple[str, ...] = ()) -> str | None:
    """A content word replaced by one from another text, with the same ending where there is one."""
    match = _pick(_content(text, 4), rng)
    if match is None:
        return None
    others = [w for w in pool if w[:4] != match[0].lower()[:4]]
    fitting = [w for w in others if w[-2:] == match[0].lower()[-2:]]
    return _put(text, match, rng.choice(fitting or others))


def word_dropped(text: str, rng: random.Random) -> str | None:
    """A content word left out, of at least three."""
    found = _content(text, 4)
    match = _pick(found, rng) if len(found) > 2 else None
    return None if match is None else re.sub(r" {2,}", " ", _put(text, match, "")).strip()


def modifier_added(text: str, rng: random.Random) -> str | None:
    """An adjective that narrows what is spoken of."""
    match = _pick(list(re.finditer(r"(?:(?<=\bmy )|(?<=\bthe ))(?=\w)", text)), rng)
    return None if match is None else _put(text, match, rng.choice(lists.MODIFIERS.split()) + " ")


def condition_added(text: str, rng: random.Random) -> str | None:
    """A condition or an exception at the end."""
    bare = text.rstrip(".?! ")
    return f"{bare} {rng.choice(lists.CONDITIONS.split('|')).strip()}{text.rstrip()[len(bare) :]}"


def question_or_statement(text: str, rng: random.Random) -> str | None:
    """A question as a statement, or a statement as a question."""
    sentences = _SENTENCE_END.split(text.strip())
    turned = [_turned(sentence) for sentence in sentences]
    places = [place for place, sentence in enumerate(turned) if sentence]
    if not places:
        return None
    place = rng.choice(places)
    return " ".join([*sentences[:place], turned[place] or "", *sentences[place + 1 :]])


def _turned(sentence: str) -> str | None:
    subject = r"I|my \w+|the \w+|it|we|they"
    verb = r"is|are|was|were|can|will|should"
    if asked := re.fullmatch(rf"({verb}) ({subject}) ([^,?]*)\??", sentence, re.IGNORECASE):
        return f"{asked[2][:1].upper()}{asked[2][1:]} {asked[1].lower()} {asked[3]}."
    if stated := re.fullmatch(rf"({subject}) ({verb}) ([^,?]*)\.?", sentence, re.IGNORECASE):
        return f"{stated[2].capitalize()} {_lower_first(stated[1])} {stated[3].rstrip('.')}?"
    return None


HARMLESS: dict[str, Edit] = {
    "case": case,
    "punctuation": punctuation,
    "white space": white_space,
    "Unicode forms": unicode_forms,
    "typing error": typing_error,
    "two typing errors": partial(typing_error, least=8, errors=2),
    "greeting": greeting,
    "politeness": politeness,
    "sign-off": sign_off,
    "filler": filler,
    "article dropped": article_dropped,
    "article added": article_added,
    "contraction": _swap(lists.CONTRACTIONS, "|"),
    "plural": plural,
    "spelling": _swap(lists.SPELLINGS),
    "hyphenation": _swap(lists.HYPHENS, "|"),
    "abbreviation": _swap(lists.ABBREVIATIONS),
    "number as word": number_as_word,
    "sentences reordered": sentences_reordered,
}
SYNONYMS: dict[str, Edit] = {"synonym": _swap(lists.SYNONYMS)}
CHANGING: dict[str, Edit] = {
    "number": number,
    "numbers swapped": numbers_swapped,
    "unit": _swap(lists.UNITS),
    "date": _swap(lists.DATES),
    "negation": negation,
    "antonym": _swap(lists.ANTONYMS),
    "name": name,
    "code": code,
    "words exchanged": words_exchanged,
    "word substituted": word_substituted,
    "word dropped": word_dropped,
    "modifier added": modifier_added,
    "condition added": condition_added,
    "quantifier": _swap(lists.QUANTIFIERS),
    "modal": _swap(lists.MODALS),
    "direction": _swap(lists.DIRECTIONS),
    "comparison": _swap(lists.COMPARISONS),
    "person": _swap(lists.PERSONS),
    "tense": _swap(lists.TENSES),
    "connective": _swap(lists.CONNECTIVES),
    "question word": _swap(lists.QUESTION_WORDS),
    "question or statement": question_or_statement,
}


def edited(texts: list[str], kind: str, count: int, seed: int) -> list[Pair]:
    """Up to `count` texts, drawn at random, with their edited form; a seed gives the same pairs."""
    return list(_edited(texts, kind, count, random.Random(f"{seed}/{kind}")))


def _edited(texts: list[str], kind: str, count: int, rng: random.Random) -> Iterator[Pair]:
    edit = {**HARMLESS, **SYNONYMS, **CHANGING}[kind]
    if kind == "word substituted":
        some = rng.sample(texts, min(len(texts), 500))
        pool = sorted({m[0] for text in some for m in _content(text, 4) if m[0].islower()})
        edit = partial(word_substituted, pool=tuple(pool))
    fold, left = (str.casefold if kind in CHANGING else str), count
    for text in rng.sample(texts, len(texts)):
        if left == 0:
            return
        original = with_code(text, rng) if kind == "code" else text
        changed = edit(original, rng)
        if changed is not None and fold(changed) != fold(original):
            left -= 1
            yield original, changed


def shared() -> dict[str, tuple[int, int]]:
    """For each list here: how many of its words the guard's lists have too, and how many it has."""
    guard = {
        word
        for table in vars(lexicon).values()
        if isinstance(table, dict | frozenset)
        for word in table
        if isinstance(word, str)
    }
    counts = {}
    for title, text in vars(lists).items():
        if title.isupper() and isinstance(text, str):
            here = set(re.findall(r"[a-z$%&][a-z'-]*", text.lower()))
            counts[title.lower()] = (len(here & guard), len(here))
    return counts
