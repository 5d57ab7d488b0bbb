"""A workspace with clusters, a conflict and a near twin, written by hand."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from curation.records import Dataset, Task
from curation.store import insert_frame
from curation.workspace import Workspace
from tests.factories import add_examples, mark_analysed

ROWS = [
    ("where is my money", "refund"),
    ("where is my  money?", "refund"),
    ("WHERE is my money", "refund"),
    ("send the lamp back", "return"),
    ("send back the lamp", "return"),
    ("my card is lost", "card"),
    ("my card is lost!", "loss"),
    ("I paid 12 euros", "payment"),
    ("I paid 21 euros", "payment"),
    ("<b>bold</b> *claim* :red[x]", "claim"),
    ("<b>bold</b> *claims* :red[x]", "claim"),
]
PAIRS = [
    ("e001", "e002", 0.99, "exact"),
    ("e001", "e003", 0.99, "exact"),
    ("e004", "e005", 0.91, "near"),
    ("e006", "e007", 1.0, "exact"),
    ("e008", "e009", 0.98, "near-twin"),
    ("e010", "e011", 0.95, "near"),
]
"""Two examples, their similarity and kind."""


def make(path: Path) -> tuple[Workspace, Dataset]:
    """Eleven tickets in four clusters: of three copies, two near ones, and a conflict."""
    workspace = Workspace.create(path)
    dataset = workspace.create_dataset("tickets", Task.SINGLE_LABEL)
    add_examples(workspace, dataset, ROWS)
    add_pairs(workspace, dataset, PAIRS)
    add_search(workspace, dataset)
    mark_analysed(workspace, dataset)
    return workspace, dataset


def make_large(path: Path, size: int) -> tuple[Workspace, Dataset]:
    """One cluster around `e001`; the others, by id, are less and less like it."""
    workspace = Workspace.create(path)
    dataset = workspace.create_dataset("tickets", Task.SINGLE_LABEL)
    ids = add_examples(workspace, dataset, [(f"parcel number {n}", "post") for n in range(size)])
    alike = [1 - 0.09 * n / size for n in range(size)]
    pairs = [(ids[0], other, alike[n], "near") for n, other in enumerate(ids) if n]
    add_pairs(workspace, dataset, pairs)
    add_search(workspace, dataset)
    mark_analysed(workspace, dataset)
    return workspace, dataset


def add_pairs(
    workspace: Workspace, dataset: Dataset, pairs: list[tuple[str, str, float, str]]
) -> None:
    """Insert pairs as if they had been found."""
    frame = pl.DataFrame(
        [(dataset.dataset_id, *pair, None) for pair in pairs],
        schema={
            "dataset_id": pl.String,
            "example_id": pl.String,
            "other_id": pl.String,
            "similarity": pl.Float32,
            "kind": pl.String,
            "lexical": pl.Float32,
        },
        orient="row",
    )
    workspace.store.write(lambda cursor: insert_frame(cursor, "pair", frame))


def add_search(workspace: Workspace, dataset: Dataset) -> None:
    """Insert how the pairs were searched: all of them."""
    frame = pl.DataFrame(
        [
            (dataset.dataset_id, channel, "exact", len(ROWS), 0, 0.8, 1.0)
            for channel in ("embedding", "lexical")
        ],
        schema=["dataset_id", "channel", "method", "rows", "cells", "threshold", "recall"],
        orient="row",
    ).with_columns(low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64))
    workspace.store.write(lambda cursor: insert_frame(cursor, "duplicate_search", frame))
