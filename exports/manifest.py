"""`manifest.json`: what an export holds, where it came from, and how much was left out and why.

It carries no date and no path: the same input and settings give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import polars as pl

from curation.errors import WrongUse
from curation.records import Json, Task
from exports.formats import Format, find_format
from exports.formats.base import About
from exports.formats.beside import known
from exports.json_lines import arrays, joined
from exports.options import ExportOptions
from exports.split import SPLITS, label_rows

ASSIGNMENT = "assignment.jsonl"
LEFT_OUT = "left_out.jsonl"
MANIFEST = "manifest.json"
SCHEMA_VERSION = 2

NO_OUTPUT = "no output"
UNUSABLE = "not usable for training"
LEFT_OUT_SCHEMA = {"example_id": pl.String, "reason": pl.String, "detail": pl.String}

_FACTS = ("dataset", "decision")


def source(facts: Json, rows: pl.DataFrame) -> Json:
    """Where an export comes from: the facts that only the caller knows, tool version, data hash.

    Raises WrongUse unless `facts` holds at least `dataset` (its name) and `decision` (the number of
    the last decision that counts); settings and the key of the model belong there too.
    """
    if missing := [name for name in _FACTS if name not in facts]:
        raise WrongUse(
            f"The facts of an export lack {' and '.join(missing)}.", f"Needed: {', '.join(_FACTS)}."
        )
    return {**facts, "tool_version": _tool_version(), "data_hash": data_hash(rows)}


def head(
    task: Task, labels: Sequence[str], options: ExportOptions, source: Json, form: Format
) -> Json:
    """What a manifest says before anything is written."""
    return {
        "schema_version": SCHEMA_VERSION,
        "source": source,
        "task": task.value,
        "format": options.format,
        "labels": list(labels),
        "columns": list(form.beside),
        "options": options.as_json(),
    }


def _tool_version() -> str:
    try:
        return version("tamis")
    except PackageNotFoundError:
        return "source checkout"


def written_as(document: Json) -> Format:
    """The format of the rows of an export, with the columns that they have beside their own.

    Raises WrongUse for an unknown format, KeyError, TypeError or ValueError where the manifest does
    not say.
    """
    form = find_format(document["format"], Task(document["task"]))
    return replace(form, beside=known(document.get("columns", [])))


def about(document: Json) -> About:
    """What a manifest says of its export; raises KeyError, TypeError or ValueError otherwise."""
    rows = {split: int(document["splits"][split]["rows"]) for split in SPLITS}
    return About(
        dataset=str(document["source"]["dataset"]),
        task=Task(document["task"]),
        labels=tuple(map(str, document["labels"])),
        rows={split: count for split, count in rows.items() if count},
    )


def file_facts(path: Path) -> Json:
    """SHA-256 and size in bytes of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "bytes": path.stat().st_size}


def data_hash(rows: pl.DataFrame) -> str:
    """SHA-256 over the examples that an export was asked to hold, in any row order."""
    columns = ["example_id", "text", "output", "messages", "group", "verified"]
    columns += [name for name in ("rejected", "approved") if name in rows.columns]
    digest = hashlib.sha256()
    for batch in rows.select(columns).sort("example_id").iter_slices():
        digest.update(joined(arrays(batch)).getbuffer())
    return digest.hexdigest()


def count_splits(placed: pl.DataFrame, rows: pl.DataFrame, task: Task) -> Json:
    """Rows, groups, people-verified rows and rows per label, for each split.

    `placed` holds `example_id` and `split` of the rows that were written.
    """
    joined = placed.join(rows.select("example_id", "group", "verified"), on="example_id")
    labels = placed.join(label_rows(rows, task), on="example_id")
    counts = {}
    for split in SPLITS:
        part = joined.filter(split=split)
        found = labels.filter(split=split).group_by("label").len().sort("label")
        counts[split] = {
            "rows": part.height,
            "groups": part["group"].n_unique(),
            "verified": int(part["verified"].sum()),
            "labels": dict(found.iter_rows()),
        }
    return counts


def left_out_summary(left_out: pl.DataFrame) -> Json:
    """Number of examples that stayed out, per reason."""
    return {"counts": dict(left_out.group_by("reason").len().sort("reason").iter_rows())}


def left_out_frame(rows: Iterable[tuple[str, str, str | None]]) -> pl.DataFrame:
    """Examples left out: `example_id`, `reason` (one of a few), `detail` (String|null)."""
    return pl.DataFrame(list(rows), schema=LEFT_OUT_SCHEMA, orient="row")
