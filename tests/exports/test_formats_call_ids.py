"""Ids of tool calls, in the form that a consumer asks for."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from curation.records import Json, Task
from exports.formats import FORMATS
from exports.formats.call_ids import id_problems, with_ids
from tests.exports.test_formats_tools import call, rows, turns, written

NINE = re.compile(r"[a-zA-Z0-9]{9}")
IDS = st.one_of(
    st.none(),
    st.integers(0, 3),
    st.text(max_size=4),
    st.sampled_from(["call_1", "call_2", "a" * 9, "b" * 9, "toolu_01A09q90qw90lq917835lq9"]),
)


def _exchange(identities: list[Any]) -> list[Json]:
    """Turns that call tools at once, each with its result; None: neither names an id."""
    calls = [call() for _ in identities]
    results = [{"role": "tool", "content": str(number)} for number, _ in enumerate(identities)]
    for one, result, identity in zip(calls, results, identities, strict=True):
        del one["id"]
        if identity is not None:
            one["id"] = result["tool_call_id"] = identity
    return [{"role": "assistant", "content": None, "tool_calls": calls}, *results]


def _ids(said: list[Json]) -> tuple[list[Any], list[Any]]:
    called = [one.get("id") for turn in said for one in turn.get("tool_calls", [])]
    return called, [turn.get("tool_call_id") for turn in said if turn["role"] == "tool"]


@given(st.lists(st.lists(IDS, min_size=1, max_size=4), max_size=4))
def test_ids_have_the_form_and_differ_where_they_differed(exchanges: list[list[Any]]) -> None:
    said = [turn for identities in exchanges for turn in _exchange(identities)]
    found = with_ids(said, 9)
    before, after = _ids(said)[0], _ids(found)[0]
    assert all(NINE.fullmatch(identity) for identity in after)
    assert _ids(found)[1] == after
    # One new id for each old one, and no two for one; ids that nobody gave are all their own.
    named = {(repr(old), new) for old, new in zip(before, after, strict=True) if old is not None}
    nameless = [new for old, new in zip(before, after, strict=True) if old is None]
    assert len({new for _, new in named}) == len(named) == len({old for old, _ in named})
    assert len({*nameless, *(new for _, new in named)}) == len(nameless) + len(named)
    assert with_ids(said, 9) == found
    assert with_ids(found, 9) == found


def test_what_has_the_form_stays_and_all_else_is_as_it_was() -> None:
    said = turns(call(identity="call12345"), call(identity="call_2"))
    found = with_ids(said, 9)
    assert _ids(found)[0][0] == "call12345"
    renamed = _ids(found)[0][1]
    said[1]["tool_calls"][1]["id"] = said[3]["tool_call_id"] = renamed
    assert found == said


def test_no_form_is_asked_for() -> None:
    said = turns(call(identity="call_2"))
    assert with_ids(said, None) == said
    assert id_problems(said, None) == []


def test_mistral_gets_its_ids_and_others_the_given_ones() -> None:
    said = turns(call(identity="call_1"), call(identity="call_2"))
    [(record, wrong)] = written("mistral-chat", rows(said))
    assert wrong == []
    called, results = _ids(record["messages"])
    assert called == results
    assert all(NINE.fullmatch(identity) for identity in called)
    [(openai, _)] = written("openai-chat", rows(said))
    assert _ids(openai["messages"])[0] == ["call_1", "call_2"]
    assert FORMATS["mistral-chat"].problems(openai, Task.CHAT) == [
        "the id 'call_1' of a tool call is not 9 letters and digits"
    ]
