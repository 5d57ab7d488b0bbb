"""Marks that stand for a text until it is known where in a record, and how spelt, the text goes."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from exports.json_lines import escaped

_SIGN = secrets.token_hex(12)  # no text of anybody's holds it
_FOUND = re.compile(rf'(\\*)"{_SIGN}(\d+)\.(\\*)"')


class Slot(NamedTuple):
    """A place for the text of that number, as it stands in a JSON text `level` times over."""

    number: int
    level: int


class Cut(NamedTuple):
    """A text with places for others: `words` stand before, between and after the `slots`."""

    words: tuple[str, ...]
    slots: tuple[Slot, ...]


def mark(number: int) -> str:
    """What stands for the text of that number. It is a JSON text, for rules that want one."""
    return f'"{_SIGN}{number}."'


def cut(text: str) -> Cut | None:
    """The words around the marks in a text; None where a mark is no longer whole."""
    words: list[str] = []
    slots: list[Slot] = []
    end = 0
    for found in _FOUND.finditer(text):
        # JSON doubles the backslashes before a quote and adds one, each time it is spelt.
        level = len(found[3]).bit_length()
        before = len(found[1]) - len(found[3])
        if before < 0 or len(found[3]) != 2**level - 1:
            return None
        words.append(text[end : found.start() + before])
        slots.append(Slot(int(found[2]), level))
        end = found.end()
    words.append(text[end:])
    return None if any(_SIGN in part for part in words) else Cut(tuple(words), tuple(slots))


def filled(form: Cut, texts: Mapping[int, str]) -> str:
    """The text with others in the places for them."""
    found = [form.words[0]]
    for slot, after in zip(form.slots, form.words[1:], strict=True):
        text = texts[slot.number]
        for _ in range(slot.level):
            text = json.dumps(text, ensure_ascii=False)[1:-1]
        found += [text, after]
    return "".join(found)


def spelt(slot: Slot) -> pl.Expr:
    """The texts for a place, from the column that is called like their number."""
    text = pl.col(str(slot.number))
    for _ in range(slot.level):
        text = escaped(text)
    return text


def awkward(number: int) -> str:
    """A text in which a format that changes texts would change something."""
    return f" {number}\t\"q\\\"\r\n\\n 'é' {{input}} {{{{labels}}}} <b>, ;=+-\\ "
