"""Sums in a worked answer that do not come out."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from curation.detectors.base import Detector, Evidence, Finding, shorten
from curation.detectors.text import exchanges, without_code
from curation.records import Task

_ANNOTATION = re.compile(r"<<([^<>=\n]{1,200})=([^<>=\n]{1,40})>>")
_EQUALITY = re.compile(r"(?<![<>!=:≈~≠≤≥])=(?![=>])")
_NUMBER = r"(?:\d[\d,]*(?:\.\d+)?|\.\d+)"
_SIDE = r"[\d.,()+\-−–*×÷/·%$€£ \txX]"
_LEFT_REVERSED = re.compile(rf"(?:{_SIDE}|\bfo\b)*")
_RIGHT = re.compile(rf"\s*(?P<value>[-−]?\s*[$€£]?\s*[-−]?{_NUMBER}(?:\s*%)?)(?P<more>{_SIDE}*)")
_TOKEN = re.compile(rf"\s*(?:(?P<number>{_NUMBER})|(?P<mark>of\b|[()+\-−–*×÷/·%xX]))")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_PLAIN = re.compile(r"(?!0\d)\d*\.?\d+")
_TIGHT = re.compile(r"(?<![\d./])(\d+/\d+)(?![\d./])")
_SCALE = re.compile(
    r"\s*(?:-?(?:million|billion|trillion|thousand|hundred|dozens?|mio|mrd|bn|k|m|"
    r"cents?|per ?cent)\b|¢|"
    r"r(?:emainder|est)?\.? ?\d|with (?:a )?remainder|[²³^!]|\d|[.,/:x*×÷]\s*\d)",
    re.IGNORECASE,
)
_OTHER_RULES = re.compile(
    r"\b(?:binary|hexadecimal|octal|base[- ]?\d+|modulo?|mod|clock|matri(?:x|ces)|vectors?|"
    r"XOR|boolean)\b",
    re.IGNORECASE,
)
_MARKS = {"×": "*", "x": "*", "X": "*", "·": "*", "of": "*", "÷": "/", "−": "-", "–": "-"}
_TOUCHING = re.compile(r"[\w:^_√|\\&#'’]\Z")
_MORE_BEFORE = re.compile(
    r"(?:[=^√|\\<>≈]\s*|\b\d+\s+and|\b(?:sqrt|log|ln|sin|cos|tan|exp|max|min|mod|abs|gcd|lcm)"
    r"|(?<!each )(?<!every )(?<!per )(?<!a )\b(?:day|step|number|part|room|grade|level|question))\Z"
)
"""What shows that an expression began earlier: an unread sign, a mixed number, a function."""

_SENTENCE_BREAK = re.compile(r"\A[.,)]\s+|(?<=\d)\.\s+(?=[\d($€£])")
_CURRENCY = re.compile(r"[$€£]")
_LONGEST = 120
_MOST_DIGITS = 15
_MOST_EQUALITIES = 200
_RECURRING = 12

_OPERATIONS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class _Slip(NamedTuple):
    """An equality that does not hold: as written, and what comes out instead."""

    written: str
    value: Fraction
    given: Fraction


def find(evidence: Evidence) -> Iterator[Finding]:
    """Every answer with an equality between numbers that does not hold.

    Read are `a + b = c` with + − × ÷ % and brackets, money and thousands commas, and GSM8K's
    annotations `<<48/2=24>>` (Cobbe et al. 2021). Values are exact fractions; a result may be
    rounded to the decimals it is written with, a decimal may stand for a third, a sixth or the
    like, and a percent sign may be left out. Passed over is what may be something else: algebra,
    powers, mixed numbers, figures with a scale (“3 million”), run-on chains (`3 + 4 = 7 × 2`),
    code, and other number systems. An annotation scores 0.02, a slip in the text 0.1.
    """
    for row, question, answer in exchanges(evidence):
        if "=" not in answer or _OTHER_RULES.search(answer) or _OTHER_RULES.search(question):
            continue
        text = without_code(answer)
        annotated = next(_annotated(text), None)
        slip = annotated or next(_written(_ANNOTATION.sub("", text)), None)
        if slip:
            written, value = shorten(slip.written), _shown(slip.value)
            score = 0.02 if annotated else 0.1
            yield Finding(row, score, f"“{written}” does not hold: the left side is {value}.")


def _annotated(text: str) -> Iterator[_Slip]:
    """Annotations that do not hold, or whose result the text gives otherwise."""
    for found in _ANNOTATION.finditer(text):
        written = f"{found[1]}={found[2]}"
        if slip := _checked(found[1], found[2], written):
            yield slip
            continue
        after = re.match(
            rf"\s*[$€£]?({_NUMBER})(?![\d,.]*[\w/%*+])", text[found.end() : found.end() + 40]
        )
        noted = _number(found[2])
        repeated = _number(after[1]) if after else None
        if after is None or noted is None or repeated is None:
            continue
        if not _close(noted, repeated, after[1]) and not _close(repeated, noted, found[2]):
            yield _Slip(f"{written} … {after[1]}", noted, repeated)


def _written(text: str) -> Iterator[_Slip]:
    """Equalities in plain text that do not hold."""
    for line in text.split("\n"):
        for found in list(_EQUALITY.finditer(line))[:_MOST_EQUALITIES]:
            before, after = line[: found.start()], line[found.end() :]
            left = _left_side(before[-_LONGEST:])
            right = _RIGHT.match(after[:_LONGEST])
            if not left or not right or _runs_on(right["more"], after[right.end("more") :]):
                continue
            written = f"{left} = {right['value'].strip()}"
            if slip := _checked(left, right["value"], written):
                yield slip


def _left_side(before: str) -> str:
    """The expression that ends here; empty where it may be the rest of something larger."""
    found = _LEFT_REVERSED.match(before[::-1])
    start = len(before) - (found.end() if found else 0)
    start += max((cut.end() for cut in _SENTENCE_BREAK.finditer(before[start:])), default=0)
    side = before[start:].strip()
    touches = side and before[start] == side[0] and _TOUCHING.search(before[:start])
    if not side or side[0] in "+*×÷/·%xX.,)−–-" or touches or _MORE_BEFORE.search(before[:start]):
        return ""
    return side if re.search(r"\d\)?\s*(?:[-+−–*×÷/·xX(]|%\s*of\b)", side) else ""


def _runs_on(more: str, rest: str) -> bool:
    """True where the number after the equals sign is only the beginning of something."""
    continued = more.strip().strip(".,)( $€£")
    touches = rest[:1].isalpha() and not more
    return bool(continued) or touches or bool(_SCALE.match(rest))


def _checked(left: str, right: str, written: str) -> _Slip | None:
    """The slip, if both sides can be read and are not equal in any tolerable way."""
    given, value = _value(right), _value(left)
    if given is None or value is None:
        return None
    if _close(value, given, right):
        return None
    scales = [Fraction(1)]
    if "%" in written or "/" in left:  # a percent sign left out
        scales += [Fraction(100), Fraction(1, 100)]
    guesses = (
        value,
        _value(left, recurring=True),
        _value(left, percent=True),
        _value(_TIGHT.sub(r"(\1)", left)),
    )
    for guess in guesses:
        if guess is not None and any(_close(guess * scale, given, right) for scale in scales):
            return None
    return _Slip(written, value, given)


def _close(value: Fraction, given: Fraction, written: str) -> bool:
    """True where the number is the value, rounded or cut to the decimals it is written with."""
    decimals = len(written.strip(" %$€£").partition(".")[2])
    unit = Fraction(1, 10**decimals) * (Fraction(1, 100) if "%" in written else 1)
    exact = (value / unit).denominator == 1
    return value == given if exact else abs(value - given) < unit


@lru_cache(maxsize=4096)
def _value(text: str, *, recurring: bool = False, percent: bool = False) -> Fraction | None:
    """The exact value of an expression; None where it is none, or not a plain one.

    `recurring` takes a decimal such as 0.33 for the simple fraction that it rounds; `percent`
    takes “a − b%” as a less b percent of a, as pocket calculators do.
    """
    numbers: list[Fraction] = []
    parts: list[str] = []
    text = _CURRENCY.sub(" ", text).strip()
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            return None
        at = found.end()
        before = parts[-1][-1] if parts else ""
        mark = found["mark"] and _MARKS.get(found["mark"], found["mark"])
        if not mark:
            number = _number(found["number"], recurring=recurring)
            if number is None or before.isdigit() or before == ")":
                return None
            numbers.append(number)
            parts.append(f"n{len(numbers) - 1}")
        elif mark == "%":
            if not before.isdigit():
                return None
            numbers[-1] /= 100
            if percent and len(parts) > 1 and parts[-2] in "+-":
                parts = ["(", *parts[:-2], ") *", f"(1 {parts[-2]} {parts[-1]})"]
        elif mark in "+-" and before and before in "+-*/":
            return None  # 3x - 5 is algebra
        else:
            parts.append(
                f"* {mark}" if mark == "(" and (before.isdigit() or before == ")") else mark
            )
    return _evaluated(" ".join(parts), numbers)


def _evaluated(expression: str, numbers: list[Fraction]) -> Fraction | None:
    try:
        return _walk(ast.parse(expression, mode="eval").body, numbers)
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, MemoryError):
        return None


def _walk(node: ast.expr, numbers: list[Fraction]) -> Fraction:
    """The value of a tree of + − * / over the named numbers; ValueError for anything else."""
    match node:
        case ast.Name(id=name):
            return numbers[int(name[1:])]
        case ast.Constant(value=1):
            return Fraction(1)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_walk(operand, numbers)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _OPERATIONS[type(op)](_walk(left, numbers), _walk(right, numbers))
    raise ValueError(ast.dump(node))


def _number(text: str, *, recurring: bool = False) -> Fraction | None:
    text = text.strip(" $€£").rstrip(",")
    if "," in text:
        if not _GROUPED.fullmatch(text):
            return None
        text = text.replace(",", "")
    if not _PLAIN.fullmatch(text) or len(text) > _MOST_DIGITS:
        return None
    exact = Fraction(text)
    decimals = len(text.partition(".")[2])
    if not recurring or decimals < 2:
        return exact
    simple = exact.limit_denominator(_RECURRING)
    return simple if abs(simple - exact) < Fraction(1, 10**decimals) else exact


def _shown(value: Fraction) -> str:
    if value.denominator == 1:
        return f"{value.numerator:,}"
    return f"{float(value):,.4f}".rstrip("0")


DETECTOR = Detector(
    kind="arithmetic",
    title="Does not add up",
    ask="Which number is wrong?",
    tasks=frozenset({Task.CHAT}),
    find=find,
)
