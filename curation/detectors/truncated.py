"""An answer that stops in mid-sentence."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from curation.detectors.base import Detector, Evidence, Finding
from curation.detectors.text import SPACELESS, WORD
from curation.records import Task

_END_MARKS = frozenset(".!?…‥‽⸮。！？．｡।॥۔؟։።፧។៕။܀᠃꓿")
_CLOSERS = "\"'”’»›“‘„)]}）］｝」』】》〉*_~ \t\r\n\u200b\ufeff"
_OPENERS = {")": "(", "]": "[", "”": "“", "」": "「", "』": "『", "）": "（", "»": "«"}
_FINISHED = (*"`$)]}）］｝」』】》", "~~~")
_GOES_ON = ",;-–—/&(（[「『“«、，；"
_NO_PROSE = re.compile(r"^\s*(?:[|>#<]|[-*•–+]\s|\d{1,3}[.)]\s|[A-Za-z][.)]\s)")
_URL = re.compile(r"(?:https?://|www\.)\S+$|\S+@\S+\.\w+$")
_WORDS = (
    "a an the and or nor because although unless whereas of to from with into onto between "
    "during via my your our their its these and/or "
    "der das den dem ein eine einen einem einer und oder aber weil dass wenn mit von zu zum zur "
    "für bei im le les une et ou mais dans avec pour el los las una y pero porque con para "
    "il gli ma perché di os um uma mas são da het een maar omdat met voor van "
    "и или но потому который в на с для от"
)
_NEVER_LAST = frozenset(_WORDS.split())
"""Words after which no sentence ends, of a few languages; the dataset itself teaches others."""

_FEWEST_ANSWERS = 20
_FEWEST_WORDS = 3
_SENTENCE = 5
_CLEAR_HABIT = 0.9
_HABIT = 0.6
_TAIL = 400
_OFTEN = 50
_SELDOM_LAST = 0.02
_SPACELESS = re.compile(f"[{SPACELESS}]")


@dataclass(frozen=True, slots=True)
class _Ending:
    """How an answer ends: its last line, the word and script there, how that line begins."""

    row: int
    line: str
    word: str
    script: str
    lines: int
    long: bool
    closing: str


def find(evidence: Evidence) -> Iterator[Finding]:
    """Every answer that is open at its end: without a sentence mark of any script.

    What is open is judged twice. By itself: a comma, an open bracket or a word after which no
    sentence ends (an article, a conjunction …) scores 0.05 to 0.2. By the habit of the dataset:
    where, in the same script, at most one answer in ten ends in words without a mark (twenty or
    more seen), doing so scores 0.2 to 0.5, and less where the others use the last word often but
    never before a mark. Where nine of ten close with a line of the same beginning
    (“####”, “Answer:”), an answer without it scores 0.1. Lists, tables, headings, code, links,
    lines that end in a number and lines of a word or two are no sentences.
    """
    endings, closings = [], Counter[str]()
    seen: Counter[str] = Counter()
    opened: Counter[str] = Counter()
    for row, _, given in evidence.outputs():
        ending, is_open = _read(row, given)
        closings[ending.closing] += 1
        seen[ending.script] += ending.long
        opened[ending.script] += is_open and _is_sentence(ending)
        if is_open or ending.long:
            endings.append((ending, is_open))
    usual = _usual(closings)
    inside = _inside(evidence, {ending.word for ending, is_open in endings if is_open})
    for ending, is_open in endings:
        if usual and ending.closing != usual and ending.long:
            yield Finding(
                ending.row,
                0.1,
                f"The answer ends “{_quoted(ending)}”; the others close with a line that begins "
                f"“{usual}”.",
            )
        elif is_open:
            among = seen[ending.script]
            habit = 1 - opened[ending.script] / among if among >= _FEWEST_ANSWERS else None
            if fault := _fault(ending, habit, often_inside=ending.word in inside):
                yield Finding(ending.row, *fault)


def _usual(closings: Counter[str]) -> str:
    """The beginning that nearly all last lines share; empty where there is none."""
    if closings.total() < _FEWEST_ANSWERS:
        return ""
    closing, times = closings.most_common(1)[0]
    return closing if times >= _CLEAR_HABIT * closings.total() else ""


def _read(row: int, given: str) -> tuple[_Ending, bool]:
    """How an answer ends, and whether that is open prose."""
    text = given.rstrip()
    bare = text.rstrip(_CLOSERS)
    last_letter = next((char for char in reversed(bare[-_TAIL:]) if char.isalpha()), "")
    script = unicodedata.name(last_letter, "").partition(" ")[0] if last_letter else ""
    line = text[text.rfind("\n") + 1 :]
    found, beginning = WORD.findall(line[-_TAIL:]), line.split(maxsplit=1)
    ending = _Ending(
        row=row,
        line=line,
        word=found[-1].casefold() if found else "",
        script=script,
        lines=text.count("\n") + 1,
        long=len(text.split(maxsplit=_SENTENCE)) > _SENTENCE or bool(_SPACELESS.match(text[-1:])),
        closing=beginning[0] if "\n" in text and len(beginning) > 1 else "",
    )
    marked = bare[-1:] in _END_MARKS or (bare[-1:] == ";" and script == "GREEK")
    if not bare or not script or marked or text.endswith(_FINISHED):
        return ending, False
    return ending, not (_URL.search(line[-_TAIL:]) or _other_mark(bare[-1]))


def _other_mark(char: str) -> bool:
    """True for emoji and other symbols, after which no mark is due; not for marks that go on."""
    return char not in _GOES_ON + ":=+" and unicodedata.category(char)[0] in "SC"


def _is_sentence(ending: _Ending) -> bool:
    found = WORD.findall(ending.line[-_TAIL:])
    spaceless = sum(bool(_SPACELESS.match(word)) for word in found)
    enough = len(found) - spaceless / 2 >= _SENTENCE
    return enough and not _NO_PROSE.match(ending.line) and not ending.word.isnumeric()


def _inside(evidence: Evidence, candidates: set[str]) -> frozenset[str]:
    """Those of the words that the answers use often, and hardly ever before a sentence mark."""
    if not candidates:
        return frozenset()
    used: Counter[str] = Counter()
    last: Counter[str] = Counter()
    pattern = re.compile(rf"({WORD.pattern})([^\w\s]?)")
    for _, _, given in evidence.outputs():
        for word, mark in pattern.findall(given.casefold()):
            if word in candidates:
                used[word] += 1
                last[word] += mark in _END_MARKS
    often = (word for word in candidates if used[word] >= _OFTEN)
    return frozenset(word for word in often if last[word] <= _SELDOM_LAST * used[word])


def _fault(ending: _Ending, habit: float | None, *, often_inside: bool) -> tuple[float, str] | None:
    """Score and reason of an open ending; `habit` is the share of answers that end otherwise."""
    if len(WORD.findall(ending.line[-_TAIL:])) < _FEWEST_WORDS:
        return None
    if why := _unfinished(ending):
        doubt = 0.2 if habit is None or habit < _CLEAR_HABIT else 0.05
        return doubt, f"The answer ends “{_quoted(ending)}”, {why}."
    if habit is None or not _is_sentence(ending):
        return None
    if habit < (_HABIT if often_inside else _CLEAR_HABIT):
        return None
    score = 0.2 + 3 * max(1 - habit, 0) if habit >= _CLEAR_HABIT else 0.5
    reason = f"The answer ends “{_quoted(ending)}”, with no mark; {habit:.0%} of answers do not"
    if often_inside:
        return score / 2, f"{reason}, and with a word that otherwise never ends a sentence."
    return score, f"{reason}."


def _quoted(ending: _Ending) -> str:
    return "…" + ending.line.strip()[-60:]


def _unfinished(ending: _Ending) -> str:
    """What shows by itself that the line goes on; empty where nothing does."""
    line = ending.line.rstrip()
    if line[-1] in _GOES_ON:
        signs_off = ending.lines > 1 and len(WORD.findall(line)) <= _FEWEST_WORDS
        return "" if signs_off else f"with “{line[-1]}”"
    if ending.word in _NEVER_LAST and line.casefold().endswith(ending.word):
        return f"with the word “{ending.word}”"
    for closer, opener in _OPENERS.items():
        if line.count(opener) > line.count(closer):
            return f"with a “{opener}” that stays open"
    return ""


DETECTOR = Detector(
    kind="truncated",
    title="Cut off",
    ask="How does the answer go on?",
    tasks=frozenset({Task.CHAT}),
    find=find,
)
