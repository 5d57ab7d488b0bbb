"""Conflicts: the two inputs and their outputs side by side, and who is right."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import streamlit as st

from curation.records import Dataset, Task
from labeling import conflicts, triage
from labeling.differences import marked_html
from labeling.history import shown_output
from labeling.pages import context
from labeling.pages.duplicate_acts import (
    PLACES,
    act,
    arrive,
    in_places,
    place_key,
    show_last_act,
    take_focus,
)
from labeling.pages.text import plain


def show_conflicts(dataset: Dataset, threshold: float) -> None:
    """The conflicts at a threshold, the surest first."""
    last = triage.last_decision(context.workspace(), dataset)
    found = conflicts.conflict_overview(context.workspace(), dataset, threshold)
    waiting = found.filter(~pl.col("settled"))
    st.markdown(
        "Nearly the same input, another output: one of the two is wrong, or the guidelines allow "
        "both. A model learns from either."
    )
    if found.is_empty():
        st.info("No duplicates contradict each other.", icon=":material/check_circle:")
        show_last_act(dataset)
        return
    show_all = st.toggle("Show decided conflicts too", key="settled", bind="query-params")
    st.caption(f"{waiting.height:,} of {found.height:,} conflicts wait for a decision.")
    show_last_act(dataset)
    shown = found if show_all else waiting
    if shown.is_empty():
        st.success("All conflicts are decided.", icon=":material/check_circle:")
        st.page_link(context.page("review"), label="Go on to the review")
        return
    _list(dataset, threshold, shown, last, show_all=show_all)


def _list(
    dataset: Dataset, threshold: float, shown: pl.DataFrame, last: int, *, show_all: bool
) -> None:
    pairs = {f"{pair['example_id']}-{pair['other_id']}": pair for pair in shown.to_dicts()}
    pages = (len(pairs) - 1) // PLACES + 1
    key = f"conflicts-{dataset.dataset_id}"
    number = min(st.pagination(pages, key=key), pages) if pages > 1 else 1
    here = in_places(list(pairs), number, "conflicts", dataset.dataset_id, threshold, show_all)
    ids = {pairs[item][side] for item in here for side in ("example_id", "other_id")}
    found = conflicts.sides(context.workspace(), dataset, sorted(ids))
    for place, item in enumerate(here):
        pair = {**pairs[item], "last": last}
        _conflict(dataset, item, place, pair, found[pair["example_id"]], found[pair["other_id"]])


def _conflict(
    dataset: Dataset,
    item: str,
    place: int,
    pair: dict[str, Any],
    one: dict[str, Any],
    other: dict[str, Any],
) -> None:
    arrive(item, place)
    with st.container(border=True, key=place_key(place)):
        exact = pair["kind"] == "exact"
        same = "the same text" if exact else f"similarity {pair['similarity']:.3f}"
        st.caption(f"{same} · decided" if pair["settled"] else same)
        left, right = st.columns(2)
        with left:
            _side(dataset, item, one, other, pair["last"])
        with right:
            _side(dataset, item, other, one, pair["last"])
        _about_both(dataset, item, one, other, pair["last"])
        take_focus(place)


def _about_both(
    dataset: Dataset, item: str, one: dict[str, Any], other: dict[str, Any], last: int
) -> None:
    person = (context.workspace(), dataset, context.annotator())
    outputs = {side["example_id"]: side["current"] for side in (one, other)}
    with st.container(horizontal=True):
        st.button(
            "Keep both",
            key=f"both-{item}",
            help="Both outputs are right.",
            on_click=act,
            args=(item, conflicts.keep_both, *person, outputs),
            kwargs={"seen": last},
        )
        st.button(
            "Not duplicates",
            key=f"separate-{item}",
            help="The two inputs say different things. That holds for good, also for copies "
            "that are imported later.",
            on_click=act,
            args=(item, triage.separate, *person, list(outputs)),
            kwargs={"seen": last},
        )


def _side(
    dataset: Dataset, item: str, mine: dict[str, Any], theirs: dict[str, Any], last: int
) -> None:
    person = (context.workspace(), dataset, context.annotator())
    key = mine["example_id"]
    st.caption(_about(dataset, mine))
    st.html(marked_html(mine["text"], theirs["text"]))
    outputs = [_readable(dataset.task, side["current"]) for side in (mine, theirs)]
    st.html(marked_html(*outputs))
    with st.container(horizontal=True):
        st.button(
            "Right for both",
            key=f"right-{item}-{key}",
            help="This output is right, and the other example gets it too.",
            on_click=act,
            args=(item, conflicts.take, *person, key, theirs["example_id"], mine["current"]),
            kwargs={"seen": last},
        )
        st.button(
            "Exclude this",
            key=f"exclude-{item}-{key}",
            on_click=act,
            args=(item, conflicts.leave_out, *person, key),
            kwargs={"seen": last},
        )
        if st.button("Review", key=f"review-{item}-{key}", help="Open it on the review card."):
            st.switch_page(context.page("review"), query_params={"status": "all", "example": key})


def _about(dataset: Dataset, side: dict[str, Any]) -> str:
    parts = [f"{plain(side['source_file'])}, row {side['source_row']:,}"]
    if side["status"] not in ("unreviewed", "excluded"):
        parts.append(side["status"])
    if side["suggested"] not in (None, side["current"]):
        parts.append(f"the model says {plain(shown_output(dataset.task, side['suggested']))}")
    return " · ".join(parts)


def _readable(task: Task, output: str) -> str:
    if task is Task.EXTRACTION:
        return json.dumps(json.loads(output), indent=2, ensure_ascii=False)
    return shown_output(task, output)
