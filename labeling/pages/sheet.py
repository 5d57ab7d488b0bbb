"""A long list, a page at a time."""

from __future__ import annotations

import polars as pl
import streamlit as st

PER_PAGE = 5


def sheet(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """One page of the rows, with the choice of page where there are several."""
    pages = (rows.height - 1) // PER_PAGE + 1
    number = st.pagination(pages, key=key) if pages > 1 else 1
    return rows.slice((min(number, pages) - 1) * PER_PAGE, PER_PAGE)
