"""What an analysis says of the labels as a whole, written by hand."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from curation.label_map import OVERLAP_SCHEMA, QUALITY_SCHEMA
from curation.records import Dataset
from curation.slices import SLICE_SCHEMA
from curation.store import insert_frame
from curation.workspace import Workspace

_SLICE = {
    "slice_id": "s1",
    "by": "keyword",
    "name": "“parcel”",
    "size": 2,
    "disagree": 1,
    "expected": 0.25,
    "excess": 0.75,
    "p_value": 0.001,
    "q_value": 0.01,
    "reason": "In 1 of 2 examples with “parcel” the model expects refund where delivery is given.",
}
_OVERLAP = {"joint": 12, "share": 0.3, "reason": "Mostly in one direction."}


def add_slice(workspace: Workspace, dataset: Dataset, ids: Sequence[str], **more: object) -> None:
    """A slice of these examples in this order; every other field has a default."""
    row = dict.fromkeys(SLICE_SCHEMA) | _SLICE | more | {"example_ids": list(ids)}
    _add(workspace, dataset, "slice", pl.DataFrame([row], schema=SLICE_SCHEMA))


def add_overlap(workspace: Workspace, dataset: Dataset, label: str, other: str) -> None:
    """An overlap of two labels."""
    row = {"label": label, "other": other, **_OVERLAP}
    _add(workspace, dataset, "label_overlap", pl.DataFrame([row], schema=OVERLAP_SCHEMA))


def add_quality(workspace: Workspace, dataset: Dataset, label: str, share: float | None) -> None:
    """How far a label with ten examples can be trusted; None: too few to tell."""
    noise = None if share is None else 1 - share
    row = (label, 10, share, noise, noise, f"This is what is known of {label}.")
    table = pl.DataFrame([row], schema=QUALITY_SCHEMA, orient="row")
    _add(workspace, dataset, "label_quality", table)


def _add(workspace: Workspace, dataset: Dataset, table: str, rows: pl.DataFrame) -> None:
    rows = rows.with_columns(dataset_id=pl.lit(dataset.dataset_id))
    workspace.store.write(lambda cursor: insert_frame(cursor, table, rows))
