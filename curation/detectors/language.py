"""An answer in another language than its question."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from curation.detectors.base import Detector, Evidence, Finding, shorten
from curation.detectors.text import SPACELESS, earlier_turns, exchanges, without_code
from curation.records import Task

_LONGEST = 300
_SEARCHED = 4000
_FEWEST_SAID = 20
_FEWEST_ASKED = 12
_SURE = 0.8
_LIKELY = 0.4
_SAME = 0.02
_NO_LANGUAGE = re.compile(
    r"https?://\S+|\S+@\S+|<[^<>]*>|\$[^$\n]*\$|\S*[\d_\\/=+*^{}]\S*|\b[A-Z][A-Z0-9]+\b"
)
_PASSAGES = re.compile(r"[\n.!?:;\"“”„«»。！？「」]+")
_SPACELESS = re.compile(f"[{SPACELESS}]")
_NAMES = re.compile(
    r"\b(?:afrikaans|albanian|arabic|armenian|azerbaijani|basque|belarusian|bengali|bosnian|"
    r"bulgarian|catalan|chinese|croatian|czech|danish|dutch|english|esperanto|estonian|filipino|"
    r"finnish|french|galician|georgian|german|greek|gujarati|hebrew|hindi|hungarian|icelandic|"
    r"indonesian|irish|italian|japanese|kannada|kazakh|korean|latin|latvian|lithuanian|"
    r"macedonian|malay|malayalam|mandarin|cantonese|marathi|mongolian|nepali|norwegian|persian|"
    r"farsi|polish|portuguese|punjabi|romanian|russian|sanskrit|serbian|sinhala|slovak|"
    r"sloven\w+|somali|spanish|swahili|swedish|tagalog|tamil|telugu|thai|tibetan|turkish|"
    r"ukrainian|urdu|uzbek|vietnamese|welsh|xhosa|yiddish|yoruba|zulu|"
    r"deutsch\w*|englisch\w*|französisch\w*|spanisch\w*|italienisch\w*|russisch\w*|chinesisch\w*|"
    r"japanisch\w*|türkisch\w*|anglais\w*|français\w*|allemand\w*|espagnol\w*|italien\w*|russe|"
    r"chinois\w*|japonais\w*|español\w*|ingl[eéê]s\w*|franc[eéê]s\w*|alem[aáã][on]\w*|italiano|"
    r"tedesco|inglese|francese|spagnolo|portugu[eê]s\w*|engels|duits|nederlands|engelska|tyska|"
    r"angielsk\w*|niemieck\w*|polsk\w*|английск\w*|русск\w*|немецк\w*|французск\w*)\b"
    r"|英语|英文|英語|中文|汉语|日语|日本語|法语|德语|한국어|영어|हिंदी|हिन्दी|अंग्रेज़ी|العربية|الإنجليزية",
    re.IGNORECASE,
)
_TRANSLATION = re.compile(
    r"\btransl(?:at|it)\w*|\blanguages?\b|\blingual\w*|\bbilingual\w*|\bübersetz\w*|\bsprache\b|"
    r"\btradu[cirsz]\w*|\blangue\b|\bidioma\b|\blingua\b|\bvertaal\w*|\böversätt\w*|\bprzetłumacz\w*|"
    r"\bперевед\w*|\bперевод\w*|\bçevir\w*|翻译|翻譯|翻訳|번역|अनुवाद|ترجم",
    re.IGNORECASE,
)
_ALIKE = (
    ("id", "ms", "jv"),
    ("no", "nn", "da"),
    ("hr", "sr", "bs"),
    ("zh", "yue", "wuu"),
    ("ar", "ary", "arz"),
    ("fr", "gcf", "gcr", "wa"),
    ("en", "pcm"),
    ("uz", "uzs"),
    ("de", "lb"),
    ("ku", "sdh"),
    ("he", "hbo"),
    ("gn", "gug"),
)
"""Languages that short texts hardly tell apart; each counts as the first of its group."""

_KNOWN = (
    "Arabic ar, Bengali bn, Bulgarian bg, Catalan ca, Chinese zh, Croatian hr, Czech cs, Dutch nl, "
    "English en, Estonian et, Finnish fi, French fr, German de, Greek el, Gujarati gu, Hebrew he, "
    "Hindi hi, Hungarian hu, Icelandic is, Indonesian id, Italian it, Japanese ja, Korean ko, "
    "Latvian lv, Lithuanian lt, Marathi mr, Norwegian no, Persian fa, Polish pl, Portuguese pt, "
    "Romanian ro, Russian ru, Serbian sr, Slovak sk, Slovenian sl, Spanish es, Swahili sw, "
    "Swedish sv, Tagalog tl, Tamil ta, Telugu te, Thai th, Turkish tr, Ukrainian uk, Urdu ur, "
    "Vietnamese vi"
)
_ENGLISH_NAMES = {code: name for name, code in (pair.split() for pair in _KNOWN.split(", "))}
_FIRST = {code: group[0] for group in _ALIKE for code in group}


def find(evidence: Evidence) -> Iterator[Finding]:
    """Every answer whose language is surely not that of its question.

    The languages are those of py3langid (Lui and Baldwin, "langid.py", 2012; 139 of them), read
    from the first 300 characters without code, links, formulae and numbers. A finding needs
    twenty letters of answer and twelve of question, a question whose language has a probability
    of 0.8, and at most one chance in fifty that both are of the same language. The score is one
    minus the probability that both were read rightly. Silent where the conversation names a
    language, speaks of translation, or holds a passage in the language of the answer.
    """
    earlier = dict(earlier_turns(evidence))
    for row, question, answer in exchanges(evidence):
        asked, said = _prose(question), _prose(answer)
        if _letters(asked) < _FEWEST_ASKED or _letters(said) < _FEWEST_SAID:
            continue
        if _language(asked) == _language(said):
            continue
        before = [str(turn.get("content") or "") for turn in earlier.get(row, [])]
        if fault := _fault(asked, said, [question, *before]):
            yield Finding(row, *fault)


def _fault(asked: str, said: str, before: list[str]) -> tuple[float, str] | None:
    theirs, mine = _probabilities(asked), _probabilities(said)
    own, other = max(mine, key=mine.__getitem__), max(theirs, key=theirs.__getitem__)
    same = sum(share * theirs.get(code, 0.0) for code, share in mine.items())
    named = own in _ENGLISH_NAMES and other in _ENGLISH_NAMES
    if not named or theirs[other] < _SURE or mine[own] < _LIKELY or same > _SAME:
        return None
    if any(_allows(text, own) for text in before):
        return None
    return 1 - mine[own] * theirs[other], (
        f"The question is in {_ENGLISH_NAMES[other]}, the answer in {_ENGLISH_NAMES[own]}: "
        f"“{shorten(said)}”."
    )


def _allows(text: str, code: str) -> bool:
    """True where a text names languages, or has a passage in the language itself."""
    if _NAMES.search(text) or _TRANSLATION.search(text):
        return True
    passages = (_prose(passage) for passage in _PASSAGES.split(text[:_SEARCHED]))
    return any(_letters(prose) >= _FEWEST_ASKED and _language(prose) == code for prose in passages)


def _prose(text: str) -> str:
    return " ".join(_NO_LANGUAGE.sub(" ", without_code(text[: 2 * _LONGEST])).split())[:_LONGEST]


def _letters(text: str) -> int:
    """Letters of a text, a character of a script without spaces counted as two and a half."""
    if text.isascii():
        return sum(map(str.isalpha, text))
    return int(sum(2.5 if _SPACELESS.match(char) else 1 for char in text if char.isalpha()))


@cache
def _identifier() -> Any:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _language(text: str) -> str:
    code = str(_identifier().classify(text)[0])
    return _FIRST.get(code, code)


def _probabilities(text: str) -> dict[str, float]:
    """The probability of each language, those that are hardly told apart taken together."""
    together: dict[str, float] = {}
    for code, share in _identifier().rank(text):
        first = _FIRST.get(code, code)
        together[first] = together.get(first, 0.0) + float(share)
    return together


DETECTOR = Detector(
    kind="language",
    title="Another language",
    ask="Which language should the answer be in?",
    tasks=frozenset({Task.CHAT}),
    find=find,
)
