"""The choices before an import: what the file holds, and the dataset that it goes into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from curation.errors import TamisError, WrongUse
from curation.ingest import FORMATS, ColumnMapping, Preview, preview
from curation.records import Dataset, Json, Task
from labeling import uploads
from labeling.pages import context
from labeling.pages.text import plain

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

TASKS = {
    Task.SINGLE_LABEL: "One label",
    Task.MULTI_LABEL: "Several labels",
    Task.CHAT: "Chat",
    Task.EXTRACTION: "Extraction",
}
CELLS = {"": "Detect", ",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Bar"}
PARTS = {"": "A list, or one label", "|": "Bar |", ";": "Semicolon ;", ",": "Comma ,"}
SHAPES = ("Question and answer", "A list of messages")
NEW = "A new dataset"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read; `faults` says what is wrong, `usable` whether it can be."""

    task: Task
    mapping: ColumnMapping
    delimiter: str | None
    faults: list[str]
    usable: bool


@dataclass(frozen=True, slots=True)
class Target:
    """A dataset that is there, or what to make it of."""

    name: str
    dataset: Dataset | None = None
    guidelines: str = ""
    output_schema: Json | None = None


def choose_reading(upload: UploadedFile) -> Reading:
    """The first rows, the task and the columns: guessed, to be changed by a person."""
    kind, separator = st.columns([3, 1])
    delimiter = None
    if FORMATS.get(Path(upload.name).suffix.lower()) == "csv":
        sign = separator.selectbox("Between the cells", CELLS, format_func=CELLS.__getitem__)
        delimiter = sign or None
    task = kind.segmented_control(
        "What a model shall learn",
        list(TASKS),
        default=_preview(upload, None, None, delimiter).task,
        format_func=TASKS.__getitem__,
        required=True,
        key=f"task-{upload.file_id}",
    )
    assert task is not None
    guess = _preview(upload, task, None, delimiter)
    mapping = _choose_columns(f"{upload.file_id}-{task}", guess)
    shown = _preview(upload, task, mapping, delimiter)
    st.dataframe(uploads.shown_cells(shown.columns, shown.rows), hide_index=True, placeholder="")
    st.caption(f"The first {len(shown.rows)} readable rows. All other columns are kept as well.")
    try:
        mapping.check(guess.columns, task)
    except TamisError as error:
        return Reading(task, mapping, delimiter, [error.for_people()], usable=False)
    return Reading(task, mapping, delimiter, shown.problems, usable=True)


def _preview(
    upload: UploadedFile, task: Task | None, mapping: ColumnMapping | None, delimiter: str | None
) -> Preview:
    """The preview under these choices; remembered, because every click runs the page again."""
    known: dict[object, Preview] = st.session_state.setdefault("previews", {})
    key = (upload.file_id, task, mapping, delimiter)
    if key not in known:
        with uploads.saved(upload, upload.name, context.workspace().path / "uploads") as path:
            known[key] = preview(path, task, mapping, delimiter=delimiter)
    return known[key]


def _choose_columns(key: str, guess: Preview) -> ColumnMapping:
    roles = ["text", "output" if guess.task is Task.EXTRACTION else "label"]
    if guess.task is Task.CHAT:
        start = SHAPES[bool(guess.mapping.messages)]
        shape = st.segmented_control(
            "A row holds", SHAPES, default=start, required=True, key=f"shape-{key}"
        )
        roles = ["messages"] if shape == SHAPES[1] else ["question", "answer"]
    several = guess.task is Task.MULTI_LABEL
    cells = st.columns(len(roles) + several)
    chosen: dict[str, str | None] = {}
    for cell, role in zip(cells, roles, strict=False):
        column = getattr(guess.mapping, role)
        chosen[role] = cell.selectbox(
            f"Column of the {role}",
            guess.columns,
            index=guess.columns.index(column) if column else None,
            placeholder="Choose a column",
            key=f"{role}-{key}",
        )
    if several:
        found = guess.mapping.delimiter or ""
        at, words = list(PARTS).index(found), PARTS.__getitem__
        chosen["delimiter"] = cells[-1].selectbox(
            "Labels in a cell", PARTS, at, words, f"parts-{key}"
        )
    return ColumnMapping(**chosen)  # type: ignore[arg-type]


def choose_target(upload: UploadedFile, task: Task, datasets: Sequence[Dataset]) -> Target:
    """Where the rows go. Raises WrongUse for a wrong JSON Schema."""
    fitting = {dataset.name: dataset for dataset in datasets if dataset.task is task}
    where = st.selectbox("Into", [NEW, *fitting])
    if where in fitting:
        return Target(where, fitting[where])
    taken = {dataset.name for dataset in datasets}
    guess = uploads.free_name(uploads.folder_name(Path(upload.name).stem), taken)
    name = st.text_input("Its name", guess, max_chars=80, key=f"name-{upload.file_id}").strip()
    hint = "What each label means, and what to do in doubt. May be written later."
    guidelines = st.text_area("Guidelines for the annotators", placeholder=hint)
    if name in fitting:
        st.caption(f"There is a dataset {plain(name)} already: the rows are added to it.")
        return Target(name, fitting[name])
    if name in taken:
        raise WrongUse(f"There is a dataset '{name}' of another task.", "Choose another name.")
    if not name:
        raise WrongUse("A dataset needs a name.", "Choose a short one, such as 'tickets'.")
    schema = _choose_schema() if task is Task.EXTRACTION else None
    return Target(name, None, guidelines, schema)


def _choose_schema() -> Json | None:
    file = st.file_uploader("JSON Schema of the output, if there is one", type=["json"])
    pasted = st.text_area("or paste it", height=120) if file is None else ""
    return uploads.parse_schema(file.getvalue().decode("utf-8", "replace") if file else pasted)
