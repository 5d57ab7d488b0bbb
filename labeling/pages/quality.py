"""Quality: what the dataset holds, what is doubtful, who did what; each figure opens its rows."""

from __future__ import annotations

import streamlit as st

from curation import quality
from curation.records import Dataset, Task
from labeling import charts, queue
from labeling.pages import behind, context
from labeling.pages.quality_flags import show_flags, show_unseen
from labeling.pages.quality_labels import (
    show_confusion,
    show_labels,
    show_overlaps,
    show_trust,
)
from labeling.pages.quality_slices import show_slices
from labeling.queue import FLAGGED, STATUSES, Filter


def page() -> None:
    """Lay out the page."""
    st.title("Quality")
    dataset = context.current_dataset()
    if not _figures(dataset):
        return
    left, right = st.columns(2, gap="large")
    with left:
        _funnel(dataset)
    with right:
        show_flags(dataset)
    show_unseen(dataset)
    if dataset.task.has_labels:
        show_labels(dataset)
        show_confusion(dataset)
        show_trust(dataset)
        if dataset.task is Task.SINGLE_LABEL:
            show_overlaps(dataset)
        show_slices(dataset)
    left, right = st.columns(2, gap="large")
    with left:
        _statuses(dataset)
    with right:
        _duplicates(dataset)
    _people(dataset)


def _figures(dataset: Dataset) -> bool:
    """The numbers on top; False where there is nothing to show yet."""
    shown = [
        ("Examples", Filter()),
        ("Reviewed", Filter(status="reviewed")),
        ("Flagged, to review", Filter(kind=FLAGGED, status="open")),
        ("Excluded", Filter(status="left-out")),
    ]
    counts = [queue.count(context.workspace(), dataset, chosen) for _, chosen in shown]
    if counts[0] == 0:
        st.info("This dataset has no examples yet.", icon=":material/upload_file:")
        st.page_link(context.page("import"), label="Import a file")
        return False
    with st.container(horizontal=True):
        for (label, chosen), count in zip(shown, counts, strict=True):
            with st.container(border=True, width=168):
                st.metric(label, f"{count:,}")
                behind.link(chosen, "See them")
    return True


def _funnel(dataset: Dataset) -> None:
    st.subheader("From raw to exported", anchor=False)
    stages = quality.funnel(context.workspace(), dataset)
    picked = behind.chart(
        charts.funnel(stages, dark=behind.is_dark()), "funnel", "Rows left after each stage"
    ).get("stage")
    if picked in ("raw", "readable"):
        st.switch_page(context.page("import"), query_params={})
    elif picked == "exported":
        st.switch_page(context.page("export"), query_params={})
    elif picked:
        status = {"included": "included", "ready": "ready"}.get(picked, "")
        behind.show_examples(Filter(status=status))
    st.caption("Select a bar here, or a row of a table, to see what is behind it.")


def _statuses(dataset: Dataset) -> None:
    st.subheader("Review", anchor=False)
    counts = quality.review_progress(context.workspace(), dataset)
    filters = [Filter(status=status) for status in counts["status"]]
    words = counts["status"].replace_strict(STATUSES)
    shown = counts.with_columns(words)
    shown.columns = ["Status", "Examples"]
    behind.table(dataset, shown, filters, "statuses")


def _duplicates(dataset: Dataset) -> None:
    st.subheader("Duplicates", anchor=False)
    summary = quality.duplicate_summary(context.workspace(), dataset)
    summary.columns = ["What", "Count"]
    st.dataframe(summary, hide_index=True)
    st.page_link(
        context.page("duplicates"),
        label=f"Triage them (similarity from {dataset.settings.near_threshold:.2f})",
    )


def _people(dataset: Dataset) -> None:
    st.subheader("People", anchor=False)
    people = quality.progress_by_person(context.workspace(), dataset)
    if people.is_empty():
        st.info("Nobody has reviewed an example yet.", icon=":material/rate_review:")
        st.page_link(context.page("review"), label="Begin the review")
        return
    filters = [Filter(annotator=name) for name in people["annotator"]]
    columns = {
        "annotator": "Person",
        "examples": "Examples",
        "kept": "Kept",
        "relabelled": "Relabelled",
        "edited": "Edited",
        "excluded": "Excluded",
        "skipped": "Skipped",
        "median_seconds": st.column_config.NumberColumn("Seconds each", format="%.1f"),
        "last_decision": st.column_config.DatetimeColumn("Last decision", format="localized"),
    }
    behind.table(dataset, people, filters, "people", column_config=columns)
