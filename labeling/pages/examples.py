"""Examples: search and filter them, read one in full, go and review what was found."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import polars as pl
import streamlit as st

from curation.records import Dataset
from labeling import kinds, queue
from labeling.history import shown_output
from labeling.pages import context
from labeling.pages.example_detail import show_example
from labeling.pages.filters import choose_filter, clear_filter
from labeling.queue import STATUSES, Filter

PER_PAGE = 50
TEXT_SHOWN = 300


def page() -> None:
    """Lay out the page."""
    st.title("Examples")
    dataset = context.current_dataset()
    chosen = choose_filter(dataset)
    found = queue.count(context.workspace(), dataset, chosen)
    if found == 0:
        _nothing(chosen)
        return
    heading, action = st.columns([2, 1], vertical_alignment="center")
    order = "those that differ first" if chosen.slice else "the worst first"
    heading.markdown(f"**{found:,}** {'example' if found == 1 else 'examples'}, {order}")
    with action:
        _review_link(chosen, f"Review all {found:,}" if found > 1 else "Review this")
    selected = _table(dataset, chosen, found)
    if selected is not None:
        show_example(dataset, selected)


def _nothing(chosen: Filter) -> None:
    if chosen == Filter():
        st.info("This dataset has no examples yet.", icon=":material/upload_file:")
        st.page_link(context.page("import"), label="Import a file")
    else:
        st.info("No example matches all of these filters.", icon=":material/filter_alt:")
        st.button("Clear filters", icon=":material/filter_alt_off:", on_click=clear_filter)


def _review_link(chosen: Filter, label: str) -> None:
    query = {**chosen.to_query(), "status": chosen.status or "all"}
    if st.button(label, icon=":material/rate_review:", width="stretch"):
        st.switch_page(context.page("review"), query_params=query)


def _table(dataset: Dataset, chosen: Filter, found: int) -> str | None:
    """One page of the examples; the id of the selected one."""
    pages = math.ceil(found / PER_PAGE)
    key = hashlib.blake2b(repr((dataset.dataset_id, chosen)).encode(), digest_size=8).hexdigest()
    number = min(int(st.session_state.get("sheet", 1)), pages)
    rows = queue.rows(
        context.workspace(), dataset, chosen, limit=PER_PAGE, offset=(number - 1) * PER_PAGE
    )
    event: Any = st.dataframe(
        _shown(dataset, rows),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"examples-{key}-{number}",
        placeholder="",
        column_config={
            "Text": st.column_config.TextColumn(width="large"),
            "Score": st.column_config.NumberColumn(help="From 0, surely wrong, to 1, surely fine"),
        },
    )
    if pages > 1:
        st.pagination(pages, key="sheet")
    if found == 1:
        return str(rows["example_id"][0])
    picked = event.selection.rows
    if not picked:
        st.caption("Select a row to read it in full.")
        return None
    return str(rows["example_id"][picked[0]])


def _shown(dataset: Dataset, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows as the table shows them: long texts cut, outputs and statuses in words."""
    outputs = {
        name.title(): pl.Series(
            [shown_output(dataset.task, value)[:TEXT_SHOWN] for value in rows[name]],
            dtype=pl.String,
        )
        for name in ("given", "current", "suggested")
    }
    return rows.select(
        pl.col("source_row").alias("Row"),
        pl.col("text").str.slice(0, TEXT_SHOWN).alias("Text"),
        pl.Series(
            "Flagged as",
            [", ".join(map(kinds.title, found)) for found in rows["kinds"].to_list()],
            dtype=pl.String,
        ),
        *(values.alias(name) for name, values in outputs.items()),
        pl.col("score").round(3).alias("Score"),
        pl.col("status").replace_strict(STATUSES).alias("Status"),
        pl.col("reason").alias("Reason"),
    )
