"""Every number behind the dashboards; each function returns a Polars frame."""

from __future__ import annotations

import json
from datetime import datetime

import polars as pl

from curation.clusters import alike, clusters, pairs
from curation.records import Dataset, Task
from curation.workspace import Workspace


def funnel(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """How many rows are left after each stage, from raw to exported: `stage, rows, what`.

    Each stage is a subset of the one before; `exported` counts the rows of the latest export.
    """
    counts = workspace.store.read(
        """
        SELECT (SELECT coalesce(sum(rows), 0) FROM source WHERE dataset_id = $dataset) AS raw,
               (SELECT coalesce(sum(rows - quarantined), 0) FROM source
                 WHERE dataset_id = $dataset) AS readable,
               count(*) AS imported,
               count(*) FILTER (NOT excluded) AS included,
               count(*) FILTER (NOT excluded AND current IS NOT NULL) AS ready
        FROM current_example WHERE dataset_id = $dataset
        """,
        {"dataset": dataset.dataset_id},
    ).row(0, named=True)
    stages = [
        ("raw", counts["raw"], "rows in the imported files"),
        ("readable", counts["readable"], "not in quarantine"),
        ("imported", counts["imported"], "distinct examples"),
        ("included", counts["included"], "not excluded by a decision"),
        ("ready", counts["ready"], "with an output, ready to export"),
        ("exported", _exported(workspace, dataset), "in the latest export"),
    ]
    return pl.DataFrame(
        stages, schema={"stage": pl.String, "rows": pl.Int64, "what": pl.String}, orient="row"
    )


def review_progress(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """Number of examples by status: `status, examples`."""
    return workspace.store.read(
        "SELECT status, count(*) AS examples FROM current_example WHERE dataset_id = $dataset "
        "GROUP BY status ORDER BY examples DESC, status",
        {"dataset": dataset.dataset_id},
    )


def label_distribution(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """Examples per label before and after decisions: `label, given, current`, largest first.

    `current` counts included examples only. A multi-label example counts once for each label.
    """
    rows = workspace.store.read(
        "SELECT given, current, excluded FROM current_example WHERE dataset_id = $dataset",
        {"dataset": dataset.dataset_id},
    )
    given = _count_labels(dataset.task, rows["given"], "given")
    current = _count_labels(dataset.task, rows.filter(~pl.col("excluded"))["current"], "current")
    return (
        given.join(current, on="label", how="full", coalesce=True)
        .with_columns(pl.col("given", "current").fill_null(0))
        .sort("current", "label", descending=[True, False])
    )


def flagged_by_kind(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """Flagged examples by kind, and how many are still to be looked at: `kind, flagged, open`."""
    return workspace.store.read(
        "SELECT f.kind, count(*) AS flagged, "
        "count(*) FILTER (c.status IN ('unreviewed', 'skipped')) AS open "
        "FROM flag AS f JOIN current_example AS c USING (dataset_id, example_id) "
        "WHERE dataset_id = $dataset AND f.flagged GROUP BY f.kind ORDER BY flagged DESC, f.kind",
        {"dataset": dataset.dataset_id},
    )


def progress_by_person(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """Standing decisions of each annotator on outputs.

    Columns: `annotator, examples, kept, relabelled, edited, excluded, skipped, median_seconds,
    last_decision`. `median_seconds` is over decisions that carry a time on screen.
    """
    return workspace.store.read(
        """
        SELECT annotator, count(DISTINCT example_id) AS examples,
               count(*) FILTER (action = 'keep') AS kept,
               count(*) FILTER (action = 'relabel') AS relabelled,
               count(*) FILTER (action = 'edit') AS edited,
               count(*) FILTER (action = 'exclude') AS excluded,
               count(*) FILTER (action = 'skip') AS skipped,
               median(elapsed_ms) FILTER (elapsed_ms > 0) / 1000 AS median_seconds,
               max(decided_at) AS last_decision
        FROM standing_decision
        WHERE dataset_id = $dataset AND about = 'output' AND action <> 'comment'
        GROUP BY annotator ORDER BY examples DESC, annotator
        """,
        {"dataset": dataset.dataset_id},
    )


def flagged_examples(workspace: Workspace, dataset: Dataset) -> tuple[int, int]:
    """How many examples carry any flag, and how many of those are still to be looked at."""
    found = workspace.store.read(
        "SELECT count(DISTINCT example_id), "
        "count(DISTINCT example_id) FILTER (c.status IN ('unreviewed', 'skipped') "
        "AND NOT c.excluded) "
        "FROM flag AS f JOIN current_example AS c USING (dataset_id, example_id) "
        "WHERE dataset_id = $dataset AND f.flagged",
        {"dataset": dataset.dataset_id},
    ).row(0)
    return int(found[0]), int(found[1])


def confusion(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """Flagged examples by given and suggested output: `given, suggested, examples, open`.

    Only where the two differ, most frequent first.
    """
    return workspace.store.read(
        """
        SELECT c.given, f.suggested, count(*) AS examples,
               count(*) FILTER (c.status IN ('unreviewed', 'skipped')) AS open
        FROM flag AS f JOIN current_example AS c USING (dataset_id, example_id)
        WHERE dataset_id = $dataset AND f.kind = 'label' AND f.flagged
          AND c.given IS NOT NULL AND c.given <> f.suggested
        GROUP BY ALL ORDER BY examples DESC, c.given, f.suggested
        """,
        {"dataset": dataset.dataset_id},
    )


def overlaps(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """Pairs of labels given for one another, most overlapping first: `label_map.OVERLAP_SCHEMA`.

    Estimates, of the last analysis; empty for other tasks than single-label.
    """
    return workspace.store.read(
        "SELECT * EXCLUDE (dataset_id) FROM label_overlap WHERE dataset_id = $dataset "
        "ORDER BY share DESC, joint DESC, label, other",
        {"dataset": dataset.dataset_id},
    )


def label_quality(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """How far each label can be trusted, the worst first: `label_map.QUALITY_SCHEMA`.

    Estimates, of the last analysis; null where too few examples are clear. Empty without labels.
    """
    return workspace.store.read(
        "SELECT * EXCLUDE (dataset_id) FROM label_quality WHERE dataset_id = $dataset "
        "ORDER BY label_quality NULLS LAST, label",
        {"dataset": dataset.dataset_id},
    )


def slices(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """Groups of examples whose labels fail together, strongest first: `slices.SLICE_SCHEMA`."""
    return workspace.store.read(
        "SELECT * EXCLUDE (dataset_id) FROM slice WHERE dataset_id = $dataset "
        "ORDER BY p_value, excess DESC, slice_id",
        {"dataset": dataset.dataset_id},
    )


def last_scored(workspace: Workspace, dataset: Dataset) -> datetime | None:
    """When the flags were last computed, with time zone; None before the first time."""
    found: datetime | None = workspace.store.value(
        "SELECT finished_at FROM step WHERE dataset_id = $dataset AND name = 'flags'",
        {"dataset": dataset.dataset_id},
    )
    return found


def duplicate_summary(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """Pairs by kind at the dataset's threshold, and clusters: `what, count`."""
    found = pairs(workspace, dataset).filter(alike(dataset))
    members = clusters(workspace, dataset)
    kinds = [(kind, found.filter(pl.col("kind") == kind).height) for kind in _KINDS]
    rows = [
        *((f"{kind} pairs", count) for kind, count in kinds),
        ("clusters", members["cluster"].n_unique()),
        ("examples in clusters", members.height),
    ]
    return pl.DataFrame(rows, schema={"what": pl.String, "count": pl.Int64}, orient="row")


_KINDS = ("exact", "near", "near-twin")


def _exported(workspace: Workspace, dataset: Dataset) -> int:
    manifest = workspace.store.value(
        "SELECT manifest FROM export WHERE dataset_id = $dataset ORDER BY created_at DESC LIMIT 1",
        {"dataset": dataset.dataset_id},
    )
    splits = json.loads(manifest)["splits"].values() if manifest else ()
    return sum(split["rows"] for split in splits)


def _count_labels(task: Task, outputs: pl.Series, name: str) -> pl.DataFrame:
    labels = outputs.drop_nulls()
    if task is Task.MULTI_LABEL:
        labels = labels.str.json_decode(pl.List(pl.String)).explode().drop_nulls()
    counts = labels.alias("label").cast(pl.String).value_counts(name=name)
    return counts.with_columns(pl.col(name).cast(pl.Int64))
