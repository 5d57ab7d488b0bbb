"""What people set apart as no duplicates: found again, and taken back."""

from __future__ import annotations

import polars as pl

from curation.errors import WrongUse
from curation.records import Dataset
from curation.workspace import Workspace
from labeling import triage

_SEPARATIONS = """
    WITH act AS (
        SELECT split_part(op_id, ':', 1) AS act, any_value(annotator) AS annotator,
               max(decided_at) AS decided_at, max(seq) AS last, count(*) AS pairs,
               list_sort(list_distinct(flatten(list([example_id, value])))) AS example_ids
        FROM standing_decision WHERE dataset_id = $dataset AND action = 'separate' GROUP BY act
    )
    SELECT act, annotator, decided_at, pairs, example_ids FROM act
    WHERE $containing = '' OR act IN (
        SELECT m.act FROM (SELECT act, unnest(example_ids) AS example_id FROM act) AS m
        JOIN example AS e USING (example_id)
        WHERE e.dataset_id = $dataset AND contains(lower(e.text), lower($containing))
    ) ORDER BY last DESC
"""


def separations(workspace: Workspace, dataset: Dataset, containing: str = "") -> pl.DataFrame:
    """The acts by which people set examples apart and that still stand, the latest first.

    Columns: `act, annotator, decided_at, pairs, example_ids`. `containing`: only those of which a
    text contains it, in any case.
    """
    params = {"dataset": dataset.dataset_id, "containing": containing}
    return workspace.store.read(_SEPARATIONS, params)


def take_back(workspace: Workspace, dataset: Dataset, annotator: str, act: str) -> int:
    """Take back that examples are no duplicates, whoever said it; returns how many pairs.

    They are duplicates again where they are alike, and their copies with them, unless somebody else
    set them apart too. Raises WrongUse where no such act stands, TamisError if it was refused.
    """
    found = separations(workspace, dataset).filter(act=act)
    if found.is_empty():
        raise WrongUse(
            f"Nothing was set apart by an act '{act}', or it is taken back already.",
            f"What stands: tamis set-apart --dataset {dataset.name}",
        )
    triage.take_back(workspace, dataset, annotator, act)
    return int(found["pairs"][0])
