"""Earlier exports: what they held, and each again byte for byte."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

import polars as pl
import streamlit as st

from curation.errors import TamisError
from curation.records import Dataset
from exports.export import export_again, exports_of
from exports.split import SPLITS
from labeling.pages import context
from labeling.pages.text import plain, tell


def show_versions(dataset: Dataset) -> None:
    """A table of the versions, and a button that writes one again."""
    exports = exports_of(context.workspace(), dataset)
    st.subheader("Earlier exports", anchor=False)
    if exports.is_empty():
        st.caption("None yet.")
        return
    splits = [json.loads(manifest)["splits"] for manifest in exports["manifest"]]
    shown = exports.select(
        pl.col("version").alias("Version"),
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
    _again(exports)


def _again(exports: pl.DataFrame) -> None:
    able = exports.filter(pl.col("options").is_not_null())
    if able.is_empty():
        return
    folders = dict(able.select("version", "folder").iter_rows())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        version = st.selectbox("Version", list(folders), width=140, key="again-version")
        wanted = st.button(
            "Write it again",
            icon=":material/history:",
            help="The same bytes as then, whatever was decided since.",
        )
        st.page_link(context.page("compare"), label="Compare two versions")
    if not wanted:
        return
    out = _free(Path(folders[version]).name)
    try:
        with st.spinner("Writing it again"):
            export_again(
                context.workspace(), str(able.filter(version=version)["export_id"][0]), out
            )
    except TamisError as error:
        tell(error)
        return
    st.success(f"Version {version} is in {plain(str(out))}, byte for byte.")


def _free(name: str) -> Path:
    home = context.workspace().exports
    return next(path for n in count(1) if not (path := home / f"{name}-again-{n}").exists())
