"""From a figure to the examples behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import polars as pl
import streamlit as st

from curation.records import Dataset
from labeling.charts import PICKED, Drawing
from labeling.pages import context
from labeling.queue import Filter


def show_examples(chosen: Filter) -> NoReturn:
    """Go to the Examples page with this filter; dataset and person stay as they are."""
    st.switch_page(context.page("examples"), query_params=chosen.to_query())


def link(chosen: Filter, label: str) -> None:
    """A link to the Examples page with this filter; `label` is Markdown."""
    st.page_link(context.page("examples"), label=label, query_params=chosen.to_query())


def table(
    dataset: Dataset, rows: pl.DataFrame, filters: Sequence[Filter], key: str, **options: Any
) -> None:
    """A table of figures; selecting row n opens the examples of `filters[n]`."""
    event: Any = st.dataframe(
        rows,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"{key}-{dataset.dataset_id}",
        **options,
    )
    if event.selection.rows:
        show_examples(filters[event.selection.rows[0]])


def chart(drawing: Drawing, key: str, alt_text: str) -> dict[str, str]:
    """A chart that can be clicked: the fields of what was picked, empty while nothing is."""
    event: Any = st.altair_chart(drawing, on_select="rerun", key=key, alt=alt_text)
    picked = event.selection.get(PICKED) or [{}]
    return dict(picked[0])


def is_dark() -> bool:
    """True on a dark page."""
    return st.context.theme.type == "dark"
