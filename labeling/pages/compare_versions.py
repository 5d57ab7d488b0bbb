"""Two exports of one dataset: what changed from the older to the newer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import streamlit as st

from curation.errors import TamisError
from curation.records import Dataset
from exports.versions import CHANGES, Difference, difference
from labeling import compare_words
from labeling.pages import behind
from labeling.pages.text import plain, tell
from labeling.queue import Filter

SHOWN = 1000
_KEPT = "compared-versions"


def two_versions(dataset: Dataset, exports: Sequence[Path]) -> None:
    """Choose two exports; what was compared last stands below."""
    if len(exports) < 2:
        st.info("There is one export only: export once more to compare.", icon=":material/compare:")
        return
    name = dataset.dataset_id
    names = compare_words.folder_names(exports)
    left, right = st.columns(2)
    old = left.selectbox(
        "Older", exports, index=1, format_func=names.__getitem__, key=f"older-{name}"
    )
    new = right.selectbox(
        "Newer", exports, index=0, format_func=names.__getitem__, key=f"newer-{name}"
    )
    kept: dict[str, Difference] = st.session_state.setdefault(_KEPT, {})
    if st.button("Compare the versions", type="primary", icon=":material/difference:"):
        kept.pop(name, None)
        try:
            with st.spinner("Comparing"):
                kept[name] = difference(old, new)
        except TamisError as error:
            tell(error)
    if name in kept:
        _show(dataset, kept[name])


def _show(dataset: Dataset, found: Difference) -> None:
    with st.container(border=True, key="version-result"):
        st.subheader(plain(f"{found.old.name} to {found.new.name}"), anchor=False)
        if compare_words.same(found):
            st.info("Both hold the same examples, outputs and splits.", icon=":material/equal:")
        with st.container(horizontal=True):
            for change, count in found.counts.items():
                with st.container(border=True, width=168):
                    st.metric(change.capitalize(), f"{count:,}")
    _table("Labels that became others", found.relabelled)
    _table("Examples that went to another split", found.moved)
    _table("Examples of each label, where that changed", compare_words.changed(found.labels))
    _changes(dataset, found.changes)
    _table("Figures that differ", compare_words.changed(found.figures))
    _table("Options that differ", found.options)


def _table(title: str, table: pl.DataFrame) -> None:
    if not table.is_empty():
        st.subheader(title, anchor=False)
        shown = table.rename({name: name.capitalize() for name in table.columns})
        st.dataframe(shown, hide_index=True, placeholder="")


def _changes(dataset: Dataset, changes: pl.DataFrame) -> None:
    if changes.is_empty():
        return
    st.subheader("Example by example", anchor=False)
    chosen = st.pills("Changes", CHANGES, selection_mode="multi", key="changes")
    words = pl.col("change").str.split(", ").list
    wanted = [words.contains(change) for change in chosen]
    shown = changes.filter(pl.any_horizontal(wanted)) if wanted else changes
    filters = [Filter(example=example) for example in shown["example_id"].head(SHOWN)]
    named = shown.head(SHOWN).select(
        pl.col("change").alias("Change"),
        pl.col("old_split").alias("Old split"),
        pl.col("new_split").alias("New split"),
        pl.col("old_output").alias("Old output"),
        pl.col("new_output").alias("New output"),
        pl.col("text").alias("Text"),
    )
    behind.table(dataset, named, filters, f"changes-{'-'.join(chosen)}", placeholder="")
    if shown.height > SHOWN:
        st.caption(f"The first {SHOWN:,}; all of them: tamis diff … --out FILE")
