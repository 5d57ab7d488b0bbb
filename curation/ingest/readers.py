"""Open a file of any supported format, or say why it cannot be imported."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from curation.errors import UnreadableFile
from curation.ingest.csv_table import open_csv
from curation.ingest.jsonl_table import open_jsonl
from curation.ingest.parquet_table import open_parquet
from curation.ingest.table import CELL_LIMIT, Row, Table
from curation.records import QuarantinedRow

FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_URL = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]+:/")  # two letters at least: "C:/" is a drive
_FOREIGN = {
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\x1f\x8b": "compressed with gzip",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"%PDF": "a PDF",
    b"SQLite format 3": "an SQLite database",
}


def open_table(
    path: str | Path, *, delimiter: str | None = None, cell_limit: int = CELL_LIMIT
) -> Table:
    """A file opened for one pass, its format told by its suffix (see `FORMATS`).

    `delimiter` overrides the guess for CSV. Raises UnreadableFile where the file as a whole cannot
    be read, also on the way where it turns out to have no data row at all.
    """
    path = _checked(path)
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise UnreadableFile(
            f"{path.name} has the suffix {path.suffix or '(none)'!r}, which is no format we read.",
            f"Save it as one of {', '.join(FORMATS)}.",
        )
    try:
        _refuse_foreign(path, text=kind != "parquet")
        if kind == "parquet":
            table = open_parquet(path, cell_limit)
        elif kind == "jsonl":
            table = open_jsonl(path, cell_limit)
        else:
            table = open_csv(path, delimiter, cell_limit)
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be read: {error.strerror or error}.") from error
    return replace(table, rows=_never_empty(path, table.rows))


def file_sha256(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hex. Raises UnreadableFile."""
    try:
        with _checked(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be read: {error.strerror or error}.") from error


def _checked(path: str | Path) -> Path:
    """The path, if it is that of a file. An address is refused: fetching it is not ours to do."""
    if _URL.match(str(path)):
        raise UnreadableFile(
            f"{path} looks like a web address; files are only read from this machine.",
            "Download it first, then import the file.",
        )
    path = Path(path)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise UnreadableFile(f"{path} {what}.", "Give the path of a CSV, JSONL or Parquet file.")
    return path


def _refuse_foreign(path: Path, *, text: bool) -> None:
    with path.open("rb") as file:
        head = file.read(1 << 16)
    if not head.removeprefix(b"\xef\xbb\xbf").strip():
        raise UnreadableFile(f"{path.name} is empty.")
    for magic, words in _FOREIGN.items():
        if head.startswith(magic):
            raise _foreign(path, words)
    if text and head.startswith(b"PAR1"):
        raise _foreign(path, "a Parquet file")
    # In UTF-16 every second byte of Western text is a NUL.
    if text and any(half.count(0) > 0.9 * len(half) for half in (head[::2], head[1::2])):
        raise _foreign(path, "UTF-16 text or binary data")


def _foreign(path: Path, words: str) -> UnreadableFile:
    hint = "Save it as UTF-8 text." if "UTF-16" in words else "Convert or unpack it first."
    if words == "a Parquet file":
        hint = "Give it the suffix .parquet."
    return UnreadableFile(f"{path.name} is {words}, which its suffix does not say.", hint)


def _never_empty(
    path: Path, rows: Iterator[Row | QuarantinedRow]
) -> Iterator[Row | QuarantinedRow]:
    first = next(rows, None)
    if first is None:
        raise UnreadableFile(f"{path.name} has no data rows.", "Is the export complete?")
    yield first
    yield from rows
