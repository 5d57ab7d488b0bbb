"""Export: what goes out, in which format, split how; the files and what was left out."""

from __future__ import annotations

import json
from itertools import count

import polars as pl
import streamlit as st

from curation.errors import TamisError
from curation.pipeline import stale_steps
from curation.records import Dataset
from exports.export import export_dataset, exports_of, first_record
from exports.formats import PromptTemplate
from exports.split import SPLITS, SplitFractions
from exports.writer import ExportResult
from labeling import queue, uploads
from labeling.pages import behind, context
from labeling.pages.export_choices import choose_format, choose_words
from labeling.pages.export_result import show_result
from labeling.pages.text import tell
from labeling.queue import Filter


def page() -> None:
    """Lay out the page."""
    st.title("Export")
    dataset = context.current_dataset()
    ready = _what_goes_out(dataset)
    kept: dict[str, ExportResult] = st.session_state.setdefault("exported", {})
    if result := kept.get(dataset.dataset_id):
        show_result(dataset, result)
    if "duplicates" in stale_steps(context.workspace(), dataset):
        st.info(
            "Some examples were not searched for duplicates yet, so nothing could be said of "
            "leaks between the splits.",
            icon=":material/search:",
        )
        st.page_link(context.page("analyse"), label="Analyse them first")
    elif ready:
        _choose(dataset)
    else:
        st.info(
            "No example is ready: each needs an output and must not be excluded.",
            icon=":material/download:",
        )
    _earlier(dataset)


def _what_goes_out(dataset: Dataset) -> int:
    shown = [
        ("Ready to export", Filter(status="ready")),
        ("Never reviewed", Filter(status="unverified")),
        ("Stay out: excluded", Filter(status="left-out")),
        ("Stay out: no output", Filter(status="missing")),
    ]
    counts = [queue.count(context.workspace(), dataset, chosen) for _, chosen in shown]
    with st.container(horizontal=True):
        for (label, chosen), number in zip(shown, counts, strict=True):
            with st.container(border=True, width=168):
                st.metric(label, f"{number:,}")
                behind.link(chosen, "See them")
    return counts[0]


def _choose(dataset: Dataset) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        name = choose_format(dataset)
        words = choose_words(dataset)
        first, second = st.columns(2)
        validation = first.slider("Validation, %", 0, 40, 10)
        test = second.slider("Test, %", 0, 40, 10)
        st.caption(
            f"Train: {100 - validation - test} %. Near-duplicates stay on one side, and a test "
            "example of an earlier export stays in test."
        )
        seed = st.number_input("Seed", 0, 2**31 - 1, 0)
        folder = st.text_input(
            "Folder",
            _free_folder(dataset),
            help=f"Made under {context.workspace().exports}; never overwritten.",
        )
        wanted = st.button("Export", type="primary", icon=":material/download:")
    with right:
        st.caption("The first example in this format")
        try:
            template = PromptTemplate(*words) if words else None
            record = first_record(context.workspace(), dataset, name, template)
        except TamisError as error:
            tell(error)
            return
        text = json.dumps(record, indent=2, ensure_ascii=False)
        st.code(text, language=None, wrap_lines=True)
    if wanted:
        fractions = SplitFractions((100 - validation - test) / 100, validation / 100, test / 100)
        _export(dataset, name, folder, fractions, int(seed), template)


def _free_folder(dataset: Dataset) -> str:
    base = uploads.folder_name(dataset.name)
    home = context.workspace().exports
    return next(name for n in count(1) if not (home / (name := f"{base}-{n}")).exists())


def _export(
    dataset: Dataset,
    format_name: str,
    folder: str,
    fractions: SplitFractions,
    seed: int,
    template: PromptTemplate | None,
) -> None:
    workspace = context.workspace()
    # The outcome is noted before anything is drawn: a second click may end this run at any drawing.
    with st.spinner("Exporting: reading, splitting, checking and writing"):
        try:
            st.session_state["exported"][dataset.dataset_id] = export_dataset(
                workspace,
                dataset,
                format_name,
                uploads.inside(workspace.exports, folder),
                fractions=fractions,
                seed=seed,
                template=template,
            )
        except TamisError as error:
            tell(error)
            return
    st.rerun()


def _earlier(dataset: Dataset) -> None:
    exports = exports_of(context.workspace(), dataset)
    st.subheader("Earlier exports", anchor=False)
    if exports.is_empty():
        st.caption("None yet.")
        return
    splits = [json.loads(manifest)["splits"] for manifest in exports["manifest"]]
    shown = exports.select(
        pl.col("created_at").alias("When"),
        pl.col("format").alias("Format"),
        *(
            pl.Series(split.title(), [found.get(split, {}).get("rows", 0) for found in splits])
            for split in SPLITS
        ),
        pl.col("decision_seq").alias("Up to decision"),
        pl.col("folder").alias("Folder"),
    )
    when = st.column_config.DatetimeColumn(format="localized")
    st.dataframe(shown, hide_index=True, column_config={"When": when})
