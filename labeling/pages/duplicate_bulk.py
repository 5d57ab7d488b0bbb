"""Many clusters in one act: how much alike they must be, a random sample of them, and a button."""

from __future__ import annotations

import random

import polars as pl
import streamlit as st

from curation.records import Dataset
from labeling import triage
from labeling.differences import marked_html
from labeling.pages import context
from labeling.pages.duplicate_acts import attempt
from labeling.pages.text import plain

ALIKE = 0.98
SAMPLED = 10
_SEED = "bulk-sample"


def offer_bulk(dataset: Dataset, threshold: float, open_ones: pl.DataFrame, last: int) -> None:
    """The button, where there are several open clusters whose outputs agree.

    `last` is the number of the last decision before they were read.
    """
    safe = open_ones.filter(~pl.col("conflict"))
    if safe.height > 1 and st.button("Keep one of each in many clusters…"):
        _confirm(dataset, threshold, safe, open_ones.height - safe.height, last)


@st.dialog("Keep one example of each cluster", width="large")
def _confirm(
    dataset: Dataset, threshold: float, safe: pl.DataFrame, conflicts: int, last: int
) -> None:
    lowest = min(threshold, 0.99)
    least: float = st.slider(
        "In clusters of which every member is at least this like its representative",
        lowest,
        1.0,
        max(lowest, ALIKE),
        0.01,
    )
    chosen = safe.filter(pl.col("lowest") >= least - 1e-6)["cluster"].sort().to_list()
    if not chosen:
        st.info("No open cluster is that much alike. Move the slider down.")
        return
    members = triage.members(context.workspace(), dataset, threshold, chosen)
    groups = members.group_by("cluster", maintain_order=True).agg("example_id")["example_id"]
    left, exclude = safe.height - len(chosen), members.height - len(groups)
    st.markdown(
        f"Clusters decided: **{len(groups):,}**; examples excluded: **{exclude:,}**. Left to "
        f"you: **{left:,}** clusters that are less alike and **{conflicts:,}** whose outputs "
        "differ. One press of *Undo* takes all of it back."
    )
    if st.button(
        f"Exclude {exclude:,}",
        type="primary",
        key=f"bulk-{dataset.dataset_id}",
        on_click=attempt,
        args=(_keep_first, dataset, groups.to_list(), last),
    ):
        st.rerun()
    _sample(dataset, threshold, chosen)


def _keep_first(dataset: Dataset, groups: list[list[str]], last: int) -> None:
    """The act itself; clusters that somebody decided on since are left alone, and that is said."""
    workspace, annotator = context.workspace(), context.annotator()
    since = triage.keep_first(workspace, dataset, annotator, groups, seen=last)
    count = sum(not since.keys().isdisjoint(group) for group in groups)
    if count:
        were = "cluster was" if count == 1 else "clusters were"
        by = plain(", ".join(sorted(set(since.values()))))
        st.toast(f"{count:,} {were} decided on by {by} meanwhile and left alone.", duration="long")


def _sample(dataset: Dataset, threshold: float, chosen: list[str]) -> None:
    """Random clusters, of each the representative beside a random other member."""
    seed = st.session_state.setdefault(_SEED, dataset.settings.seed)
    draw = random.Random(seed)  # noqa: S311  # a sample to look at, no secret
    clusters = draw.sample(chosen, min(SAMPLED, len(chosen)))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{len(clusters)} of them, drawn at random.** Look before you press.")
        if len(chosen) > SAMPLED:
            st.button("Draw others", on_click=_draw_again, icon=":material/casino:")
    workspace = context.workspace()
    members = triage.members(workspace, dataset, threshold, clusters)
    texts = triage.states_of(workspace, dataset, members["example_id"].to_list())
    for cluster in clusters:
        first, *others = members.filter(cluster=cluster)["example_id"].to_list()
        one, other = (texts[key]["text"] for key in (first, draw.choice(others)))
        left, right = st.columns(2)
        left.html(marked_html(one, other))
        right.html(marked_html(other, one))


def _draw_again() -> None:
    st.session_state[_SEED] += 1
