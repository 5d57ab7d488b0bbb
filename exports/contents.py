"""The examples of an export, from its folder alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from curation.errors import TamisError, WrongUse
from curation.records import Json, Task
from exports.formats import Format, find_format
from exports.formats.containers import Line, read
from exports.formats.reading import CannotRead, Read
from exports.manifest import ASSIGNMENT, MANIFEST
from exports.options import ExportOptions
from exports.split import SPLITS

_SAID = ("text", "output", "messages", "approved")
EXAMPLES = {
    **dict.fromkeys(("example_id", "split", "group", *_SAID), pl.String),
    "approved": pl.Boolean,
}


@dataclass(frozen=True, slots=True)
class Contents:
    """What an export holds.

    `examples`: `example_id`, `split`, `group`, `text`, `output`, `messages` (String; group and
    messages may be null), `approved` (Boolean, false where the output is an example of a bad one;
    null where the format does not say), a row for each record, split by split in the order of the
    files.
    """

    folder: Path
    manifest: Json
    task: Task
    labels: tuple[str, ...]
    files: dict[str, str]
    """Name of the file of each split."""
    examples: pl.DataFrame


def read_contents(folder: Path, splits: Sequence[str] = SPLITS) -> Contents:
    """The examples of the `splits` of an export.

    Raises WrongUse, with file and line, where the folder is not an export or was changed by hand.
    """
    manifest = _manifest(folder)
    try:
        task, labels = Task(manifest["task"]), tuple(map(str, manifest["labels"]))
        form = find_format(manifest["format"], task)
        template = ExportOptions.from_json(manifest["options"]).template
    except (LookupError, TypeError, ValueError, TamisError) as error:
        raise _not_an_export(folder / MANIFEST, str(error)) from error
    placed = _placed(folder / ASSIGNMENT)

    def read_back(line: Line) -> Read:
        if isinstance(line.record, str):
            raise CannotRead(line.record)
        return form.read_back(line.record, task, template, labels)

    examples = [
        _of_split(folder, split, placed.filter(split=split), form, task, read_back)
        for split in splits
    ]
    return Contents(
        folder=folder,
        manifest=manifest,
        task=task,
        labels=labels,
        files={split: form.target.file(split) for split in SPLITS},
        examples=pl.concat(examples),
    )


def _manifest(folder: Path) -> Json:
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _not_an_export(path, str(error)) from error
    if not isinstance(manifest, dict):
        raise _not_an_export(path, "not an object")
    return manifest


def _not_an_export(path: Path, why: str) -> WrongUse:
    return WrongUse(
        f"{path} cannot be read as that of an export ({why}).",
        "Name the folder of an export; tamis verify FOLDER says what is wrong with it.",
    )


def _placed(path: Path) -> pl.DataFrame:
    """`example_id`, `group`, `split` of what was exported, in the order of the files."""
    schema = {**dict.fromkeys(("example_id", "group", "split"), pl.String), "exported": pl.Boolean}
    try:
        entries = pl.read_ndjson(path, schema=schema)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _not_an_export(path, str(error)) from error
    placed = entries.filter("exported")
    if entries.drop("group").null_count().sum_horizontal()[0]:
        raise _not_an_export(path, "an entry lacks example_id, split or exported")
    if (repeated := placed.filter(pl.col("example_id").is_duplicated())).height:
        raise _not_an_export(path, f"it names the example {repeated['example_id'][0]} twice")
    return placed


def _of_split(
    folder: Path,
    split: str,
    placed: pl.DataFrame,
    form: Format,
    task: Task,
    read_back: Callable[[Line], Read],
) -> pl.DataFrame:
    """The examples of one file: EXAMPLES."""
    path = folder / form.target.file(split)
    lines = read(path, form, task)
    if len(lines) != placed.height:
        raise WrongUse(
            f"{path} has {len(lines):,} records where {ASSIGNMENT} places {placed.height:,} "
            f"examples in {split}.",
            f"The folder was changed; tamis verify {folder} says where.",
        )
    columns: dict[str, list[str | bool | None]] = {name: [] for name in _SAID}
    for number, line in enumerate(lines, start=1):
        try:
            found = read_back(line)
        except (CannotRead, RecursionError) as error:
            raise WrongUse(
                f"{path}, line {number}: {error}.",
                f"The folder was changed; tamis verify {folder} says where.",
            ) from error
        for name, values in columns.items():
            values.append(getattr(found, name))
    said = pl.DataFrame(columns, {name: EXAMPLES[name] for name in _SAID})
    return pl.concat([placed, said], how="horizontal").select(list(EXAMPLES))
