"""Examples read from lines of JSON by the column: the inverse of `exports.layouts`.

The example of a line is read by its format. With marks in place of its texts it is written and read
again, which shows where in a line of its kind the texts stand, and what becomes of them. A line
that holds other texts in these places, and nothing else that differs, is of that kind: it is what
its texts give when they are put there again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from curation.records import Task, canonical_json
from exports.check.texts import NOT_BLANK
from exports.formats import Format, PromptTemplate
from exports.formats.containers import json_line
from exports.formats.reading import CannotRead, Read
from exports.json_lines import unescaped
from exports.layouts import OUTPUT, sample_rows
from exports.marks import Cut, awkward, cut, filled, mark, spelt

SAID = {**dict.fromkeys(("text", "output", "messages"), pl.String), "approved": pl.Boolean}
_TEXTS = ("text", "output", "messages")
_FEWEST = 200
"""Lines of a kind from which on it is faster to read them by the column."""
_MOST_SMALL = 100
"""Kinds of fewer lines after which no more are sought."""
_LINES_AT_ONCE = 65_536
_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*"')


@dataclass(frozen=True, slots=True)
class _Kind:
    """Where the texts stand in a line, and what of an example they make."""

    line: Cut
    texts: Mapping[str, Cut | None]
    approved: bool | None

    def read(self, lines: pl.DataFrame) -> pl.DataFrame:
        """The lines of this kind among `lines` (`at`, `line`): `at` and SAID."""
        first, *between, last = self.line.words
        line, rest = pl.col("line"), pl.col("rest")
        found = lines.filter(line.str.starts_with(first) & line.str.ends_with(last)).with_columns(
            rest=line.str.strip_prefix(first)
        )
        numbers = [str(slot.number) for slot in self.line.slots]
        for number, words in zip(numbers, [*between, None], strict=True):
            if words is None:
                found = found.with_columns(rest.str.strip_suffix(last).alias(number))
            else:
                parts = rest.str.splitn(words, 2).struct
                found = found.with_columns(
                    parts.field("field_0").alias(number), parts.field("field_1").alias("rest")
                )
        found = found.with_columns(unescaped(pl.col(number)) for number in set(numbers))
        seen = (pl.col(number).str.contains(NOT_BLANK) for number in set(numbers))
        return found.filter(_filled(self.line) == line, *seen).select(
            "at",
            *(_filled(said).alias(name) for name, said in self.texts.items()),
            pl.lit(self.approved, pl.Boolean).alias("approved"),
        )


def _filled(form: Cut | None) -> pl.Expr:
    """`marks.filled` for columns of texts."""
    if form is None:
        return pl.lit(None, pl.String)
    pieces = [pl.lit(form.words[0])]
    for slot, words in zip(form.slots, form.words[1:], strict=True):
        pieces += [spelt(slot), pl.lit(words)]
    return pl.concat_str(pieces)


def read_lines(
    lines: pl.Series,
    form: Format,
    task: Task,
    labels: Sequence[str],
    template: PromptTemplate | None,
    read_one: Callable[[int, str], Read],
) -> pl.DataFrame:
    """The example of each line, in their order: SAID.

    `lines` are without their LF. `read_one` reads a line, counted from 0, by `Format.read_back`; it
    may raise, and is asked for the first line of each kind and for lines that are of none.
    """
    reader = _Reader(_Kinds(form, task, labels, template), task, read_one)
    numbered = pl.DataFrame({"line": lines}).with_row_index("at")
    found = [reader.read(batch) for batch in numbered.iter_slices(_LINES_AT_ONCE)]
    return pl.concat([pl.DataFrame(schema=SAID), *found])


class _Reader:
    """Reads lines by the kinds that were found so far, and finds more."""

    def __init__(self, kinds: _Kinds, task: Task, read_one: Callable[[int, str], Read]) -> None:
        self._kinds, self._task, self._read_one = kinds, task, read_one
        self._known: list[_Kind] = []
        self._small = 0

    def read(self, lines: pl.DataFrame) -> pl.DataFrame:
        """The examples of lines (`at`, `line`), in their order: SAID."""
        parts: list[pl.DataFrame] = []
        for kind in self._known:
            parts.append(self._by(kind, lines))
            lines = _without(lines, parts[-1])
        single: list[tuple[Any, ...]] = []
        while lines.height and self._small < _MOST_SMALL:
            at, line = lines.row(0)
            example = (at, *_said(read := self._read_one(at, line)))
            found = self._kinds.of(read)
            part = None if found is None else self._by(found, lines)
            if found is None or part is None or not part.height or part.row(0) != example:
                single.append(example)
                self._small += 1
                lines = lines.slice(1)
                continue
            parts.append(part)
            lines = _without(lines, part)
            self._known.append(found)
            self._small += part.height < _FEWEST
        single += [(at, *_said(self._read_one(at, line))) for at, line in lines.iter_rows()]
        rest = pl.DataFrame(single, schema={"at": pl.UInt32, **SAID}, orient="row")
        return pl.concat([*parts, rest]).sort("at").drop("at")

    def _by(self, kind: _Kind, lines: pl.DataFrame) -> pl.DataFrame:
        part = kind.read(lines)
        if self._task is Task.EXTRACTION:
            part = part.filter([_is_canonical(output) for output in part["output"]])
        return part


def _without(lines: pl.DataFrame, part: pl.DataFrame) -> pl.DataFrame:
    return lines.filter(~pl.col("at").is_in(part["at"].implode())) if part.height else lines


def _said(example: Read) -> tuple[Any, ...]:
    return tuple(getattr(example, name) for name in SAID)


class _Kinds:
    """What kinds of lines a format writes."""

    def __init__(
        self, form: Format, task: Task, labels: Sequence[str], template: PromptTemplate | None
    ) -> None:
        self._form, self._task, self._labels, self._template = form, task, labels, template

    def of(self, example: Read) -> _Kind | None:
        """The kind of an example; None where it cannot be told by the column.

        A chat may say by itself what a template would say, and only its words can tell.
        """
        own = self._template in (None, PromptTemplate())
        roles = _roles(example.messages)
        if roles is None or example.tools or (self._task is Task.CHAT and not own):
            return None
        key = {"key_turns": roles}
        if self._task.has_labels:
            key["key_output"] = example.output
        more = {"key_approved": example.approved, "key_rejected": example.rejected is None}
        row = pl.DataFrame([{**key, **more}], schema_overrides={"key_approved": pl.Boolean})
        try:
            (line, back), (other, other_back) = (
                self._there_and_back(row, text) for text in (mark, self._awkward)
            )
        except CannotRead:
            return None
        return _kind(line, back, other, other_back, self._awkward)

    def _there_and_back(self, kind: pl.DataFrame, text: Callable[[int], str]) -> tuple[str, Read]:
        rows = sample_rows(kind, text)
        [(record, wrong)] = self._form.examples(rows, self._task, self._labels, self._template)
        if wrong:
            raise CannotRead(wrong[0])
        back = self._form.read_back(record, self._task, self._template, self._labels)
        return json_line(record).removesuffix("\n"), back

    def _awkward(self, number: int) -> str:
        text = awkward(number)
        is_json = self._task is Task.EXTRACTION and number == OUTPUT
        return canonical_json({"a": [1.0, 1], "b": text}) if is_json else text


def _kind(
    marked: str, back: Read, other: str, other_back: Read, text: Callable[[int], str]
) -> _Kind | None:
    """What a marked line and the example read from it show, if the other ones bear it out."""
    line = cut(marked)
    if line is None or not line.slots or any(slot.level != 1 for slot in line.slots):
        return None
    texts = {slot.number: text(slot.number) for slot in line.slots}
    if filled(line, texts) != other or not _is_told_apart(line):
        return None
    found: dict[str, Cut | None] = {}
    for name in _TEXTS:
        said, also = getattr(back, name), getattr(other_back, name)
        found[name] = None if said is None else cut(said)
        form = found[name]
        if form is not None and not {slot.number for slot in form.slots} <= set(texts):
            return None
        if (None if form is None else filled(form, texts)) != also:
            return None
    return _Kind(line, found, back.approved)


def _is_told_apart(line: Cut) -> bool:
    """Whether no two texts stand in one text of the record, where each could hold words between."""
    numbers = [slot.number for slot in line.slots]
    return all(
        one == other or _QUOTE.search(words)
        for one, other, words in zip(numbers, numbers[1:], line.words[1:], strict=False)
    )


def _roles(messages: str | None) -> str | None:
    """The roles of turns that say a text each, by commas; None for others, "" for no turns."""
    turns = [] if messages is None else json.loads(messages)
    if not all(set(turn) == {"role", "content"} and turn["content"] for turn in turns):
        return None
    return ",".join(turn["role"] for turn in turns)


def _is_canonical(output: str) -> bool:
    try:
        return canonical_json(json.loads(output)) == output
    except (ValueError, RecursionError):
        return False
