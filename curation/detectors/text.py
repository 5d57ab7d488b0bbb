"""What detectors of faulty answers share: who asked what, words of any script, no code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from curation.detectors.base import Evidence
from curation.records import Json

SPACELESS = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
)
"""Thai, Lao, Tibetan, Burmese, Khmer, Kana and Han, for a character class of a pattern."""

WORD = re.compile(rf"[{SPACELESS}]|[^\W{SPACELESS}]+")
_FENCED = re.compile(
    r"^[ \t>]*(`{3,}|~{3,})[^\n]*(?:\n|\Z).*?(?:^[ \t>]*\1[`~]*[ \t]*$|\Z)", re.M | re.S
)
_INLINE = re.compile(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)")


def exchanges(evidence: Evidence) -> Iterator[tuple[int, str, str]]:
    """(row, question, answer) of every example that has an answer that is not blank.

    The question of a conversation is the last turn of the user.
    """
    asked = {row: last_user_turn(turns) for row, turns in earlier_turns(evidence)}
    for row, text, given in evidence.outputs():
        yield row, asked.get(row, text), given


def earlier_turns(evidence: Evidence) -> Iterator[tuple[int, list[Json]]]:
    """(row, turns) of every conversation, its last answer left out."""
    if evidence.examples["messages"].null_count() == len(evidence.examples):
        return
    conversations = evidence.examples["messages"].is_not_null()
    for row, turns in evidence.turns():
        if conversations[row]:
            answered = bool(turns) and turns[-1].get("role") == "assistant"
            yield row, turns[:-1] if answered else turns


def last_user_turn(turns: Sequence[Json]) -> str:
    """What the user said last; empty where the user said nothing."""
    said = (turn.get("content") for turn in reversed(turns) if turn.get("role") == "user")
    return next((content for content in said if content), "")


def words(text: str) -> list[str]:
    """The words of a text, case folded; a character of a script without spaces is a word."""
    return WORD.findall(text.casefold())


def without_code(text: str, instead: str = " ") -> str:
    """A text without fenced and inline code; a fence that stays open reaches to the end."""
    if "`" not in text and "~~~" not in text:
        return text
    return _INLINE.sub(instead, _FENCED.sub(instead, text))
