"""One duplicate cluster: its members side by side, and what to do with them."""

from __future__ import annotations

import streamlit as st

from curation.records import Dataset
from curation.workspace import Workspace
from labeling import triage
from labeling.differences import as_html, marked_html
from labeling.pages import context
from labeling.pages.text import plain

PER_ROW = 3
SHOWN_MEMBERS = 12


def show_cluster(dataset: Dataset, threshold: float, cluster: str) -> None:
    """A cluster in a frame, its representative first."""
    members = triage.members_of(context.workspace(), dataset, threshold, cluster)
    first = members.row(0, named=True)
    ids: list[str] = members["example_id"].to_list()
    with st.container(border=True, key=f"cluster-{cluster}"):
        shown = members.head(SHOWN_MEMBERS).to_dicts()
        for start in range(0, len(shown), PER_ROW):
            columns = st.columns(min(PER_ROW, len(shown)))
            for column, member in zip(columns, shown[start : start + PER_ROW], strict=False):
                with column:
                    _member(member, first)
        if members.height > SHOWN_MEMBERS:
            st.caption(f"and {members.height - SHOWN_MEMBERS} more")
        kept = [key for key in ids if st.session_state.get(f"keep-{key}", key == ids[0])]
        excluded = [key for key in ids if key not in kept]
        _actions(dataset, cluster, ids, kept, excluded)


def _member(member: dict[str, str], first: dict[str, str]) -> None:
    is_first = member["example_id"] == first["example_id"]
    text, output = member["text"], member["current"] or "no output"
    st.caption(
        f"{plain(member['source_file'])}, row {member['source_row']} · "
        + ("representative" if is_first else f"similarity {float(member['similarity']):.3f}")
        + (" · excluded" if member["excluded"] else "")
    )
    st.html(as_html(text) if is_first else marked_html(text, first["text"]))
    differs = output != (first["current"] or "no output")
    st.html(marked_html(output, first["current"] or "no output") if differs else as_html(output))
    st.checkbox("Keep", value=is_first, key=f"keep-{member['example_id']}")


def _actions(
    dataset: Dataset, cluster: str, ids: list[str], kept: list[str], excluded: list[str]
) -> None:
    arguments = (context.workspace(), dataset, context.annotator())
    left, right = st.columns(2)
    left.button(
        f"Keep {len(kept)}, exclude {len(excluded)}" if kept else f"Exclude all {len(excluded)}",
        key=f"resolve-{cluster}",
        type="primary" if kept else "secondary",
        on_click=_resolve,
        args=(*arguments, kept, excluded),
        width="stretch",
    )
    right.button(
        f"Keep all {len(ids)}",
        key=f"all-{cluster}",
        on_click=_resolve,
        args=(*arguments, ids, []),
        width="stretch",
    )


def _resolve(
    workspace: Workspace, dataset: Dataset, annotator: str, kept: list[str], excluded: list[str]
) -> None:
    triage.resolve(workspace, dataset, annotator, kept, excluded)
