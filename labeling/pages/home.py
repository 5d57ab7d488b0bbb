"""Home: where each dataset stands and what to do next."""

from __future__ import annotations

import streamlit as st

from curation.records import Dataset
from labeling.next_step import Standing, standing
from labeling.pages import context
from labeling.pages.text import plain


def page() -> None:
    """Lay out the page."""
    st.title("Tamis")
    datasets = context.workspace().datasets()
    if not datasets:
        _welcome()
        return
    st.caption("From raw examples to a training set you can prove is clean.")
    for dataset in datasets:
        _dataset_card(dataset)


def _welcome() -> None:
    st.markdown(
        "The fine sieve for fine-tuning data. Import raw examples; Tamis finds duplicates and "
        "doubtful labels, people correct them, and you export a training set."
    )
    with st.container(border=True):
        st.subheader("Begin with a file")
        st.markdown(
            "CSV, JSONL or Parquet: texts with labels, questions with answers, or texts with the "
            "JSON to extract from them. Labels may be missing."
        )
        if st.button("Import a file", type="primary", icon=":material/upload_file:"):
            st.switch_page(context.page("import"))


def _dataset_card(dataset: Dataset) -> None:
    now = standing(context.workspace(), dataset)
    with st.container(border=True, key=f"dataset-{dataset.dataset_id}"):
        heading, action = st.columns([3, 1], vertical_alignment="center")
        with heading:
            st.subheader(plain(dataset.name), anchor=False)
            st.caption(f"{dataset.task} · {now.why}")
        with action:
            _next_step_button(dataset, now)
        total = max(now.reviewed + now.open_flags, 1)
        st.progress(
            now.reviewed / total,
            text=f"{now.reviewed:,} reviewed · {now.open_flags:,} flagged to review",
        )
        figures = [
            ("Examples", now.examples),
            ("Excluded", now.excluded),
            ("Clusters to triage", now.open_clusters),
            ("Exported", now.exported),
        ]
        with st.container(horizontal=True, gap="large"):
            for name, value in figures:
                st.metric(name, f"{value:,}", width="content")


def _next_step_button(dataset: Dataset, now: Standing) -> None:
    pressed = st.button(
        now.action,
        key=f"next-{dataset.dataset_id}",
        type="primary",
        width="stretch",
        on_click=context.choose,
        args=(dataset,),
    )
    if pressed:
        st.switch_page(context.page(now.page), query_params=now.query)
