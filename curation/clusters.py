"""Duplicate pairs and clusters of a dataset as they stand in the store, at any threshold."""

from __future__ import annotations

import polars as pl

from curation import duplicates
from curation.records import Dataset
from curation.workspace import Workspace


def pairs(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """All stored pairs: `example_id, other_id, similarity, kind`, ordered."""
    return workspace.store.read(
        "SELECT example_id, other_id, similarity, kind FROM pair WHERE dataset_id = $dataset "
        "ORDER BY example_id, other_id",
        {"dataset": dataset.dataset_id},
    )


def clusters(
    workspace: Workspace, dataset: Dataset, threshold: float | None = None
) -> pl.DataFrame:
    """Clusters at a threshold (default: the dataset's): see `duplicates.cluster`.

    Remembered in the workspace for as long as the stored pairs are the same, because the review
    card and the dashboards ask for it again and again.
    """
    if threshold is None:
        threshold = dataset.settings.near_threshold
    version = workspace.store.value(
        "SELECT input_key FROM step WHERE dataset_id = $dataset AND name = 'duplicates'",
        {"dataset": dataset.dataset_id},
    )
    key = ("clusters", dataset.dataset_id, version, threshold)
    return workspace.remember(key, lambda: duplicates.cluster(pairs(workspace, dataset), threshold))


def pair_rows(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """Pairs with their places in the source files and, where merged, their cluster.

    Columns: `example_id, other_id, source_row, other_row, similarity, kind, cluster`.
    """
    found = pairs(workspace, dataset)
    rows = workspace.store.read(
        "SELECT example_id, source_row FROM example WHERE dataset_id = $dataset",
        {"dataset": dataset.dataset_id},
    )
    members = clusters(workspace, dataset)
    return (
        found.join(rows, on="example_id")
        .join(rows.rename({"example_id": "other_id", "source_row": "other_row"}), on="other_id")
        .join(members.select("example_id", "cluster"), on="example_id", how="left")
        .join(
            members.select(other_id="example_id", other_cluster="cluster"),
            on="other_id",
            how="left",
        )
        .with_columns(cluster=pl.when(pl.col("cluster") == pl.col("other_cluster")).then("cluster"))
        .select(
            "example_id", "other_id", "source_row", "other_row", "similarity", "kind", "cluster"
        )
        .sort("similarity", "example_id", "other_id", descending=[True, False, False])
    )
