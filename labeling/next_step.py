"""What to do next with a dataset: the one suggestion that the home page makes."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from curation import pipeline, quality
from curation.records import Dataset
from curation.workspace import Workspace
from labeling import queue
from labeling.conflicts import conflict_overview
from labeling.triage import cluster_overview


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a dataset stands, in the numbers of the home page, and what comes next."""

    examples: int
    excluded: int
    reviewed: int
    open_flags: int
    open_clusters: int
    open_conflicts: int
    exported: int
    page: str
    """`import`, `analyse`, `duplicates`, `review` or `export`."""
    action: str
    why: str
    query: dict[str, str]
    """What the page is to show, as URL parameters."""


def standing(workspace: Workspace, dataset: Dataset) -> Standing:
    """Read where a dataset stands and choose the next step."""
    stages = dict(quality.funnel(workspace, dataset).select("stage", "rows").iter_rows())
    clusters = cluster_overview(workspace, dataset, dataset.settings.near_threshold)
    numbers = {
        "examples": stages["imported"],
        "excluded": stages["imported"] - stages["included"],
        "reviewed": queue.count(workspace, dataset, queue.Filter(status="reviewed")),
        "open_flags": quality.flagged_examples(workspace, dataset)[1],
        "open_clusters": clusters.filter(~pl.col("resolved")).height,
        "open_conflicts": conflict_overview(workspace, dataset).filter(~pl.col("settled")).height,
        "exported": stages["exported"],
    }
    stale = pipeline.stale_steps(workspace, dataset)
    page, action, why = _next(numbers, stale)
    query = {"tab": "Conflicts"} if page == "duplicates" and numbers["open_conflicts"] else {}
    return Standing(**numbers, page=page, action=action, why=why, query=query)


def _next(numbers: dict[str, int], stale: list[str]) -> tuple[str, str, str]:
    if numbers["examples"] == 0:
        return ("import", "Import a file", "This dataset has no examples yet.")
    if stale:
        return ("analyse", "Analyse", "There are examples that no analysis has seen.")
    if numbers["open_conflicts"]:
        why = f"{numbers['open_conflicts']:,} pairs say the same and have different outputs."
        return ("duplicates", "Decide conflicts", why)
    if numbers["open_clusters"]:
        why = f"{numbers['open_clusters']:,} clusters of duplicates wait for a decision."
        return ("duplicates", "Triage duplicates", why)
    if numbers["open_flags"]:
        why = f"{numbers['open_flags']:,} flagged examples wait for a person."
        return ("review", "Review", why)
    return ("export", "Export", "Every flag has been looked at.")
