"""An export back into a workspace: its examples, outputs, labels and splits."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import duckdb
import polars as pl

from curation.errors import WrongUse
from curation.importing import ImportSummary, Origin, add_examples
from curation.ingest import EXAMPLE_SCHEMA, file_sha256
from curation.records import Dataset, canonical_json, example_hash
from curation.store import insert_frame
from curation.workspace import Workspace
from exports.contents import Contents, read_contents
from exports.manifest import MANIFEST


def is_export(path: Path) -> bool:
    """Whether a path is the folder of an export."""
    return (path / MANIFEST).is_file()


def restore(workspace: Workspace, name: str, folder: Path) -> tuple[Dataset, ImportSummary]:
    """Import an export into the dataset `name`, which is made where it is new.

    Every example comes with the output that it was exported with and the split that it was in as
    metadata (`tamis_split`); a test example is one in later exports, too. What an export does not
    hold is not there: other metadata, what was left out, decisions. Raises WrongUse where the
    folder is not an export, was changed, or the dataset has another task.
    """
    contents = read_contents(folder)
    _refuse_changed(contents)
    dataset = _dataset(workspace, name, contents)
    examples = _examples(contents)
    origin = Origin(folder.name, file_sha256(folder / MANIFEST), {"export": folder.name})
    summary = add_examples(workspace, dataset, origin, [examples.select(list(EXAMPLE_SCHEMA))])
    splits = examples.select("example_id", "split")
    _remember(workspace, dataset, splits, contents.labels)
    return dataset, summary


def _refuse_changed(contents: Contents) -> None:
    facts = contents.manifest.get("files")
    for name in contents.files.values():
        path = contents.folder / name
        told = facts.get(name) if isinstance(facts, dict) else None
        if path.is_file() and file_sha256(path) != (told or {}).get("sha256"):
            raise WrongUse(
                f"{path} is not what was exported: its SHA-256 is not that of {MANIFEST}.",
                f"tamis verify {contents.folder} tells more; a split file alone can be imported.",
            )


def _dataset(workspace: Workspace, name: str, contents: Contents) -> Dataset:
    known = {dataset.name: dataset for dataset in workspace.datasets()}
    dataset = known.get(name) or workspace.create_dataset(name, contents.task)
    if dataset.task is not contents.task:
        raise WrongUse(
            f"The export holds a {contents.task} dataset, and '{name}' is {dataset.task}.",
            "Choose another --dataset.",
        )
    return dataset


def _examples(contents: Contents) -> pl.DataFrame:
    """EXAMPLE_SCHEMA and `split`."""
    seen: Counter[tuple[str, str]] = Counter()
    ids = []
    for text, output in contents.examples.select("text", "output").iter_rows():
        ids.append(example_hash(text, output, seen[text, output]))
        seen[text, output] += 1
    metadata = {split: canonical_json({"tamis_split": split}) for split in contents.files}
    return contents.examples.with_columns(
        example_id=pl.Series(ids, dtype=pl.String),
        source_row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
        given="output",
        metadata=pl.col("split").replace_strict(metadata, return_dtype=pl.String),
    )


def _remember(
    workspace: Workspace, dataset: Dataset, splits: pl.DataFrame, labels: tuple[str, ...]
) -> None:
    """Note the splits of examples that have none yet, and labels that no example has."""
    ledger = splits.with_columns(dataset_id=pl.lit(dataset.dataset_id))
    absent = pl.DataFrame({"name": list(labels)}, schema={"name": pl.String}).filter(
        ~pl.col("name").is_in(workspace.labels(dataset)["name"].implode())
    )

    def insert(cursor: duckdb.DuckDBPyConnection) -> None:
        known = cursor.execute(
            "SELECT example_id FROM split_ledger WHERE dataset_id = $1", [dataset.dataset_id]
        ).fetchall()
        new = ~pl.col("example_id").is_in([example for (example,) in known])
        insert_frame(cursor, "split_ledger", ledger.filter(new))
        named = absent.with_columns(dataset_id=pl.lit(dataset.dataset_id))
        insert_frame(cursor, "label", named)

    workspace.store.write(insert)
