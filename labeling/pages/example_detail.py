"""One example in full: input, outputs, why it is flagged, what people did with it."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import streamlit as st

from curation.records import Dataset, Task
from labeling import review
from labeling.history import decisions_of, shown_output
from labeling.pages import context
from labeling.pages.text import plain
from labeling.queue import STATUSES


def show_example(dataset: Dataset, example_id: str) -> None:
    """Lay out one example of the dataset."""
    card = review.cards(context.workspace(), dataset, [example_id])[0]
    with st.container(border=True, key="example-in-full"):
        heading, action = st.columns([2, 1], vertical_alignment="center")
        heading.markdown(f"**{plain(card['source'])}** · {STATUSES[card['status']]}")
        with action:
            _review_button(example_id)
        _part("Text", card["text"])
        _outputs(dataset.task, card)
        for finding in card["findings"]:
            _part(finding["title"], "\n".join(filter(None, [finding["reason"], finding["ask"]])))
        if card["comment"]:
            _part("Comment", card["comment"])
        if card["metadata"]:
            st.caption("Other columns")
            shown = [(name, _as_text(value)) for name, value in card["metadata"].items()]
            st.dataframe(pl.DataFrame(shown, ["Column", "Value"], orient="row"), hide_index=True)
        _history(dataset, example_id)


def _outputs(task: Task, card: dict[str, str | None]) -> None:
    """Given, current and suggested output; only those that say something new."""
    shown = {"Given": card["given"]}
    if card["current"] != card["given"]:
        shown["Current"] = card["current"]
    if card["suggested"] not in (None, card["current"], card["given"]):
        shown["Suggested"] = card["suggested"]
    cells = st.columns(len(shown)) if task.has_labels else [st.container() for _ in shown]
    for cell, (title, output) in zip(cells, shown.items(), strict=True):
        with cell:
            _part(title, _pretty(task, output))


def _pretty(task: Task, output: str | None) -> str:
    if task is Task.EXTRACTION and output is not None:
        return json.dumps(json.loads(output), indent=2, ensure_ascii=False)
    return shown_output(task, output) or "none"


def _part(title: str, text: str) -> None:
    st.caption(title)
    st.code(text, language=None, wrap_lines=True)


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _review_button(example_id: str) -> None:
    if st.button("Review this", icon=":material/rate_review:", width="stretch", key="review-one"):
        st.switch_page(
            context.page("review"), query_params={"status": "all", "example": example_id}
        )


def _history(dataset: Dataset, example_id: str) -> None:
    decisions = decisions_of(context.workspace(), dataset, example_id)
    st.caption("Decisions" if len(decisions) else "No decision yet.")
    if decisions.is_empty():
        return
    values = [shown_output(dataset.task, value) for value in decisions["value"]]
    columns: dict[str, Any] = {
        "decided_at": st.column_config.DatetimeColumn("When", format="localized"),
        "annotator": "Who",
        "action": "What",
        "about": "About",
        "value": "Output",
        "comment": "Comment",
        "taken_back": st.column_config.CheckboxColumn("Taken back"),
    }
    st.dataframe(
        decisions.with_columns(value=pl.Series(values, dtype=pl.String)),
        hide_index=True,
        placeholder="",
        column_config=columns,
    )
