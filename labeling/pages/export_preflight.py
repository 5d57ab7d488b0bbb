"""Before an export: which rows its target would drop, cut or misread, and what to do about them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import streamlit as st

from curation.errors import TamisError
from curation.records import Dataset
from exports.formats import FORMATS
from exports.options import ExportOptions
from exports.preflight import Preflight, preflight
from labeling import differences, repairs
from labeling.pages import behind, context
from labeling.pages.text import attempt, plain, tell, tell_failure
from labeling.queue import Filter

SHOWN = 500
MENDED_SHOWN = 20
_KEPT = "preflights"


@dataclass(frozen=True, slots=True)
class _Found:
    options: ExportOptions
    decision: int
    preflight: Preflight


def show_preflight(dataset: Dataset, options: ExportOptions) -> None:
    """The button that checks all rows for the chosen target, and what it found."""
    tell_failure()
    title = FORMATS[options.format].target.title
    wanted = st.button(f"Check all rows for {title}", icon=":material/fact_check:")
    try:
        found = _checked(dataset, options, wanted=wanted)
    except TamisError as error:
        tell(error)
        return
    if found is None:
        return
    if found.rows.is_empty():
        st.success(f"All {found.checked:,} rows are fine for {title}.", icon=":material/check:")
    else:
        _ledger(dataset, found)
    _mend(dataset, found)


def _checked(dataset: Dataset, options: ExportOptions, *, wanted: bool) -> Preflight | None:
    """What the check found; None where nobody has asked for one with these options.

    A decision makes what was found before it untrue: a mended row must not be excluded as faulty.
    """
    workspace = context.workspace()
    kept: dict[str, _Found] = st.session_state.setdefault(_KEPT, {})
    decision = int(workspace.store.value("SELECT coalesce(max(seq), 0) FROM decision"))
    last = kept.get(dataset.dataset_id)
    if not wanted and (last is None or last.options != options):
        return None
    if wanted or last is None or last.decision != decision:
        with st.spinner("Checking"):
            last = _Found(options, decision, preflight(workspace, dataset, options))
        kept[dataset.dataset_id] = last
    return last.preflight


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
    able, bad = found.mendable, found.examples
    with st.container(horizontal=True):
        if not able.is_empty() and st.button(
            f"Mend {able.height:,} outputs…", icon=":material/healing:"
        ):
            _confirm_mend(dataset, found)
        if bad and st.button(f"Exclude {len(bad):,}…", icon=":material/block:"):
            _confirm_exclude(dataset, found)
        if repairs.last(context.workspace(), dataset, context.annotator()):
            by = (context.workspace(), dataset, context.annotator())
            act = (repairs.undo, *by)
            st.button("Take it back", icon=":material/undo:", on_click=attempt, args=act)


@st.dialog("Mend outputs", width="large")
def _confirm_mend(dataset: Dataset, found: Preflight) -> None:
    able = found.mendable
    st.markdown(
        f"Control tokens and characters that no trainer reads are taken out of **{able.height:,}** "
        "outputs. It is stored as your edit of each; you can take it back."
    )
    for before, after in able.select("output", "mended").head(MENDED_SHOWN).iter_rows():
        with st.container(border=True):
            st.html(differences.marked_html(before, after))
    if able.height > MENDED_SHOWN:
        st.caption(f"The first {MENDED_SHOWN} of {able.height:,}.")
    act = (repairs.edit, context.workspace(), dataset, context.annotator(), able)
    if st.button("Mend them", type="primary", on_click=attempt, args=act):
        st.rerun()


@st.dialog("Exclude rows")
def _confirm_exclude(dataset: Dataset, found: Preflight) -> None:
    st.markdown(
        f"Excluded from this and later exports, under the name {plain(context.annotator())}: "
        f"**{len(found.examples):,}** of {found.checked:,} examples. You can take it back."
    )
    act = (repairs.exclude, context.workspace(), dataset, context.annotator(), found.examples)
    words = f"Exclude {len(found.examples):,}"
    if st.button(words, type="primary", on_click=attempt, args=act):
        st.rerun()
