"""From a workspace to a folder of training files: the one place where exports meet the store."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from curation import duplicates
from curation.clusters import pairs
from curation.embeddings import model_key
from curation.errors import NothingToExport, WrongUse
from curation.labels import REVIEWED, current_examples
from curation.pipeline import stale_steps
from curation.records import Dataset, Json, Progress
from curation.store import insert_frame
from curation.workspace import Workspace
from exports.formats import PromptTemplate, find_format
from exports.manifest import NO_OUTPUT
from exports.split import SplitFractions
from exports.writer import ExportResult, write_export


def export_dataset(
    workspace: Workspace,
    dataset: Dataset,
    format_name: str,
    out: Path,
    *,
    fractions: SplitFractions | None = None,
    seed: int = 0,
    template: PromptTemplate | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> ExportResult:
    """Write train, validation and test files and a manifest to the new folder `out`.

    `template` are the words around an input and its output, the task's own where it is None.

    Decisions are in, excluded and unlabelled examples stay out and are listed. Examples that were
    in the test split of an earlier export of this dataset stay there. Raises NothingToExport,
    WrongUse (not analysed, a format that is unknown or does not fit, a folder that is taken).
    """
    if "duplicates" in stale_steps(workspace, dataset):
        raise WrongUse(
            f"Dataset '{dataset.name}' has examples that were not searched for duplicates, so "
            "nothing can be said of leaks between the splits.",
            f"Analyse it first: tamis analyze --dataset {dataset.name}",
        )
    progress(Progress("export", 0, 3, "reading"))
    decision_seq = int(workspace.store.value("SELECT coalesce(max(seq), 0) FROM decision"))
    examples = current_examples(workspace, dataset)
    found = pairs(workspace, dataset)
    rows = _rows(dataset, examples, found)
    if rows.is_empty():
        raise NothingToExport(
            f"Dataset '{dataset.name}' has no example left with an output.",
            "Import examples, or take back exclusions in the review.",
        )
    progress(Progress("export", 1, 3, "splitting and writing"))
    result = write_export(
        rows,
        dataset.task,
        workspace.labels(dataset)["name"].to_list() if dataset.task.has_labels else [],
        format_name,
        out,
        fractions=fractions or SplitFractions(),
        seed=seed,
        frozen=_frozen(workspace, dataset),
        pairs=found,
        threshold=dataset.settings.near_threshold,
        left_out=_left_out(examples),
        template=template,
        facts={
            "dataset": dataset.name,
            "decision": decision_seq,
            "model": model_key(dataset.settings.model),
            "settings": asdict(dataset.settings),
            **({"template": asdict(template)} if template else {}),
        },
    )
    progress(Progress("export", 2, 3, "recording"))
    _record(workspace, dataset, format_name, decision_seq, result)
    progress(Progress("export", 3, 3))
    return result


def exports_of(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """Earlier exports, newest first: `created_at, format, folder, decision_seq, manifest`."""
    return workspace.store.read(
        "SELECT created_at, format, folder, decision_seq, manifest FROM export "
        "WHERE dataset_id = $dataset ORDER BY created_at DESC",
        {"dataset": dataset.dataset_id},
    )


def first_record(
    workspace: Workspace,
    dataset: Dataset,
    format_name: str,
    template: PromptTemplate | None = None,
) -> Json | None:
    """The first example that is ready, as the format writes it; None where there is none.

    Raises WrongUse for an unknown format, one that does not fit the task, or such a template.
    """
    row = workspace.store.read(
        "SELECT text, current AS output, messages FROM current_example WHERE dataset_id = $dataset "
        "AND NOT excluded AND current IS NOT NULL ORDER BY source_row, example_id LIMIT 1",
        {"dataset": dataset.dataset_id},
    )
    labels = workspace.labels(dataset)["name"].to_list()
    records = find_format(format_name, dataset.task).records(row, dataset.task, labels, template)
    return next(records, None)


def _rows(dataset: Dataset, examples: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """What `write_export` takes: one row per example that stays in."""
    groups = duplicates.leakage_groups(
        found, dataset.settings.near_threshold, examples["example_id"].to_list()
    )
    return (
        examples.filter(~pl.col("excluded") & pl.col("current").is_not_null())
        .join(groups, on="example_id")
        .select(
            "example_id",
            "text",
            "group",
            "messages",
            output="current",
            verified=pl.col("status").is_in([str(status) for status in REVIEWED]),
        )
        .sort("example_id")
    )


def _left_out(examples: pl.DataFrame) -> pl.DataFrame:
    """Examples that never reach the splits: `example_id, reason, detail`."""
    duplicate = pl.col("duplicate_verdict") == "exclude"
    return examples.filter(pl.col("excluded") | pl.col("current").is_null()).select(
        "example_id",
        reason=pl.when("excluded").then(pl.lit("excluded")).otherwise(pl.lit(NO_OUTPUT)),
        detail=pl.when(duplicate).then(pl.lit("as a duplicate")),
    )


def _frozen(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    return workspace.store.read(
        "SELECT example_id, split FROM split_ledger WHERE dataset_id = $dataset",
        {"dataset": dataset.dataset_id},
    )


def _record(
    workspace: Workspace,
    dataset: Dataset,
    format_name: str,
    decision_seq: int,
    result: ExportResult,
) -> None:
    ledger = result.assignment.with_columns(dataset_id=pl.lit(dataset.dataset_id))

    def insert(cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.execute("DELETE FROM split_ledger WHERE dataset_id = $1", [dataset.dataset_id])
        insert_frame(cursor, "split_ledger", ledger)
        cursor.execute(
            "INSERT INTO export VALUES ($1, $2, $3, $4, $5, $6, $7)",
            [
                *(result.export_id, dataset.dataset_id, decision_seq, format_name),
                *(str(result.folder), json.dumps(result.manifest), datetime.now(UTC)),
            ],
        )

    workspace.store.write(insert)
