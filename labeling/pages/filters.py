"""The filter bar of the Examples page."""

from __future__ import annotations

from typing import Any

import streamlit as st

from curation import quality
from curation.records import Dataset
from labeling.history import shown_output
from labeling.pages import context
from labeling.queue import FLAGGED, STATUSES, Filter

ANY = "Any"
KEYS = ("text", "status", "kind", "given", "current", "suggested", "by", "example")


def choose_filter(dataset: Dataset) -> Filter:
    """The filter bar; every choice stands in the address, so that links and bookmarks work."""
    workspace = context.workspace()
    kinds = quality.flagged_by_kind(workspace, dataset)["kind"].to_list()
    names = {"": ANY, **STATUSES}
    first, second, third = st.columns([2, 1, 1])
    chosen = {
        "text": first.text_input(
            "Containing",
            key="text",
            bind="query-params",
            placeholder="Part of a text or an output",
            on_change=_first_page,
        )
    }
    flags = {"": ANY, FLAGGED: "Flagged at all", **{kind: kind for kind in kinds}}
    chosen["status"] = _option(second, "Status", "status", names)
    chosen["kind"] = _option(third, "Flagged as", "kind", flags)
    labels = workspace.labels(dataset)["name"].to_list()
    people = quality.progress_by_person(workspace, dataset)["annotator"].to_list()
    rest = {"given": labels, "current": labels, "suggested": labels, "by": people, "example": []}
    titles = {"by": "Decided by", "example": "One example"}
    linked = st.query_params.to_dict()
    rest = {key: known for key, known in rest.items() if known or linked.get(key)}
    if rest:
        count = sum(bool(linked.get(key)) for key in rest)
        with st.expander(f"More filters, {count} set" if count else "More filters"):
            cells = st.columns(len(rest))
            for cell, (key, known) in zip(cells, rest.items(), strict=True):
                extra = [linked[key]] if linked.get(key) and linked[key] not in known else []
                options = {"": ANY} | {
                    value: shown_output(dataset.task, value) if value in extra else value
                    for value in [*extra, *known]
                }
                chosen[key] = _option(cell, titles.get(key, f"{key.title()} output"), key, options)
    return Filter.from_query(chosen)


def _option(place: Any, title: str, key: str, options: dict[str, str]) -> str:
    value: str | None = place.selectbox(
        title,
        list(options),
        format_func=options.get,
        key=key,
        bind="query-params",
        on_change=_first_page,
    )
    return value or ""


def _first_page() -> None:
    st.session_state.pop("sheet", None)


def clear_filter() -> None:
    """Forget every choice; to be used as a callback."""
    for key in KEYS:
        st.session_state[key] = ""
    _first_page()
