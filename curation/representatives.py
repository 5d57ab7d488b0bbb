"""Who should represent a cluster of duplicates, and why, in words."""

from __future__ import annotations

import polars as pl

from curation.records import Dataset
from curation.workspace import Workspace

_CHOSEN, _ORDINARY, _LAST = -1, 0, 1
_VERDICTS = """
    SELECT example_id,
           arg_max(action, seq) FILTER (about = 'output') AS verdict,
           arg_max(action, seq) FILTER (about = 'duplicate') AS choice
    FROM standing_decision
    WHERE dataset_id = $dataset AND action IN ('keep', 'relabel', 'edit', 'exclude')
    GROUP BY ALL ORDER BY ALL
"""
_FACTS = """
    SELECT e.example_id, length(e.text) + coalesce(length(e.given), 0) AS characters,
           e.given IS NOT NULL AS answered, s.imported_at
    FROM example AS e JOIN source AS s USING (dataset_id, source_id)
    WHERE e.dataset_id = $dataset AND e.example_id IN (SELECT unnest($ids))
    ORDER BY ALL
"""


def ranks_of(workspace: Workspace, dataset: Dataset, ids: pl.Series) -> pl.DataFrame:
    """Of some examples: `example_id, rank, barred, reason` (see `duplicates.RANKS`), by id.

    First of all what a person chose to keep among duplicates, last what was excluded as one;
    between them the setting `representative` decides. What was excluded as bad is barred. `reason`
    says in words what speaks for the example, null where nothing does. An example that nothing is
    known of may be left out.
    """
    verdicts = workspace.store.read(_VERDICTS, {"dataset": dataset.dataset_id})
    verdicts = verdicts.filter(pl.col("example_id").is_in(ids.implode())).with_columns(
        barred=(pl.col("verdict") == "exclude").fill_null(value=False),
        tier=pl.col("choice").replace_strict(
            {"keep": _CHOSEN, "exclude": _LAST}, default=_ORDINARY, return_dtype=pl.Int64
        ),
        verified=pl.col("verdict").is_in(["keep", "relabel", "edit"]).fill_null(value=False),
    )
    preferred = _preferred(workspace, dataset, ids, verdicts)
    joined = preferred.join(verdicts, on="example_id", how="full", coalesce=True)
    place = pl.col("place").fill_null(0)
    tier = pl.col("tier").fill_null(_ORDINARY)
    return joined.select(
        "example_id",
        rank=tier * (place.max() - place.min() + 1) + place,
        barred=pl.col("barred").fill_null(value=False),
        reason=pl.when(tier == _CHOSEN).then(pl.lit("chosen by a person")).otherwise("note"),
    ).sort("example_id")


def reason_of(note: str | None, size: int) -> str:
    """Why a representative represents so many examples, where `note` speaks for it or nothing."""
    if note:
        return note
    return "nearest to most of the others" if size > 2 else "the first of equals"


def _preferred(
    workspace: Workspace, dataset: Dataset, ids: pl.Series, verdicts: pl.DataFrame
) -> pl.DataFrame:
    """`example_id, place, note`: what the setting prefers, lowest place first."""
    preference = dataset.settings.representative
    if preference == "central":
        return pl.DataFrame(schema={"example_id": pl.String, "place": pl.Int64, "note": pl.String})
    if preference == "verified":
        return verdicts.filter("verified").select(
            "example_id", place=pl.lit(-1, pl.Int64), note=pl.lit("verified by a person")
        )
    facts = workspace.store.read(_FACTS, {"dataset": dataset.dataset_id, "ids": ids.to_list()})
    if preference == "newest":
        newest = pl.col("imported_at") == pl.col("imported_at").max()
        place = pl.col("imported_at").rank("dense", descending=True)
        note = pl.when(newest).then(pl.lit("imported last")).otherwise(None)
    else:
        # An example without an output comes after all others.
        length = pl.col("characters") - pl.when("answered").then(0).otherwise(1 << 40)
        place = length.rank("dense", descending=True)
        note = pl.format("the most complete: {} characters", "characters")
    return facts.select("example_id", place=place.cast(pl.Int64), note=note)
