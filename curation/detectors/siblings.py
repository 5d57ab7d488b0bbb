"""A value unlike those at the same path of the other outputs: type, form, name, size, keys."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from curation.detectors.base import Detector, Evidence, Finding, shorten
from curation.detectors.grounding import Source, finite, fold
from curation.detectors.json_values import (
    Node,
    json_outputs,
    key_path,
    lower_bound,
    nodes,
    quoted,
)
from curation.detectors.kin import FEW, Kin, type_of
from curation.detectors.shapes import LEVELS, shapes
from curation.records import Task

_AGREE = 0.95
_AGREE_ON_TYPE = 0.9
_AGREE_ON_LENGTH = 0.97
_AGREE_ON_SIGN = 0.97
_ALWAYS_THERE = 0.97
_ALIKE = 0.75
_MOST_SHOWN = 3
_SINGULARS = {"number": "a number", "object": "an object", "list": "a list"}
_PLURALS = {"text": "texts", "number": "numbers", "object": "objects", "list": "lists"}

_MINUS = re.compile(r"(?<!\w)[-−](?=\d)|\bminus\b")

Fault = tuple[float, str]


def find(evidence: Evidence) -> Iterator[Finding]:
    """Values that differ from nearly all of their siblings; one finding an example.

    Siblings stand at the same path of all outputs, entries of a list taken together. Compared are
    the type, the form of texts (`shapes`), names of a closed set, sign and size of numbers, and the
    keys of objects. Only what nearly all agree on counts: a share of at least 0.95 by its
    `lower_bound`, so 52 others at the least (25 for the type). A number that its input has, and
    a text that stands in its input letter for letter where the siblings do so too, are passed over.
    The score is 1 − that lower bound.
    """
    kins: dict[str, Kin] = defaultdict(Kin)
    for _, text, output in json_outputs(evidence):
        folded = fold(text)
        for node in nodes(output):
            kins[node.kin].learn(node.value, text, folded)
    for row, text, output in json_outputs(evidence):
        source = Source(text)
        faults = [fault for node in nodes(output) for fault in _faults(node, kins, text, source)]
        if faults:
            faults.sort(key=lambda fault: fault[0])
            shown = "; ".join(reason for _, reason in faults[:_MOST_SHOWN])
            more = len(faults) - _MOST_SHOWN
            yield Finding(row, faults[0][0], shown + (f"; and {more} more." if more > 0 else "."))


def _faults(node: Node, kins: dict[str, Kin], text: str, source: Source) -> Iterator[Fault]:
    kin, value = kins[node.kin], node.value
    if fault := _type_fault(node, kin):
        yield fault
    elif isinstance(value, dict):
        yield from _key_faults(node, kins)
    elif isinstance(value, str):
        if not (kin.is_copied and value in text) and (
            fault := _name_fault(node, kin) or _form_fault(node, kin, source)
        ):
            yield fault
    elif (number := finite(value)) is not None:
        fault = _number_fault(node, kin, number)
        if fault and not _is_told(value, number, source):
            yield fault


def _is_told(value: Any, number: float, source: Source) -> bool:
    """True where the input has the number, with its sign, or it follows from the input's own."""
    if value < 0:
        return number in source.numbers and _MINUS.search(source.folded) is not None
    return number in source.numbers or (number > 0 and source.derives(value))


def _type_fault(node: Node, kin: Kin) -> Fault | None:
    usual, count, total = kin.type
    own = type_of(node.value)
    if own in ("null", usual):
        return None
    share = lower_bound(count, total - 1)
    if share < _AGREE_ON_TYPE:
        return None
    others = f"{count / (total - 1):.0%} of the others are {_PLURALS.get(usual, usual)}"
    return 1 - share, f"{node.path}: {quoted(node.value)} is {_SINGULARS.get(own, own)}; {others}"


def _name_fault(node: Node, kin: Kin) -> Fault | None:
    """A rare name beside the common ones of a closed set, or one of those spelt otherwise."""
    name, common = node.value, kin.common_names
    if not common or name in common or kin.names[name] > FEW:
        return None
    others = kin.names.total() - kin.names[name]
    share = lower_bound(sum(common.values()), others)
    if meant := _alike(name, common):
        count = common[meant]
        return 1 - share, f"{node.path}: {quoted(name)} here, {quoted(meant)} in {count:,} others"
    if kin.has_tail or share < _ALWAYS_THERE:
        return None
    names = ", ".join(f"“{shorten(each)}”" for each in list(common)[:3]) + ", …" * (len(common) > 3)
    one_of = "all have" if len(common) == 1 else "all have one of"
    reason = f"{node.path}: {quoted(name)} only here; {others:,} others {one_of}"
    return 1 - share, f"{reason} {names}"


def _alike(name: str, common: dict[str, int]) -> str | None:
    """The common name that a rare one most likely stands for: spelt nearly so, digits the same."""
    plain = {_letters(each): each for each in common}
    close = difflib.get_close_matches(_letters(name), plain, 1, _ALIKE)
    if not close or re.findall(r"\d+", close[0]) != re.findall(r"\d+", name):
        return None
    return plain[close[0]]


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", fold(name))


def _form_fault(node: Node, kin: Kin, source: Source) -> Fault | None:
    """A text of another shape, on the finest level on which nearly all agree.

    Where texts are taken over from the input, its signs and digits are too: only case may be odd.
    """
    own = shapes(node.value)
    if own is None:
        return None
    others = max(kin.shaped - 1, 1)
    is_told = kin.is_told and fold(node.value) in source.folded
    for level in range(LEVELS):
        usual, count = kin.usual_forms[level]
        share = lower_bound(count - (own[level] == usual), others)
        if share >= (_AGREE if level else _AGREE_ON_LENGTH):
            if own[level] == usual or (is_told and own[-1] != kin.usual_forms[-1][0]):
                return None
            model = f"{count / others:.0%} of the others, such as {quoted(kin.models[usual])}"
            return 1 - share, f"{node.path}: {quoted(node.value)} is not written as {model}"
    return None


def _number_fault(node: Node, kin: Kin, number: float) -> Fault | None:
    others = max(kin.signs.total() - 1, 1)
    shown = f"{node.path}: {quoted(node.value)}"
    if node.value < 0 or (number == 0 and kin.signs["zero"] <= FEW):
        positive = kin.signs["positive"]
        if (share := lower_bound(positive, others)) >= _AGREE_ON_SIGN:
            sign = "below zero" if number else "zero"
            return 1 - share, f"{shown} is {sign}; {positive / others:.0%} of the others are above"
    share = 0.0 if number.is_integer() else lower_bound(kin.whole, others)
    if share >= _AGREE and others + 1 - kin.whole <= FEW:
        return 1 - share, f"{shown} is no whole number; {kin.whole / others:.0%} of the others are"
    if number and (usual := kin.usual_sizes) and not usual[0] <= number <= usual[1]:
        near = f"{usual[0] * 10:g} and {usual[1] / 10:g}"
        return 0.2, f"{shown} is more than ten times beyond the others, between {near}"
    return None


def _key_faults(node: Node, kins: dict[str, Kin]) -> Iterator[Fault]:
    """Keys that nearly all others have, and keys that nobody else has where keys are settled."""
    kin = kins[node.kin]
    others = max(kin.types["object"] - 1, 1)
    missing = _missing_keys(node, kins, others)
    extra = sorted(key for key in node.value if kin.keys[key] <= FEW)
    settled = lower_bound(kin.settled, others) if extra else 0.0
    extra = extra if settled >= _AGREE else []
    instead = f"; it has {quoted(extra[0])}, which others lack" if extra else ""
    for key, share in missing.items():
        having = f"{kin.keys[key] / others:.0%} of the others have"
        yield 1 - share, f"{node.path} lacks {quoted(key)}, which {having}{instead}"
    for key in [] if missing else extra:
        yield 1 - settled, f"{key_path(node.path, key)}: only here has an object this key"


def _missing_keys(node: Node, kins: dict[str, Kin], others: int) -> dict[str, float]:
    """Keys that this object lacks and the share of the others that have them.

    A key that may be null must be there. One that is never null may be left out to say so, so it
    takes more others to call it missing. An object whose set of keys comes back is a variant.
    """
    kin = kins[node.kin]
    lacking = [key for key in kin.usual_keys if key not in node.value]
    if len(lacking) > 1 and kin.key_sets[frozenset(node.value)] > FEW:
        return {}
    missing: dict[str, float] = {}
    for key in lacking:
        share = lower_bound(kin.keys[key], others)
        nullable = kins[key_path(node.kin, key)].types["null"] > 0
        if share >= (_AGREE if nullable else _ALWAYS_THERE):
            missing[key] = share
    return missing


DETECTOR = Detector(
    kind="odd-value",
    title="Odd value",
    ask="Is this value meant to differ from those at the same place?",
    tasks=frozenset({Task.EXTRACTION}),
    find=find,
)
