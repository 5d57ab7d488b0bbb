"""What no text of a training row may hold, whatever column it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from curation.detectors.template_token import CONTROL_TOKEN
from exports.check.report import Found

BLANK = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]*")
SURROGATE = re.compile(r"[\ud800-\udfff]")

_SENTENCE = re.compile(r"(?<!\w)</?s>")
_STRUCK = re.compile(r"<s>[^<]*</s>")
_CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_SEPARATOR = re.compile(r"[\x85\u2028\u2029]")
_RARE = re.compile(
    rf"{CONTROL_TOKEN.pattern}|</?s>|[\x7f-\x9f\u2028\u2029\ufffd\ud800-\udfff]|\\[ubf]"
)

NOT_BLANK = BLANK.pattern.replace("[", r"[^\x1c-\x1f").removesuffix("*")
"""`is_blank` for a column of texts: what is blank does not contain this. White space to Polars is
all that is so to Python but for the four separators of ASCII."""
MAY_BE_UNSAFE = (
    CONTROL_TOKEN.pattern.replace(r"\ud800-\udfff", "").replace("{1,64}", "+")
    + r"|</?s>|\\u0000|[\x85\u2028\u2029]"
)
"""For a column of JSON lines, in the syntax of Polars, which knows no surrogates: where this is not
found, no text holds a NUL or a control token, and no line a separator of lines."""


def is_blank(text: str) -> bool:
    """True for a text without a visible character."""
    return BLANK.fullmatch(text) is not None


def may_be_unsafe(line: str) -> bool:
    """False where `unsafe` cannot find anything in a row; `line` is its JSON text."""
    return _RARE.search(line) is not None


def control_token(text: str) -> str | None:
    """The first token of a chat template in a text.

    `<s>` and `</s>` count unless they are the HTML tag around struck text, or follow a word as in
    `Vec<s>`.
    """
    if found := CONTROL_TOKEN.search(text):
        return found.group()
    if "s>" not in text:
        return None
    framed = text.strip()
    inner = framed[3:-4]
    if framed.startswith("<s>") and framed.endswith("</s>") and "s>" not in inner:
        return "<s>"
    found = _SENTENCE.search(_STRUCK.sub("", text))
    return found.group() if found else None


def strings(value: Any, column: str = "") -> Iterator[tuple[str, str]]:
    """(path, text) of every text in a JSON value, keys included; without recursion."""
    waiting: list[tuple[str, Any]] = [(column, value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, dict):
            for key, inner in reversed(value.items()):
                waiting.append((f"{path}.{key}" if path else key, inner))
                waiting.append((path, key))
        elif isinstance(value, list):
            waiting += reversed([(f"{path}[{at}]", inner) for at, inner in enumerate(value)])


def unsafe(column: str, text: str, *, rendered: bool = False) -> Iterator[Found]:
    """Faults of one text. `rendered`: it is meant to hold the tokens of a chat template."""
    place = column or None
    if "\0" in text:
        yield Found("nul", place, "a text contains the NUL character")
    if SURROGATE.search(text):
        said = "a text contains half of a surrogate pair, which is not valid Unicode"
        yield Found("surrogate", place, said)
    if not rendered and (token := control_token(text)):
        yield Found("control-token", place, f"a text contains the control token {token}")
    if found := _CONTROL.search(text):
        said = f"a text contains the control character U+{ord(found.group()):04X}"
        yield Found("control-character", place, said)
    if "\ufffd" in text:
        said = "a text contains U+FFFD, which stands for characters that were lost"
        yield Found("replacement-character", place, said)


def separator(line: str) -> Iterator[Found]:
    """The fault of a line that readers which know more line ends than LF break in two."""
    if found := _SEPARATOR.search(line):
        said = f"U+{ord(found.group()):04X} stands unescaped; some readers end the line there"
        yield Found("line-separator", None, said)
