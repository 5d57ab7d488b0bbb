"""The slices of the Quality page: groups of examples in which labels fail together."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from curation import quality
from curation.records import Dataset
from labeling.pages import context
from labeling.pages.quality_labels import FIVE_LINES
from labeling.queue import Filter

_BY = {"metadata": "Column", "keyword": "Word", "topic": "Topic"}


def show_slices(dataset: Dataset) -> None:
    """The slices, strongest first; selecting one begins its review."""
    st.subheader("Slices: where errors may follow a rule", anchor=False)
    found = quality.slices(context.workspace(), dataset)
    if found.is_empty():
        if quality.last_scored(context.workspace(), dataset) is None:
            st.caption("Groups of examples are looked at when the dataset is analysed.")
        else:
            st.caption(
                "In no group of examples (of one column's value, with one word, on one topic) do "
                "given and expected labels differ unusually often."
            )
        return
    event: Any = st.dataframe(
        _shown(found),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"slices-{dataset.dataset_id}",
        row_height=FIVE_LINES,
        column_config={
            "Differ": st.column_config.NumberColumn(help="Where another label is expected"),
            "Usual": st.column_config.NumberColumn(
                help="How many would differ if these were examples like all others"
            ),
            "Slice": st.column_config.TextColumn(width="medium"),
            "In words": st.column_config.TextColumn(width=330),
        },
    )
    st.caption(
        "The most unusual first. Not every group is at fault: some are just hard. A row begins the "
        "review of its examples, those that differ first."
    )
    if event.selection.rows:
        chosen = Filter(slice=found["slice_id"][event.selection.rows[0]])
        st.switch_page(context.page("review"), query_params=chosen.to_query())


def _shown(found: pl.DataFrame) -> pl.DataFrame:
    return found.select(
        pl.col("name").alias("Slice"),
        pl.col("by").replace_strict(_BY, default=pl.col("by")).alias("By"),
        pl.col("size").alias("Examples"),
        pl.col("disagree").alias("Differ"),
        pl.col("expected").round(1).alias("Usual"),
        pl.col("reason").alias("In words"),
    )
