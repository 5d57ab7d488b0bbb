"""Compare: two models on a test split, and two exports of the dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import streamlit as st

from curation.records import Dataset
from exports.export import exports_of
from labeling.pages import context
from labeling.pages.compare_models import two_models
from labeling.pages.compare_versions import two_versions


def page() -> None:
    """Lay out the page."""
    st.title("Compare")
    dataset = context.current_dataset()
    exports = _there(dataset)
    if not exports:
        st.info("This dataset has no export to compare yet.", icon=":material/compare:")
        st.page_link(context.page("export"), label="Export it")
        return
    models, versions = st.tabs(["Two models", "Two versions"])
    with models:
        two_models(dataset, exports)
    with versions:
        two_versions(dataset, exports)


def _there(dataset: Dataset) -> Sequence[Path]:
    """Folders of the dataset's exports that are still there, newest first."""
    folders: pl.Series = exports_of(context.workspace(), dataset)["folder"]
    return [path for path in map(Path, folders) if path.is_dir()]
