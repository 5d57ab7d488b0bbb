"""Pairs alike in words and different in meaning, or set apart by a person."""

from __future__ import annotations

import streamlit as st

from curation.clusters import separated
from curation.duplicates import why_not_duplicate
from curation.records import Dataset
from labeling import triage
from labeling.differences import marked_html
from labeling.pages import context
from labeling.pages.sheet import sheet
from labeling.pages.text import plain


def show_near_twins(dataset: Dataset, threshold: float) -> None:
    """The pairs that are kept apart, most alike first."""
    workspace = context.workspace()
    pairs = triage.near_twins(workspace, dataset, threshold)
    st.markdown(
        "Alike in words, different in meaning: a number, a unit, a negation or another word that "
        "matters differs. They are never merged, and stay on the same side of a split. Nothing "
        "is to be decided here; what people set apart can be taken back under *Set apart*."
    )
    if pairs.is_empty():
        st.info("No near twins at this threshold. Move the slider down to see what is less alike.")
        return
    st.caption(f"{pairs.height:,} pairs, the most alike first.")
    by_people = set(separated(workspace, dataset).iter_rows())
    for pair in triage.with_texts(workspace, dataset, sheet(pairs, f"twins-{dataset.dataset_id}")):
        with st.container(border=True):
            if (pair["example_id"], pair["other_id"]) in by_people:
                reason = "set apart by a person"
            else:
                reason = why_not_duplicate(pair["text"], pair["other_text"]) or "set apart"
            st.caption(f"similarity {pair['similarity']:.3f} · {plain(reason)}")
            left, right = st.columns(2)
            with left:
                st.html(marked_html(pair["text"], pair["other_text"]))
            with right:
                st.html(marked_html(pair["other_text"], pair["text"]))
