"""Duplicate pairs and clusters of a dataset as they stand in the store, at any threshold.

What is returned follows people's decisions at once: pairs that were set apart are not merged, and
who represents a cluster depends on what was verified or excluded. It is remembered in the
workspace for as long as the stored pairs and the decisions that matter are the same, because the
review card and the dashboards ask for it again and again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Hashable, Sequence

import numpy as np
import polars as pl

from curation import duplicates
from curation.records import Dataset, Task
from curation.representatives import ranks_of, reason_of
from curation.similarity import Rows, Search
from curation.workspace import Workspace

STEPS = tuple(round(0.80 + 0.01 * step, 2) for step in range(21))
"""The thresholds of `cluster_counts`."""


def pairs(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """All pairs: `example_id, other_id, similarity, kind, lexical`, ordered.

    A pair of texts that a person has set apart is a near-twin.
    """
    found = duplicates.set_apart(_read(workspace, dataset), _separated(workspace, dataset))[0]
    return found.sort("example_id", "other_id")


def separated(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """The standing verdicts "not duplicates": `example_id, other_id`, each pair once, ordered."""
    return workspace.store.read(
        "SELECT DISTINCT least(example_id, value) AS example_id, "
        "greatest(example_id, value) AS other_id FROM standing_decision "
        "WHERE dataset_id = $dataset AND action = 'separate' ORDER BY ALL",
        {"dataset": dataset.dataset_id},
    )


def alike(dataset: Dataset, threshold: float | None = None) -> pl.Expr:
    """Whether a pair counts as alike at a threshold (default: the dataset's)."""
    settings = dataset.settings
    return duplicates.alike(
        settings.near_threshold if threshold is None else threshold, settings.lexical_threshold
    )


def clusters(
    workspace: Workspace, dataset: Dataset, threshold: float | None = None
) -> pl.DataFrame:
    """Clusters at a threshold (default: the dataset's): see `duplicates.Stars.clusters`."""
    chosen = dataset.settings.near_threshold if threshold is None else threshold
    return _State(workspace, dataset).clusters(chosen)


def reasons(
    workspace: Workspace, dataset: Dataset, threshold: float, chosen: Collection[str]
) -> dict[str, str]:
    """Cluster → in words, why its representative represents it, for the chosen clusters."""
    state = _State(workspace, dataset)
    found = state.clusters(threshold).filter(pl.col("cluster").is_in(list(chosen)))
    notes = dict(state.ranks.select("example_id", "reason").iter_rows())
    sizes = found.group_by("cluster", maintain_order=True).len()
    return {key: reason_of(notes.get(key), size) for key, size in sizes.iter_rows()}


def cluster_counts(
    workspace: Workspace, dataset: Dataset, thresholds: Sequence[float] = STEPS
) -> pl.DataFrame:
    """What each threshold would do: `threshold, clusters, exclude, conflicts`.

    `exclude`: members that are not excluded yet and do not represent their cluster; `conflicts`:
    clusters whose members, but for excluded ones, have different outputs.
    """
    return _State(workspace, dataset).counts(thresholds)


def version(workspace: Workspace, dataset: Dataset) -> Hashable:
    """Another value whenever clusters or their counts may be others; read in no time."""
    settings = dataset.settings
    return (
        *_stored(workspace, dataset),
        _last_decision(workspace, dataset),
        settings.representative,
        settings.lexical_threshold,
    )


def said(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """What the examples in pairs say now: `example_id, output, excluded, decided`, by id.

    `decided`: kept or excluded among duplicates, or excluded as bad. Answers of chats are given as
    they are compared (see `duplicates.exact_key`).
    """
    return _State(workspace, dataset).said().drop("number")


def conflicts_of(
    workspace: Workspace, dataset: Dataset, threshold: float | None = None
) -> pl.DataFrame:
    """Duplicates whose outputs contradict each other now, the most similar first.

    See `duplicates.conflicts`; near-twins differ in meaning, so that their outputs may differ too.
    Excluded examples are left out. Where a dataset's duplicates are those of answers, there is
    nothing to contradict.
    """
    settings = dataset.settings
    threshold = settings.near_threshold if threshold is None else threshold
    state = _State(workspace, dataset)
    included = pl.when(~pl.col("excluded")).then("output")
    outputs = state.said().select(included).to_series()
    found = duplicates.conflicts_in(state.graph, outputs, threshold, settings.lexical_threshold)
    return found.sort("similarity", "example_id", "other_id", descending=[True, False, False])


def flagged_conflicts(workspace: Workspace, dataset: Dataset) -> list[str]:
    """The examples that the analysis flagged as conflicts, those of one conflict side by side.

    The surest conflict comes first. Decisions do not change the order: who is asked about one side
    is asked about the others next. Conflicts that share an example count as one.
    """
    state = _State(workspace, dataset)
    flags = workspace.store.value(
        "SELECT input_key || decision_seq FROM step WHERE dataset_id = $dataset AND name = 'flags'",
        {"dataset": dataset.dataset_id},
    )
    return state.flagged_conflicts(flags)


def opponents(workspace: Workspace, dataset: Dataset, ids: Collection[str]) -> pl.DataFrame:
    """Whom some examples contradict now: `example_id, other_id, similarity`, most similar first.

    See `conflicts_of`.
    """
    found = conflicts_of(workspace, dataset)
    there = found.select("example_id", "other_id", "similarity")
    back = found.select(example_id="other_id", other_id="example_id", similarity="similarity")
    return (
        pl.concat([there, back])
        .filter(pl.col("example_id").is_in(list(ids)))
        .sort("similarity", "example_id", "other_id", descending=[True, False, False])
    )


def search_of(workspace: Workspace, dataset: Dataset, channel: str = "embedding") -> Search | None:
    """How the stored pairs were searched, and what share of those that there are was found.

    `channel`: `embedding` or `lexical`. The share is the one measured at the highest threshold
    that is not above the dataset's, so that it holds there or better; None in its place where none
    was. None where there was no search.
    """
    settings = dataset.settings
    limit = settings.near_threshold if channel == "embedding" else settings.lexical_threshold
    found = workspace.store.read(
        "SELECT * FROM duplicate_search WHERE dataset_id = $dataset AND channel = $channel "
        "ORDER BY threshold",
        {"dataset": dataset.dataset_id, "channel": channel},
    )
    if found.is_empty():
        return None
    fitting = found.filter(pl.col("threshold") <= limit + 1e-9)
    row = (found if fitting.is_empty() else fitting).row(-1 if len(fitting) else 0, named=True)
    if row["method"] == "exact":
        return Search("exact", row["rows"], 0, 1.0, None)
    if fitting.is_empty() or row["recall"] is None:
        return Search("cells", row["rows"], row["cells"], None, None)
    return Search("cells", row["rows"], row["cells"], row["recall"], (row["low"], row["high"]))


def pair_rows(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """Pairs with their places in the source files and, where merged, their cluster.

    Columns: `example_id, other_id, source_row, other_row, similarity, kind, cluster, lexical`.
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
            "example_id",
            "other_id",
            "source_row",
            "other_row",
            "similarity",
            "kind",
            "cluster",
            "lexical",
        )
        .sort("similarity", "example_id", "other_id", descending=[True, False, False])
    )


class _State:
    """All that clusters depend on but the threshold."""

    def __init__(self, workspace: Workspace, dataset: Dataset) -> None:
        self._workspace, self._dataset = workspace, dataset
        self._stored, self._last = _stored(workspace, dataset), _last_decision(workspace, dataset)
        self._apart = _separated(workspace, dataset)
        verdicts = _fingerprint(self._apart)
        self.graph, apart = workspace.remember(
            ("graph", *self._stored, verdicts), lambda: _graph(workspace, dataset)
        )
        preference = dataset.settings.representative
        self.ranks = workspace.remember(
            ("ranks", *self._stored, preference, self._last),
            lambda: ranks_of(workspace, dataset, self.graph.ids),
        )
        self._key = (*self._stored, preference, verdicts, _fingerprint(self.ranks))
        self._stars = workspace.remember(
            ("stars", *self._key), lambda: duplicates.Stars(self.graph, self.ranks, apart)
        )

    def clusters(self, threshold: float) -> pl.DataFrame:
        """Clusters at a threshold."""
        lexical = self._dataset.settings.lexical_threshold
        return self._workspace.remember(
            ("clusters", *self._key, threshold, lexical),
            lambda: self._stars.clusters(threshold, lexical),
        )

    def counts(self, thresholds: Sequence[float]) -> pl.DataFrame:
        """Counts at some thresholds."""
        lexical = self._dataset.settings.lexical_threshold

        def count() -> pl.DataFrame:
            outputs = self._numbered()
            counts = [self._stars.counts(one, lexical, outputs) for one in thresholds]
            return pl.DataFrame(counts).insert_column(0, pl.Series("threshold", thresholds))

        key = ("counts", *self._key, self._last, lexical, *thresholds)
        return self._workspace.remember(key, count)

    def flagged_conflicts(self, flags: str | None) -> list[str]:
        """As `flagged_conflicts`; `flags` stands for the flags."""
        settings = self._dataset.settings
        threshold, lexical = settings.near_threshold, settings.lexical_threshold

        def order() -> list[str]:
            found = self._workspace.store.read(
                "SELECT example_id, min(score) AS score FROM flag WHERE dataset_id = $dataset "
                "AND kind = 'conflict' AND flagged GROUP BY ALL",
                {"dataset": self._dataset.dataset_id},
            )
            groups = duplicates.groups_among(self.graph, found["example_id"], threshold, lexical)
            joined = found.join(groups, on="example_id")
            surest = pl.col("score").min().over("group")
            ids: list[str] = joined.sort(surest, "group", "example_id")["example_id"].to_list()
            return ids

        verdicts = _fingerprint(self._apart)
        key = ("flagged-conflicts", *self._stored, verdicts, flags, threshold, lexical)
        return self._workspace.remember(key, order)

    def said(self) -> pl.DataFrame:
        """As `said`, with the `number` of the output, −1 for none."""
        key = ("said", *self._stored, _fingerprint(self._apart), self._last)
        return self._workspace.remember(key, self._fold)

    def _fold(self) -> pl.DataFrame:
        """Folding the decisions on all examples takes longer than a person likes to wait."""
        given = self._workspace.remember(
            ("given", *self._stored, _fingerprint(self._apart)), self._given
        )
        decided = self._workspace.store.read(_DECIDED, {"dataset": self._dataset.dataset_id})
        decided = decided.with_columns(self._compared("now"))
        known = given.select(now="output", known="number").drop_nulls().unique()
        unknown = pl.col("now").rank("dense").cast(pl.Int64) + given["number"].max()
        decided = decided.join(known, on="now", how="left").with_columns(
            now_number=pl.coalesce("known", unknown, -1)
        )
        touched = pl.col("excluded").is_not_null()
        return given.join(decided, on="example_id", how="left", maintain_order="left").select(
            "example_id",
            output=pl.when(touched).then("now").otherwise("output"),
            excluded=pl.col("excluded").fill_null(value=False),
            decided=pl.col("decided").fill_null(value=False),
            number=pl.when(touched).then("now_number").otherwise("number"),
        )

    def _given(self) -> pl.DataFrame:
        """What the examples in pairs said when they were imported: `example_id, output, number`."""
        ids = self.graph.ids
        found = self._workspace.store.read(
            "SELECT example_id, given FROM example WHERE dataset_id = $dataset "
            "AND example_id IN (SELECT unnest($ids))",
            {"dataset": self._dataset.dataset_id, "ids": ids.to_list()},
        ).with_columns(self._compared("given"))
        return (
            pl.DataFrame({"example_id": ids})
            .join(found, on="example_id", how="left", maintain_order="left")
            .select(
                "example_id",
                output="given",
                number=pl.col("given").rank("dense").cast(pl.Int64).fill_null(-1),
            )
        )

    def _compared(self, column: str) -> pl.Expr:
        """Answers that differ in case or punctuation say the same."""
        if self._dataset.task is not Task.CHAT:
            return pl.col(column)
        return pl.col(column).map_elements(duplicates.exact_key, pl.String)

    def _numbered(self) -> Rows:
        """The outputs as numbers in the order of the graph's ids; see `Stars.counts`."""
        number = pl.when("excluded").then(-2).otherwise("number")
        return self.said().select(number).to_series().to_numpy().astype(np.int64)


_DECIDED = """
    SELECT example_id, current AS now, excluded,
           duplicate_verdict IS NOT NULL OR excluded AS decided
    FROM current_example WHERE dataset_id = $dataset
    AND example_id IN (SELECT example_id FROM decision WHERE dataset_id = $dataset)
"""


def _stored(workspace: Workspace, dataset: Dataset) -> tuple[str, str | None]:
    """What stands for the stored pairs."""
    version = workspace.store.value(
        "SELECT input_key FROM step WHERE dataset_id = $dataset AND name = 'duplicates'",
        {"dataset": dataset.dataset_id},
    )
    return dataset.dataset_id, version


def _last_decision(workspace: Workspace, dataset: Dataset) -> int:
    return int(
        workspace.store.value(
            "SELECT coalesce(max(seq), 0) FROM decision WHERE dataset_id = $dataset",
            {"dataset": dataset.dataset_id},
        )
    )


def _fingerprint(frame: pl.DataFrame) -> str:
    return hashlib.sha256(frame.hash_rows().to_numpy().tobytes()).hexdigest()


def _separated(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    key = ("separated", dataset.dataset_id, _last_decision(workspace, dataset))
    return workspace.remember(key, lambda: separated(workspace, dataset))


def _graph(workspace: Workspace, dataset: Dataset) -> tuple[duplicates.TextGraph, pl.DataFrame]:
    """What may be merged, and what people set apart."""
    found = _read(workspace, dataset, "AND kind <> 'near-twin'")
    found, apart = duplicates.set_apart(found, _separated(workspace, dataset))
    return duplicates.text_graph(found), apart


def _read(workspace: Workspace, dataset: Dataset, which: str = "") -> pl.DataFrame:
    return workspace.store.read(
        "SELECT example_id, other_id, similarity, kind, lexical FROM pair "
        f"WHERE dataset_id = $dataset {which}",
        {"dataset": dataset.dataset_id},
    )
