"""Text of users in Markdown and YAML, as text and nothing else (pure)."""

from __future__ import annotations

import json
import re
from typing import Any

_JOINERS = "\u200c\u200d"
# An underscore between letters or digits marks nothing, and labels are full of them.
_MARKUP = re.compile(r"[\\`*\[\]|~$#]|(?<![^\W_])_|_(?![^\W_])")
_FIRST = re.compile(r"^(\d+(?=[.)])|(?=[-+=:]))")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def one_line(text: str) -> str:
    """The text with its white space folded to single spaces, and U+FFFD for what has no shape.

    That is control characters, direction marks, halves of surrogate pairs; joiners stay.
    """
    folded = " ".join(text.split())
    return "".join(c if c.isprintable() or c in _JOINERS else "\ufffd" for c in folded)


def plain(text: str) -> str:
    """The text as Markdown that renders as itself, on one line, in a table cell too."""
    line = _MARKUP.sub(r"\\\g<0>", one_line(text))
    line = re.sub("[&<>]", lambda mark: _ENTITIES[mark[0]], line)
    return _FIRST.sub(lambda start: f"{start[0]}\\", line)


def paragraphs(text: str) -> str:
    """The text as Markdown paragraphs that render as itself; a blank line parts two of them."""
    parts = (plain(part) for part in re.split(r"\n\s*\n", text.strip()))
    return "\n\n".join(part for part in parts if part)


def yaml(value: Any, indent: int = 0) -> str:
    """Objects, lists and scalars as block YAML, in their order; ends without a line break.

    Every text is in double quotes with JSON's escapes, which YAML 1.1 and 1.2 read alike: no text
    is taken for a number, a date, a truth value or markup. Keys are the caller's own words.
    """
    margin = "  " * indent
    if isinstance(value, dict) and value:
        return "\n".join(f"{margin}{key}:{_after(item, indent + 1)}" for key, item in value.items())
    if isinstance(value, list) and value:
        lines = (yaml(item, indent + 1) for item in value)
        return "\n".join(f"{margin}- {line[len(margin) + 2 :]}" for line in lines)
    return margin + _scalar(value)


def _after(value: Any, indent: int) -> str:
    if isinstance(value, dict | list) and value:
        return "\n" + yaml(value, indent)
    return " " + _scalar(value)


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    quoted = json.dumps(value.encode(errors="replace").decode(), ensure_ascii=False)
    return "".join(c if c.isprintable() else _escape(c) for c in quoted)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
