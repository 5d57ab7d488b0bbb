"""Keys and types that change from row to row: the columns that a loader infers do not fit then.

`datasets` 5.2 infers the columns from the first ten million bytes or more and fails on what comes
later: a new key, a number with decimals, a text where numbers stood. A missing key, or null, does
no harm there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from exports.check.report import KEPT, Found
from exports.check.shapes import Shape

LATE_ROW = 30_000
LATE_BYTE = 10 * 2**20
_MOST_NODES = 5_000
_MOST_PATTERNS = 500

_FREE = frozenset(
    {
        *("arguments", "args", "input", "parameters", "input_schema", "properties", "metadata"),
        *("meta", "response", "tools", "functions", "tool_calls", "function_call", "toolConfig"),
        *("parts", "chat_template_kwargs", "systemInstruction"),
    }
)
"""Keys below which objects differ by nature."""
_TURN = frozenset(
    {
        *("role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call"),
        *("refusal", "reasoning_content", "reasoning", "thinking", "audio", "annotations"),
        *("from", "value", "parts", "type", "train"),
    }
)
"""Keys that a turn may have or lack, and whose types the rules of conversations judge."""
_VARIED = frozenset({"content", "arguments", "weight", "role"})
"""Keys of turns that have rules of their own for their types."""

Keys = frozenset[str]


@dataclass(slots=True)
class _Rows:
    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, row: int) -> None:
        self.count += 1
        if len(self.first) < KEPT and (not self.first or self.first[-1] != row):
            self.first.append(row)


@dataclass(slots=True)
class _Node:
    """What was seen at one path: types, sets of keys, and the nodes below."""

    path: str
    free: bool = False
    is_turn: bool = False
    types: dict[str, _Rows] = field(default_factory=dict)
    patterns: dict[Keys, _Rows] = field(default_factory=dict)
    below: dict[str, _Node] = field(default_factory=dict)


class Schema:
    """Watches the rows go by; `found` are the faults of late columns, `differences` the rest."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._turns = (shape.turns, *shape.asks, *shape.answers, "input.messages")
        self._root = _Node("")
        self._nodes = 1
        self.is_full = False

    def watch(self, row: dict[str, Any], number: int, offset: int) -> list[Found]:
        """Take in one row; the faults that can be told at once."""
        found: list[Found] = []
        late = number > LATE_ROW or offset > LATE_BYTE
        self._watch(row, self._root, number, found, late=late)
        return found

    def _watch(self, value: Any, node: _Node, row: int, found: list[Found], *, late: bool) -> None:
        name = _type(value)
        rows = node.types.get(name)
        if rows is None:
            rows = node.types[name] = _Rows()
            if late and _breaks(name, node.types):
                said = f"{node.path} is {_WORDS[name]} for the first time in row {row}"
                found.append(Found("late-type", node.path, said))
        rows.add(row)
        if isinstance(value, dict):
            self._watch_object(value, node, row, found, late=late)
        elif isinstance(value, list) and value:
            below = self._below(node, "[]", row, found, late=late)
            for item in value if below else ():
                self._watch(item, below, row, found, late=late)

    def _watch_object(
        self, value: dict[str, Any], node: _Node, row: int, found: list[Found], *, late: bool
    ) -> None:
        keys = frozenset(value)
        rows = node.patterns.get(keys)
        if rows is None and len(node.patterns) < _MOST_PATTERNS:
            rows = node.patterns[keys] = _Rows()
        if rows is not None:
            rows.add(row)
        for key, inner in value.items():
            below = self._below(node, key, row, found, late=late and inner is not None)
            if below:
                self._watch(inner, below, row, found, late=late)

    def _below(self, node: _Node, key: str, row: int, found: list[Found], *, late: bool) -> Any:
        """The node of a key, or of the items of a list; None where there are too many."""
        below = node.below.get(key)
        if below is not None:
            return below
        if self._nodes >= _MOST_NODES:
            self.is_full = True
            return None
        self._nodes += 1
        path = node.path + key if key == "[]" else f"{node.path}.{key}" if node.path else key
        if late and not found:
            said = f"{path.removesuffix('[]')} holds something for the first time in row {row}"
            found.append(Found("late-key", path, said))
        made = _Node(path, node.free or key in _FREE, key == "[]" and node.path in self._turns)
        if late:
            made.types["missing"] = _Rows()
        node.below[key] = made
        return made

    def differences(self) -> Iterator[tuple[int, Found]]:
        """(row, fault) of the rows whose keys or types are not those of most rows."""
        waiting: list[_Node] = [self._root]
        while waiting:
            node = waiting.pop()
            if node.free:
                continue
            yield from self._keys(node)
            yield from _types(node)
            waiting += [
                inner for key, inner in node.below.items() if not (node.is_turn and key in _VARIED)
            ]

    def _keys(self, node: _Node) -> Iterator[tuple[int, Found]]:
        total = sum(rows.count for rows in node.patterns.values())
        spared: frozenset[str] = _TURN if node.is_turn else frozenset()
        if node is self._root:
            spared = frozenset((*self._shape.needs, *self._shape.optional))
        for key in sorted(frozenset().union(*node.patterns) - spared):
            having = [rows for keys, rows in node.patterns.items() if key in keys]
            lacking = [rows for keys, rows in node.patterns.items() if key not in keys]
            count = sum(rows.count for rows in having)
            if not lacking:
                continue
            few_have = (2 * count, min(r.first[0] for r in lacking)) < (
                total,
                min(r.first[0] for r in having),
            )
            path = f"{node.path}.{key}" if node.path else key
            there = "present" if few_have else "absent"
            said = f"the key {key[:60]!r} is {there} here, unlike in most rows"
            few = having if few_have else lacking
            places = sorted({row for rows in few for row in rows.first})
            yield from ((row, Found("keys-differ", path, said)) for row in places[:KEPT])


def _types(node: _Node) -> Iterator[tuple[int, Found]]:
    seen: dict[str, list[_Rows]] = {}
    for name, rows in node.types.items():
        if name not in ("null", "missing"):
            seen.setdefault("number" if name in ("int", "float") else name, []).append(rows)
    if len(seen) < 2:
        return
    most = max(seen, key=lambda name: (sum(r.count for r in seen[name]), -seen[name][0].first[0]))
    for name, parts in seen.items():
        if name != most:
            said = f"{node.path} is {_WORDS[name]} here, but {_WORDS[most]} in most rows"
            places = sorted({row for part in parts for row in part.first})
            yield from ((row, Found("types-differ", node.path, said)) for row in places[:KEPT])


_WORDS = {
    "null": "null",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number with decimals",
    "number": "a number",
    "str": "a text",
    "list": "a list",
    "dict": "an object",
}


def _type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, float):
        return "int" if value.is_integer() else "float"
    return type(value).__name__


def _breaks(name: str, types: dict[str, _Rows]) -> bool:
    """True where a type that appears late is one that the inferred column cannot hold."""
    if name == "null" or "missing" in types:
        return False
    return not (name == "int" and "float" in types)
