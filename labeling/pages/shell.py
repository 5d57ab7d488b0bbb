"""The frame around every page: navigation, sidebar, looks, and errors in words."""

from __future__ import annotations

import logging

import streamlit as st
from streamlit.navigation.page import Page

from curation.errors import TamisError
from labeling.pages import (
    analyse,
    compare,
    contamination,
    context,
    duplicates,
    examples,
    export,
    home,
    import_,
    quality,
    review,
    text,
)

# There is always a dataset: it is chosen, never cleared. What cannot be pressed can still be read.
_STYLE = """
.stMainBlockContainer { padding-top: 4.25rem; }
.st-key-dataset button[aria-label="Clear value"] { display: none; }
button[kind]:disabled { border-style: dashed !important; }
button[kind]:disabled, button[kind]:disabled * { color: #5b6467 !important; }
"""
# On a dark page the primary colour is light, for sliders and links; Streamlit writes white on it.
_DARK_STYLE = """
button[kind^="primary"]:enabled, button[kind^="primary"]:enabled * { color: #10201d !important; }
button[kind]:disabled, button[kind]:disabled * { color: #9ba4a7 !important; }
"""


def run() -> None:
    """Draw the sidebar and the page that is open."""
    st.html(f"<style>{_STYLE}{_DARK_STYLE if st.context.theme.type == 'dark' else ''}</style>")
    opened = st.navigation(_pages())
    try:
        datasets = context.workspace().datasets()
        if datasets:
            context.choose_dataset(datasets)
        context.choose_annotator()
        opened.run()
    except TamisError as error:
        text.tell(error)
    except Exception:
        # Streamlit's own control flow (rerun, stop, switch_page) is not an Exception.
        logging.getLogger("tamis").exception("A page failed")
        st.error("Something went wrong on this page. Your decisions are safe.")
        st.info("Reload the page. What happened is in the terminal that runs Tamis.")


def _pages() -> list[Page]:
    """The pages in the order of the work, made anew for each run.

    Streamlit lets a page object run once only, so sessions must not share them. `context.page`
    finds them by name.
    """
    pages = {
        "home": st.Page(home.page, title="Home", icon=":material/home:", default=True),
        "import": _page(import_.page, "import", ":material/upload_file:"),
        "analyse": _page(analyse.page, "analyse", ":material/search:"),
        "duplicates": _page(duplicates.page, "duplicates", ":material/content_copy:"),
        "review": _page(review.page, "review", ":material/rate_review:"),
        "quality": _page(quality.page, "quality", ":material/monitoring:"),
        "examples": _page(examples.page, "examples", ":material/list:"),
        "contamination": _page(contamination.page, "contamination", ":material/policy:"),
        "export": _page(export.page, "export", ":material/download:"),
        "compare": _page(compare.page, "compare", ":material/compare:"),
    }
    context.remember_pages(pages)
    return list(pages.values())


def _page(draw: context.Draw, name: str, icon: str) -> Page:
    return st.Page(draw, title=name.capitalize(), icon=icon, url_path=name)
