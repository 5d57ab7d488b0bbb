"""Duplicates: a threshold that re-clusters at once, clusters and conflicts to decide on."""

from __future__ import annotations

import polars as pl
import streamlit as st

from curation.clusters import reasons, search_of
from curation.pipeline import stale_steps
from curation.records import Dataset
from labeling import triage
from labeling.pages import context
from labeling.pages.conflict_queue import show_conflicts
from labeling.pages.duplicate_acts import PLACES, in_places, show_last_act
from labeling.pages.duplicate_bulk import offer_bulk
from labeling.pages.duplicate_cluster import seen_of, show_cluster
from labeling.pages.duplicate_figures import follow
from labeling.pages.duplicate_threshold import (
    choose_threshold,
    show_search,
    slider_key,
    threshold_now,
)
from labeling.pages.near_twins import show_near_twins
from labeling.pages.set_apart import show_set_apart

TABS = ("Clusters", "Conflicts", "Near twins", "Set apart")
ORDERS = {"largest": "Largest first", "doubtful": "Most doubtful first"}


def page() -> None:
    """Lay out the page."""
    st.title("Duplicates")
    dataset = context.current_dataset()
    if not _searched(dataset):
        return
    threshold = threshold_now(dataset)
    choose_threshold(dataset, threshold)
    show_search(dataset)
    clusters, conflicts, twins, apart = st.tabs(TABS, key="tab", bind="query-params")
    if clusters.open:
        with clusters:
            _clusters(dataset, threshold)
    if conflicts.open:
        with conflicts:
            show_conflicts(dataset, threshold)
    if twins.open:
        with twins:
            show_near_twins(dataset, threshold)
    if apart.open:
        with apart:
            show_set_apart(dataset)
    follow(dataset, slider_key(dataset))


def _searched(dataset: Dataset) -> bool:
    """Whether there is anything to show; says what to do where there is not, or not of all."""
    if "duplicates" not in stale_steps(context.workspace(), dataset):
        return True
    searched = search_of(context.workspace(), dataset) is not None
    if searched:
        st.warning(
            "Examples or settings have changed since duplicates were last looked for. What you "
            "see is from before; what you decide stays.",
            icon=":material/history:",
        )
    else:
        st.info("Nobody has looked for duplicates here yet.", icon=":material/search:")
    st.page_link(context.page("analyse"), label="Go to the analysis", icon=":material/search:")
    return searched


def _clusters(dataset: Dataset, threshold: float) -> None:
    last = triage.last_decision(context.workspace(), dataset)
    overview = triage.cluster_overview(context.workspace(), dataset, threshold)
    open_ones = overview.filter(~pl.col("resolved"))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        order = st.selectbox(
            "Order",
            list(ORDERS),
            format_func=ORDERS.__getitem__,
            key="order",
            bind="query-params",
            width=220,
            help="Most doubtful: whose least alike member is least like its representative.",
        )
        show_all = st.toggle("Show decided clusters too", key="decided", bind="query-params")
        offer_bulk(dataset, threshold, open_ones, last)
    if overview.is_empty():
        st.info(
            "No duplicates at this threshold. Move the slider down to see what is less alike, or "
            "go on to the review.",
            icon=":material/check_circle:",
        )
        return
    st.caption(f"{open_ones.height:,} of {overview.height:,} clusters wait for a decision.")
    show_last_act(dataset)
    shown = _ordered(overview if show_all else open_ones, order)["cluster"].to_list()
    if not shown:
        st.success("All clusters are decided.", icon=":material/check_circle:")
        st.page_link(context.page("review"), label="Go on to the review")
        return
    _list(dataset, threshold, shown, order, show_all)


def _list(dataset: Dataset, threshold: float, shown: list[str], *chosen: object) -> None:
    """A page of clusters; `chosen` is what else makes it this list and no other."""
    pages = (len(shown) - 1) // PLACES + 1
    key = f"clusters-{dataset.dataset_id}"
    number = min(st.pagination(pages, key=key), pages) if pages > 1 else 1
    here = in_places(shown, number, "clusters", dataset.dataset_id, threshold, *chosen)
    why = reasons(context.workspace(), dataset, threshold, here)
    for place, found in enumerate(seen_of(dataset, threshold, here)):
        show_cluster(dataset, threshold, found, place, why.get(found.cluster, ""))


def _ordered(overview: pl.DataFrame, order: str) -> pl.DataFrame:
    if order == "doubtful":
        return overview.sort("resolved", "lowest", "cluster")
    return overview  # as `cluster_overview` has it
