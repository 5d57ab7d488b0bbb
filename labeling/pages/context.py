"""What every page needs: the open workspace, its jobs, the chosen dataset, the person's name."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

from curation.pipeline import Jobs
from curation.records import Dataset
from curation.workspace import Workspace
from labeling import server

Draw = Callable[[], None]
"""What draws a page."""


@st.cache_resource(show_spinner="Opening the workspace…", on_release=lambda opened: opened.close())
def _open(path: str) -> Workspace:
    return server.open_workspace(Path(path))


@st.cache_resource
def jobs() -> Jobs:
    """The analyses of this server."""
    return Jobs()


def workspace() -> Workspace:
    """The workspace that this server holds (`TAMIS_WORKSPACE`, or ./workspace)."""
    return _open(str(Path(os.environ.get("TAMIS_WORKSPACE", "workspace")).resolve()))


def choose_annotator() -> None:
    """The person's name, in the sidebar; kept in the address, so that a bookmark keeps it."""
    st.sidebar.text_input(
        "Your name",
        value=_login_name(),
        key="annotator",
        max_chars=80,
        help="Stands beside every decision you take.",
        bind="query-params",
    )


def annotator() -> str:
    """The name under which decisions are stored."""
    return str(st.session_state.get("annotator") or "").strip() or _login_name()


def choose_dataset(datasets: list[Dataset]) -> None:
    """The dataset that the pages speak of, in the sidebar and in the address."""
    names = [dataset.name for dataset in datasets]
    if st.session_state.get("dataset") not in names:
        st.session_state.pop("dataset", None)
        if st.query_params.get("dataset") not in names:
            st.session_state["dataset"] = names[0]
    # Without a default, or an address would not name the dataset that is the default.
    st.sidebar.selectbox("Dataset", names, index=None, key="dataset", bind="query-params")


def current_dataset() -> Dataset:
    """The chosen dataset; where there is none, the page ends with what to do about it."""
    datasets = workspace().datasets()
    chosen = st.session_state.get("dataset")
    found = next((dataset for dataset in datasets if dataset.name == chosen), None)
    if found is None:
        st.info("There is no dataset yet. Import a file to begin.", icon=":material/upload_file:")
        st.stop()
    return found


def choose(dataset: Dataset) -> None:
    """Make this the chosen dataset; to be used as a callback."""
    st.session_state["dataset"] = dataset.name


def remember_pages(pages: dict[str, Page]) -> None:
    """Let `page` find the pages of this run."""
    st.session_state["pages"] = pages


def page(name: str) -> Page:
    """A page of the app by its name, to link or switch to."""
    found: Page = st.session_state["pages"][name]
    return found


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "me"
