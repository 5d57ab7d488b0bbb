"""Duplicate triage: keep or exclude the members of a cluster, and take it back.

A decision on a cluster is one operation for each member, under op_ids that share a prefix, so that
the whole act is stored in one commit and undone as one.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import polars as pl

from curation.clusters import alike, clusters, pairs, said
from curation.errors import TamisError, WrongUse
from curation.records import About, Action, Dataset, Operation
from curation.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Act:
    """One act of triage that can be taken back."""

    batch: str
    kept: int
    excluded: int
    separated: int = 0
    """Pairs that were said to be no duplicates."""
    relabelled: int = 0
    """Examples that got the output of a duplicate."""


SETTLED = "settled-"
"""Begins the op_ids of decisions on the outputs of duplicates, which are acts of triage too."""
Verdict = tuple[str, Action, str | None]
"""What is said of an example: its id, the action, and the new output or the other example."""
MOST_SEPARATED = 100
"""Examples that can be set apart from one another in one act: 4,950 pairs."""


_IN_TURN = threading.RLock()
"""Held from looking what was decided since until one's own decision is stored."""
_SINCE = """
    WITH later AS (
        SELECT seq, annotator, unnest(
            CASE action WHEN 'separate' THEN [example_id, value] ELSE [example_id] END
        ) AS example_id
        FROM decision WHERE dataset_id = $dataset AND seq > $seen
        AND action NOT IN ('comment', 'skip')
    )
    SELECT example_id, arg_max(annotator, seq) AS annotator FROM later
    WHERE example_id IN (SELECT unnest($ids)) GROUP BY example_id ORDER BY max(seq) DESC, example_id
"""


class DecidedMeanwhile(TamisError):
    """Somebody has decided on the same examples since they were shown."""


def last_decision(workspace: Workspace, dataset: Dataset) -> int:
    """The number of the dataset's last decision; read before what a person is shown."""
    sql = "SELECT coalesce(max(seq), 0) FROM decision WHERE dataset_id = $dataset"
    return int(workspace.store.value(sql, {"dataset": dataset.dataset_id}))


def decided_since(
    workspace: Workspace, dataset: Dataset, ids: Collection[str], seen: int
) -> dict[str, str]:
    """Which of the examples were decided on after decision number `seen`, and by whom last.

    Taking back counts, comments and skips do not; what came last is first.
    """
    params = {"dataset": dataset.dataset_id, "ids": list(ids), "seen": seen}
    return dict(workspace.store.read(_SINCE, params).iter_rows())


def cluster_overview(workspace: Workspace, dataset: Dataset, threshold: float) -> pl.DataFrame:
    """Clusters at a threshold, unresolved and largest first.

    Columns: `cluster, size, lowest, excluded, resolved, conflict`: lowest similarity to the
    representative; members excluded by any decision; every member decided on; outputs differ.
    """
    included = ~pl.col("excluded")
    return (
        clusters(workspace, dataset, threshold)
        .join(said(workspace, dataset), on="example_id")
        .group_by("cluster")
        .agg(
            size=pl.len(),
            lowest=pl.col("similarity").min(),
            excluded=pl.col("excluded").sum(),
            resolved=pl.col("decided").all(),
            conflict=pl.col("output").filter(included).drop_nulls().n_unique() > 1,
        )
        .sort("resolved", "size", "lowest", "cluster", descending=[False, True, False, False])
    )


def near_twins(workspace: Workspace, dataset: Dataset, threshold: float) -> pl.DataFrame:
    """Pairs alike at the threshold that are never merged, most alike first.

    They differ in meaning, or a person has set them apart.
    """
    found = pairs(workspace, dataset).filter(alike(dataset, threshold), kind="near-twin")
    return found.sort("similarity", "example_id", "other_id", descending=[True, False, False])


def members(
    workspace: Workspace, dataset: Dataset, threshold: float, chosen: Collection[str]
) -> pl.DataFrame:
    """Members of the chosen clusters, of each its representative first, then the most similar.

    Columns: `cluster, example_id, similarity`.
    """
    found = clusters(workspace, dataset, threshold).filter(pl.col("cluster").is_in(list(chosen)))
    first = pl.col("example_id") == pl.col("representative")
    return found.sort(
        "cluster", first, "similarity", "example_id", descending=[False, True, True, False]
    ).select("cluster", "example_id", "similarity")


def states_of(
    workspace: Workspace, dataset: Dataset, ids: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Examples by id.

    `text, current, status, excluded, duplicate_verdict, source_file, source_row` of each.
    """
    found = workspace.store.read(
        "SELECT c.example_id, c.text, c.current, c.status, c.excluded, c.duplicate_verdict, "
        "s.file_name AS source_file, c.source_row "
        "FROM current_example AS c JOIN source AS s USING (dataset_id, source_id) "
        "WHERE c.dataset_id = $dataset AND c.example_id IN (SELECT unnest($ids))",
        {"dataset": dataset.dataset_id, "ids": list(ids)},
    )
    return {row["example_id"]: row for row in found.iter_rows(named=True)}


def with_texts(workspace: Workspace, dataset: Dataset, found: pl.DataFrame) -> list[dict[str, Any]]:
    """Pairs as dicts with `text` and `other_text` added, in the given order."""
    ids = pl.concat([found["example_id"], found["other_id"]]).unique().to_list()
    texts = dict(
        workspace.store.read(
            "SELECT example_id, text FROM example WHERE dataset_id = $dataset "
            "AND example_id IN (SELECT unnest($ids))",
            {"dataset": dataset.dataset_id, "ids": ids},
        ).iter_rows()
    )
    return [
        {**pair, "text": texts[pair["example_id"]], "other_text": texts[pair["other_id"]]}
        for pair in found.iter_rows(named=True)
    ]


def representatives(
    workspace: Workspace, dataset: Dataset, threshold: float, chosen: Collection[str]
) -> tuple[list[str], list[str]]:
    """For the chosen clusters: the ids to keep (one each) and the ids to exclude."""
    members = clusters(workspace, dataset, threshold).filter(pl.col("cluster").is_in(list(chosen)))
    first = pl.col("example_id") == pl.col("representative")
    return (
        members.filter(first)["example_id"].to_list(),
        members.filter(~first)["example_id"].to_list(),
    )


def resolve(
    workspace: Workspace,
    dataset: Dataset,
    annotator: str,
    keep: Collection[str],
    exclude: Collection[str],
    *,
    seen: int | None = None,
    mark: str = "",
) -> Act:
    """Keep some examples of one or several clusters and exclude others, as one act.

    `seen`, `mark` and what is raised: as `judge`.
    """
    verdicts: list[Verdict]
    verdicts = [(key, Action.KEEP, None) for key in sorted(keep)]
    verdicts += [(key, Action.EXCLUDE, None) for key in sorted(exclude)]
    about = About.DUPLICATE
    batch = judge(workspace, dataset, annotator, verdicts, about=about, mark=mark, seen=seen)
    return Act(batch, len(keep), len(exclude))


def keep_first(
    workspace: Workspace,
    dataset: Dataset,
    annotator: str,
    groups: Sequence[Sequence[str]],
    *,
    seen: int,
) -> dict[str, str]:
    """Keep the first example of each group and exclude its others, as one act.

    Groups decided on after decision number `seen` are left out: returns the examples that were
    decided on since, and by whom. Raises TamisError if any of it was refused.
    """
    with _IN_TURN:
        since = decided_since(workspace, dataset, [key for group in groups for key in group], seen)
        open_ones = [group for group in groups if since.keys().isdisjoint(group)]
        keep = [group[0] for group in open_ones]
        exclude = [key for _, *others in open_ones for key in others]
        resolve(workspace, dataset, annotator, keep, exclude)
    return since


def separate(
    workspace: Workspace,
    dataset: Dataset,
    annotator: str,
    ids: Collection[str],
    *,
    seen: int | None = None,
) -> Act:
    """Say that no two of these examples are duplicates of each other, as one act, for ever.

    They are never merged again, nor are their copies, also those imported later. Raises WrongUse
    for fewer than two or more than MOST_SEPARATED examples, else what `judge` raises; `seen`: too.
    """
    members = sorted(set(ids))
    if not 2 <= len(members) <= MOST_SEPARATED:
        raise WrongUse(
            f"{len(members)} examples cannot be set apart from one another.",
            f"Choose from 2 to {MOST_SEPARATED}; to keep all of a larger cluster, keep them all.",
        )
    verdicts: list[Verdict]
    verdicts = [(one, Action.SEPARATE, other) for one, other in combinations(members, 2)]
    batch = judge(workspace, dataset, annotator, verdicts, about=About.DUPLICATE, seen=seen)
    return Act(batch, 0, 0, len(verdicts))


def last_act(
    workspace: Workspace, dataset: Dataset, annotator: str, *, mark: str = ""
) -> Act | None:
    """The person's latest act of triage that still stands; `mark`: whose op_ids begin so."""
    found = workspace.store.read(
        """
        SELECT split_part(op_id, ':', 1) AS batch, count(*) FILTER (action = 'keep') AS kept,
               count(*) FILTER (action = 'exclude') AS excluded,
               count(*) FILTER (action = 'separate') AS separated,
               count(*) FILTER (action IN ('relabel', 'edit')) AS relabelled
        FROM standing_decision
        WHERE dataset_id = $dataset AND annotator = $annotator
          AND (about = 'duplicate' OR starts_with(op_id, $settled)) AND starts_with(op_id, $mark)
        GROUP BY batch ORDER BY max(seq) DESC LIMIT 1
        """,
        {"dataset": dataset.dataset_id, "annotator": annotator, "settled": SETTLED, "mark": mark},
    )
    return Act(*found.row(0)) if len(found) else None


def judge(
    workspace: Workspace,
    dataset: Dataset,
    annotator: str,
    verdicts: Sequence[Verdict],
    *,
    about: About = About.OUTPUT,
    mark: str = "",
    seen: int | None = None,
) -> str:
    """Store decisions on several examples as one act; returns what their op_ids begin with.

    `mark` is how that begins; `seen` the number of the last decision that the person knew of.
    Raises DecidedMeanwhile where any of the examples was decided on since, TamisError if any of it
    was refused.
    """
    batch = f"{mark}{uuid.uuid4().hex}"
    operations = [
        Operation(
            op_id=f"{batch}:{number}",
            dataset_id=dataset.dataset_id,
            example_id=key,
            annotator=annotator,
            action=action,
            value=value,
            about=about,
        )
        for number, (key, action, value) in enumerate(verdicts)
    ]
    with _IN_TURN:
        if seen is not None:
            _nobody_since(workspace, dataset, annotator, verdicts, seen)
        decide(workspace, operations)
    return batch


def _nobody_since(
    workspace: Workspace, dataset: Dataset, annotator: str, verdicts: Sequence[Verdict], seen: int
) -> None:
    ids = {key for key, *_ in verdicts}
    ids |= {other for _, action, other in verdicts if action is Action.SEPARATE and other}
    since = decided_since(workspace, dataset, ids, seen)
    if since:
        by = next(iter(since.values()))
        who = "You have" if by == annotator else f"{by} has"
        raise DecidedMeanwhile(
            f"{who} decided on this meanwhile; nothing was done.",
            "Look again: it is shown here as it stands now.",
        )


def undo(workspace: Workspace, dataset: Dataset, annotator: str, act: Act) -> None:
    """Take back a whole act."""
    take_back(workspace, dataset, annotator, act.batch)


def take_back(workspace: Workspace, dataset: Dataset, annotator: str, batch: str) -> None:
    """Undo all decisions whose op_ids begin with `batch` and a colon."""
    found = workspace.store.read(
        "SELECT op_id, example_id, about FROM standing_decision "
        "WHERE dataset_id = $dataset AND split_part(op_id, ':', 1) = $batch",
        {"dataset": dataset.dataset_id, "batch": batch},
    )
    decide(
        workspace,
        [
            Operation(
                op_id=f"{op_id}:undo",
                dataset_id=dataset.dataset_id,
                example_id=example_id,
                annotator=annotator,
                action=Action.UNDO,
                value=op_id,
                about=About(about),
            )
            for op_id, example_id, about in found.iter_rows()
        ],
    )


def decide(workspace: Workspace, operations: list[Operation]) -> None:
    """Store the decisions of one act. Raises TamisError if any of it was refused."""
    refused = [receipt for receipt in workspace.store.decide(operations) if receipt.refused]
    if refused:
        raise TamisError(refused[0].refused, f"{len(refused)} of {len(operations)} were refused.")
