"""Import: drop a file, see what it holds, say which column is what, bring it in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from curation.errors import WrongUse
from curation.importing import ImportSummary, import_file, quarantined_rows
from curation.ingest import FORMATS
from curation.records import Dataset, Progress, Task
from labeling import uploads
from labeling.pages import context
from labeling.pages.import_choices import Reading, Target, choose_reading, choose_target
from labeling.pages.text import plain, tell

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

FAULTS_SHOWN = 8


def page() -> None:
    """Lay out the page."""
    st.title("Import")
    upload = st.file_uploader(
        "A CSV, JSONL or Parquet file",
        type=sorted(suffix[1:] for suffix in FORMATS),
    )
    done: tuple[str, str, ImportSummary] | None = st.session_state.get("imported")
    if done and (upload is None or upload.file_id == done[0]):
        _summary(context.workspace().dataset(done[1]), done[2])
    elif upload is None:
        st.caption(
            "Texts with labels, questions with answers or whole conversations, or texts with the "
            "JSON to extract from them; outputs may be missing. A row that cannot be read is set "
            "aside with the reason. Rows that are there already are not imported again."
        )
    else:
        _prepare(upload)
    if context.workspace().datasets():
        _quarantine(context.current_dataset())


def _prepare(upload: UploadedFile) -> None:
    with st.container(border=True):
        st.subheader(plain(upload.name), anchor=False)
        reading = choose_reading(upload)
        _faults(reading)
    with st.container(border=True):
        st.subheader("Where it goes", anchor=False)
        try:
            target = choose_target(upload, reading.task, context.workspace().datasets())
        except WrongUse as error:
            tell(error)
            target = None
    ready = target is not None and reading.usable
    if st.button(
        "Import",
        type="primary",
        icon=":material/upload_file:",
        disabled=not ready,
        on_click=_open_dataset,
        args=(target, reading.task),
    ):
        _import(upload, reading)


def _open_dataset(target: Target, task: Task) -> None:
    """Make the dataset, if it is not there yet, and choose it in the sidebar."""
    dataset = target.dataset or context.workspace().create_dataset(
        target.name, task, guidelines=target.guidelines, output_schema=target.output_schema
    )
    context.choose(dataset)


def _faults(reading: Reading) -> None:
    """What is wrong in the first rows, in words."""
    if not reading.usable:
        st.warning(plain(reading.faults[0]), icon=":material/warning:")
    elif reading.faults:
        count = len(reading.faults)
        listed = [f"- {plain(fault)}" for fault in reading.faults[:FAULTS_SHOWN]]
        listed += [f"- and {count - FAULTS_SHOWN} more"] * (count > FAULTS_SHOWN)
        st.warning(
            f"{count} of the first thousand rows will be set aside, the others imported:\n\n"
            + "\n".join(listed),
            icon=":material/warning:",
        )
    else:
        st.caption("The first thousand rows are fine.")


def _import(upload: UploadedFile, reading: Reading) -> None:
    workspace, dataset = context.workspace(), context.current_dataset()
    bar = st.progress(0.0, text="Reading")

    def show(state: Progress) -> None:
        share = min(state.done / state.total, 1.0) if state.total else 1.0
        bar.progress(share, text="Reading" if state.total else "Storing")

    name = uploads.file_name(upload.name)
    with uploads.saved(upload, name, workspace.path / "uploads") as path:
        summary = import_file(
            workspace,
            dataset,
            path,
            reading.mapping,
            file_name=name,
            delimiter=reading.delimiter,
            progress=show,
        )
    st.session_state["imported"] = (upload.file_id, dataset.name, summary)
    st.rerun()


def _summary(dataset: Dataset, summary: ImportSummary) -> None:
    with st.container(border=True):
        st.subheader(plain(f"{summary.file_name} is in {dataset.name}"), anchor=False)
        figures = [
            ("Rows", summary.rows, "read from the file"),
            ("Imported", summary.imported, "new examples"),
            ("Already there", summary.already_present, "not repeated: same input and output"),
            ("In quarantine", summary.quarantined, "not readable: see below why"),
        ]
        with st.container(horizontal=True):
            for label, value, what in figures:
                with st.container(width=160):
                    st.metric(label, f"{value:,}")
                    st.caption(what)
        st.page_link(
            context.page("analyse"),
            label="Next: analyse it, to find duplicates and doubtful outputs",
            icon=":material/arrow_forward:",
        )


def _quarantine(dataset: Dataset) -> None:
    rows = quarantined_rows(context.workspace(), dataset)
    title = f"Quarantine of {plain(dataset.name)}: {len(rows):,}"
    with st.expander(title, icon=":material/rule:"):
        if rows.is_empty():
            st.caption("Every row of every file could be read.")
            return
        st.caption("Set aside, not lost. Mend the file and import it again: only these are new.")
        rows.columns = ["File", "Row", "Column", "Why", "As it stands in the file"]
        st.dataframe(rows, hide_index=True, placeholder="whole row")
