"""Conflicts one by one: nearly the same input, another output; and what a person says of them."""

from __future__ import annotations

from typing import Any

import polars as pl

from curation.clusters import conflicts_of
from curation.records import Action, Dataset
from curation.workspace import Workspace
from labeling import triage

_JUDGED = """
    SELECT DISTINCT example_id FROM standing_decision
    WHERE dataset_id = $dataset AND about = 'output' AND action IN ('keep', 'relabel', 'edit')
"""
_SIDES = """
    SELECT c.example_id, c.text, c.current, c.status, c.source_row, s.file_name AS source_file,
           f.suggested, f.score
    FROM current_example AS c JOIN source AS s USING (dataset_id, source_id)
    LEFT JOIN flag AS f ON f.dataset_id = c.dataset_id AND f.example_id = c.example_id
        AND f.kind = 'label'
    WHERE c.dataset_id = $dataset AND c.example_id IN (SELECT unnest($ids))
"""


def conflict_overview(
    workspace: Workspace, dataset: Dataset, threshold: float | None = None
) -> pl.DataFrame:
    """Conflicts, those to decide on first, then the most similar.

    Columns: `example_id, other_id, similarity, kind, settled`. A conflict is settled once people
    have judged both outputs and left them as they are; what is made equal or excluded is none.
    """
    judged = workspace.store.read(_JUDGED, {"dataset": dataset.dataset_id})["example_id"].implode()
    found = conflicts_of(workspace, dataset, threshold)
    return found.select(
        "example_id",
        "other_id",
        "similarity",
        "kind",
        settled=pl.col("example_id").is_in(judged) & pl.col("other_id").is_in(judged),
    ).sort(
        "settled", "similarity", "example_id", "other_id", descending=[False, True, False, False]
    )


def sides(workspace: Workspace, dataset: Dataset, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Examples by id: `text, current, status, source_file, source_row, suggested, score`."""
    found = workspace.store.read(_SIDES, {"dataset": dataset.dataset_id, "ids": ids})
    return {row["example_id"]: row for row in found.iter_rows(named=True)}


def keep_both(
    workspace: Workspace,
    dataset: Dataset,
    annotator: str,
    outputs: dict[str, str],
    *,
    seen: int | None = None,
) -> None:
    """Say of examples that the outputs they have (id → output) are right, as one act.

    `seen`, here and below, and what is raised: as `triage.judge`.
    """
    verdicts = [(key, Action.KEEP, output) for key, output in outputs.items()]
    triage.judge(workspace, dataset, annotator, verdicts, mark=triage.SETTLED, seen=seen)


def take(
    workspace: Workspace,
    dataset: Dataset,
    annotator: str,
    right: str,
    other: str,
    output: str,
    *,
    seen: int | None = None,
) -> None:
    """Say that the output of `right` is right for `other` too, as one act."""
    mend = Action.RELABEL if dataset.task.has_labels else Action.EDIT
    verdicts = [(right, Action.KEEP, output), (other, mend, output)]
    triage.judge(workspace, dataset, annotator, verdicts, mark=triage.SETTLED, seen=seen)


def leave_out(
    workspace: Workspace, dataset: Dataset, annotator: str, wrong: str, *, seen: int | None = None
) -> None:
    """Exclude one example as bad."""
    verdict = (wrong, Action.EXCLUDE, None)
    triage.judge(workspace, dataset, annotator, [verdict], mark=triage.SETTLED, seen=seen)
