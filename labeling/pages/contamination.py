"""Contamination: drop a benchmark, see what of it is in the dataset."""

from __future__ import annotations

import threading
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING

import streamlit as st

from curation.background import Background
from curation.contamination import Contamination, contamination
from curation.errors import Cancelled, TamisError
from curation.ingest import FORMATS, preview
from curation.records import Dataset, Progress
from curation.references import guess_columns
from labeling import uploads
from labeling.pages import context
from labeling.pages.contamination_result import show_result
from labeling.pages.duplicate_threshold import similarity_slider
from labeling.pages.text import plain, tell

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

STEPS = {
    "read": "Read the file",
    "embed": "Embed what is new",
    "compare": "Compare every row with every example",
    "overlap": "Look for texts inside longer ones",
}
_SAMPLE_ROWS = 1000
_LOWEST = 0.7


@st.cache_resource
def _searches() -> dict[str, Background[Contamination]]:
    """The last search of each dataset in this server, by its id."""
    return {}


def last_result(dataset: Dataset) -> Contamination | None:
    """What the last search of this dataset in this server found; None while there is none."""
    search = _searches().get(dataset.dataset_id)
    return None if search is None else search.result


def page() -> None:
    """Lay out the page."""
    st.title("Contamination")
    dataset = context.current_dataset()
    search = _searches().get(dataset.dataset_id)
    if search is not None and search.running:
        _watch(dataset)
        return
    st.markdown(
        "Is anything of a benchmark in the data you train on? Then its score says less than it "
        "seems. Drop the benchmark; nothing of it is imported."
    )
    upload = st.file_uploader(
        "The benchmark, or any file that must not be in the data",
        type=sorted(suffix[1:] for suffix in FORMATS),
    )
    if upload is not None:
        _prepare(dataset, upload)
    if search is not None and search.error is not None:
        _failed(search.error)
    elif search is not None and search.result is not None:
        show_result(dataset, search.result)


def _prepare(dataset: Dataset, upload: UploadedFile) -> None:
    try:
        columns, guess = _columns(upload)
    except TamisError as error:
        tell(error)
        return
    left, right = st.columns(2)
    chosen = left.multiselect(
        "Columns to look for", columns, default=guess, key=f"columns-{upload.file_id}"
    )
    near = dataset.settings.near_threshold
    threshold = similarity_slider(
        right,
        "Near from this similarity (cosine)",
        min(_LOWEST, near),
        near,
        key=f"contamination-threshold-{dataset.dataset_id}",
    )
    st.button(
        "Search",
        type="primary",
        icon=":material/search:",
        disabled=not chosen,
        on_click=_start,
        args=(dataset, upload.name, upload.getvalue(), chosen, threshold),
    )


def _columns(upload: UploadedFile) -> tuple[list[str], list[str]]:
    """The columns of a file, and those that seem to hold its texts."""
    folder = context.workspace().path / "uploads"
    with uploads.saved(upload, upload.name, folder) as path:
        sample = preview(path, limit=_SAMPLE_ROWS)
    return list(sample.columns), list(guess_columns(sample.columns, sample.rows))


def _start(
    dataset: Dataset, name: str, content: bytes, columns: list[str], threshold: float
) -> None:
    workspace = context.workspace()

    def work(progress: Callable[[Progress], None], cancelled: threading.Event) -> Contamination:
        with uploads.saved(BytesIO(content), name, workspace.path / "uploads") as path:
            return contamination(
                workspace,
                dataset,
                path,
                columns,
                threshold=threshold,
                file_name=uploads.file_name(name),
                progress=progress,
                cancelled=cancelled,
            )

    _searches()[dataset.dataset_id] = Background(work)


@st.fragment(run_every=0.7)
def _watch(dataset: Dataset) -> None:
    search = _searches()[dataset.dataset_id]
    if not search.running:
        st.rerun(scope="app")
    st.markdown("The search is running. This page may be closed; it goes on.")
    for step, title in STEPS.items():
        state = search.steps.get(step, Progress(step, 0, 0))
        share = min(state.done / state.total, 1.0) if state.total else 0.0
        st.progress(share, text=f"{title} {plain(state.message)}")
    if st.button("Stop", icon=":material/stop:"):
        search.cancel()
        search.wait()
        st.rerun(scope="app")


def _failed(error: Exception) -> None:
    if isinstance(error, Cancelled):
        st.info(plain(error.for_people()), icon=":material/pause_circle:")
    elif isinstance(error, TamisError):
        tell(error)
    else:
        st.error("The search failed. What happened is in the terminal that runs Tamis.")
