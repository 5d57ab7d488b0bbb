"""What people set apart: who, when, which texts; and to take it back."""

from __future__ import annotations

from typing import Any

import streamlit as st

from curation.errors import WrongUse
from curation.records import Dataset
from curation.workspace import Workspace
from labeling import separations, triage
from labeling.differences import as_html, marked_html
from labeling.pages import context
from labeling.pages.duplicate_acts import act, arrive, place_key, take_focus
from labeling.pages.sheet import sheet
from labeling.pages.text import plain, tell_failure

PER_ROW = 3
IN_SIGHT = 6


def show_set_apart(dataset: Dataset) -> None:
    """The acts by which examples were set apart, the latest first."""
    workspace = context.workspace()
    st.markdown(
        "What people said are no duplicates. It holds for good, also for copies that are imported "
        "later, until somebody takes it back."
    )
    tell_failure()
    containing = st.text_input(
        "Containing", key="apart-containing", placeholder="Part of a text", bind="query-params"
    )
    found = separations.separations(workspace, dataset, containing.strip())
    if found.is_empty():
        st.info("Nothing like that is set apart." if containing else "Nothing is set apart.")
        return
    st.caption(f"{found.height:,} times something was set apart, the latest first.")
    acts = sheet(found, f"apart-{dataset.dataset_id}").to_dicts()
    ids = [key for one in acts for key in one["example_ids"]]
    texts = {key: one["text"] for key, one in triage.states_of(workspace, dataset, ids).items()}
    for place, one in enumerate(acts):
        _separation(dataset, one, place, [texts[key] for key in one["example_ids"]])


def _separation(dataset: Dataset, found: dict[str, Any], place: int, texts: list[str]) -> None:
    key, first = found["act"], texts[0]
    person = (context.workspace(), dataset, context.annotator())
    arrive(key, place)
    with st.container(border=True, key=place_key(place)):
        when = f"{found['decided_at']:%Y-%m-%d %H:%M}"
        pairs = f"{found['pairs']:,} {'pair' if found['pairs'] == 1 else 'pairs'}"
        st.caption(f"{plain(found['annotator'])} · {when} · {pairs}")
        shown = [as_html(first, texts[1]), *(marked_html(text, first) for text in texts[1:])]
        _side_by_side(shown[:IN_SIGHT])
        if len(shown) > IN_SIGHT:
            with st.expander(f"{len(shown) - IN_SIGHT:,} more"):
                _side_by_side(shown[IN_SIGHT:])
        st.button(
            "Take it back",
            key=f"back-{key}",
            icon=":material/undo:",
            help="They count as duplicates again wherever they are alike.",
            on_click=act,
            args=(key, _take_back, *person, key),
        )
        take_focus(place)


def _take_back(workspace: Workspace, dataset: Dataset, annotator: str, act: str) -> None:
    try:
        separations.take_back(workspace, dataset, annotator, act)
    except WrongUse as error:  # it speaks of commands
        raise WrongUse(
            "Somebody has taken this back already.", "They count as duplicates again."
        ) from error


def _side_by_side(texts: list[str]) -> None:
    for start in range(0, len(texts), PER_ROW):
        row = texts[start : start + PER_ROW]
        for column, text in zip(st.columns(min(PER_ROW, len(texts))), row, strict=False):
            column.html(text)
