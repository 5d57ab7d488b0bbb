"""Many outputs mended or excluded as one act, which is taken back as one."""

from __future__ import annotations

import uuid
from collections.abc import Collection

import polars as pl

from curation.errors import TamisError
from curation.records import Action, Dataset, Operation
from curation.workspace import Workspace

_MARK = "repair-"


def edit(workspace: Workspace, dataset: Dataset, annotator: str, mended: pl.DataFrame) -> None:
    """Store new outputs: `mended` has `example_id` and `mended`. Raises TamisError if refused."""
    verdicts = [
        (example, Action.EDIT, output)
        for example, output in mended.select("example_id", "mended").iter_rows()
    ]
    _decide(workspace, dataset, annotator, verdicts)


def exclude(
    workspace: Workspace, dataset: Dataset, annotator: str, examples: Collection[str]
) -> None:
    """Exclude examples. Raises TamisError if any was refused."""
    _decide(
        workspace, dataset, annotator, [(example, Action.EXCLUDE, None) for example in examples]
    )


def last(workspace: Workspace, dataset: Dataset, annotator: str) -> str | None:
    """The person's latest act of repair that still stands; None where there is none."""
    found = workspace.store.read(
        "SELECT split_part(op_id, ':', 1) AS act FROM standing_decision "
        "WHERE dataset_id = $dataset AND annotator = $annotator AND starts_with(op_id, $mark) "
        "ORDER BY seq DESC LIMIT 1",
        {"dataset": dataset.dataset_id, "annotator": annotator, "mark": _MARK},
    )
    return str(found["act"][0]) if len(found) else None


def undo(workspace: Workspace, dataset: Dataset, annotator: str) -> int:
    """Take back the latest act; the number of examples that it was about."""
    act = last(workspace, dataset, annotator)
    if act is None:
        return 0
    found = workspace.store.read(
        "SELECT op_id, example_id FROM standing_decision "
        "WHERE dataset_id = $dataset AND split_part(op_id, ':', 1) = $act",
        {"dataset": dataset.dataset_id, "act": act},
    )
    operations = [
        Operation(
            op_id=f"{op_id}:undo",
            dataset_id=dataset.dataset_id,
            example_id=example,
            annotator=annotator,
            action=Action.UNDO,
            value=op_id,
        )
        for op_id, example in found.iter_rows()
    ]
    _store(workspace, operations)
    return len(operations)


def _decide(
    workspace: Workspace,
    dataset: Dataset,
    annotator: str,
    verdicts: list[tuple[str, Action, str | None]],
) -> None:
    act = f"{_MARK}{uuid.uuid4().hex}"
    _store(
        workspace,
        [
            Operation(
                op_id=f"{act}:{number}",
                dataset_id=dataset.dataset_id,
                example_id=example,
                annotator=annotator,
                action=action,
                value=value,
            )
            for number, (example, action, value) in enumerate(verdicts)
        ],
    )


def _store(workspace: Workspace, operations: list[Operation]) -> None:
    refused = [receipt for receipt in workspace.store.decide(operations) if receipt.refused]
    if refused:
        raise TamisError(refused[0].refused, f"{len(refused)} of {len(operations)} were refused.")
