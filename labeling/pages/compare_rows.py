"""The examples that two models answer differently, one by one."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from curation.records import Dataset
from labeling.pages import behind
from labeling.queue import Filter

SHOWN = 1000
_RIGHT = {
    "": "All",
    "base": "Only base is right",
    "tuned": "Only fine-tuned is right",
    "neither": "Neither is right",
}
_TEXTS = {"text": "Text", "gold": "Gold", "base": "Base", "tuned": "Fine-tuned"}


def show_differing(dataset: Dataset, differing: pl.DataFrame) -> None:
    """A table of `differing` (see `Comparison`); the selected row in full below it."""
    st.subheader(f"Answered differently: {differing.height:,}", anchor=False)
    if differing.is_empty():
        st.caption("Both models give the same answers.")
        return
    right = st.radio(
        "Which", list(_RIGHT), format_func=lambda key: _RIGHT[key], horizontal=True, key="right"
    )
    chosen = differing.filter(pl.col("right") == right) if right else differing
    shown = chosen.head(SHOWN)
    named = shown.select(
        pl.col("right").replace_strict(_RIGHT).alias("Right"),
        *(pl.col(column).alias(name) for column, name in _TEXTS.items()),
    )
    event: Any = st.dataframe(
        named,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"differing-{dataset.dataset_id}-{right}",
    )
    if chosen.height > SHOWN:
        st.caption(f"The first {SHOWN:,}; all of them: tamis compare … --out FILE")
    if event.selection.rows:
        _in_full(shown.row(event.selection.rows[0], named=True))


def _in_full(row: dict[str, str | None]) -> None:
    with st.container(border=True, key="differing-in-full"):
        for column, name in _TEXTS.items():
            st.caption(name)
            st.code(row[column] or "", language=None, wrap_lines=True)
        behind.link(Filter(example=str(row["example_id"])), "Open the example")
