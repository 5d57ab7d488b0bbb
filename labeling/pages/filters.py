"""The filter bar of the Examples and Review pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from curation import quality
from curation.records import Dataset
from labeling.history import shown_output
from labeling.pages import context
from labeling.pages.filter_words import OUTPUTS, kind_title, slice_named
from labeling.pages.text import plain
from labeling.queue import FLAGGED, STATUSES, Filter

TITLES = {
    "given": "Given",
    "current": "Current",
    "suggested": "Suggested",
    "by": "Decided by",
    "example": "One example",
}
KEYS = ("text", "status", "kind", "slice", *TITLES)


def choose_filter(dataset: Dataset, status: str = "") -> Filter:
    """The filter bar. The address is where the choice is kept, so links and bookmarks work.

    `status` is what holds while the address names none; `all` in the address lifts it.
    """
    workspace = context.workspace()
    found = quality.flagged_by_kind(workspace, dataset)["kind"].to_list()
    found.sort(key=lambda kind: kind != "conflict")  # of two, one is surely wrong
    _slice(dataset)
    first, second, third = st.columns([2, 1, 1])
    first.text_input(
        "Containing",
        key=_seeded("text"),
        placeholder="Part of a text or an output",
        on_change=_to_address,
        args=("text",),
    )
    statuses = STATUSES | {"all": "Any"} if status else STATUSES
    others = {name: words for name, words in statuses.items() if name != status}
    _option(second, "Status", "status", others, unset=STATUSES.get(status, "Any"))
    _option(third, "Flagged as", "kind", {k: kind_title(k) for k in [FLAGGED, *found]})
    labels = workspace.labels(dataset)["name"].to_list()
    people = quality.progress_by_person(workspace, dataset)["annotator"].to_list()
    _more(dataset, {**dict.fromkeys(OUTPUTS, labels), "by": people, "example": []})
    chosen = Filter.from_query(st.query_params.to_dict())
    return replace(chosen, status=chosen.status or status)


def _slice(dataset: Dataset) -> None:
    """The slice in the address, if there is one; pressing it shows all examples again."""
    chosen = st.query_params.get("slice")
    if chosen:
        name, reason = slice_named(dataset, chosen)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                f"Slice: {plain(name)}",
                icon=":material/close:",
                help="Leave the slice",
                on_click=_leave_slice,
            )
            st.caption(plain(reason))


def _leave_slice() -> None:
    st.query_params.pop("slice", None)
    st.session_state.pop("sheet", None)


def _more(dataset: Dataset, known: dict[str, list[str]]) -> None:
    """Further filters, as far as there is something to choose or the address asks for it."""
    asked = {key: st.query_params.get(key, "") for key in known}
    known = {key: values for key, values in known.items() if values or asked[key]}
    if not known:
        return
    count = sum(map(bool, asked.values()))
    with st.expander(f"More filters, {count} set" if count else "More filters"):
        cells = st.columns(len(known))
        for cell, (key, values) in zip(cells, known.items(), strict=True):
            words = {value: value for value in values}
            if asked[key] not in ("", *values):
                output = key in OUTPUTS
                words[asked[key]] = shown_output(dataset.task, asked[key]) if output else asked[key]
            _option(cell, TITLES[key], key, words)


def _option(place: Any, title: str, key: str, words: Mapping[str, str], unset: str = "Any") -> None:
    options = {"": unset, **words}
    if st.query_params.get(key, "") not in options:
        del st.query_params[key]
    place.selectbox(
        title,
        options,
        format_func=options.__getitem__,
        key=_seeded(key),
        on_change=_to_address,
        args=(key,),
    )


def _seeded(key: str) -> str:
    """The key of a widget whose value is what the address says."""
    widget = f"filter-{key}"
    st.session_state[widget] = st.query_params.get(key, "")
    return widget


def _to_address(key: str) -> None:
    value = st.session_state[f"filter-{key}"]
    if value:
        st.query_params[key] = value
    else:
        st.query_params.pop(key, None)
    st.session_state.pop("sheet", None)


def clear_filter() -> None:
    """Forget every choice; to be used as a callback."""
    for key in KEYS:
        st.query_params.pop(key, None)
    st.session_state.pop("sheet", None)
