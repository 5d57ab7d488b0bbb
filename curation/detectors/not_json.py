"""An output that should be JSON and is not: where it goes wrong, and why, in plain words."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from curation.detectors import empty
from curation.detectors.base import Detector, Evidence, Finding, shorten
from curation.detectors.json_values import MAX_DEPTH, is_deep
from curation.records import Task

_FENCE = re.compile(r"\s*```[\w+-]*[ \t]*\n(.*?)\n?\s*```\s*", re.DOTALL)
_WORD = re.compile(r"[^\W\d]\w*")
_READABLE = 0.1
_TOO_DEEP = f"Lists and objects are nested more than {MAX_DEPTH} levels deep."


class _DoubtfulError(ValueError):
    """Read by some, refused by others: a key given twice, or a number that JSON does not have."""


def find(evidence: Evidence) -> Iterator[Finding]:
    """Every output that does not hold to RFC 8259; outputs that say nothing are passed over.

    The score is 0, or 0.1 where most readers would still get a value from it: a key given twice,
    NaN and infinities. The reason names line and column, both from 1.
    """
    silent = {finding.row for finding in empty.find(evidence)}
    for row, _, given in evidence.outputs():
        if row not in silent and (fault := _fault(given)):
            yield Finding(row, *fault)


def _fault(text: str) -> tuple[float, str] | None:
    try:
        value = _read(text)
    except json.JSONDecodeError as error:
        return 0.0, _around(text) or f"Not JSON at {_place(text, error)}: {_why(text, error)}."
    except _DoubtfulError as error:
        return _READABLE, str(error)
    except RecursionError:
        return _READABLE, _TOO_DEEP
    except ValueError:
        return _READABLE, "A number of more than 4,300 digits is more than most readers take."
    return (_READABLE, _TOO_DEEP) if is_deep(text, value) else None


def _read(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_object, parse_constant=_constant)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise _DoubtfulError(f"The key “{shorten(twice)}” is given twice in one object.")
    return members


def _constant(name: str) -> Any:
    raise _DoubtfulError(f"{name} is not JSON: write null or leave it out.")


def _place(text: str, error: json.JSONDecodeError) -> str:
    end = len(text.rstrip())
    if error.pos < end or "Unterminated" in error.msg:
        return f"line {error.lineno}, column {error.colno}"
    return f"line {text.count(chr(10), 0, end) + 1}, column {end - text.rfind(chr(10), 0, end)}"


def _around(text: str) -> str | None:
    """What stands around JSON that is whole in itself: a fence, or prose."""
    if text.startswith("\ufeff"):
        return "A byte order mark stands before the JSON."
    if (fence := _FENCE.fullmatch(text)) and _is_json(fence[1]):
        return "The JSON stands in a Markdown fence (```); only what is inside it belongs here."
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
    if start < 0:
        return f"Plain text in place of JSON: “{shorten(text)}”."
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    before, after = shorten(text[:start]), shorten(text[end:])
    if "```" in before:
        return f"The JSON stands in a Markdown fence (```), after “{before}”."
    if after[:1] in ("{", "["):
        return f"Another JSON value begins after the first: “{after}”."
    where = [f"“{before}” before it"] * bool(before) + [f"“{after}” after it"] * bool(after)
    return f"The JSON has text around it: {' and '.join(where)}."


def _is_json(text: str) -> bool:
    try:
        _read(text)
    except (ValueError, RecursionError):
        return False
    return True


def _why(text: str, error: json.JSONDecodeError) -> str:
    """What is wrong at the place where reading stopped, by the character that stands there."""
    at = error.pos
    if at >= len(text.rstrip()):
        return f"the output breaks off; {_expected(error)} was expected"
    if error.msg.startswith("Unterminated string"):
        return f"the output breaks off inside a text that begins with “{shorten(text[at + 1 :])}”"
    if error.msg.startswith("Invalid control character"):
        return "a line break or control character inside a text; write it as \\n, \\t or \\u…"
    if error.msg.startswith("Invalid \\"):
        return f"“{text[at : at + 2]}” is no escape of JSON; write a backslash as \\\\"
    here, before = text[at], text[:at].rstrip()
    if here == "," or (here in "}]" and before.endswith(",")):
        return f"a comma too many before “{(text[at:].lstrip(', ') or here)[0]}”"
    return _wrong_spelling(text, at) or f"{_expected(error)} was expected, not “{_next(text, at)}”"


def _wrong_spelling(text: str, at: int) -> str | None:
    """Signs of another language: JavaScript, Python, a word processor."""
    if text[at] == "'":
        return "single quotes in place of double quotes"
    if text[at] in "“”„‟«»‘’":
        return f"curly quotes ({text[at]}) in place of straight double quotes"
    if text[at] == "#" or text.startswith(("//", "/*"), at):
        return "a comment, which JSON does not have"
    word = _WORD.match(text, at)
    if word and word[0] in ("True", "False", "None"):
        written = {"True": "true", "False": "false", "None": "null"}[word[0]]
        return f"{word[0]} as Python writes it; JSON has {written}"
    if word and text[word.end() :].lstrip().startswith(":"):
        return f"the key {shorten(word[0])} without double quotes"
    return f"the word {shorten(word[0])} without double quotes" if word else None


def _expected(error: json.JSONDecodeError) -> str:
    for sign, meaning in (("','", "a comma or a closing bracket"), ("':'", "a colon")):
        if sign in error.msg:
            return meaning
    return "a key in double quotes" if "property name" in error.msg else "a value"


def _next(text: str, at: int) -> str:
    return shorten(text[at : at + 20])


DETECTOR = Detector(
    kind="not-json",
    title="Not JSON",
    ask="What is the output in valid JSON?",
    tasks=frozenset({Task.EXTRACTION}),
    find=find,
)
