"""The label figures of the Quality page: how many of each, and what is confused with what."""

from __future__ import annotations

import polars as pl
import streamlit as st

from curation import quality
from curation.records import Dataset
from labeling import charts
from labeling.history import shown_output
from labeling.pages import behind, context
from labeling.queue import Filter

MOST_ON_A_MAP = 30
MOST_BARS = 40


def show_labels(dataset: Dataset) -> None:
    """Examples of each label, before and after decisions."""
    st.subheader("Labels, given and current", anchor=False)
    found = quality.label_distribution(context.workspace(), dataset)
    if found.is_empty():
        st.caption("No example has a label yet.")
        return
    drawing = charts.labels(found.head(MOST_BARS), dark=behind.is_dark())
    picked = behind.chart(drawing, "labels", "Examples of each label, before and after decisions")
    if picked:
        given = picked["which"] == "given"
        label = picked["label"]
        chosen = Filter(given=label) if given else Filter(current=label, status="included")
        behind.show_examples(chosen)
    if found.height > MOST_BARS:
        st.caption(f"The {MOST_BARS} most frequent of {found.height:,} labels.")


def show_confusion(dataset: Dataset) -> None:
    """Flagged examples by given and suggested label: a map where it fits, and a table."""
    st.subheader("Given against suggested", anchor=False)
    pairs = quality.confusion(context.workspace(), dataset)
    if pairs.is_empty():
        st.caption("No example is flagged for its label.")
        return
    filters = [
        Filter(kind="label", given=given, suggested=suggested)
        for given, suggested in pairs.select("given", "suggested").iter_rows()
    ]
    read = [[shown_output(dataset.task, x) for x in pairs[c]] for c in ("given", "suggested")]
    shown = pairs.with_columns(given=pl.Series(read[0]), suggested=pl.Series(read[1]))
    if max(shown["given"].n_unique(), shown["suggested"].n_unique()) <= MOST_ON_A_MAP:
        picked = behind.chart(
            charts.confusion(shown, dark=behind.is_dark()), "confusion", "Given against suggested"
        )
        for row, chosen in zip(shown.iter_rows(named=True), filters, strict=True):
            if picked and picked == {"given": row["given"], "suggested": row["suggested"]}:
                behind.show_examples(chosen)
    shown.columns = ["Given", "Suggested", "Flagged", "To review"]
    behind.table(dataset, shown, filters, "confusion-table")
