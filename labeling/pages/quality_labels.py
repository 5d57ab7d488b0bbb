"""The label figures of the Quality page: how many, how sure, what is confused with what."""

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
_IN_WORDS = {"In words": st.column_config.TextColumn(width="large")}
THREE_LINES, FIVE_LINES = 66, 104
"""Heights of a row, in pixels, in which so many lines of text can be read."""


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


def show_trust(dataset: Dataset) -> None:
    """The labels by the share of their examples that seems right, the worst first."""
    st.subheader("How far each label can be trusted", anchor=False)
    found = quality.label_quality(context.workspace(), dataset)
    if found.is_empty():
        st.caption("No label has been judged yet: that is part of the analysis.")
        return
    shares = [
        "too few to tell" if share is None else f"{share:.0%}" for share in found["label_quality"]
    ]
    shown = found.select(
        pl.col("label").alias("Label"),
        pl.col("examples").alias("Examples"),
        pl.Series("Seem right", shares, dtype=pl.String),
        pl.col("reason").alias("In words"),
    )
    filters = [Filter(kind="label", given=label) for label in found["label"]]
    behind.table(dataset, shown, filters, "trust", row_height=THREE_LINES, column_config=_IN_WORDS)
    st.caption(
        "The least trusted first. Estimates from the dataset itself, as good as its labels are; "
        "an audited sample is what measures them. A row opens the label's flagged examples."
    )


def show_overlaps(dataset: Dataset) -> None:
    """Pairs of labels that are given for one another."""
    st.subheader("Labels that overlap", anchor=False)
    found = quality.overlaps(context.workspace(), dataset)
    if found.is_empty():
        if quality.last_scored(context.workspace(), dataset) is None:
            st.caption("Labels are compared when the dataset is analysed.")
        else:
            st.caption("No two labels are given for one another often enough to stand out.")
        return
    shown = found.select(
        pl.col("label").alias("Given"),
        pl.col("other").alias("Perhaps meant"),
        pl.col("joint").alias("Examples, estimated"),
        pl.col("reason").alias("In words"),
    )
    filters = [
        Filter(kind="label", given=label, suggested=other)
        for label, other in found.select("label", "other").iter_rows()
    ]
    behind.table(
        dataset, shown, filters, "overlaps", row_height=FIVE_LINES, column_config=_IN_WORDS
    )
    st.caption("Often a matter of the guidelines. A row opens the pair's flagged examples.")
