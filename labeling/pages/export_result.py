"""What an export wrote: its files, what was left out, and whether anything leaks."""

from __future__ import annotations

import polars as pl
import streamlit as st

from curation.records import Dataset
from exports.formats import FORMATS
from exports.manifest import ASSIGNMENT, MANIFEST, file_facts
from exports.split import SPLITS
from exports.writer import ExportResult, missed_shares
from labeling.pages import behind
from labeling.pages.text import plain
from labeling.queue import Filter

LEFT_OUT_SHOWN = 500


def show_result(dataset: Dataset, result: ExportResult) -> None:
    """Lay out the outcome of the export that was just written."""
    total = sum(result.counts.values())
    with st.container(border=True, key="export-result"):
        st.success(f"{total:,} examples are exported.", icon=":material/check_circle:")
        st.code(str(result.folder), language=None, wrap_lines=True)
        for words in missed_shares(result.manifest):
            st.warning(words, icon=":material/balance:")
        for words in result.notes:
            st.warning(plain(words), icon=":material/rule:")
        _leaks(result)
        _files(result)
        if len(result.left_out):
            _left_out(dataset, result)


def _leaks(result: ExportResult) -> None:
    leaks = result.manifest["leaks"]
    if leaks is None:
        st.caption("Duplicates were not searched for, so leaks between the splits are not known.")
        return
    found = leaks["pairs_above_threshold_across_splits"]
    highest = leaks["highest_similarity_across_splits"]
    nearest = "" if highest is None else f" The most similar pair across two splits: {highest:.3f}."
    words = f"from a similarity of {leaks['threshold']:.2f}.{nearest}"
    if found:
        st.warning(f"{found:,} pairs of near-duplicates stand in two splits, {words}")
    else:
        st.caption(f"No near-duplicate stands in two splits, {words}")


def _files(result: ExportResult) -> None:
    target = FORMATS[result.manifest["format"]].target
    splits = {target.file(split): split for split in SPLITS}
    order = [*splits, MANIFEST, ASSIGNMENT]
    files = sorted(result.files, key=lambda path: (*order, path.name).index(path.name))
    facts = [(path, file_facts(path)) for path in files if path.is_file()]
    shown = pl.DataFrame(
        {
            "File": [path.name for path, _ in facts],
            "Rows": [result.counts.get(splits.get(path.name, "")) for path, _ in facts],
            "Bytes": [fact["bytes"] for _, fact in facts],
            "SHA-256": [fact["sha256"] for _, fact in facts],
        },
        schema_overrides={"Rows": pl.Int64},
    )
    st.dataframe(shown, hide_index=True, placeholder="")
    with st.container(horizontal=True):
        for path, _ in facts:
            st.download_button(
                path.name,
                data=path.read_bytes,
                file_name=path.name,
                mime="application/json" if path.suffix == ".json" else "application/jsonl",
                icon=":material/download:",
                on_click="ignore",
            )


def _left_out(dataset: Dataset, result: ExportResult) -> None:
    count = len(result.left_out)
    with st.expander(f"Left out: {count:,}"):
        shown = result.left_out.head(LEFT_OUT_SHOWN)
        filters = [Filter(example=example) for example in shown["example_id"]]
        named = shown.select(
            pl.col("reason").alias("Why"),
            pl.col("detail").alias("In detail"),
            pl.col("example_id").alias("Example"),
        )
        behind.table(dataset, named, filters, "left-out", placeholder="")
        if count > LEFT_OUT_SHOWN:
            st.caption(f"The first {LEFT_OUT_SHOWN}; all of them are in the manifest.")
