"""Ids of tool calls in the form that a consumer asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_letters, digits
from typing import Any

from curation.records import Json, canonical_json
from exports.check.turns import has_form
from exports.keyed import keyed_hash

_SIGNS = digits + ascii_letters


def with_ids(turns: Sequence[Json], length: int | None) -> list[Json]:
    """The turns with ids of `length` letters and digits; as they are where it is None.

    Ids of that form stay. Any other gets one that depends on it alone, but where two of a
    conversation would then be the same; so does a call that has none, by its place, and a result
    without one answers the first call that waits. The same id is the same afterwards, and another
    one another. `turns` are those of a conversation without faults.
    """
    if length is None:
        return list(turns)
    names = _Names(turns, length)
    waiting: list[str] = []
    found = []
    for turn in turns:
        if calls := turn.get("tool_calls"):
            calls = [{**call, "id": names.of(call.get("id"))} for call in calls]
            waiting = [call["id"] for call in calls]
            found.append({**turn, "tool_calls": calls})
        elif turn.get("role") == "tool":
            given = turn.get("tool_call_id")
            identity = waiting[0] if given is None and waiting else names.of(given)
            if identity in waiting:
                waiting.remove(identity)
            found.append({**turn, "tool_call_id": identity})
        else:
            found.append(turn)
    return found


def id_problems(turns: Sequence[Json], length: int | None) -> list[str]:
    """The first id that has another form, in words."""
    if length is None:
        return []
    return [
        f"the id {identity!r:.60} of a tool call is not {length} letters and digits"
        for identity in _ids(turns)
        if not has_form(identity, length)
    ][:1]


def _ids(turns: Sequence[Json]) -> Iterator[Any]:
    for turn in turns:
        yield from (call.get("id") for call in turn.get("tool_calls") or ())
        if turn.get("role") == "tool":
            yield turn.get("tool_call_id")


class _Names:
    """A new id for each id of a conversation."""

    def __init__(self, turns: Sequence[Json], length: int) -> None:
        self._length = length
        self._taken: set[str] = set(filter(lambda one: has_form(one, length), _ids(turns)))
        self._known = {canonical_json(identity): identity for identity in self._taken}
        self._nameless = 0

    def of(self, identity: Any) -> str:
        key = canonical_json(identity)
        if identity is None:
            self._nameless += 1
            key = f"{key} {self._nameless}"
        if key not in self._known:
            self._known[key] = self._free(key)
        return self._known[key]

    def _free(self, key: str) -> str:
        attempt = 0
        while (name := self._name(key, attempt)) in self._taken:
            attempt += 1
        self._taken.add(name)
        return name

    def _name(self, key: str, attempt: int) -> str:
        number = keyed_hash(key, attempt, "tool call id")
        signs = []
        for _ in range(self._length):
            number, sign = divmod(number, len(_SIGNS))
            signs.append(_SIGNS[sign])
        return "".join(signs)
