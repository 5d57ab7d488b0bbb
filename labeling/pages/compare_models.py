"""Two models on the test split of an export: their answers in, what they say of them out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from curation.errors import TamisError
from curation.records import Dataset
from exports.model_comparison import NOTHING_SHOWN, Comparison, compare
from labeling import compare_charts, compare_words, uploads
from labeling.pages import behind, context
from labeling.pages.compare_rows import show_differing
from labeling.pages.text import plain, tell

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

_KEPT = "compared-models"


def two_models(dataset: Dataset, exports: Sequence[Path]) -> None:
    """Choose an export and two files of answers; what was compared last stands below."""
    name = dataset.dataset_id
    export = st.selectbox(
        "Export",
        exports,
        format_func=compare_words.folder_names(exports).__getitem__,
        key=f"compare-export-{name}",
    )
    base, tuned = _files(name)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        column = st.text_input(
            "Column with the answers", placeholder="guessed", key=f"compare-column-{name}"
        )
        ignore_case = st.checkbox("Ignore upper and lower case", key=f"compare-case-{name}")
    kept: dict[str, tuple[str, Comparison]] = st.session_state.setdefault(_KEPT, {})
    wanted = st.button(
        "Compare the models",
        type="primary",
        icon=":material/compare_arrows:",
        disabled=base is None or tuned is None,
    )
    if wanted and base is not None and tuned is not None:
        kept.pop(name, None)
        try:
            with st.spinner("Comparing"):
                found = _compare(
                    dataset, export, base, tuned, column=column.strip(), ignore_case=ignore_case
                )
            kept[name] = export.name, found
        except TamisError as error:
            tell(error)
    if name in kept:
        _show(dataset, *kept[name])


def _files(name: str) -> tuple[UploadedFile | None, UploadedFile | None]:
    """The files of answers of the dataset with this id: base model, fine-tuned model."""
    left, right = st.columns(2)
    base = left.file_uploader("Answers of the base model", type="jsonl", key=f"base-{name}")
    tuned = right.file_uploader(
        "Answers of the fine-tuned model", type="jsonl", key=f"tuned-{name}"
    )
    st.caption(
        "JSONL: an answer to each example of the test split, matched by example\\_id or id, or in "
        "the order of the test file. Latency\\_ms, cost and tokens are read where they are given."
    )
    return base, tuned


def _compare(
    dataset: Dataset,
    export: Path,
    base: UploadedFile,
    tuned: UploadedFile,
    *,
    column: str,
    ignore_case: bool,
) -> Comparison:
    home = context.workspace().path / "uploads"
    with (
        uploads.saved(base, base.name, home) as ours,
        uploads.saved(tuned, tuned.name, home) as new,
    ):
        return compare(
            export,
            ours,
            new,
            column=column or None,
            schema=dataset.output_schema,
            ignore_case=ignore_case,
        )


def _show(dataset: Dataset, export: str, found: Comparison) -> None:
    with st.container(border=True, key="compare-result"):
        st.subheader(plain(export), anchor=False)
        verdict = found.measures.row(0, named=True)
        shown = verdict["verdict"] != NOTHING_SHOWN
        words = f"{verdict['measure']}: {verdict['verdict']}."
        if shown:
            st.success(words, icon=":material/check_circle:")
        else:
            st.info(words, icon=":material/balance:")
        for line in compare_words.about(found):
            st.caption(plain(line))
        st.dataframe(compare_words.measures(found), hide_index=True)
        st.caption(
            f"In percent, with 95 % intervals; differences in points. {compare_words.test(found)}"
        )
        if not found.usage.is_empty():
            st.dataframe(compare_words.usage(found), hide_index=True)
    if not found.classes.is_empty():
        _classes(found)
    show_differing(dataset, found.differing)


def _classes(found: Comparison) -> None:
    st.subheader("Each label" if found.task.has_labels else "Each field", anchor=False)
    there = found.classes.filter(found.classes["support"] > 0)
    st.altair_chart(
        compare_charts.class_scores(there, dark=behind.is_dark()),
        key="compare-classes",
        alt="F1 of each class for both models",
    )
    st.dataframe(compare_words.classes(found), hide_index=True)
