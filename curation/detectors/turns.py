"""Conversations whose roles or order are broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from curation.detectors.base import Detector, Evidence, Finding, shorten
from curation.records import Json, Task

_MOST_SHOWN = 3

Fault = tuple[float, str]


def find(evidence: Evidence) -> Iterator[Finding]:
    """Every conversation with a broken order, the score that of its worst fault.

    Sure faults (0 to 0.1) are a blank turn, a turn that stands there twice, a missing last
    answer, and tool results and calls that lack each other. Less sure (0.2 to 0.4) is what some
    logs hold rightly: two turns of one speaker, an assistant who begins, a later system turn.
    """
    conversations = evidence.examples["messages"].is_not_null()
    for row, turns in evidence.turns():
        if conversations[row] and (faults := sorted(_faults(turns), key=lambda fault: fault[0])):
            more = len(faults) - _MOST_SHOWN
            shown = " ".join(reason for _, reason in faults[:_MOST_SHOWN])
            yield Finding(row, faults[0][0], shown + (f" And {more} more." if more > 0 else ""))


def _faults(turns: Sequence[Json]) -> Iterator[Fault]:
    if not turns:
        yield 0.0, "The conversation has no turns."
        return
    yield from _blank(turns)
    yield from _order(turns)
    yield from _tools(turns)
    if turns[-1].get("role") != "assistant":
        yield 0.05, f"The conversation ends with the {_speaker(turns[-1])}: no answer follows."


def _speaker(turn: Json) -> str:
    role = turn.get("role")
    return f"{role} turn" if role in ("system", "developer", "tool") else f"{role}"


def _blank(turns: Sequence[Json]) -> Iterator[Fault]:
    for number, turn in enumerate(turns, start=1):
        if not (turn.get("content") or "").strip() and not turn.get("tool_calls"):
            yield 0.0, f"Turn {number} ({turn.get('role')}) is blank."


def _order(turns: Sequence[Json]) -> Iterator[Fault]:
    spoken = [
        (number, turn)
        for number, turn in enumerate(turns, start=1)
        if turn.get("role") not in ("system", "developer")
    ]
    opening = len(turns) - len(spoken)
    for number, turn in enumerate(turns, start=1):
        if number > opening and turn.get("role") in ("system", "developer"):
            yield 0.3, f"Turn {number} is a {turn['role']} turn amid the conversation."
    if spoken and spoken[0][1].get("role") == "assistant":
        yield 0.4, f"The assistant begins, in turn {spoken[0][0]}."
    for (first, turn), (second, following) in pairwise(spoken):
        yield from _in_a_row(first, turn, second, following)
    yield from _exchanges_again(spoken)


def _in_a_row(first: int, turn: Json, second: int, following: Json) -> Iterator[Fault]:
    role = turn.get("role")
    if role != following.get("role") or role == "tool":
        return
    content = turn.get("content")
    if content and content == following.get("content"):
        yield 0.02, f"Turns {first} and {second} are the same: “{shorten(content)}”."
    elif not turn.get("tool_calls"):
        yield (0.3 if role == "user" else 0.2), f"Turns {first} and {second} are both the {role}'s."


def _exchanges_again(spoken: Sequence[tuple[int, Json]]) -> Iterator[Fault]:
    """A question and its answer that stand there twice, one after the other."""
    said = [(turn.get("role"), turn.get("content")) for _, turn in spoken]
    for at in range(len(said) - 3):
        first, second = said[at : at + 2], said[at + 2 : at + 4]
        if first == second and first[0] != first[1] and all(content for _, content in first):
            yield 0.05, f"Turns {spoken[at][0]} and {spoken[at + 1][0]} stand there twice."


def _tools(turns: Sequence[Json]) -> Iterator[Fault]:
    """Results must follow the calls of the assistant's turn before them, one each."""
    waiting: dict[str, int] = {}
    for number, turn in enumerate(turns, start=1):
        if turn.get("role") == "tool":
            if not waiting:
                yield 0.05, f"Turn {number} is a tool result that no call asked for."
            elif (key := str(turn.get("tool_call_id"))) in waiting:
                del waiting[key]
            elif "tool_call_id" in turn:
                yield 0.1, f"Turn {number} answers the call “{shorten(key)}”, which nobody made."
            else:
                del waiting[next(iter(waiting))]
            continue
        yield from _unanswered(waiting)
        waiting = _calls(turn, number)
    yield from _unanswered(waiting)


def _calls(turn: Json, number: int) -> dict[str, int]:
    calls = turn.get("tool_calls")
    if turn.get("role") != "assistant" or not isinstance(calls, list):
        return {}
    ids = (call.get("id") if isinstance(call, dict) else None for call in calls)
    return {str(key or f"call {at}"): number for at, key in enumerate(ids, start=1)}


def _unanswered(waiting: dict[str, int]) -> Iterator[Fault]:
    for number in sorted(set(waiting.values())):
        yield 0.1, f"Turn {number} calls a tool, and no result follows."


DETECTOR = Detector(
    kind="turns",
    title="Broken turns",
    ask="Which turn is missing, doubled or out of place?",
    tasks=frozenset({Task.CHAT}),
    find=find,
)
