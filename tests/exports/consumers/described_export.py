"""An export with the files that describe it, as an export of version 2 holds them."""

from __future__ import annotations

import json
from pathlib import Path

from curation.records import Json, Task
from exports.described import described
from exports.formats import Format
from tests.exports.consumers.exported import exported
from tests.exports.manifests import LEAKS, QUALITY


def described_export(folder: Path, name: str, task: Task) -> tuple[Path, Format, dict[str, Json]]:
    """The folder, its format, and the records of each split that has any."""
    form, files = exported(folder, name, task)
    out = folder / "export"
    document = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    said = {"description": "Made up.", "licence": "cc-by-4.0", "leaks": LEAKS, "quality": QUALITY}
    for side_file, text in described({**document, **said}).items():
        (out / side_file).write_text(text, encoding="utf-8", newline="\n")
    splits = {form.target.file(split): split for split in ("train", "validation", "test")}
    return out, form, {splits[path.name]: records for path, records in files.items()}
