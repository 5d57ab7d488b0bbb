"""What of a benchmark was found in the dataset, and how to take it out."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from curation.comparison import KINDS
from curation.contamination import Contamination, still_in
from curation.records import Dataset, PairKind
from labeling import triage
from labeling.differences import marked_html
from labeling.pages import context
from labeling.pages.sheet import sheet
from labeling.pages.text import attempt, plain, tell_failure
from labeling.tables import write_table

TITLES = dict(
    zip(KINDS, ("Exact copies", "Near-duplicates", "Contained", "Near twins"), strict=True)
)
_FAULTS_SHOWN = 5
_MARK = "contamination-"
"""Begins the op_ids of acts of this page, which alone are taken back here."""


def show_result(dataset: Dataset, result: Contamination) -> None:
    """Lay out the outcome of a search."""
    st.subheader(plain(result.file), anchor=False)
    show = st.error if result.contaminated else st.success
    show(
        plain(result.in_words()),
        icon=":material/warning:" if result.contaminated else ":material/check_circle:",
    )
    _faults(result)
    if not result.contaminated:
        return
    with st.container(horizontal=True, gap="large"):
        st.metric("Rows found", f"{result.contaminated:,}", width="content")
        for kind, title in TITLES.items():
            st.metric(title, f"{result.count(kind):,}", width="content")
    st.caption(
        "Every row was compared with every example. A row counts once, under the plainest of its "
        "findings. A near twin differs in a number, a negation or a word that matters: it is no "
        "copy, but it gives the question away."
    )
    _actions(dataset, result)
    _findings(result)


def _faults(result: Contamination) -> None:
    if not result.unreadable:
        return
    with st.expander(f"Rows without a text, not searched: {len(result.unreadable):,}"):
        for fault in result.unreadable[:_FAULTS_SHOWN]:
            column = f", column {fault.column}" if fault.column else ""
            st.markdown(plain(f"Row {fault.source_row}{column}: {fault.reason}."))
        if len(result.unreadable) > _FAULTS_SHOWN:
            st.caption(f"and {len(result.unreadable) - _FAULTS_SHOWN:,} more")


def _actions(dataset: Dataset, result: Contamination) -> None:
    tell_failure()
    workspace, annotator = context.workspace(), context.annotator()
    left = still_in(workspace, dataset, result)
    act = triage.last_act(workspace, dataset, annotator, mark=_MARK)
    with st.container(horizontal=True):
        if left and st.button(f"Exclude these {len(left):,} examples…", type="primary"):
            _confirm(dataset, result, left)
        if not left:
            st.caption("All of these examples are excluded.")
        if act is not None:
            st.button(
                f"Bring back what you excluded last ({act.excluded:,})",
                icon=":material/undo:",
                on_click=attempt,
                args=(triage.undo, workspace, dataset, annotator, act),
            )
        st.download_button(
            "All findings as CSV",
            data=lambda: _csv(result.found),
            file_name="contamination.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )


def _csv(found: pl.DataFrame) -> bytes:
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "contamination.csv"
        write_table(found, path)
        return path.read_bytes()


@st.dialog("Exclude what was found")
def _confirm(dataset: Dataset, result: Contamination, left: list[str]) -> None:
    st.markdown(
        f"**{len(left):,}** of {result.examples:,} examples leave the dataset: no export will hold "
        "them. They stay stored, and you can undo this."
    )
    exclude = partial(triage.resolve, mark=_MARK)
    act: tuple[Any, ...] = (exclude, context.workspace(), dataset, context.annotator(), [], left)
    if st.button(f"Exclude {len(left):,}", type="primary", on_click=attempt, args=act):
        st.rerun()


def _findings(result: Contamination) -> None:
    pairs = {kind: result.found.filter(kind=kind).height for kind in KINDS}
    present = [kind for kind, count in pairs.items() if count]
    chosen = st.pills(
        "Pairs to show",
        present,
        default=present,
        selection_mode="multi",
        format_func=lambda kind: f"{TITLES[kind]}: {pairs[kind]:,}",
        help="A row may be in several pairs, of several kinds.",
    )
    found = result.found.filter(pl.col("kind").is_in(chosen))
    if found.is_empty():
        return
    for pair in sheet(found, "contamination").iter_rows(named=True):
        with st.container(border=True):
            _pair(pair)


def _pair(pair: dict[str, Any]) -> None:
    theirs, ours = pair["reference_text"], pair["text"]
    measure = "of the shorter one" if pair["kind"] not in list(PairKind) else "similarity"
    st.caption(f"{TITLES[pair['kind']]} · {measure} {pair['similarity']:.3f}")
    left, right = st.columns(2)
    with left:
        st.caption(plain(f"The file, row {pair['reference_row']}, {pair['reference_column']}"))
        st.html(marked_html(theirs, ours))
    with right:
        st.caption(plain(f"{pair['source_file']}, row {pair['source_row']}, {pair['side']}"))
        st.html(marked_html(ours, theirs))
