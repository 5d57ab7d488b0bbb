"""The frame around every page: navigation, sidebar, and errors in words."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from curation.errors import TamisError
from labeling.pages import (
    analyse,
    context,
    duplicates,
    examples,
    export,
    home,
    import_,
    quality,
    review,
)

HOME = st.Page(home.page, title="Home", icon=":material/home:", default=True)
IMPORT = st.Page(import_.page, title="Import", icon=":material/upload_file:", url_path="import")
ANALYSE = st.Page(analyse.page, title="Analyse", icon=":material/search:", url_path="analyse")
DUPLICATES = st.Page(
    duplicates.page, title="Duplicates", icon=":material/content_copy:", url_path="duplicates"
)
REVIEW = st.Page(review.page, title="Review", icon=":material/rate_review:", url_path="review")
QUALITY = st.Page(quality.page, title="Quality", icon=":material/monitoring:", url_path="quality")
EXAMPLES = st.Page(examples.page, title="Examples", icon=":material/list:", url_path="examples")
EXPORT = st.Page(export.page, title="Export", icon=":material/download:", url_path="export")

PAGES = [HOME, IMPORT, ANALYSE, DUPLICATES, REVIEW, QUALITY, EXAMPLES, EXPORT]


@contextmanager
def frame() -> Iterator[None]:
    """Sidebar around a page; an error meant for people is shown as words, any other is logged."""
    st.html("<style>.stMainBlockContainer { padding-top: 3.5rem; }</style>")
    try:
        datasets = context.workspace().datasets()
        if datasets:
            context.choose_dataset(datasets)
        context.choose_annotator()
        yield
    except TamisError as error:
        st.error(str(error), icon=":material/error:")
        if error.hint:
            st.info(error.hint, icon=":material/lightbulb:")
    except Exception:
        # Streamlit's own control flow (rerun, stop, switch_page) is not an Exception.
        logging.getLogger("tamis").exception("A page failed")
        st.error("Something went wrong on this page. Your decisions are safe.")
        st.info("Reload the page. What happened is in the terminal that runs Tamis.")
