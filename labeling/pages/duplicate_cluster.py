"""One duplicate cluster: its members side by side, a dozen at a time, and what to do with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from curation.errors import WrongUse
from curation.records import Dataset
from curation.workspace import Workspace
from labeling import triage
from labeling.differences import as_html, marked_html
from labeling.history import shown_output
from labeling.pages import context
from labeling.pages.duplicate_acts import act, arrive, place_key, take_focus
from labeling.pages.text import plain

PER_ROW = 3
SHOWN_MEMBERS = 12
"""The representative and so many less one of the others stand side by side."""
_NO_OUTPUT = "no output"


@dataclass(frozen=True, slots=True)
class Seen:
    """A cluster as it stands on the page."""

    cluster: str
    ids: list[str]
    """All members, the representative first."""
    pages: int
    shown: list[dict[str, Any]]
    """The representative and the others of the page that is turned up; see `triage.states_of`."""
    last: int
    """The number of the last decision before this was read."""


def seen_of(dataset: Dataset, threshold: float, chosen: Sequence[str]) -> list[Seen]:
    """The chosen clusters, each with the page of members that the person has turned up."""
    workspace, others = context.workspace(), SHOWN_MEMBERS - 1
    last = triage.last_decision(workspace, dataset)
    members = triage.members(workspace, dataset, threshold, chosen)
    similarity = dict(members.select("example_id", "similarity").iter_rows())
    found: list[tuple[str, list[str], int, list[str]]] = []
    for cluster in chosen:
        ids = members.filter(cluster=cluster)["example_id"].to_list()
        pages = max(1, -(-(len(ids) - 1) // others))
        start = 1 + (min(int(st.session_state.get(_turned(cluster), 1)), pages) - 1) * others
        found.append((cluster, ids, pages, [ids[0], *ids[start : start + others]]))
    states = triage.states_of(workspace, dataset, [key for *_, on in found for key in on])
    return [
        Seen(
            cluster,
            ids,
            pages,
            [{**states[key], "similarity": similarity[key]} for key in on],
            last,
        )
        for cluster, ids, pages, on in found
    ]


def show_cluster(
    dataset: Dataset, threshold: float, seen: Seen, place: int, reason: str = ""
) -> None:
    """A cluster in a frame, its representative first; `reason` says why that one represents it."""
    cluster, shown = seen.cluster, seen.shown
    arrive(cluster, place)
    with st.container(border=True, key=place_key(place)):
        for start in range(0, len(shown), PER_ROW):
            columns = st.columns(min(PER_ROW, len(shown)))
            for column, member in zip(columns, shown[start : start + PER_ROW], strict=False):
                with column:
                    how = _how_alike(member, shown[0], threshold, reason)
                    _member(dataset, seen, member, how)
        if seen.pages > 1:
            _turn(cluster, len(seen.ids), seen.pages)
        _actions(dataset, seen)
        take_focus(place)


def _turn(cluster: str, size: int, pages: int) -> None:
    """Turn to other members; the page is kept while the person is elsewhere."""
    key = _turned(cluster)
    if st.session_state.get(key, 1) > pages:  # it was larger at another threshold
        st.session_state[key] = pages
    st.pagination(pages, key=key, persist_state="session")
    st.caption(
        f"{size:,} members: the representative and {SHOWN_MEMBERS - 1} others at a time, the most "
        "similar first."
    )


def _turned(cluster: str) -> str:
    return f"members-{cluster}"


def _member(dataset: Dataset, seen: Seen, member: dict[str, Any], how: str) -> None:
    first, second = seen.shown[0], seen.shown[1]
    key, is_first = member["example_id"], member["example_id"] == first["example_id"]
    st.caption(" · ".join(filter(None, [_source(member), how, _decided(member)])))
    mark, beside = (as_html, second) if is_first else (marked_html, first)
    st.html(mark(member["text"], beside["text"]))
    output, expected = (
        shown_output(dataset.task, one["current"]) or _NO_OUTPUT for one in (member, first)
    )
    st.html(as_html(output) if output == expected else marked_html(output, expected))
    _about_one(dataset, seen, key)


def _about_one(dataset: Dataset, seen: Seen, key: str) -> None:
    """What can be done with one member."""
    cluster, ids, is_first = seen.cluster, seen.ids, key == seen.ids[0]
    person, last = (context.workspace(), dataset, context.annotator()), {"seen": seen.last}
    with st.container(horizontal=True):
        st.button(
            "Keep this",
            key=f"keep-{cluster}-{key}",
            type="primary" if is_first else "secondary",
            help="Keep it and exclude the others.",
            on_click=act,
            args=(cluster, triage.resolve, *person, [key], [one for one in ids if one != key]),
            kwargs=last,
        )
        if len(ids) > 2 and not is_first:
            st.button(
                "Not a duplicate",
                key=f"apart-{cluster}-{key}",
                help="Set it apart from the representative, for good. The rest stays together.",
                on_click=act,
                args=(cluster, triage.separate, *person, [ids[0], key]),
                kwargs=last,
            )
    if len(ids) > 2:
        st.checkbox(
            "Among those kept", value=is_first, key=_tick(cluster, key), persist_state="session"
        )


def _source(member: dict[str, Any]) -> str:
    return f"{plain(member['source_file'])}, row {member['source_row']:,}"


def _how_alike(member: dict[str, Any], first: dict[str, Any], threshold: float, reason: str) -> str:
    """How like the representative a member is; of the representative itself why it is that."""
    if member["example_id"] == first["example_id"]:
        return f"representative: {plain(reason)}" if reason else "representative"
    words = f"similarity {float(member['similarity']):.3f}"
    return f"{words}, alike in spelling" if member["similarity"] < threshold - 1e-6 else words


def _decided(member: dict[str, Any]) -> str:
    if member["excluded"]:
        return "excluded"
    return "kept" if member["duplicate_verdict"] == "keep" else ""


def _actions(dataset: Dataset, seen: Seen) -> None:
    """What can be done with all members."""
    cluster, ids = seen.cluster, seen.ids
    person, last = (context.workspace(), dataset, context.annotator()), {"seen": seen.last}
    too_many = len(ids) > triage.MOST_SEPARATED
    with st.container(horizontal=True):
        if len(ids) > 2:
            _keep_ticked(dataset, seen)
        st.button(
            "Keep both" if len(ids) == 2 else f"Keep all {len(ids):,}",
            key=f"all-{cluster}",
            help="They are alike and all of them stay.",
            on_click=act,
            args=(cluster, triage.resolve, *person, ids, []),
            kwargs=last,
        )
        st.button(
            "Not duplicates",
            key=f"separate-{cluster}",
            disabled=too_many,
            help=f"No more than {triage.MOST_SEPARATED} can be set apart in one act."
            if too_many
            else "No two of these are duplicates. That holds for good, also for copies of them "
            "that are imported later.",
            on_click=act,
            args=(cluster, triage.separate, *person, ids),
            kwargs=last,
        )
        st.button(
            "Exclude both" if len(ids) == 2 else f"Exclude all {len(ids):,}",
            key=f"none-{cluster}",
            on_click=act,
            args=(cluster, triage.resolve, *person, [], ids),
            kwargs=last,
        )


def _keep_ticked(dataset: Dataset, seen: Seen) -> None:
    cluster, ids = seen.cluster, seen.ids
    person = (context.workspace(), dataset, context.annotator())
    many = len(ids) > SHOWN_MEMBERS  # so that not all ticks are in sight
    ticked = len(_ticked(cluster, ids))
    st.button(
        f"Keep the {ticked:,} ticked" if many else "Keep those ticked",
        key=f"ticked-{cluster}",
        disabled=not ticked,
        help="Keep them and exclude all others.",
        on_click=act,
        args=(cluster, _resolve_ticked, *person, cluster, ids),
        kwargs={"seen": seen.last},
    )


def _tick(cluster: str, example_id: str) -> str:
    return f"tick-{cluster}-{example_id}"


def _ticked(cluster: str, ids: list[str]) -> list[str]:
    return [key for key in ids if st.session_state.get(_tick(cluster, key), False)]


def _resolve_ticked(
    workspace: Workspace,
    dataset: Dataset,
    annotator: str,
    cluster: str,
    ids: list[str],
    *,
    seen: int,
) -> None:
    """By the ticks as they are when the button is pressed, not as they were when it was drawn."""
    kept = _ticked(cluster, ids)
    if not kept:
        raise WrongUse("Nothing is ticked, so nothing was decided.", "Tick what is to be kept.")
    excluded = [key for key in ids if key not in kept]
    triage.resolve(workspace, dataset, annotator, kept, excluded, seen=seen)
