"""Which examples, in which order: a queue is described by plain data and read with SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import polars as pl

from curation.clusters import flagged_conflicts
from curation.records import Dataset, Json
from curation.workspace import Workspace

FLAGGED = "any"
"""As a kind: flagged for whatever reason."""
STATUSES = {
    "open": "To review",
    "reviewed": "Reviewed",
    "included": "Not excluded",
    "ready": "Ready to export",
    "unverified": "Ready, never reviewed",
    "left-out": "Excluded, duplicates too",
    "missing": "Without output",
    "disputed": "Two people disagree",
    "unreviewed": "Unreviewed",
    "skipped": "Skipped",
    "kept": "Kept",
    "relabelled": "Relabelled",
    "edited": "Edited",
    "excluded": "Excluded",
}
"""What may be asked of a status, and how it is called."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a person wants to see of a dataset. Empty fields do not restrict."""

    status: str = ""
    """One of STATUSES."""
    kind: str = ""
    """A kind of flag, or FLAGGED; only examples that it flagged."""
    given: str = ""
    """An output; in a multi-label dataset also one label of several. So are the next two."""
    current: str = ""
    suggested: str = ""
    annotator: str = ""
    """The name of a person who decided on the output; `by` in the address."""
    text: str = ""
    """Part of the input or output, in any case."""
    example: str = ""
    """One example id."""
    slice: str = ""
    """The id of a slice; its examples come in the order of the slice."""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Self:
        """From URL parameters; unknown ones are ignored."""
        names = {f.name: _IN_QUERY.get(f.name, f.name) for f in fields(cls)}
        return cls(**{name: query[key] for name, key in names.items() if key in query})

    def to_query(self) -> dict[str, str]:
        """The fields that restrict, as URL parameters."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {_IN_QUERY.get(name, name): value for name, value in values.items() if value}

    def where(self) -> tuple[str, dict[str, Any]]:
        """SQL condition over `current_example AS c` with its bound parameters."""
        conditions = ["c.dataset_id = $dataset"]
        params: dict[str, Any] = {}
        for name, condition in _CONDITIONS.items():
            if value := getattr(self, name):
                conditions.append(condition)
                params[name] = value
        if self.status in _GROUPS:
            conditions.append(_GROUPS[self.status])
        elif self.status:
            conditions.append("c.status = $status")
            params["status"] = self.status
        return " AND ".join(f"({condition})" for condition in conditions), params


# In an address, `annotator` is the person who works there.
_IN_QUERY = {"annotator": "by"}


def _says(column: str, name: str) -> str:
    """Condition that an output is `$name`, or a list of labels that has it."""
    return (
        f"{column} = ${name} OR CASE "
        "WHEN (SELECT task FROM dataset WHERE dataset_id = $dataset) = 'multi-label' "
        f"THEN list_contains(from_json({column}, '[\"VARCHAR\"]'), ${name}) ELSE false END"
    )


_FLAG = (
    "EXISTS (FROM flag AS k WHERE k.dataset_id = c.dataset_id AND k.example_id = c.example_id AND "
)
_CONDITIONS = {
    "kind": f"{_FLAG} k.flagged AND $kind IN (k.kind, '{FLAGGED}'))",
    "given": _says("c.given", "given"),
    "current": _says("c.current", "current"),
    "suggested": f"{_FLAG} ({_says('k.suggested', 'suggested')}))",
    "annotator": "EXISTS (FROM standing_decision AS d WHERE d.dataset_id = c.dataset_id "
    "AND d.example_id = c.example_id AND d.annotator = $annotator "
    "AND d.about = 'output' AND d.action <> 'comment')",
    "text": "contains(lower(c.text), lower($text)) OR contains(lower(c.current), lower($text))",
    "example": "c.example_id = $example",
    "slice": "c.example_id IN (SELECT unnest(s.example_ids) FROM slice AS s "
    "WHERE s.dataset_id = $dataset AND s.slice_id = $slice)",
}
_REVIEWED = "c.status IN ('kept', 'relabelled', 'edited')"
_GROUPS = {
    "all": "true",
    "open": "c.status IN ('unreviewed', 'skipped') AND NOT c.excluded",
    "reviewed": _REVIEWED,
    "included": "NOT c.excluded",
    "ready": "NOT c.excluded AND c.current IS NOT NULL",
    "unverified": f"NOT c.excluded AND c.current IS NOT NULL AND NOT ({_REVIEWED})",
    "left-out": "c.excluded",
    "missing": "NOT c.excluded AND c.current IS NULL",
    "disputed": "c.disputed",
}

# Skipped ones come last; among the rest first what contradicts a duplicate, where one of two is
# surely wrong, side by side; then the worst. Ties by id, so that a queue is stable.
# What is wrong with a slice may show in no single example of it, so a slice has its own order.
_ORDER = """
    c.status = 'skipped', p.place, coalesce(w.conflict, false) DESC, k.place NULLS LAST,
    coalesce(w.flagged, false) DESC, w.score NULLS LAST, c.example_id
"""
_PLACES = """
    SELECT unnest(example_ids) AS example_id, generate_subscripts(example_ids, 1) AS place
    FROM slice WHERE dataset_id = $dataset AND slice_id = $slice
"""
_CONFLICTS = """
    SELECT unnest($conflicts::VARCHAR[]) AS example_id,
           generate_subscripts($conflicts::VARCHAR[], 1) AS place
"""
_WITHOUT = "NOT list_contains($without::VARCHAR[], c.example_id)"
_WORST = """
    SELECT dataset_id, example_id, bool_or(flagged) AS flagged, min(score) AS score,
           bool_or(flagged AND kind = 'conflict') AS conflict
    FROM flag WHERE dataset_id = $dataset GROUP BY ALL
"""


def count(
    workspace: Workspace, dataset: Dataset, chosen: Filter, without: Collection[str] = ()
) -> int:
    """How many examples match, leaving out the ids in `without`."""
    where, params = chosen.where()
    found = workspace.store.value(
        f"SELECT count(*) FROM current_example AS c WHERE {where} AND {_WITHOUT}",
        {"dataset": dataset.dataset_id, **params, "without": list(without)},
    )
    return int(found)


def rows(
    workspace: Workspace, dataset: Dataset, chosen: Filter, *, limit: int, offset: int = 0
) -> pl.DataFrame:
    """A page of matching examples in review order, conflicts first, then the worst.

    Columns: `example_id, source_row, text, given, current, suggested, score, status, kinds,
    reason, comment, decided_by`. `kinds`: a list of those that flagged it, the worst first.
    """
    where, params = chosen.where()
    return workspace.store.read(
        f"""
        WITH worst AS ({_WORST}),
        finding AS (
            SELECT dataset_id, example_id,
                   arg_min(reason, coalesce(score, 2) - flagged::INT * 10) AS reason,
                   list(kind ORDER BY score NULLS LAST, kind) FILTER (flagged) AS kinds,
                   max(suggested) FILTER (kind = 'label') AS suggested
            FROM flag WHERE dataset_id = $dataset AND (flagged OR kind = 'label') GROUP BY ALL
        )
        SELECT c.example_id, c.source_row, c.text, c.given, c.current, f.suggested, w.score,
               c.status, coalesce(f.kinds, []) AS kinds, f.reason, c.comment, c.decided_by
        FROM current_example AS c
        LEFT JOIN worst AS w USING (dataset_id, example_id)
        LEFT JOIN finding AS f USING (dataset_id, example_id)
        LEFT JOIN ({_PLACES}) AS p USING (example_id)
        LEFT JOIN ({_CONFLICTS}) AS k USING (example_id)
        WHERE {where} ORDER BY {_ORDER} LIMIT $limit OFFSET $offset
        """,
        _bound(workspace, dataset, chosen, params, limit=limit, offset=offset),
    )


def next_ids(
    workspace: Workspace,
    dataset: Dataset,
    chosen: Filter,
    limit: int,
    without: Collection[str] = (),
) -> list[str]:
    """Ids of the first `limit` matching examples in review order, without those in `without`."""
    where, params = chosen.where()
    found = workspace.store.read(
        f"""
        SELECT c.example_id FROM current_example AS c
        LEFT JOIN ({_WORST}) AS w USING (dataset_id, example_id)
        LEFT JOIN ({_PLACES}) AS p USING (example_id)
        LEFT JOIN ({_CONFLICTS}) AS k USING (example_id)
        WHERE {where} AND {_WITHOUT} ORDER BY {_ORDER} LIMIT $limit
        """,
        _bound(workspace, dataset, chosen, params, limit=limit, without=list(without)),
    )
    ids: list[str] = found["example_id"].to_list()
    return ids


def _bound(
    workspace: Workspace, dataset: Dataset, chosen: Filter, params: Json, **more: Any
) -> Json:
    conflicts = flagged_conflicts(workspace, dataset)
    known = {"dataset": dataset.dataset_id, "slice": chosen.slice, "conflicts": conflicts}
    return {**known, **params, **more}
