"""What an export wrote: its files, what was left out, and whether anything leaks."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import polars as pl
import streamlit as st

from curation.records import Dataset
from exports.card import CARD
from exports.certificate import CERTIFICATE, leak_sentences
from exports.croissant import CROISSANT
from exports.formats import FORMATS
from exports.manifest import ASSIGNMENT, LEFT_OUT, MANIFEST
from exports.provenance import PROVENANCE
from exports.split import SPLITS
from exports.writer import ExportResult, missed_shares
from labeling.pages import behind
from labeling.pages.text import plain
from labeling.queue import Filter

LEFT_OUT_SHOWN = 500
_LARGEST_DOWNLOAD = 200_000_000
_FIRST = (CARD, MANIFEST, CERTIFICATE)
_WHAT = {
    CARD: "The dataset card, for people and the Hub",
    MANIFEST: "What is in it and where it comes from",
    CERTIFICATE: "What is known of leaks",
    CROISSANT: "The files for machines (Croissant)",
    ASSIGNMENT: "Which example is in which split",
    LEFT_OUT: "Which examples stayed out, and why",
    PROVENANCE: "Where each row comes from",
    "training": "Ready to train",
    "evaluation": "Ready to evaluate",
}


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
        _balance(result)
        _churn(result)
        _leaks(result)
        _files(result)
        if len(result.left_out):
            _left_out(dataset, result)


def _leaks(result: ExportResult) -> None:
    leaks = result.manifest["leaks"]
    if leaks is None:
        st.caption("Duplicates were not searched for, so leaks between the splits are not known.")
        return
    clean = not leaks["pairs_above_threshold_across_splits"]
    with st.expander(
        "Leak certificate: no near-duplicate stands in two splits"
        if clean
        else "Leak certificate: near-duplicates stand in two splits",
        icon=":material/verified:" if clean else ":material/warning:",
    ):
        st.markdown("\n".join(f"- {plain(words)}" for words in leak_sentences(leaks)))
        st.caption("Anyone can check it with the export alone:")
        st.code(f"tamis verify {result.folder} --leaks", language=None, wrap_lines=True)


def _files(result: ExportResult) -> None:
    target = FORMATS[result.manifest["format"]].target
    splits = {target.file(split): split for split in SPLITS}
    names = [path.relative_to(result.folder).as_posix() for path in result.files]
    names.sort(key=lambda name: (name not in splits, name not in _FIRST, "/" in name, name))
    facts = result.manifest["files"]
    shown = pl.DataFrame(
        {
            "File": names,
            "What it is": [_what(name, splits) for name in names],
            "Rows": [result.counts.get(splits.get(name, "")) for name in names],
            "Bytes": [facts.get(name, {}).get("bytes") for name in names],
            "SHA-256": [facts.get(name, {}).get("sha256") for name in names],
        },
        schema_overrides={"Rows": pl.Int64, "Bytes": pl.Int64, "SHA-256": pl.String},
    )
    st.dataframe(shown, hide_index=True, placeholder="")
    _download(result, [name for name in names if (result.folder / name).is_file()])


def _what(name: str, splits: dict[str, str]) -> str:
    if name in splits:
        return f"The {splits[name]} split"
    folder = name.split("/", maxsplit=1)[0]
    return _WHAT.get(name) or _WHAT.get(folder, "What the trainer reads beside it")


def _download(result: ExportResult, names: list[str]) -> None:
    size = sum((result.folder / name).stat().st_size for name in names)
    if size > _LARGEST_DOWNLOAD:
        st.caption("The export is too large for the browser: take it from its folder.")
        return
    st.download_button(
        "Download all of it",
        data=lambda: _zipped(result.folder, names),
        file_name=f"{result.folder.name}.zip",
        mime="application/zip",
        icon=":material/folder_zip:",
        on_click="ignore",
    )


def _zipped(folder: Path, names: list[str]) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name in names:
            archive.write(folder / name, f"{folder.name}/{name}")
    return buffer.getvalue()


def _balance(result: ExportResult) -> None:
    worst = max(result.manifest["balance"], key=lambda row: row["error"], default=None)
    if worst is not None and worst["value"] is not None:
        st.caption(
            f"Shares: the farthest from the whole is {plain(worst['field'])} "
            f"{plain(worst['value'])} in {worst['split']}, by {worst['error']:.2f} points."
        )


def _churn(result: ExportResult) -> None:
    churn = result.manifest.get("churn")
    if churn is None:
        return
    added, removed, moved = (sum(churn[name].values()) for name in ("added", "removed", "moved"))
    st.caption(
        f"Since the export before: {added:,} examples are new in the splits, {removed:,} are gone, "
        f"{moved:,} changed their split, {churn['kept']:,} stayed where they were."
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
            st.caption(f"The first {LEFT_OUT_SHOWN}; all of them are in left_out.jsonl.")
