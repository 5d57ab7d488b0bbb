"""Bring a file into a workspace: read, quarantine bad rows, add what is new, in one transaction."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from curation.ingest import ColumnMapping, file_sha256, preview, read_examples
from curation.records import (
    Dataset,
    Json,
    Progress,
    QuarantinedRow,
    Task,
    canonical_json,
    text_hash,
)
from curation.store import insert_frame
from curation.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What became of the rows of one file: rows = imported + already_present + quarantined."""

    file_name: str
    rows: int
    imported: int
    already_present: int
    quarantined: int


def import_file(
    workspace: Workspace,
    dataset: Dataset,
    path: Path,
    mapping: ColumnMapping | None = None,
    *,
    file_name: str | None = None,
    delimiter: str | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> ImportSummary:
    """Add a CSV, JSONL or Parquet file to a dataset; rows that are there already are not repeated.

    `mapping` is guessed where it is None; `file_name` is the name to remember where `path` is a
    temporary copy; `delimiter` overrides the guessed CSV delimiter. Nothing is stored unless the
    whole file was read. Raises UnreadableFile, MappingError.
    """
    name = file_name or path.name
    mapping = mapping or preview(path, task=dataset.task, delimiter=delimiter).mapping
    examples: list[pl.DataFrame] = []
    quarantined: list[QuarantinedRow] = []
    for batch in read_examples(path, dataset.task, mapping, delimiter=delimiter, progress=progress):
        examples.append(batch.examples)
        quarantined.extend(batch.quarantined)
    progress(Progress("import", 0, 0, "storing"))
    origin = Origin(name, file_sha256(path), asdict(mapping))
    return add_examples(workspace, dataset, origin, examples, quarantined)


def quarantined_rows(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """Rows that could not be imported: `file_name, source_row, column_name, reason, raw`."""
    return workspace.store.read(
        "SELECT s.file_name, q.source_row, q.column_name, q.reason, q.raw "
        "FROM quarantine AS q JOIN source AS s USING (dataset_id, source_id) "
        "WHERE dataset_id = $dataset ORDER BY s.imported_at, q.source_row",
        {"dataset": dataset.dataset_id},
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """Where examples come from: the name and SHA-256 of a file, and how it was read."""

    name: str
    sha256: str
    mapping: Json


def add_examples(
    workspace: Workspace,
    dataset: Dataset,
    origin: Origin,
    batches: Sequence[pl.DataFrame],
    quarantined: Sequence[QuarantinedRow] = (),
) -> ImportSummary:
    """Add examples (EXAMPLE_SCHEMA) of one origin, in one transaction; none is repeated."""
    source = uuid.uuid4().hex[:12]
    place = {"dataset_id": pl.lit(dataset.dataset_id), "source_id": pl.lit(source)}
    rows = pl.concat(batches).with_columns(
        **place, text_hash=pl.col("text").map_elements(text_hash, return_dtype=pl.String)
    )
    bad = _quarantine_frame(quarantined).with_columns(**place)
    labels = _labels_in(dataset.task, rows).with_columns(dataset_id=place["dataset_id"])

    def insert(cursor: duckdb.DuckDBPyConnection) -> ImportSummary:
        imported = _insert_new_examples(cursor, rows)
        counts = ImportSummary(
            origin.name, len(rows) + len(bad), imported, len(rows) - imported, len(bad)
        )
        if _seen_before(cursor, dataset, origin.sha256) and imported == 0:
            return counts
        insert_frame(cursor, "quarantine", bad)
        _insert_new_labels(cursor, labels)
        cursor.execute(
            "INSERT INTO source VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            [
                *(source, dataset.dataset_id, origin.name, origin.sha256),
                canonical_json(origin.mapping),
                *(counts.rows, counts.imported, counts.already_present, counts.quarantined),
                datetime.now(UTC),
            ],
        )
        return counts

    return workspace.store.write(insert)


def _insert_new_examples(cursor: duckdb.DuckDBPyConnection, rows: pl.DataFrame) -> int:
    cursor.register("incoming", rows.to_arrow())
    inserted = cursor.execute(
        "INSERT INTO example BY NAME SELECT i.* FROM incoming AS i "
        "ANTI JOIN example AS e USING (dataset_id, example_id) ORDER BY i.source_row"
    ).fetchone()
    cursor.unregister("incoming")
    return int(inserted[0]) if inserted else 0


def _insert_new_labels(cursor: duckdb.DuckDBPyConnection, labels: pl.DataFrame) -> None:
    cursor.register("incoming", labels.to_arrow())
    cursor.execute(
        "INSERT INTO label (dataset_id, name) SELECT dataset_id, name FROM incoming "
        "ANTI JOIN label USING (dataset_id, name)"
    )
    cursor.unregister("incoming")


def _seen_before(cursor: duckdb.DuckDBPyConnection, dataset: Dataset, sha256: str) -> bool:
    return bool(
        cursor.execute(
            "SELECT 1 FROM source WHERE dataset_id = $1 AND sha256 = $2",
            [dataset.dataset_id, sha256],
        ).fetchone()
    )


def _labels_in(task: Task, rows: pl.DataFrame) -> pl.DataFrame:
    given = rows["given"].drop_nulls().unique()
    names = given.to_list() if task is Task.SINGLE_LABEL else []
    if task is Task.MULTI_LABEL:
        names = sorted({label for encoded in given for label in json.loads(encoded)})
    return pl.DataFrame({"name": sorted(names)}, schema={"name": pl.String})


def _quarantine_frame(rows: Sequence[QuarantinedRow]) -> pl.DataFrame:
    return pl.DataFrame(
        [(row.source_row, row.column, row.reason, row.raw) for row in rows],
        schema={
            "source_row": pl.Int64,
            "column_name": pl.String,
            "reason": pl.String,
            "raw": pl.String,
        },
        orient="row",
    )
