"""Before an export: which rows its target would drop, cut or misread, and what to do about them."""

from __future__ import annotations

import polars as pl
import streamlit as st

from curation.errors import TamisError
from curation.records import Dataset
from exports.formats import FORMATS
from exports.options import ExportOptions
from exports.preflight import Preflight, preflight
from labeling import repairs
from labeling.pages import behind, context
from labeling.pages.text import plain, tell
from labeling.queue import Filter

SHOWN = 500
_KEPT = "preflights"


def show_preflight(dataset: Dataset, options: ExportOptions) -> None:
    """The button that checks all rows for the chosen target, and what it found."""
    kept: dict[str, tuple[ExportOptions, Preflight]] = st.session_state.setdefault(_KEPT, {})
    title = FORMATS[options.format].target.title
    if st.button(f"Check all rows for {title}", icon=":material/fact_check:"):
        try:
            with st.spinner("Checking"):
                checked = preflight(context.workspace(), dataset, options)
                kept[dataset.dataset_id] = (options, checked)
        except TamisError as error:
            tell(error)
            return
    last = kept.get(dataset.dataset_id)
    if last is None or last[0] != options:
        return
    found = last[1]
    if found.rows.is_empty():
        st.success(f"All {found.checked:,} rows are fine for {title}.", icon=":material/check:")
        return
    _ledger(dataset, found)
    _mend(dataset, found)


def _ledger(dataset: Dataset, found: Preflight) -> None:
    st.warning(
        f"{len(found.examples):,} of {found.checked:,} rows would not reach training as they are.",
        icon=":material/rule:",
    )
    shown = found.rows.head(SHOWN)
    named = shown.select(
        pl.col("effect").alias("What becomes of it"),
        pl.col("reason").alias("Why"),
        pl.col("output").str.slice(0, 200).alias("Output"),
    )
    filters = [Filter(example=example) for example in shown["example_id"]]
    behind.table(dataset, named, filters, "ledger", placeholder="")
    if found.rows.height > SHOWN:
        st.caption(f"The first {SHOWN} of {found.rows.height:,}.")


def _mend(dataset: Dataset, found: Preflight) -> None:
    able = found.mendable
    with st.container(horizontal=True):
        if not able.is_empty() and st.button(
            f"Mend {able.height:,} outputs…", icon=":material/healing:"
        ):
            _confirm_mend(dataset, found)
        if st.button(f"Exclude {len(found.examples):,}…", icon=":material/block:"):
            _confirm_exclude(dataset, found)
        if repairs.last(context.workspace(), dataset, context.annotator()) and st.button(
            "Take it back", icon=":material/undo:"
        ):
            repairs.undo(context.workspace(), dataset, context.annotator())
            st.rerun()


@st.dialog("Mend outputs", width="large")
def _confirm_mend(dataset: Dataset, found: Preflight) -> None:
    able = found.mendable
    st.markdown(
        f"Control tokens and characters that no trainer reads are taken out of **{able.height:,}** "
        "outputs. It is stored as your edit of each; you can take it back."
    )
    st.dataframe(
        able.head(20).select(
            pl.col("output").alias("Before"),
            pl.col("mended").alias("After"),
        ),
        hide_index=True,
    )
    if st.button("Mend them", type="primary"):
        repairs.edit(context.workspace(), dataset, context.annotator(), able)
        st.rerun()


@st.dialog("Exclude rows")
def _confirm_exclude(dataset: Dataset, found: Preflight) -> None:
    st.markdown(
        f"**{len(found.examples):,}** examples are excluded from this and later exports, under the "
        f"name {plain(context.annotator())}. You can take it back."
    )
    if st.button(f"Exclude {len(found.examples):,}", type="primary"):
        repairs.exclude(context.workspace(), dataset, context.annotator(), found.examples)
        st.rerun()
