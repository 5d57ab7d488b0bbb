"""What the guard sees in a text: the words that carry meaning, in one spelling, and their order."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from curation.twins import lexicon
from curation.twins.courtesy import Matter, matter
from curation.twins.dictionary import is_common, is_known, present
from curation.twins.tokens import Word, plain_number, words_of


class Language(Enum):
    """How a text can be compared."""

    ENGLISH = "English"
    CODE = "code"
    UNKNOWN = "unknown"


KINDS = {"#": "numbers", "~": "units", "@": "dates", "=": "codes", "^": "signs"}
"""First letter of the keys that are no words."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What two texts are compared by.

    A word's *key* is its one spelling. In `bag`, `hard` and `words` the second occurrence of a key
    is written `key\\t2`, so that a difference of sets is one of multisets.
    """

    surface: tuple[str, ...]
    """Every token in its plainest form; all that counts where the language is not known."""
    language: Language
    bag: frozenset[str]
    """All keys but those of void words."""
    hard: frozenset[str]
    """Those of them that must not be missing from the other text."""
    words: dict[str, str]
    """Key → the word as written, in lower case."""
    order: tuple[tuple[tuple[str, ...], ...], ...]
    """Keys whose order counts, by sentence and clause."""
    odd: frozenset[str]
    """Keys that may stand for another: unknown words, and those of which a lenient form exists."""
    pasts: frozenset[str]
    """Base forms of the verbs in the past."""
    written: frozenset[str]
    """All words as written, in lower case, void ones too."""
    names: frozenset[str]
    """Words with a capital inside a sentence."""
    compounds: dict[str, tuple[str, str]]
    """Two neighbours written as one word → their keys."""
    people: frozenset[str]
    inverted: tuple[frozenset[str], ...]
    """Keys of the clauses that begin as a question for yes or no."""
    asked: tuple[frozenset[str], ...]
    """Keys of clauses that are such questions by their mark or frame."""


_RAISED = re.compile(r"[²³¹⁰⁴-⁹₀-₉¼-¾⅐-⅞]")
_DOTTED = re.compile(r"\b(?:[^\W\d_]\.){2,}")
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff]")
_QUOTES = str.maketrans("’‘ʼ´`“”„«»−", "'''''\"\"\"\"\"-")
_SURFACE = re.compile(r"[-+]?\d+(?:[.,:]\d+)*|[^\W\d]+(?:'[^\W\d]+)*|[^\w\s]")
_CODE_TOKEN = re.compile(r"\w+|[^\w\s]")
_CODE = re.compile(
    r"^\s*(?:def \w+\(|class \w+[:(]|import [\w.]+$|from [\w.]+ import\b|#include|#!/|<\?|<html"
    r"|function\b.*\(|const \w+ ?=|var \w+ ?=|let \w+ ?=|public (?:static|class)|<!DOCTYPE"
    r"|\$ (?:cd|git|pip|npm|sudo)\b|UPDATE \w+ SET|INSERT INTO|DELETE FROM|CREATE TABLE)"
    r"|\bSELECT\b[\s\S]+\bFROM\b|</\w+>|\w\(\w*\)\s*[;{:]",
    re.MULTILINE,
)
_CODE_SIGN = re.compile(r"[{}<>;=\\|`\[\]_()]")
_QUESTION_WORDS = ("what", "when", "where", "why", "how", "who", "which")
_LONE_LETTERS = frozenset("bcdefghjklmnopqrstuvwxyz")
_PRONOUNS = lexicon.word_set("i you he she it we they there these those this anyone someone")
_SUBJECTS = _PRONOUNS | lexicon.word_set("that the a an my your our his her their")
_MODALS = lexicon.word_set("can could will would should must may")
_NAME = re.compile(r"(?<=[\w,;:] )[^\W\d_a-z]\w+")
_LETTERS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_FUNCTION_WORDS = frozenset(
    (*lexicon.VOID, *lexicon.SOFT, *lexicon.LENIENT, *lexicon.EXPANSIONS, *lexicon.NEGATIONS)
)
_LENIENT = {"wish", *(key[1:] for key in lexicon.LENIENT.values())}
_TELLING = (_FUNCTION_WORDS | set(_QUESTION_WORDS)) - lexicon.word_set(
    "a an i as so me on in was am at no he we do"
)
"""Function words that are not words of another European language too."""


def read(text: str) -> Reading:
    """Read a text once, to compare it with many."""
    plain = _normal(text)
    lower = plain.casefold()
    if _looks_like_code(plain):
        tokens = tuple(_CODE_TOKEN.findall(text))
        return _gather(tokens, Language.CODE, [], Matter((), frozenset()), frozenset())
    surface = tuple(_surface(lower))
    names = _names(plain)
    language = Language.ENGLISH if _looks_english(lower, names) else Language.UNKNOWN
    content = matter(lower, names)
    clauses = [list(words_of(clause.words)) for clause in content.clauses]
    return _gather(surface, language, clauses, content, names)


def _gather(
    surface: tuple[str, ...],
    language: Language,
    clauses: list[list[Word]],
    content: Matter,
    names: frozenset[str],
) -> Reading:
    seen: dict[str, int] = {}
    hard, words, compounds = set(), {}, {}
    last = Word("", "")
    for word in (word for clause in clauses for word in clause):
        if word.key:
            seen[word.key] = seen.get(word.key, 0) + 1
            key = word.key if seen[word.key] == 1 else f"{word.key}\t{seen[word.key]}"
            words[key] = word.written
            if not word.soft:
                hard.add(key)
        compounds[last.written + word.written] = (last.key, word.key)
        last = word
    inverted = [_is_inverted(clause.words) for clause in content.clauses]
    sets = [
        frozenset(word.key for word in words if word.key)
        for _, words in zip(content.clauses, clauses, strict=False)
    ]
    return Reading(
        surface=surface,
        language=language,
        bag=frozenset(words),
        hard=frozenset(hard),
        words=words,
        odd=_odd(words),
        pasts=frozenset(present(word) for word in words.values()) - frozenset(words.values()),
        order=tuple(_order(clauses, content)),
        written=frozenset(word.written for clause in clauses for word in clause),
        names=names,
        compounds=compounds,
        people=content.people,
        inverted=tuple(keys for keys, turned in zip(sets, inverted, strict=False) if turned),
        asked=tuple(
            keys
            for keys, clause in zip(sets, content.clauses, strict=False)
            if clause.asked and keys.isdisjoint(_QUESTION_WORDS)
        ),
    )


def _odd(words: dict[str, str]) -> frozenset[str]:
    unknown = {
        plain(key) for key, word in words.items() if key[0] not in KINDS and not is_known(word)
    }
    return frozenset(key for key in words if key in _LENIENT or plain(key) in unknown)


def few(words: Iterable[str]) -> str:
    """Up to five of them, each once."""
    named = list(dict.fromkeys(words))
    return ", ".join(named[:5]) + (", …" if len(named) > 5 else "")


def plain(key: str) -> str:
    """A key without the number of its occurrence."""
    return key.partition("\t")[0] if "\t" in key else key


def _order(clauses: list[list[Word]], content: Matter) -> Iterator[tuple[tuple[str, ...], ...]]:
    """Sentences of clauses, which end at a punctuation mark or where a conjunction stands."""
    sentence: list[list[str]] = []
    for place, clause in enumerate(clauses):
        sentence.append([])
        for word in clause:
            if word.written in lexicon.CLAUSE_STARTS:
                sentence.append([])
            if word.key and word.ordered:
                sentence[-1].append(word.key)
        if place + 1 >= len(content.clauses) or content.clauses[place].ends:
            yield tuple(map(tuple, sentence))
            sentence = []


def _normal(text: str) -> str:
    """NFKC, with ² kept apart from 2, without invisible characters, with straight quotes."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _RAISED.sub(r"^\g<0>", text))
        text = _INVISIBLE.sub("", text)
    return _DOTTED.sub(lambda dotted: dotted[0].replace(".", ""), text.translate(_QUOTES))


def _surface(lower: str) -> Iterator[str]:
    for token in _SURFACE.findall(lower):
        if token[-1].isdecimal():
            yield plain_number(token)
        elif token[-1].isalpha() or _has_meaning(token[0]):
            yield token


def _has_meaning(sign: str) -> bool:
    return sign in "%&@#*/\\" or unicodedata.category(sign)[0] != "P"


def _looks_like_code(text: str) -> bool:
    if text.lstrip()[:1] in ("{", "["):
        try:
            return isinstance(json.loads(text), dict | list)
        except ValueError:
            pass
    signs = len(_CODE_SIGN.findall(text))
    return bool(_CODE.search(text)) or (signs > 3 and signs > 0.06 * len(text))


def _looks_english(lower: str, names: frozenset[str]) -> bool:
    """Whether the words are English, names apart.

    Function words must be among them where not all are known, since languages share content words.
    """
    left_out = names | _LONE_LETTERS
    words = [word for word in _LETTERS.findall(lower) if word not in left_out]
    known = sum(map(_is_english, words))
    telling = sum(word in _TELLING for word in words)
    count = len(words) - sum(not _is_english(word) and is_known(word) for word in words)
    if count < 5:
        return known == count or (known == count - 1 and telling > 0)
    return known >= 0.85 * count or (known >= 0.7 * count and telling >= 0.1 * count)


@lru_cache(maxsize=65536)
def _is_english(word: str) -> bool:
    head = word.partition("'")[0]
    return (
        word in _FUNCTION_WORDS
        or word in lexicon.SAME
        or is_common(word)
        or (head != word and (head in _FUNCTION_WORDS or is_known(head) or word.endswith("n't")))
    )


def _names(plain: str) -> frozenset[str]:
    """Words with a capital that no sentence start explains, in lower case."""
    if plain.isupper():
        return frozenset()
    return frozenset(map(str.casefold, _NAME.findall(plain)))


def _is_inverted(words: str) -> bool:
    """Whether a clause begins as a question for yes or no; "can you …" asks for a deed."""
    first, second = [*words.split(" ", 2), "", ""][:2]
    if first in ("is", "are", "am", "was", "were", "does", "did"):
        return bool(second) and second != "not"
    if first in ("do", "has", "have", "had"):
        return second in _PRONOUNS
    if first in ("can", "could", "would", "will") and second == "you":
        return False
    return first in _MODALS and second in _SUBJECTS
