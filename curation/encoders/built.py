"""What was made once from a model (its int8 form, its word vectors), kept for every workspace."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from curation.errors import ModelUnavailable

VARIABLE = "TAMIS_CACHE"


def built(key: str, suffix: str, build: Callable[[Path], None]) -> Path:
    """The file that `build(path)` makes for this key, made now if it is missing or damaged.

    The file's name holds the hash of its content, which is checked each time; so a torn or altered
    file is never used, and two processes that build at once do not disturb each other. Raises
    ModelUnavailable where the cache folder cannot be written.
    """
    folder = cache_folder()
    for path in sorted(folder.glob(f"{key}.*{suffix}")):
        if path.name == f"{key}.{_digest(path)}{suffix}":
            return path
    try:
        for damaged in folder.glob(f"{key}.*{suffix}"):
            damaged.unlink()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as workshop:
            made = Path(workshop) / f"made{suffix}"
            build(made)
            return made.replace(folder / f"{key}.{_digest(made)}{suffix}")
    except OSError as error:
        raise ModelUnavailable(
            f"{folder} cannot be written: {error}",
            f"Set {VARIABLE} to a folder for files that Tamis makes from models.",
        ) from error


def cache_folder() -> Path:
    """TAMIS_CACHE, or `tamis` in the folder that the system has for caches."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~")).expanduser() / "tamis"
    if sys.platform == "darwin":
        return Path("~/Library/Caches/tamis").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "tamis"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
