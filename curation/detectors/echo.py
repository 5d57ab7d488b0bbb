"""An answer that gives the question back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from curation.detectors.base import Detector, Evidence, Finding, shorten
from curation.detectors.text import exchanges, words
from curation.records import Task

_FEWEST = 4
_MANY = 10
_FRAME = 3
_CHANGED = 0.3
_CONTAINED = 0.8
_COVERED = 0.7
_KEEPS_WORDS = re.compile(
    r"\b(?:repeat\w*|echo|say|recite|re-?(?:write|word|phrase|state|arrange|order|format)\w*|"
    r"paraphras\w*|summari[sz]\w*|summary|shorten|simplif\w*|translat\w*|correct\w*|proof-?read\w*|"
    r"fix\w*|edit\w*|improve\w*|polish|copy|quote|spell\w*|grammar|grammatical\w*|punctuat\w*|"
    r"capitali[sz]\w*|upper-?case|lower-?case|convert|format|extract\w*|complete|continue|finish|"
    r"change|replace\w*|remove|delete|sort|transcrib\w*|identify|highlight|classif\w*|which of|"
    r"wiederhol\w*|übersetz\w*|korrigier\w*|verbesser\w*|zusammen\w*|répét\w*|répèt\w*|corrig\w*|"
    r"tradui\w*|résum\w*|repite|repita|traduc\w*|traduz\w*|resum\w*|corregi\w*|corrij\w*)\b"
    r"|翻译|翻譯|翻訳|重复|繰り返|改写|总结|要約|повтори|перевед|исправ",
    re.IGNORECASE,
)
_END_MARKS = re.compile(r"[.!?。！？\n]")


def find(evidence: Evidence) -> Iterator[Finding]:
    """Every answer that is the question over again, or nearly.

    Nearly: of the answer's runs of three words, at least 80 % stand in the question, and the
    answer has at least 70 % of the question's words (containment as in Broder, "On the
    resemblance and containment of documents", 1997). An answer taken from a longer passage
    covers too little to count; so does one in which the words have another order, like “A is
    larger than B” to “Is A larger than B?”. Where the question asks for its own words back, as
    for a translation or a correction, only the whole of it counts.
    """
    for row, question, answer in exchanges(evidence):
        if fault := _fault(question, answer):
            yield Finding(row, *fault)


def _fault(question: str, answer: str) -> tuple[float, str] | None:
    if len(answer) > 2 * len(question) + 40:
        return None
    if _foreign(answer, question):
        return None
    said, asked, shown = words(answer), words(question), shorten(answer)
    if len(said) < _FEWEST or not asked:
        return None
    if said == asked:
        return 0.0, f"The answer is the question again: “{shown}”."
    if _KEEPS_WORDS.search(question):
        return None
    if len(asked) >= _FEWEST and said[-len(asked) :] == asked and len(said) <= len(asked) + _FRAME:
        return 0.05, f"The answer is the question again, with a few words before it: “{shown}”."
    if said == words(_last_question(question)):
        return 0.05, f"The answer is the last sentence of the question again: “{shown}”."
    contained, covered = _overlap(said, asked)
    changed = 2 * (len(said) + len(asked) - 2 * (Counter(said) & Counter(asked)).total())
    nearly = said[0] == asked[0] and said[-1] == asked[-1] and changed <= _CHANGED * len(said)
    if not nearly and (contained < _CONTAINED or covered < _COVERED):
        return None
    return 0.1 + (1 - max(contained, _CONTAINED)), f"The answer is nearly the question: “{shown}”."


def _foreign(answer: str, question: str) -> bool:
    """True where a quick look settles it: few of the answer's many words are the question's."""
    mine, theirs = set(answer.lower().split()), set(question.lower().split())
    return len(mine) >= _MANY and len(mine & theirs) < len(mine) / 3


def _last_question(text: str) -> str:
    """The last sentence that ends in a question mark; empty where there is none."""
    end = max(text.rfind("?"), text.rfind("？"), 0)
    return _END_MARKS.split(text[:end])[-1]


def _overlap(said: Sequence[str], asked: Sequence[str]) -> tuple[float, float]:
    """Share of what is said that was asked, by runs of words, and the reverse, by words."""
    mine, theirs = _runs(said), _runs(asked)
    contained = (mine & theirs).total() / max(mine.total(), 1)
    there = Counter(asked)
    return contained, (there & Counter(said)).total() / max(there.total(), 1)


def _runs(tokens: Sequence[str]) -> Counter[tuple[str, ...]]:
    return Counter(zip(tokens, tokens[1:], tokens[2:], strict=False))


DETECTOR = Detector(
    kind="echo",
    title="Repeats the question",
    ask="Does the answer say anything that the question does not?",
    tasks=frozenset({Task.CHAT}),
    find=find,
)
