"""Pairs alike in words and different in meaning."""

from __future__ import annotations

import streamlit as st

from curation.duplicates import why_not_duplicate
from curation.records import Dataset
from labeling import triage
from labeling.differences import marked_html
from labeling.pages import context
from labeling.pages.sheet import sheet
from labeling.pages.text import plain


def show_near_twins(dataset: Dataset, threshold: float) -> None:
    """The pairs that the guard keeps apart, most alike first."""
    pairs = triage.near_twins(context.workspace(), dataset, threshold)
    st.markdown(
        "Alike in words, different in meaning: a number, a unit or a negation differs. They are "
        "never merged, and stay on the same side of a split."
    )
    if pairs.is_empty():
        st.info("No near twins at this threshold.")
        return
    for pair in triage.with_texts(context.workspace(), dataset, sheet(pairs, "twins")):
        with st.container(border=True):
            reason = why_not_duplicate(pair["text"], pair["other_text"]) or "they differ in meaning"
            st.caption(f"similarity {pair['similarity']:.3f} · {plain(reason)}")
            left, right = st.columns(2)
            with left:
                st.html(marked_html(pair["text"], pair["other_text"]))
            with right:
                st.html(marked_html(pair["other_text"], pair["text"]))
