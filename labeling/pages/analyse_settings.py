"""The settings of a dataset's analysis, its guidelines, and what its labels mean."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from curation.records import LABEL_SCORES, Dataset, Task
from labeling.pages import context

SCORES = dict(
    zip(
        LABEL_SCORES,
        (
            "Normalized margin: the best where some labels are easily confused with one another",
            "Self-confidence: the best where errors fall on any label alike",
            "Confidence-weighted entropy: also weighs how undecided the model is",
        ),
        strict=True,
    )
)
"""What each ranking of doubtful labels is good for."""


def show_settings(dataset: Dataset) -> None:
    """The form, folded away; what is saved holds from the next analysis."""
    with st.expander("Settings"), st.form("settings", border=False):
        model = st.text_input(
            "Embedding model",
            dataset.settings.model,
            help="The bundled all-MiniLM-L6-v2, or the folder of a sentence-transformers model. "
            "Another model embeds everything anew.",
        )
        score = dataset.settings.label_score
        if dataset.task is Task.SINGLE_LABEL:
            score = st.selectbox(
                "Ranking of doubtful labels",
                LABEL_SCORES,
                index=LABEL_SCORES.index(score),
                format_func=SCORES.__getitem__,
                help="Another ranking scores the labels anew.",
            )
        seed = st.number_input("Seed", 0, 2**31 - 1, value=dataset.settings.seed)
        guidelines = st.text_area("Guidelines for the annotators", dataset.guidelines)
        labels = context.workspace().labels(dataset)
        described = labels
        if not labels.is_empty():
            st.caption("What each label means; shown on the review card.")
            described = st.data_editor(labels, hide_index=True, disabled=["name"])
        if st.form_submit_button("Save"):
            settings = replace(
                dataset.settings, model=model.strip(), seed=int(seed), label_score=score
            )
            context.workspace().update_dataset(dataset, guidelines=guidelines, settings=settings)
            context.workspace().describe_labels(dataset, dict(described.iter_rows()))
            st.rerun()
