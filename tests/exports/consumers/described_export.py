"""An export of which all is known that its card and its Croissant document can say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from curation.duplicates import PAIR_SCHEMA
from curation.records import Json, Task
from exports.formats import Format
from tests.exports.consumers.exported import exported
from tests.exports.manifests import QUALITY


def described_export(
    folder: Path, name: str, task: Task, **more: Any
) -> tuple[Path, Format, dict[str, list[Json]]]:
    """The folder, its format, and the records of each split that has any; see `exported`."""
    said = {"description": "Made up.", "licence": "cc-by-4.0", **more}
    known = {"pairs": pl.DataFrame(schema=PAIR_SCHEMA), "quality": QUALITY}
    form, files = exported(folder, name, task, **said, **known)
    splits = {form.target.file(split): split for split in ("train", "validation", "test")}
    return folder / "export", form, {splits[path.name]: rows for path, rows in files.items()}
