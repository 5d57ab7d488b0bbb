"""The flags of the Quality page: how many of each kind, and what no flag can tell."""

from __future__ import annotations

import polars as pl
import streamlit as st

from curation import pipeline, quality
from curation.records import Dataset
from labeling import kinds
from labeling.pages import behind, context
from labeling.queue import Filter

NO_RATE = (
    "The number of flags is not an error rate: some flagged examples are right, and some wrong "
    "ones are not flagged. Only people's verdicts tell, on a random sample."
)
_UNSEEN_LABELS = """
- **Errors that follow a rule.** Where all of one kind are labelled wrong in the same way, they
  agree with one another, and none looks wrong by itself. Slices, below, show some of them. Read
  the guidelines against the labels.
- **Labels that almost nobody has.** There is too little to compare with.
- **Guidelines by which both are right.** Where two labels fit, flags say only that people differ.
- **Missing labels.** They get a suggestion and no flag.
"""
_UNSEEN = """
- **What is well said and false.** A fluent, fitting answer or a well-formed value is not checked
  against the world.
- **Errors that follow a rule.** Where all outputs of one kind are wrong in the same way, they agree
  with one another.
- **Guidelines by which both are right.** Where two outputs fit, flags say only that they differ.
"""
_UNSEEN_EVERYWHERE = """
- **The end of long texts.** What embeddings compare are the first 256 tokens, about 180 English
  words.
- **How many errors there are.** The number of flags is not an error rate. Only an audit is: draw a
  random sample, without looking at the flags, and judge it.
"""


def show_flags(dataset: Dataset) -> None:
    """Flagged examples by kind."""
    st.subheader("Flags", anchor=False)
    workspace = context.workspace()
    if pipeline.stale_steps(workspace, dataset):
        st.info("Not all examples are analysed.", icon=":material/search:")
        st.page_link(context.page("analyse"), label="Analyse them")
    found = quality.flagged_by_kind(workspace, dataset)
    if found.is_empty():
        st.caption("Nothing is flagged. That does not mean that nothing is wrong.")
    else:
        filters = [Filter(kind=kind) for kind in found["kind"]]
        behind.table(dataset, flags_in_words(found), filters, "flags")
        st.caption(NO_RATE)


def show_unseen(dataset: Dataset) -> None:
    """What flags cannot see, folded away."""
    with st.expander("What flags cannot see"):
        unseen = _UNSEEN_LABELS if dataset.task.has_labels else _UNSEEN
        st.markdown(unseen.rstrip() + _UNSEEN_EVERYWHERE)


def flags_in_words(found: pl.DataFrame) -> pl.DataFrame:
    """`kind, flagged, open` as a table for people."""
    titles = pl.Series([kinds.title(kind) for kind in found["kind"]], dtype=pl.String)
    return found.select(
        titles.alias("Flagged as"),
        pl.col("flagged").alias("Examples"),
        pl.col("open").alias("To review"),
    )
