"""Acts on what stands in a list: each lands on what the person saw, once, and can be taken back.

The key of a button names what it decides on, never a place in the list. When clicks come fast, an
item may have taken another's place under the pointer: a click on what has only just come up is not
obeyed, nor is a second click on what has been decided since.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from curation.records import Dataset
from labeling import slots, triage
from labeling.pages import context, text
from labeling.pages.text import plain

PLACES = 5
TOO_FAST = 0.6
"""Seconds in which nobody reads two texts: longer than a double click, whatever the network."""
_ON_SCREEN, _PLACES, _FOCUS = "on-screen", "places", "focus"
_ACTS = "acts"
_BEFORE = "places-before"
"""What stood where before each act of this session, the latest last: an undo brings it back."""

# The button that was pressed is gone: go on at the one that stands in its place.
_TAKE_FOCUS = """
<script>
// NUMBER: a script is run only where it is new.
(() => {
  const until = Date.now() + 3000;
  const look = () => {
    const here = document.activeElement;
    if (here && here !== document.body && !here.closest(".st-key-PLACE")) return;
    const next = document.querySelector(".st-key-PLACE button:not([disabled])");
    if (next) next.focus({ preventScroll: true });
    else if (Date.now() < until) setTimeout(look, 50);
  };
  look();
})();
</script>
"""


def in_places(waiting: Sequence[str], page: int, *belongs_to: object) -> list[str]:
    """Which items stand on the page (from 1); what stays keeps its place while others are decided.

    `belongs_to` tells lists apart: with another one, places are given anew.
    """
    known: tuple[Any, list[str]] = st.session_state.get(_PLACES, (None, []))
    mine = (*belongs_to, page)
    before = known[1] if known[0] == mine else []
    shown = slots.fill(before, waiting[(page - 1) * PLACES :], PLACES)
    st.session_state[_PLACES] = (mine, shown)
    return shown


def arrive(item: str, place: int) -> None:
    """Note that an item is drawn in a place, and give it the focus that was lost there."""
    on_screen: dict[str, tuple[int, float]] = st.session_state.setdefault(_ON_SCREEN, {})
    if on_screen.get(item, (None,))[0] != place:
        on_screen[item] = (place, time.monotonic())


def take_focus(place: int) -> None:
    """After an act in a place, let the keyboard go on there; to be called once it is drawn."""
    if st.session_state.get(_FOCUS) == place:
        del st.session_state[_FOCUS]
        number = st.session_state[_ACTS]
        script = _TAKE_FOCUS.replace("PLACE", place_key(place)).replace("NUMBER", str(number))
        st.html(script, unsafe_allow_javascript=True)


def place_key(place: int) -> str:
    """The key of the container of a place."""
    return f"place-{place}"


def act(item: str, do: Callable[..., object], *arguments: Any, seen: int | None = None) -> None:
    """Carry out what a button says, on the item that it stands at; to be used as a callback.

    `seen` is passed on: the last decision before what is on the screen was read.
    """
    on_screen: dict[str, tuple[int, float]] = st.session_state.get(_ON_SCREEN, {})
    if item not in on_screen:
        return  # decided by the click before
    place, since = on_screen[item]
    if time.monotonic() - since < TOO_FAST:
        st.toast("Too fast: this has only just come up here. Nothing was decided on it.")
        return
    del on_screen[item]
    st.session_state[_FOCUS] = place
    st.session_state[_ACTS] = st.session_state.get(_ACTS, 0) + 1
    attempt(do if seen is None else partial(do, seen=seen), *arguments)


def attempt(do: Callable[..., object], *arguments: Any) -> None:
    """Do what can be undone; an error is told on the page."""
    places = st.session_state.get(_PLACES)
    if text.succeeds(do, *arguments):
        st.session_state.setdefault(_BEFORE, []).append(places)


def show_last_act(dataset: Dataset) -> None:
    """The person's last act with its undo, and what went wrong with it if anything did."""
    text.tell_failure()
    last = triage.last_act(context.workspace(), dataset, context.annotator())
    if last is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="last-act"):
        st.caption(f"Your last act: {plain(in_words(last))}.", width="stretch")
        st.button(
            "Undo",
            icon=":material/undo:",
            key=f"undo-{last.batch}",
            on_click=_undo,
            args=(dataset, last),
        )


def in_words(done: triage.Act) -> str:
    """What an act did."""
    parts = [
        (done.kept, "kept"),
        (done.excluded, "excluded"),
        (done.relabelled, "given another output"),
        (done.separated, "pairs set apart" if done.separated > 1 else "pair set apart"),
    ]
    return ", ".join(f"{count:,} {words}" for count, words in parts if count)


def _undo(dataset: Dataset, done: triage.Act) -> None:
    before = st.session_state.get(_BEFORE)
    st.session_state[_PLACES] = (before.pop() if before else None) or (None, [])
    text.attempt(triage.undo, context.workspace(), dataset, context.annotator(), done)
