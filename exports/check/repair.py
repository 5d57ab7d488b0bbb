"""Mend what can be mended without touching a word: marks, line ends, blank lines, copies."""

from __future__ import annotations

import codecs
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from curation.errors import UnreadableFile, WrongUse
from curation.records import Json
from exports.check.lines import hopeless, read_lines


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was done: lines written, and how many were mended or left out, by the code of a rule."""

    rows: int
    done: dict[str, int]

    def as_json(self) -> Json:
        """The same as JSON values."""
        return {"rows": self.rows, "done": self.done}


def repair(path: Path | str, out: Path | str, *, drop_duplicates: bool = False) -> Repaired:
    """Write a copy of `path` to the new file `out` without byte order marks, CR LF and blank lines.

    `drop_duplicates` also leaves out lines whose bytes stood before. Every other byte stays.
    Raises WrongUse where `out` exists, UnreadableFile where `path` cannot be mended line by line.
    """
    source, target = Path(path), Path(out)
    if target.exists():
        raise WrongUse(f"{target} exists already.", "Name a new file; nothing is overwritten.")
    try:
        if (found := hopeless(source)) and found.code != "empty-file":
            raise UnreadableFile(f"{source.name}: {found.message}.", "Convert it first.")
        return _copy(source, target, drop_duplicates=drop_duplicates)
    except OSError as error:
        raise UnreadableFile(
            f"{source} cannot be mended: {error}.", "Name a JSONL file."
        ) from error


def _copy(source: Path, target: Path, *, drop_duplicates: bool) -> Repaired:
    done: Counter[str] = Counter()
    seen: set[bytes] = set()
    rows = 0
    with target.open("xb") as file:
        for line in read_lines(source):
            if line.data is None:
                target.unlink()
                said = f"{source.name}, row {line.number}: the line is too long to be read."
                raise UnreadableFile(said, "Shorten the row.")
            data = line.data
            if data.startswith(codecs.BOM_UTF8):
                done["bom"] += 1
                data = data.removeprefix(codecs.BOM_UTF8)
            if not data.strip():
                done["blank-line"] += 1
                continue
            if line.end == b"\r\n":
                done["crlf"] += 1
            key = blake2b(data, digest_size=16).digest() if drop_duplicates else b""
            if drop_duplicates and key in seen:
                done["duplicate-row"] += 1
                continue
            seen.add(key)
            file.write(data + b"\n")
            rows += 1
    return Repaired(rows, dict(done))
