"""Duplicates: clusters side by side, a threshold that re-clusters at once, keep or exclude."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import streamlit as st

from curation.records import Dataset
from labeling import triage
from labeling.differences import as_html, marked_html
from labeling.pages import context
from labeling.pages.duplicate_cluster import show_cluster
from labeling.pages.near_twins import show_near_twins
from labeling.pages.sheet import sheet

BULK = 0.98
SAMPLED = 3


def page() -> None:
    """Lay out the page."""
    st.title("Duplicates")
    dataset = context.current_dataset()
    threshold = _threshold(dataset)
    overview = triage.cluster_overview(context.workspace(), dataset, threshold)
    _undo_bar(dataset)
    clusters, twins = st.tabs(["Clusters", "Near twins"])
    with clusters:
        _clusters(dataset, threshold, overview)
    with twins:
        show_near_twins(dataset, threshold)


def _threshold(dataset: Dataset) -> float:
    slider, save = st.columns([4, 1], vertical_alignment="bottom")
    threshold: float = slider.slider(
        "Texts count as duplicates from this similarity (cosine)",
        dataset.settings.pair_floor,
        1.0,
        dataset.settings.near_threshold,
        0.01,
        help="Nothing is computed anew: the pairs are stored with their similarity.",
        key=f"threshold-{dataset.dataset_id}",
    )
    changed = abs(threshold - dataset.settings.near_threshold) > 1e-9
    if save.button(
        "Use everywhere",
        disabled=not changed,
        help="Makes this the dataset's threshold, also for splits; flags are then "
        "computed again at the next analysis.",
        width="stretch",
    ):
        settings = replace(dataset.settings, near_threshold=round(threshold, 2))
        context.workspace().update_dataset(dataset, settings=settings)
        st.rerun()
    return threshold


def _undo_bar(dataset: Dataset) -> None:
    act = triage.last_act(context.workspace(), dataset, context.annotator())
    if act is None:
        return
    text, button = st.columns([4, 1], vertical_alignment="center")
    text.caption(f"Your last act: {act.kept:,} kept, {act.excluded:,} excluded.")
    button.button(
        "Undo",
        icon=":material/undo:",
        on_click=triage.undo,
        args=(context.workspace(), dataset, context.annotator(), act),
        width="stretch",
    )


def _clusters(dataset: Dataset, threshold: float, overview: pl.DataFrame) -> None:
    open_ones = overview.filter(~pl.col("resolved"))
    figures = [
        ("Clusters", overview.height),
        ("Still open", open_ones.height),
        ("Examples in clusters", int(overview["size"].sum())),
        ("With different outputs", int(overview["conflict"].sum())),
    ]
    with st.container(horizontal=True, gap="large"):
        for name, value in figures:
            st.metric(name, f"{value:,}", width="content")
    show_all = st.toggle("Show decided clusters too", key="decided")
    shown = overview if show_all else open_ones
    if shown.is_empty():
        done = overview.height > 0
        st.success("All clusters are decided.") if done else st.info(
            "No duplicates at this threshold. Move the slider down, or run the analysis."
        )
        return
    _bulk(dataset, threshold, open_ones)
    for row in sheet(shown, "clusters").iter_rows(named=True):
        show_cluster(dataset, threshold, row["cluster"])


def _bulk(dataset: Dataset, threshold: float, open_ones: pl.DataFrame) -> None:
    safe = open_ones.filter(~pl.col("conflict"))
    if safe.height > 1 and st.button("Keep one of each in many clusters…"):
        _confirm_bulk(dataset, threshold, safe)


@st.dialog("Keep one example of each cluster", width="large")
def _confirm_bulk(dataset: Dataset, threshold: float, safe: pl.DataFrame) -> None:
    lowest = min(threshold, 0.99)
    least: float = st.slider(
        "In clusters at least this alike", lowest, 1.0, max(lowest, BULK), 0.01
    )
    chosen = safe.filter(pl.col("lowest") >= least - 1e-6).sort("lowest")["cluster"].to_list()
    if not chosen:
        st.info("No open cluster is that much alike.")
        return
    keep, exclude = triage.representatives(context.workspace(), dataset, threshold, chosen)
    st.markdown(
        f"**{len(keep):,}** examples are kept and **{len(exclude):,}** excluded. Clusters whose "
        "outputs differ are left for you. You can undo this. The least alike of them:"
    )
    for cluster in chosen[:SAMPLED]:
        first, *others = triage.members_of(
            context.workspace(), dataset, threshold, cluster
        ).to_dicts()
        left, right = st.columns(2)
        left.html(as_html(first["text"]))
        right.html(marked_html(others[-1]["text"], first["text"]))
    if st.button(f"Exclude {len(exclude):,}", type="primary"):
        triage.resolve(context.workspace(), dataset, context.annotator(), keep, exclude)
        st.rerun()
