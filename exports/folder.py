"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from curation.errors import TamisError, WrongUse


def refuse_taken(out: Path) -> None:
    """Raise WrongUse where `out` is a file or a folder that holds anything."""
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists() or out.is_symlink():
        raise WrongUse(
            f"{out} exists already, and an export never overwrites anything.",
            "Name a new folder, or remove this one first.",
        )


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A hidden folder beside `out` to write into, which becomes `out` when the block ends well.

    Files and folder are flushed to the disk before the rename, so that `out` is complete even after
    a power cut. Raises WrongUse where `out` is taken, TamisError where the disk refuses; whatever
    was raised, the hidden folder is removed.
    """
    refuse_taken(out)
    work = out.parent / f".{out.name}.{secrets.token_hex(4)}.partial"
    try:
        work.mkdir(parents=True)
        yield work
        for path in (*work.rglob("*"), work):
            _flush(path)
        refuse_taken(out)
        work.rename(out)
        _flush(out.parent)
    except OSError as error:
        raise TamisError(
            f"The export to {out} could not be written: {error.strerror or error}.",
            "Check the free space and the rights on the folder; nothing was left behind.",
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _flush(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder, and orders its renames itself
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
