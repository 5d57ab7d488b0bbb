"""From a workspace to a folder of training files: the one place where exports meet the store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from curation import duplicates
from curation.clusters import pairs
from curation.contamination import Contamination
from curation.duplicates import Form
from curation.embeddings import model_key
from curation.errors import NothingToExport, WrongUse
from curation.labels import REVIEWED, current_examples, flag_rows
from curation.pipeline import stale_steps
from curation.records import Dataset, Json, Progress
from curation.store import insert_frame
from curation.workspace import Workspace
from exports.certificate import Reference
from exports.evidence import Evidence
from exports.formats import find_format
from exports.manifest import NO_OUTPUT
from exports.options import ExportOptions
from exports.provenance import provenance_rows
from exports.quality import quality_summary
from exports.writer import PHASES, ExportResult, Trace, entry_columns, write_again, write_export


def export_dataset(
    workspace: Workspace,
    dataset: Dataset,
    options: ExportOptions,
    out: Path,
    *,
    references: Sequence[Contamination] = (),
    progress: Callable[[Progress], None] = lambda _: None,
) -> ExportResult:
    """Write train, validation and test files and a manifest to the new folder `out`.

    Decisions up to now are in; excluded and unlabelled examples stay out and are listed. Examples
    that were in a split of an earlier export of this dataset stay there. `references` are files
    that the examples were compared with, for the certificate. The options become those with which
    the dataset is exported next.

    Raises NothingToExport, WrongUse (not analysed, a format that is unknown or does not fit, a
    folder that is taken).
    """
    if "duplicates" in stale_steps(workspace, dataset):
        raise WrongUse(
            f"Dataset '{dataset.name}' has examples that were not searched for duplicates, so "
            "nothing can be said of leaks between the splits.",
            f"Analyse it first: tamis analyze --dataset {dataset.name}",
        )
    phases = ("reading", *PHASES, "recording")

    def begin(phase: str) -> None:
        progress(Progress("export", phases.index(phase), len(phases), phase))

    begin("reading")
    last = int(workspace.store.value("SELECT coalesce(max(seq), 0) FROM decision"))
    examples = current_examples(workspace, dataset, last)
    found = pairs(workspace, dataset)
    rows = _rows(dataset, examples, found, options)
    if rows.is_empty():
        raise NothingToExport(
            f"Dataset '{dataset.name}' has no example left with an output.",
            "Import examples, or take back exclusions in the review.",
        )
    settings = dataset.settings
    quality, gone = _quality(workspace, dataset, examples, last), _left_out(examples, rows)
    if not options.provenance:
        examples = examples.clear()  # the texts are in the rows
    result = write_export(
        rows,
        dataset.task,
        workspace.labels(dataset)["name"].to_list() if dataset.task.has_labels else [],
        options,
        out,
        frozen=_frozen(workspace, dataset),
        evidence=_evidence(workspace, dataset, found, references),
        quality=quality,
        left_out=gone,
        trace=_trace(dataset, examples),
        begin=begin,
        facts={
            "dataset": dataset.name,
            "decision": last,
            "model": model_key(settings.model),
            "settings": asdict(settings),
        },
    )
    begin("recording")
    _record(workspace, dataset, options, last, result)
    progress(Progress("export", len(phases), len(phases)))
    return result


def export_again(workspace: Workspace, export_id: str, out: Path) -> ExportResult:
    """Write an earlier export to the new folder `out`, byte for byte, whatever was decided since.

    Raises WrongUse for an unknown export, TamisError where the bytes would differ (`write_again`).
    """
    found = workspace.store.read(
        "SELECT d.name, e.manifest, e.decision_seq, e.options FROM export AS e "
        "JOIN dataset AS d USING (dataset_id) WHERE export_id = $id",
        {"id": export_id},
    )
    if found.is_empty() or found["options"][0] is None:
        raise WrongUse(
            f"There is no export {export_id} that can be made again.", "tamis exports lists them."
        )
    name, manifest, last, options = found.row(0)
    dataset = workspace.dataset(name)
    examples = current_examples(workspace, dataset, last)
    stored = workspace.store.read(
        'SELECT example_id, "group", split, fold, weight, exported, reason, detail FROM export_row '
        "WHERE export_id = $id ORDER BY example_id, reason",
        {"id": export_id},
    )
    placed, chosen = pl.col("reason").is_null(), ExportOptions.from_json(json.loads(options))
    return write_again(
        _content(examples, chosen),
        json.loads(manifest),
        stored.filter(placed).select(entry_columns(chosen.rules)),
        stored.filter(~placed).select("example_id", "reason", "detail"),
        out,
        _trace(dataset, examples),
    )


def exports_of(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """Earlier exports, newest first.

    Columns: `version` (counted from 1), `export_id, created_at, format, folder, decision_seq,
    manifest, options` (JSON; null for exports of an older Tamis, which cannot be made again).
    """
    return workspace.store.read(
        "SELECT row_number() OVER (ORDER BY created_at) AS version, export_id, created_at, format, "
        "folder, decision_seq, manifest, options FROM export "
        "WHERE dataset_id = $dataset ORDER BY created_at DESC",
        {"dataset": dataset.dataset_id},
    )


def chosen_options(workspace: Workspace, dataset: Dataset) -> ExportOptions:
    """The options of the dataset's last export, or those of a first one."""
    found = workspace.store.read(
        "SELECT options FROM export_choice WHERE dataset_id = $dataset",
        {"dataset": dataset.dataset_id},
    )
    return (
        ExportOptions.from_json(json.loads(found["options"][0]))
        if len(found)
        else (ExportOptions())
    )


def extra_columns(workspace: Workspace, dataset: Dataset) -> list[str]:
    """Which of `rejected` and `approved` any example has, for the formats that need them."""
    found = workspace.store.read(
        "SELECT count_if((json_exists(metadata, '$.rejected') OR (status IN ('relabelled', "
        "'edited') AND given IS NOT NULL AND given <> current))) > 0 AS rejected, "
        "count_if(json_exists(metadata, '$.approved') OR status IN ('kept', 'relabelled', "
        "'edited')) > 0 AS approved FROM current_example WHERE dataset_id = $dataset",
        {"dataset": dataset.dataset_id},
    )
    return [name for name in found.columns if found[name][0]]


def split_fields(workspace: Workspace, dataset: Dataset) -> list[str]:
    """The metadata fields of a dataset, in alphabetical order."""
    found = workspace.store.read(
        "SELECT DISTINCT unnest(json_keys(metadata)) AS name FROM example "
        "WHERE dataset_id = $dataset ORDER BY name",
        {"dataset": dataset.dataset_id},
    )
    return found["name"].to_list()


def first_record(workspace: Workspace, dataset: Dataset, options: ExportOptions) -> Json | None:
    """The first example that is ready, as the format writes it; None where there is none.

    Raises WrongUse for an unknown format, one that does not fit the task, or such a template.
    """
    row = workspace.store.read(
        "SELECT text, current AS output, messages, metadata FROM current_example "
        "WHERE dataset_id = $dataset "
        "AND NOT excluded AND current IS NOT NULL ORDER BY source_row, example_id LIMIT 1",
        {"dataset": dataset.dataset_id},
    )
    labels = workspace.labels(dataset)["name"].to_list()
    form = find_format(options.format, dataset.task)
    return next(form.records(row, dataset.task, labels, options.template), None)


def content_of(examples: pl.DataFrame, options: ExportOptions) -> pl.DataFrame:
    """What the files may hold of each example that goes out, by id; see `write_export`.

    `examples` is of `labels.current_examples`.
    """
    return _content(examples.filter(_stays(options)), options).sort("example_id")


def _content(examples: pl.DataFrame, options: ExportOptions) -> pl.DataFrame:
    """What the files may hold of each example: WRITTEN columns, `rejected` and `approved`.

    A worse answer is the given one that a person replaced, or the field `rejected` of the source.
    Good is what a person kept or mended, or what the field `approved` of the source says so of.
    """
    reviewed = pl.col("status").is_in([str(status) for status in REVIEWED])
    said = pl.col("metadata").str.json_path_match
    replaced = reviewed & pl.col("given").is_not_null() & (pl.col("given") != pl.col("current"))
    bad = _excluded_in_review() & options.disapprove_excluded
    approved = said("$.approved").replace_strict({"true": True, "false": False}, default=None)
    return examples.select(
        "example_id",
        "text",
        "messages",
        "metadata",
        "source_file",
        output=pl.when(bad).then(pl.coalesce("current", "given")).otherwise("current"),
        verified=reviewed | bad,
        rejected=pl.when(replaced).then("given").otherwise(said("$.rejected")),
        approved=pl.when(bad)
        .then(statement=False)
        .otherwise(pl.when(reviewed).then(statement=True).otherwise(approved)),
    )


def _excluded_in_review() -> pl.Expr:
    as_copy = pl.col("duplicate_verdict").eq_missing("exclude")
    return pl.col("excluded") & ~as_copy


def _stays(options: ExportOptions) -> pl.Expr:
    """Whether an example goes out, or at least into the splits."""
    kept = ~pl.col("excluded") & pl.col("current").is_not_null()
    return kept | (_excluded_in_review() & options.disapprove_excluded)


def _rows(
    dataset: Dataset, examples: pl.DataFrame, found: pl.DataFrame, options: ExportOptions
) -> pl.DataFrame:
    """What `write_export` takes: one row per example that stays in."""
    groups = duplicates.leakage_groups(
        found,
        dataset.settings.near_threshold,
        examples["example_id"].to_list(),
        dataset.settings.lexical_threshold,
    )
    staying = content_of(examples, options).join(groups, on="example_id")
    return staying.sort("example_id")


def _left_out(examples: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Examples that never reach the splits: `example_id, reason, detail`."""
    duplicate = pl.col("duplicate_verdict") == "exclude"
    return examples.join(rows, on="example_id", how="anti").select(
        "example_id",
        reason=pl.when("excluded").then(pl.lit("excluded")).otherwise(pl.lit(NO_OUTPUT)),
        detail=pl.when(duplicate).then(pl.lit("as a duplicate")),
    )


def _evidence(
    workspace: Workspace,
    dataset: Dataset,
    found: pl.DataFrame,
    references: Sequence[Contamination],
) -> Evidence:
    settings = dataset.settings
    searches = workspace.store.read(
        "SELECT * EXCLUDE dataset_id FROM duplicate_search WHERE dataset_id = $dataset "
        "ORDER BY channel, threshold",
        {"dataset": dataset.dataset_id},
    )
    return Evidence(
        found,
        settings.near_threshold,
        settings.pair_floor,
        settings.lexical_threshold,
        {"model": model_key(settings.model), "channels": searches.to_dicts()},
        [
            Reference(one.file, one.sha256, one.rows, one.threshold, one.found, one.highest)
            for one in references
        ],
        Form(settings.keep_case, settings.keep_punctuation, settings.keep_accents),
    )


def _quality(workspace: Workspace, dataset: Dataset, examples: pl.DataFrame, last: int) -> Json:
    decisions = workspace.store.read(
        "SELECT example_id, annotator, action, value FROM standing_decision_at($last) "
        "WHERE dataset_id = $dataset AND about = 'output' ORDER BY seq",
        {"dataset": dataset.dataset_id, "last": last},
    )
    return quality_summary(dataset.task, examples, flag_rows(workspace, dataset), decisions)


def _trace(dataset: Dataset, examples: pl.DataFrame) -> Trace:
    key = dataset.dataset_id.encode().ljust(16, b"-")

    def trace(placed: pl.DataFrame) -> Iterable[Json]:
        return provenance_rows(placed, examples, key)

    return trace


def _frozen(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    return workspace.store.read(
        "SELECT example_id, split FROM split_ledger WHERE dataset_id = $dataset",
        {"dataset": dataset.dataset_id},
    )


def _record(
    workspace: Workspace,
    dataset: Dataset,
    options: ExportOptions,
    last: int,
    result: ExportResult,
) -> None:
    ledger = result.assignment.with_columns(dataset_id=pl.lit(dataset.dataset_id))
    rows = pl.concat(
        [result.entries, result.left_out.with_columns(exported=pl.lit(value=False))],
        how="diagonal",
    ).with_columns(export_id=pl.lit(result.export_id))
    chosen = json.dumps(options.as_json())

    def insert(cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.execute("DELETE FROM split_ledger WHERE dataset_id = $1", [dataset.dataset_id])
        insert_frame(cursor, "split_ledger", ledger)
        insert_frame(cursor, "export_row", rows)
        cursor.execute("DELETE FROM export_choice WHERE dataset_id = $1", [dataset.dataset_id])
        cursor.execute("INSERT INTO export_choice VALUES ($1, $2)", [dataset.dataset_id, chosen])
        cursor.execute(
            "INSERT INTO export VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                *(result.export_id, dataset.dataset_id, last, options.format),
                *(str(result.folder), json.dumps(result.manifest), datetime.now(UTC), chosen),
            ],
        )

    workspace.store.write(insert)
