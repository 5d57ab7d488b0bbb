"""Markdown, code fences, LaTeX and tables that do not close."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.detectors.base import Detector, Evidence, Finding, shorten
from curation.detectors.text import without_code
from curation.records import Task

Fault = tuple[float, str]

_FENCE = re.compile(r"^[ \t>]*(?:[-*+][ \t]+|\d+[.)][ \t]+)?(`{3,}|~{3,})([^\n]*)$", re.M)
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([^{}\n]{1,40})\}")
_LEFT_RIGHT = re.compile(r"\\(left|right)(?![a-zA-Z])")
_BRACKETS = (("\\[", "\\]"), ("\\(", "\\)"))
_DISPLAY = re.compile(r"(?<![\\$])\$\$(?!\$)")
_TEX = re.compile(r"\\[a-zA-Z]{2,}|[\^_]\{")
_MATH = re.compile(r"\\[a-zA-Z]+|[\^_{}]|\b[a-z] ?=")
_DOLLAR = re.compile(r"(?<!\\)\$")
_MONEY = re.compile(r"\$ ?\d|\d ?\$|\bUS\$|[A-Z]\$")
_DELIMITER = re.compile(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)+\|?")
_SPAN = re.compile(r"(?<!`)`[^`\n]+`(?!`)")
_OPEN_SPAN = re.compile(r"(?:^|[\s(])`[\w./-][^`'’]*$")
_TEX_QUOTE = re.compile(r"``")


def find(evidence: Evidence) -> Iterator[Finding]:
    """Every answer with markup that stays open, the score that of the surest fault.

    0.05 to 0.15: a fence without its end (CommonMark 0.31, 4.5), `\\begin` and `\\end` or `\\left`
    and `\\right` that lack each other, an odd `$$`. 0.25 to 0.4: brackets of formulas and single
    dollars that lack their partner, table rows of another width than the header (GitHub
    Flavored Markdown 4.10), a lone backtick where others are in pairs. Dollars before or after
    figures are money. Code is looked at for its fences only.
    """
    for row, _, given in evidence.outputs():
        if any(mark in given for mark in ("`", "~~~", "$", "\\", "|")):
            faults = sorted(_faults(given), key=lambda fault: fault[0])
            if faults:
                yield Finding(row, *faults[0])


def _faults(text: str) -> Iterator[Fault]:
    yield from _fences(text)
    prose = without_code(text, "x")
    if "\\" in prose or "$$" in prose:
        yield from _latex(prose)
    yield from _dollars(prose)
    yield from _tables(prose)
    yield from _spans(text)


def _fences(text: str) -> Iterator[Fault]:
    opened, shown = "", ""
    for found in _FENCE.finditer(text):
        fence, info = found[1], found[2].strip()
        if not opened:
            if "`" not in info:
                opened, shown = fence, found.group()
        elif fence.startswith(opened) and not info:
            opened = ""
    if opened:
        yield 0.05, f"The code block that begins with “{shorten(shown)}” has no end."


def _latex(text: str) -> Iterator[Fault]:
    waiting: list[str] = []
    for found in _ENVIRONMENT.finditer(text):
        kind, name = found[1], found[2]
        if kind == "begin":
            waiting.append(name)
        elif waiting and waiting[-1] == name:
            waiting.pop()
        else:
            yield 0.1, f"\\end{{{name}}} stands without its \\begin{{{name}}}."
            return
    if waiting:
        yield 0.1, f"\\begin{{{waiting[-1]}}} stands without its \\end{{{waiting[-1]}}}."
    sides = _LEFT_RIGHT.findall(text)
    lefts, rights = sides.count("left"), sides.count("right")
    if lefts != rights:
        yield 0.15, f"A formula has {lefts} \\left and {rights} \\right."
    for opener, closer in _BRACKETS:
        opens, closes = _marks(text, opener), _marks(text, closer)
        if opens != closes and _MATH.search(text.replace(opener, "")):
            yield 0.25, f"There are {opens} “{opener}” and {closes} “{closer}”."


def _marks(text: str, mark: str) -> int:
    """How often a bracket of formulas stands there, `\\\\[2pt]` (a line break) not counted."""
    return len(re.findall(rf"(?<!\\){re.escape(mark)}", text))


def _dollars(text: str) -> Iterator[Fault]:
    parts = _DISPLAY.split(text)
    if len(parts) % 2 == 0:
        if _MATH.search(parts[-1]) or _MATH.search(parts[-2]):
            yield 0.1, f"A formula that begins with $$ has no end: “$${shorten(parts[-1])}”."
        return
    rest = " ".join(parts[::2])
    if len(_DOLLAR.findall(rest)) % 2 and _TEX.search(rest) and not _MONEY.search(rest):
        last = shorten(rest[rest.rfind("$") :])
        yield 0.3, f"The dollar signs around formulas are odd in number; the last is “{last}”."


def _tables(text: str) -> Iterator[Fault]:
    header, width = "", 0  # of the table that a line stands in: no width, no table
    for line in text.split("\n"):
        if width and "|" in line:
            if _cells(line) != width:
                reason = f"A row of a table has {_cells(line)} cells where the header has {width}"
                yield 0.3, f"{reason}: “{shorten(line)}”."
        elif "|" in header and _DELIMITER.fullmatch(line.strip()):
            width = _cells(line)
            if _cells(header) != width:
                reason = f"The header of a table has {_cells(header)} cells where the line below"
                yield 0.15, f"{reason} has {width}: “{shorten(header)}”."
        else:
            width = 0
        header = line


def _cells(line: str) -> int:
    bare = line.strip().replace("\\|", "")
    return bare.removeprefix("|").removesuffix("|").count("|") + 1


def _spans(text: str) -> Iterator[Fault]:
    """A backtick that opens a word and is never closed, where other words are in pairs."""
    if not _SPAN.search(text) or _TEX_QUOTE.search(text):
        return
    for line in text.split("\n"):
        if line.count("`") % 2 and (found := _OPEN_SPAN.search(_SPAN.sub("x", line))):
            yield 0.35, f"The inline code “{shorten(found.group().strip())}” has no end."
            return


DETECTOR = Detector(
    kind="markup",
    title="Broken markup",
    ask="What is left open?",
    tasks=frozenset({Task.CHAT}),
    find=find,
)
