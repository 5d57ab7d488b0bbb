"""What an export looks like: its format, and the words around input and output."""

from __future__ import annotations

import streamlit as st

from curation.records import Dataset
from exports.formats import FORMATS, fitting
from exports.formats.templates import template_for


def choose_format(dataset: Dataset) -> str:
    """Name of one of the formats that fit the task."""
    names = fitting(dataset.task)
    name = st.selectbox(
        "Format",
        names,
        index=names.index("openai-chat") if "openai-chat" in names else 0,
        format_func=lambda name: f"{name} — {FORMATS[name].target.title}",
    )
    st.caption(FORMATS[name].description)
    return name


def choose_words(dataset: Dataset) -> tuple[str, str] | None:
    """The words around input and output as (user, system); None where they are the task's own."""
    with st.expander("Prompt template"):
        own = template_for(dataset.task, None)
        user = st.text_area("What the user says", own.user, key=f"user-{dataset.dataset_id}")
        system = st.text_area("System prompt", own.system, key=f"system-{dataset.dataset_id}")
        st.caption("{input} stands for the text of an example, {labels} for the label set.")
    return None if (user, system) == (own.user, own.system) else (user, system)
