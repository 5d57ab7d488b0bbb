"""Export: what goes out, in which format, split how; the files and what was left out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count

import streamlit as st

from curation.contamination import Contamination
from curation.errors import TamisError
from curation.pipeline import stale_steps
from curation.records import Dataset
from exports.export import chosen_options, export_dataset, extra_columns, first_record
from exports.options import ExportOptions
from exports.writer import ExportResult
from labeling import queue, uploads
from labeling.pages import behind, contamination, context
from labeling.pages.export_choices import choose
from labeling.pages.export_preflight import show_preflight
from labeling.pages.export_result import show_result
from labeling.pages.export_versions import show_versions
from labeling.pages.text import plain, tell
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
    show_versions(dataset)


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
    workspace = context.workspace()
    before = chosen_options(workspace, dataset)
    left, right = st.columns(2, gap="large")
    with left:
        try:
            options = choose(dataset, before, extra_columns(workspace, dataset))
        except TamisError as error:
            tell(error)
            return
        references = _references(dataset)
        folder = st.text_input(
            "Folder",
            _free_folder(dataset),
            help=f"Made under {workspace.exports}; never overwritten.",
        )
        wanted = st.button("Export", type="primary", icon=":material/download:")
    with right:
        if not _show_first(dataset, options):
            return
        show_preflight(dataset, options)
    if wanted:
        _export(dataset, options, folder, references)


def _show_first(dataset: Dataset, options: ExportOptions) -> bool:
    """The first example as it would be written; False where it cannot be."""
    st.caption("The first example in this format")
    try:
        record = first_record(context.workspace(), dataset, options)
    except TamisError as error:
        tell(error)
        return False
    st.code(json.dumps(record, indent=2, ensure_ascii=False), language=None, wrap_lines=True)
    return True


def _references(dataset: Dataset) -> Sequence[Contamination]:
    """The last contamination search, where it shall stand in the certificate."""
    found = contamination.last_result(dataset)
    if found is None:
        st.page_link(
            context.page("contamination"),
            label="Compare with a benchmark first: the certificate will say so",
            icon=":material/policy:",
        )
        return []
    wanted = st.checkbox(
        f"State in the certificate what of {plain(found.file)} was found", value=True
    )
    return [found] if wanted else []


def _free_folder(dataset: Dataset) -> str:
    base = uploads.folder_name(dataset.name)
    home = context.workspace().exports
    return next(name for n in count(1) if not (home / (name := f"{base}-{n}")).exists())


def _export(
    dataset: Dataset, options: ExportOptions, folder: str, references: Sequence[Contamination]
) -> None:
    workspace = context.workspace()
    # The outcome is noted before anything is drawn: a second click may end this run at any drawing.
    with st.spinner("Exporting: reading, splitting, checking and writing"):
        try:
            st.session_state["exported"][dataset.dataset_id] = export_dataset(
                workspace,
                dataset,
                options,
                uploads.inside(workspace.exports, folder),
                references=references,
            )
        except TamisError as error:
            tell(error)
            return
    st.rerun()
