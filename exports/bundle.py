"""The files of an export beside its rows: what follows from manifest and split files."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from curation.records import Json, Task
from exports.described import described
from exports.evaluation import evaluation_files
from exports.formats import find_format
from exports.manifest import MANIFEST, about
from exports.options import BASE_MODEL
from exports.tokens import TokenStats
from exports.training import training_files


def documents(document: Json, held_out: pl.DataFrame, stats: TokenStats) -> dict[str, str]:
    """Name and text of every such file, with `/` between folders.

    `document` is the manifest with the facts of the split files; `held_out` are the examples of the
    test split: `example_id`, `text`, `output`, `messages`. Raises WrongUse for an unknown format.
    """
    form = find_format(document["format"], Task(document["task"]))
    model = document["options"]["base_model"] or BASE_MODEL
    return {
        **form.shape.side_files(about(document), form.target),
        **training_files(document, model, stats).files,
        **evaluation_files(document, held_out.iter_rows(named=True)).files,
        **described(document),
    }


def files_in(folder: Path) -> list[str]:
    """Names of all files of an export but its manifest, with `/` between folders, in order."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in names if name != MANIFEST)
