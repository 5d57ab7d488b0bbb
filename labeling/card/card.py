"""Mounts the review card and hands back what people decided on it.

The card keeps a queue of cards and an outbox of operations in the browser: a key shows the next
card at once, and every operation stays in the outbox (and in the browser's localStorage) until its
`op_id` comes back in `acknowledged` or `rejected`. Sending an operation twice is normal; the store
must know it by its `op_id`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any, NotRequired, TypedDict, cast

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from curation.errors import TamisError


class LabelInfo(TypedDict):
    """One label of the set, with what it means."""

    name: str
    description: str


class NeighbourInfo(TypedDict):
    """One of the nearest examples; `similarity` is a cosine.

    `contradicts`: it is the other side of a conflict.
    """

    text: str
    output: str | None
    similarity: float
    contradicts: NotRequired[bool]


class FindingInfo(TypedDict):
    """What is doubtful: its name, why in words, and what to look at (may be empty)."""

    title: str
    reason: str
    ask: str


class Message(TypedDict):
    """One turn of a chat."""

    role: str
    content: str


class CardItem(TypedDict):
    """One example as it is shown. Outputs are encoded as by `curation.records.encode_output`.

    `confidence` and `given_confidence` are probabilities of `suggested` and `given`; `choices` are
    label names, likeliest first; `findings` stand the worst first. None, "" or an empty list hides
    the part, as a blind audit needs.
    """

    example_id: str
    revision: int
    text: str
    given: str | None
    current: str | None
    suggested: str | None
    given_confidence: float | None
    confidence: float | None
    flagged: bool
    findings: list[FindingInfo]
    choices: list[str]
    neighbours: list[NeighbourInfo]
    cluster_size: int
    guideline: str
    messages: list[Message] | None
    metadata: dict[str, Any]
    comment: str | None
    source: str


class Rejection(TypedDict):
    """An operation the server refused, and why, in words for the person who made it."""

    op_id: str
    reason: str


class Undoable(TypedDict):
    """A stored decision that can still be taken back."""

    op_id: str
    example_id: str
    action: str
    value: str | None


class CardData(TypedDict):
    """Everything the card shows.

    `queue` holds about twenty cards in review order; after an undo the example must be in it again.
    `undoable` is oldest first. `acknowledged` and `rejected` need to cover the operations of the
    present outbox only.
    """

    dataset_id: str
    task: str
    annotator: str
    labels: list[LabelInfo]
    queue: list[CardItem]
    acknowledged: list[str]
    rejected: list[Rejection]
    remaining: int
    reviewed: int
    undoable: list[Undoable]


class OperationDict(TypedDict):
    """One operation as the browser sends it: the fields of `curation.records.Operation`.

    Comes from a browser, so check it as any input. An edited extraction is the JSON as typed.
    """

    op_id: str
    dataset_id: str
    annotator: str
    example_id: str
    revision: int
    action: str
    value: str | None
    comment: str | None
    elapsed_ms: int


@cache
def _component() -> ComponentRenderer:
    """The component, registered once per process from the files beside this module."""
    assets = files(__package__)

    def read(*names: str) -> str:
        return "\n".join(assets.joinpath(name).read_text(encoding="utf-8") for name in names)

    return st.components.v2.component(
        "tamis_review_card",
        html=read("card.html"),
        css=read("card.css"),
        js=read("keys.js", "outbox.js", "view.js", "typing.js", "card.js"),
    )


def outbox(key: str) -> list[OperationDict]:
    """The operations last sent by the card mounted under `key`; usable inside `on_outbox`.

    They name their dataset and annotator, since the outbox of a card that was switched to another
    dataset still holds those of the one before.
    """
    state = st.session_state.get(key) or {}
    return list(cast("list[OperationDict]", state.get("outbox") or []))


def review_card(
    *, key: str, data: CardData, on_outbox: Callable[[], None] | None = None
) -> list[OperationDict]:
    """Show the card and return the operations in its outbox for this dataset and annotator.

    `on_outbox` runs before the page's script when operations have come in; store them there (see
    `outbox`), so that `data` is built from what is stored. It runs again, and the page once more,
    for operations it has not seen or on which it raised a TamisError, which the card shows. A new
    `key` starts with a fresh queue: change it when the filter of the queue changes. Unsaved
    operations survive that.
    """
    state, handed, problem = st.session_state, f"{key}-handed-over", f"{key}-problem"

    def hand_over() -> None:
        state[problem] = None
        try:
            if on_outbox is not None:
                on_outbox()
            state[handed] = _ids(outbox(key))
        except TamisError as error:
            state[problem] = error.for_people()

    shown = state.get(problem)
    _component()(key=key, data={**data, "mount": key, "problem": shown}, on_outbox_change=hand_over)
    operations = outbox(key)
    # Streamlit calls back only on a change within one session: not for an outbox that a restarted
    # server is sent at once, nor for one that is sent again after the store has failed.
    if not _ids(operations) <= state.get(handed, set()):
        hand_over()
        if state[problem] is None or state[problem] != shown:
            st.rerun()
    owner = (data["dataset_id"], data["annotator"])
    return [op for op in operations if (op.get("dataset_id"), op.get("annotator")) == owner]


def _ids(operations: list[OperationDict]) -> set[str]:
    return {op["op_id"] for op in operations}
