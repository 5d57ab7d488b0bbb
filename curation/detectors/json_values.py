"""Outputs read as JSON: their values by path, and how far a share of them can be trusted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import zip_longest
from math import sqrt
from typing import Any, Final, NamedTuple

from curation.detectors.base import Evidence, shorten

MAX_DEPTH = 64
"""Levels of lists and objects; deeper outputs are refused at import, and not read here."""
NOTHING: Final = object()
"""Stands where there is no value: a text that is not JSON, a path that an output lacks."""

_Z = 1.6449
_PLAIN_KEY = re.compile(r"[^\W\d]\w*")


class Node(NamedTuple):
    """One value inside an output: where it stands, and where its siblings stand.

    `path` is `$.items[0].name`, `kin` the same for every entry of a list: `$.items[*].name`.
    """

    path: str
    kin: str
    value: Any


def parse(text: str) -> Any:
    """The value of a JSON text as `json.loads` reads it, or NOTHING.

    NOTHING where it is not JSON or has more than MAX_DEPTH levels: whatever else reads the value
    may then recurse.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return NOTHING
    return NOTHING if is_deep(text, value) else value


def is_deep(text: str, value: Any) -> bool:
    """True where the value of a JSON text has more than MAX_DEPTH levels."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    level = [value]
    for _ in range(MAX_DEPTH):
        inner = [each for outer in level for each in _entries(outer)]
        level = [each for each in inner if isinstance(each, (dict, list))]
    return bool(level)


def _entries(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def json_outputs(evidence: Evidence) -> Iterator[tuple[int, str, Any]]:
    """(row, input, value) of every output that is JSON."""
    for row, text, given in evidence.outputs():
        value = parse(given)
        if value is not NOTHING:
            yield row, text, value


def nodes(value: Any) -> Iterator[Node]:
    """Every value inside an output and itself, in document order."""
    left = [Node("$", "$", value)]
    while left:
        node = left.pop()
        yield node
        path, kin, inner = node
        if isinstance(inner, dict):
            steps = [(_step(key), each) for key, each in inner.items()]
            left += [Node(path + step, kin + step, each) for step, each in reversed(steps)]
        elif isinstance(inner, list):
            entries = [Node(f"{path}[{at}]", f"{kin}[*]", each) for at, each in enumerate(inner)]
            left += reversed(entries)


@lru_cache(maxsize=4096)
def _step(key: str) -> str:
    """How a key stands in a path: `.name`, or `['two words']`."""
    if _PLAIN_KEY.fullmatch(key):
        return f".{key}"
    return "['" + key.replace("\\", "\\\\").replace("'", "\\'") + "']"


def key_path(path: str, key: str) -> str:
    """The path of a key of the object at `path`."""
    return path + _step(key)


def kin_of(path: str) -> str:
    """The path with every index of a list folded: `$.items[*].name`."""
    return re.sub(r"\[\d+\]", "[*]", path)


def lower_bound(successes: int, trials: int) -> float:
    """The least share that so many successes speak for, in [0, 1]; 0 without trials.

    One-sided 95 % bound of the score interval (Wilson 1927, JASA 22:209). 25 of 25 are good for
    0.90, 52 of 52 for 0.95, so that few examples prove little.
    """
    if not trials:
        return 0.0
    share, z2 = successes / trials, _Z * _Z / trials
    spread = _Z * sqrt(share * (1 - share) / trials + z2 / trials / 4)
    return max(0.0, (share + z2 / 2 - spread) / (1 + z2))


def quoted(value: Any) -> str:
    """A value for a reason: texts in quotation marks, anything else as JSON has it, shortened."""
    if value is NOTHING:
        return "nothing"
    if isinstance(value, str):
        return f"“{shorten(value)}”"
    if isinstance(value, (dict, list)):
        name = "object" if isinstance(value, dict) else "list"
        return f"an empty {name}" if not value else f"{'an' if name == 'object' else 'a'} {name}"
    try:
        return shorten(json.dumps(value))
    except ValueError:  # an integer of more digits than Python writes
        return "a very long number"


def differences(ours: Any, theirs: Any) -> Iterator[tuple[str, Any, Any]]:
    """(path, our value, their value) wherever two outputs differ, in document order.

    Key order is no difference, nor is 1 against 1.0; true is not 1. NOTHING stands for a key or
    entry that one of them lacks.
    """
    left: list[tuple[str, Any, Any]] = [("$", ours, theirs)]
    while left:
        path, mine, other = left.pop()
        pairs = _members(path, mine, other)
        if pairs is None:
            if not _equal(mine, other):
                yield path, mine, other
        else:
            left += reversed(pairs)


def _members(path: str, mine: Any, other: Any) -> list[tuple[str, Any, Any]] | None:
    """What stands inside two objects or two lists, side by side; None for anything else."""
    if isinstance(mine, dict) and isinstance(other, dict):
        keys = dict.fromkeys([*mine, *other])
        return [
            (key_path(path, key), mine.get(key, NOTHING), other.get(key, NOTHING)) for key in keys
        ]
    if isinstance(mine, list) and isinstance(other, list):
        sides = zip_longest(mine, other, fillvalue=NOTHING)
        return [(f"{path}[{at}]", *side) for at, side in enumerate(sides)]
    return None


def _equal(mine: Any, other: Any) -> bool:
    return mine is other or (
        isinstance(mine, bool) == isinstance(other, bool) and bool(mine == other)
    )
