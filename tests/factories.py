"""Small workspaces for tests, filled without a model."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from curation.pipeline import step_keys
from curation.records import About, Action, Dataset, Operation, Task, encode_output, text_hash
from curation.store import insert_frame
from curation.workspace import Workspace

Row = tuple[str, object]


def add_examples(workspace: Workspace, dataset: Dataset, rows: Sequence[Row]) -> list[str]:
    """Insert (text, output) rows as if imported; returns ids `e001`, `e002`, …"""
    ids = [f"e{number:03}" for number in range(1, len(rows) + 1)]
    frame = pl.DataFrame(
        {
            "dataset_id": dataset.dataset_id,
            "example_id": ids,
            "source_id": "s1",
            "source_row": range(1, len(rows) + 1),
            "text": [text for text, _ in rows],
            "given": [encode_output(dataset.task, output) for _, output in rows],
            "messages": None,
            "metadata": "{}",
            "text_hash": [text_hash(text) for text, _ in rows],
        },
        schema_overrides={"given": pl.String, "messages": pl.String, "source_row": pl.Int64},
    )
    outputs = [o for _, o in rows if dataset.task.has_labels and o]
    names = sorted({name for o in outputs for name in (o if isinstance(o, list) else [o])})
    labels = pl.DataFrame({"dataset_id": dataset.dataset_id, "name": names or None})

    def insert(cursor: object) -> None:
        insert_frame(cursor, "example", frame)  # type: ignore[arg-type]
        if dataset.task.has_labels:
            insert_frame(cursor, "label", labels)  # type: ignore[arg-type]
        cursor.execute(  # type: ignore[attr-defined]
            "INSERT INTO source VALUES ('s1', $1, 'rows.csv', 'x', '{}', $2, $2, 0, 0, now())",
            [dataset.dataset_id, len(rows)],
        )

    workspace.store.write(insert)
    return ids


def add_flags(workspace: Workspace, dataset: Dataset, flags: Sequence[dict[str, object]]) -> None:
    """Insert flags; every field but `example_id` has a default."""
    default = {
        "dataset_id": dataset.dataset_id,
        "kind": "label",
        "score": 0.1,
        "suggested": None,
        "confidence": 0.9,
        "given_confidence": 0.05,
        "flagged": True,
        "reason": "9 of 10 nearest neighbours say otherwise",
    }
    schema = {"suggested": pl.String, "score": pl.Float64}
    frame = pl.DataFrame([{**default, **flag} for flag in flags], schema_overrides=schema)
    workspace.store.write(lambda cursor: insert_frame(cursor, "flag", frame))


def mark_analysed(workspace: Workspace, dataset: Dataset) -> None:
    """Record that the analysis of the present examples is up to date."""
    keys = step_keys(workspace, dataset)
    rows = [(dataset.dataset_id, step, key) for step, key in keys.items()]

    def insert(cursor: object) -> None:
        for row in rows:
            cursor.execute("INSERT INTO step VALUES ($1, $2, $3, 0, now(), 0)", list(row))  # type: ignore[attr-defined]

    workspace.store.write(insert)


def tickets(path: Path) -> tuple[Workspace, Dataset, list[str]]:
    """A workspace with one single-label dataset of four examples, the last without a label."""
    workspace = Workspace.create(path)
    dataset = workspace.create_dataset("tickets", Task.SINGLE_LABEL)
    ids = add_examples(
        workspace,
        dataset,
        [
            ("where is my money", "refund"),
            ("send it back", "return"),
            ("my lamp is broken", "refund"),
            ("hello", None),
        ],
    )
    return workspace, dataset, ids


def operation(
    dataset: Dataset,
    example_id: str,
    action: Action,
    value: str | None = None,
    *,
    by: str = "ann",
    op_id: str | None = None,
    about: About = About.OUTPUT,
    comment: str | None = None,
) -> Operation:
    """An operation with a fresh op_id unless one is given."""
    return Operation(
        op_id or uuid.uuid4().hex,
        dataset.dataset_id,
        example_id,
        by,
        action,
        value,
        comment,
        about,
    )
