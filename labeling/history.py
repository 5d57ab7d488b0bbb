"""What people did with one example, and an output as people read it."""

from __future__ import annotations

import polars as pl

from curation.records import Dataset, Task, decode_output
from curation.workspace import Workspace


def decisions_of(workspace: Workspace, dataset: Dataset, example_id: str) -> pl.DataFrame:
    """All decisions on an example, oldest first, with those taken back.

    Columns: `decided_at, annotator, action, about, value, comment, taken_back`. `value` is null
    for an undo; `taken_back` (Boolean) tells that a later undo took the decision back.
    """
    return workspace.store.read(
        """
        SELECT d.decided_at, d.annotator, d.action, d.about,
               CASE WHEN d.action <> 'undo' THEN d.value END AS value, d.comment,
               d.op_id IN (SELECT u.value FROM decision AS u WHERE u.action = 'undo') AS taken_back
        FROM decision AS d
        WHERE d.dataset_id = $dataset AND d.example_id = $example ORDER BY d.seq
        """,
        {"dataset": dataset.dataset_id, "example": example_id},
    )


def shown_output(task: Task, stored: str | None) -> str:
    """A stored output in a line for people: several labels with commas, `none` for an empty list.

    Empty where there is no output.
    """
    if stored is None or task is not Task.MULTI_LABEL:
        return stored or ""
    return ", ".join(decode_output(task, stored)) or "none"
