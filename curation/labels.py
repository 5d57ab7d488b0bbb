"""What the examples of a dataset say now: the fold of all decisions over the given outputs.

The fold itself is the SQL macro `example_at` (store/migrations/0004_exports.sql); this module
reads it for the layers above.
"""

from __future__ import annotations

import polars as pl

from curation.records import Dataset, Status
from curation.workspace import Workspace

_EVER = 2**63 - 1

REVIEWED = (Status.KEPT, Status.RELABELLED, Status.EDITED)


def current_examples(
    workspace: Workspace, dataset: Dataset, last: int | None = None
) -> pl.DataFrame:
    """Every example with its current output and status, ordered by id.

    `last`: as it was after that decision, whatever was decided since.

    Columns: `example_id, source_file, source_row, text, given, messages, metadata, current,
    status, excluded, duplicate_verdict, decided_by, decided_at, disputed, comment, revision`.
    """
    found = workspace.store.read(
        "SELECT c.* EXCLUDE (dataset_id, text_hash, source_id), s.file_name AS source_file "
        "FROM example_at($last) AS c JOIN source AS s USING (dataset_id, source_id) "
        "WHERE c.dataset_id = $dataset",
        {"dataset": dataset.dataset_id, "last": _EVER if last is None else last},
    )
    return found.sort("example_id")  # which moves no text, as ordering in SQL would


def flag_rows(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """One row per example and kind of flag, worst first.

    Columns: `example_id, source_file, source_row, kind, score, given, suggested, reason, flagged`.
    """
    return workspace.store.read(
        "SELECT f.example_id, s.file_name AS source_file, e.source_row, f.kind, f.score, "
        "e.given, f.suggested, f.reason, f.flagged "
        "FROM flag AS f JOIN example AS e USING (dataset_id, example_id) "
        "JOIN source AS s USING (dataset_id, source_id) WHERE f.dataset_id = $dataset "
        "ORDER BY f.score NULLS LAST, f.example_id, f.kind",
        {"dataset": dataset.dataset_id},
    )
