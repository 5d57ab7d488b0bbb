"""The examples of an export, from its folder alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from curation.errors import TamisError, WrongUse
from curation.records import Json, Task
from exports.formats import Format, PromptTemplate
from exports.formats.containers import Line, read, read_line
from exports.formats.reading import CannotRead, Read
from exports.manifest import ASSIGNMENT, MANIFEST, written_as
from exports.options import ExportOptions
from exports.read_lines import SAID, read_lines
from exports.split import SPLITS

EXAMPLES = {**dict.fromkeys(("example_id", "split", "group"), pl.String), **SAID}


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
        form = written_as(manifest)
        template = ExportOptions.from_json(manifest["options"]).template
    except (LookupError, TypeError, ValueError, TamisError) as error:
        raise _not_an_export(folder / MANIFEST, str(error)) from error
    placed = _placed(folder / ASSIGNMENT)
    written = _Written(folder, form, task, labels, template)
    examples = [_of_split(written, split, placed.filter(split=split)) for split in splits]
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
    except OSError as error:
        raise _missing(path, error) from error
    except (ValueError, RecursionError) as error:
        raise _not_an_export(path, str(error)) from error
    if not isinstance(manifest, dict):
        raise _not_an_export(path, "not an object")
    return manifest


def _not_an_export(path: Path, why: str) -> WrongUse:
    return WrongUse(
        f"{path} cannot be read as that of an export ({why}).",
        "Name the folder of an export; tamis verify FOLDER says what is wrong with it.",
    )


def _missing(path: Path, error: OSError) -> WrongUse:
    why = f"cannot be read: {error.strerror}" if path.exists() else "is missing"
    return WrongUse(
        f"{path} {why}.", "Name the folder of an export, as it was written: it has this file."
    )


def _placed(path: Path) -> pl.DataFrame:
    """`example_id`, `group`, `split` of what was exported, in the order of the files."""
    schema = {**dict.fromkeys(("example_id", "group", "split"), pl.String), "exported": pl.Boolean}
    try:
        entries = pl.read_ndjson(path, schema=schema)
    except OSError as error:
        raise _missing(path, error) from error
    except pl.exceptions.PolarsError as error:
        raise _not_an_export(path, str(error)) from error
    placed = entries.filter("exported")
    if entries.drop("group").null_count().sum_horizontal()[0]:
        raise _not_an_export(path, "an entry lacks example_id, split or exported")
    if (repeated := placed.filter(pl.col("example_id").is_duplicated())).height:
        raise _not_an_export(path, f"it names the example {repeated['example_id'][0]} twice")
    return placed


@dataclass(frozen=True, slots=True)
class _Written:
    """How the files of an export were written."""

    folder: Path
    form: Format
    task: Task
    labels: tuple[str, ...]
    template: PromptTemplate | None

    def said(self, path: Path) -> pl.DataFrame:
        """The example of each record of a file: SAID."""

        def read_back(number: int, line: Line) -> Read:
            try:
                return self._read_back(line.record)
            except (CannotRead, RecursionError) as error:
                raise WrongUse(
                    f"{path}, line {number + 1}: {error}.",
                    f"The folder was changed; tamis verify {self.folder} says where.",
                ) from error

        def read_one(number: int, line: str) -> Read:
            return read_back(number, read_line(line.encode()))

        own = (self.form, self.task, self.labels, self.template)
        if (lines := self._lines(path)) is not None:
            return read_lines(lines, *own, read_one)
        found = [read_back(*line) for line in enumerate(read(path, self.form, self.task))]
        rows = [tuple(getattr(one, name) for name in SAID) for one in found]
        return pl.DataFrame(rows, schema=SAID, orient="row")

    def _read_back(self, record: Json | str) -> Read:
        if isinstance(record, str):
            raise CannotRead(record)
        return self.form.read_back(record, self.task, self.template, self.labels)

    def _lines(self, path: Path) -> pl.Series | None:
        """The lines of a file of nothing but records of the format, as JSON; None for others."""
        if path.suffix != ".jsonl" or self.form.target.bom or self.form.beside:
            return None
        try:
            return pl.read_lines(path)["line"]
        except (OSError, pl.exceptions.PolarsError):
            return None


def _of_split(written: _Written, split: str, placed: pl.DataFrame) -> pl.DataFrame:
    """The examples of one file: EXAMPLES."""
    folder = written.folder
    path = folder / written.form.target.file(split)
    if placed.height and not path.exists():
        raise WrongUse(
            f"{path} is missing, with {placed.height:,} examples of {split}.",
            f"The folder was changed; tamis verify {folder} says how.",
        )
    said = written.said(path)
    if said.height != placed.height:
        raise WrongUse(
            f"{path} has {said.height:,} records where {ASSIGNMENT} places {placed.height:,} "
            f"examples in {split}.",
            f"The folder was changed; tamis verify {folder} says where.",
        )
    return pl.concat([placed, said], how="horizontal").select(list(EXAMPLES))
