"""What a person drops into the browser: a file to import, a JSON Schema."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import jsonschema
import polars as pl
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from curation.errors import WrongUse
from curation.ingest.cells import parse_json
from curation.records import Json, canonical_json

_CELL_SHOWN = 300


@contextmanager
def saved(upload: IO[bytes], name: str, folder: Path) -> Iterator[Path]:
    """An upload as a file of that name under `folder`, gone when the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as home:
        path = Path(home) / file_name(name)
        upload.seek(0)
        with path.open("wb") as file:
            shutil.copyfileobj(upload, file)
        yield path


def file_name(name: str) -> str:
    """The last part of what a browser calls a file, safe to use as one; the suffix is kept."""
    safe = re.sub(r"[^\w. ()+-]", "_", re.split(r"[/\\]", name)[-1])
    return safe[-100:].lstrip(". ") or "upload"


def folder_name(text: str) -> str:
    """A name as a folder is called: lower-case words joined by hyphens."""
    return re.sub(r"[^\w.]+", "-", text.lower()).strip("-._")[:60] or "dataset"


def inside(home: Path, name: str) -> Path:
    """The folder of that name in `home`. Raises WrongUse for what is not a plain name."""
    name = name.strip()
    if not name or name.startswith(".") or re.search(r"[/\\:\x00-\x1f]", name):
        raise WrongUse(
            f"{name!r} cannot be the name of a folder.", "Take letters, digits and hyphens."
        )
    return home / name


def free_name(wanted: str, taken: Collection[str]) -> str:
    """`wanted`, with the first number behind it that makes it new."""
    names = (wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def shown_cells(columns: Sequence[str], rows: Sequence[Json]) -> pl.DataFrame:
    """Rows of a preview as short texts (String), whatever their cells hold."""
    return pl.DataFrame(
        {name: [_shown(row.get(name)) for row in rows] for name in columns},
        schema=dict.fromkeys(columns, pl.String),
    )


def read_schema(path: Path | None) -> Json | None:
    """The JSON Schema in a file; None where none is named. Raises WrongUse."""
    if path is None:
        return None
    try:
        return parse_schema(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise WrongUse(f"{path} cannot be read: {why}.", "Give a JSON Schema file.") from error


def parse_schema(text: str) -> Json | None:
    """The JSON Schema in a text; None where it is blank. Raises WrongUse.

    References may only point into the schema itself: it is never fetched from anywhere.
    """
    if not text.strip():
        return None
    try:
        schema = parse_json(text)
    except ValueError as error:
        raise WrongUse(f"The JSON Schema {error}.") from error
    if not isinstance(schema, dict):
        raise WrongUse("The JSON Schema is not an object.", 'Begin with {"type": "object", …}.')
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise WrongUse(f"The JSON Schema is wrong at {error.json_path}: {error.message}") from error
    root: Any = DRAFT202012.create_resource(schema)
    resolver = Registry().resolver_with_root(root)
    for reference in _references(schema):
        try:
            resolver.lookup(reference)
        except Unresolvable as error:
            raise WrongUse(
                f"The JSON Schema refers to {reference!r}, which is not in it.",
                "Put the definition under $defs and refer to it as #/$defs/name.",
            ) from error
    return schema


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("$ref", "$dynamicRef") and isinstance(inner, str):
                yield inner
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _shown(cell: Any) -> str | None:
    if cell is None:
        return None
    text = cell if isinstance(cell, str) else canonical_json(cell)
    return text if len(text) <= _CELL_SHOWN else text[:_CELL_SHOWN] + "…"
