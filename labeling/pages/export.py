"""Export: what goes out, in which format, split how; the files and what was left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from curation.errors import TamisError
from curation.records import Dataset, Progress
from exports.export import export_dataset, exports_of, first_record
from exports.formats import FORMATS, fitting
from exports.split import SplitFractions
from exports.writer import ExportResult
from labeling import queue, uploads
from labeling.pages import behind, context
from labeling.pages.text import tell
from labeling.queue import Filter


def page() -> None:
    """Lay out the page."""
    st.title("Export")
    dataset = context.current_dataset()
    ready = _what_goes_out(dataset)
    if ready:
        _choose(dataset)
    else:
        st.info(
            "No example is ready: each needs an output and must not be excluded.",
            icon=":material/download:",
        )
    kept: dict[str, ExportResult] = st.session_state.setdefault("exported", {})
    if result := kept.get(dataset.dataset_id):
        show_result(dataset, result)
    _earlier(dataset)


def _what_goes_out(dataset: Dataset) -> int:
    shown = [
        ("Ready", "in the files", Filter(status="ready")),
        ("Never reviewed", "of those", Filter(status="unverified")),
        ("Excluded", "stay out", Filter(status="left-out")),
        ("Without output", "stay out", Filter(status="missing")),
    ]
    counts = [queue.count(context.workspace(), dataset, chosen) for _, _, chosen in shown]
    with st.container(horizontal=True):
        for (label, what, chosen), count in zip(shown, counts, strict=True):
            with st.container(border=True, width=190):
                st.metric(label, f"{count:,}", help=what)
                behind.link(dataset, chosen, "See them")
    return counts[0]


def _choose(dataset: Dataset) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        name = st.radio(
            "Format",
            fitting(dataset.task),
            captions=[FORMATS[name].description for name in fitting(dataset.task)],
        )
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
    with right:
        st.caption("The first example in this format")
        record = first_record(context.workspace(), dataset, name)
        st.code(json.dumps(record, indent=2, ensure_ascii=False), "json", wrap_lines=True)
    if st.button("Export", type="primary", icon=":material/download:"):
        fractions = SplitFractions((100 - validation - test) / 100, validation / 100, test / 100)
        _export(dataset, name, folder, fractions, int(seed))
