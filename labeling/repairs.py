"""Many outputs mended or excluded as one act, which is taken back as one."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from curation.records import Action, Dataset
from curation.workspace import Workspace
from labeling import triage

_MARK = "repair-"


def edit(workspace: Workspace, dataset: Dataset, annotator: str, mended: pl.DataFrame) -> None:
    """Store new outputs: `mended` has `example_id` and `mended`. Raises TamisError if refused."""
    verdicts: list[triage.Verdict] = [
        (example, Action.EDIT, output)
        for example, output in mended.select("example_id", "mended").iter_rows()
    ]
    triage.judge(workspace, dataset, annotator, verdicts, mark=_MARK)


def exclude(
    workspace: Workspace, dataset: Dataset, annotator: str, examples: Collection[str]
) -> None:
    """Exclude examples. Raises TamisError if any was refused."""
    verdicts: list[triage.Verdict] = [(example, Action.EXCLUDE, None) for example in examples]
    triage.judge(workspace, dataset, annotator, verdicts, mark=_MARK)


def last(workspace: Workspace, dataset: Dataset, annotator: str) -> str | None:
    """The person's latest act of repair that still stands; None where there is none."""
    found = workspace.store.read(
        "SELECT split_part(op_id, ':', 1) AS act FROM standing_decision "
        "WHERE dataset_id = $dataset AND annotator = $annotator AND starts_with(op_id, $mark) "
        "ORDER BY seq DESC LIMIT 1",
        {"dataset": dataset.dataset_id, "annotator": annotator, "mark": _MARK},
    )
    return str(found["act"][0]) if len(found) else None


def undo(workspace: Workspace, dataset: Dataset, annotator: str) -> None:
    """Take back the latest act, if there is one."""
    act = last(workspace, dataset, annotator)
    if act is not None:
        triage.take_back(workspace, dataset, annotator, act)
