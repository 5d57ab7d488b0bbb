"""Append-only, checksummed, hash-chained log of decisions: the second witness beside DuckDB.

One JSON object a line: `{"payload", "payload_sha256", "prev", "seq"}`. The chain hash of a line
covers its number, the chain hash before it and the *hash* of its payload, so that a payload can be
blanked when a person's data is erased and the chain still verifies.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from curation.errors import JournalDamaged
from curation.records import Json, canonical_json

_GENESIS = "0" * 64
_TAIL_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal. `payload` is None where it was erased."""

    seq: int
    prev: str
    payload_sha256: str
    payload: Json | None

    @property
    def chain(self) -> str:
        """Hash that the next entry carries as `prev`."""
        return _sha256(f"{self.seq}|{self.prev}|{self.payload_sha256}")

    def line(self) -> str:
        """The entry as it stands in the file, with its newline."""
        return canonical_json({name: getattr(self, name) for name in self.__slots__}) + "\n"


class Journal:
    """The journal file of one workspace. One process, one thread writes."""

    def __init__(self, path: Path) -> None:
        """Open or create the journal; a torn last line (never acknowledged) is set aside."""
        self.path = path
        self.recovered = _set_torn_tail_aside(path)
        last = _last_entry(path)
        self.last_seq = last.seq if last else 0
        self._chain = last.chain if last else _GENESIS
        self.broken = False
        """True once the disk's state is unknown: only reopening helps."""
        created = not path.exists()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        if created:
            _fsync_folder(path.parent)

    def append(self, payloads: Sequence[Json]) -> list[int]:
        """Write the payloads and fsync; returns their sequence numbers.

        Raises OSError. After a failed *write* the file is as it was and the journal stays usable;
        a failed *fsync* leaves the state of the disk unknown, so the caller must stop using it.
        """
        entries: list[Entry] = []
        chain = self._chain
        for seq, payload in enumerate(payloads, start=self.last_seq + 1):
            entry = Entry(seq, chain, _sha256(canonical_json(payload)), payload)
            entries.append(entry)
            chain = entry.chain
        before = os.fstat(self._file).st_size
        self.broken = True
        try:
            _write_all(self._file, "".join(entry.line() for entry in entries).encode())
        except OSError:
            os.ftruncate(self._file, before)
            self.broken = False
            raise
        os.fsync(self._file)
        self.broken = False
        self._chain = chain
        self.last_seq = entries[-1].seq if entries else self.last_seq
        return [entry.seq for entry in entries]

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """Entries numbered above `after`, in order, each checked against the chain.

        Raises JournalDamaged naming the line.
        """
        chain = _GENESIS
        with self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                entry = _parse(line, self.path, number)
                if entry.seq != number or entry.prev != chain:
                    raise _damaged(self.path, number, "it does not follow from the line before")
                chain = entry.chain
                if entry.seq > after:
                    yield entry

    def verify(self) -> int:
        """Check every line; returns how many there are. Raises JournalDamaged."""
        return sum(1 for _ in self.entries())

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _damaged(path: Path, number: int, why: str) -> JournalDamaged:
    return JournalDamaged(
        f"{path}, line {number}: {why}.",
        "The journal was changed outside Tamis. Restore it from a backup; do not edit it by hand.",
    )


def _parse(line: bytes, path: Path, number: int) -> Entry:
    try:
        entry = Entry(**json.loads(line))
    except (ValueError, TypeError) as error:
        raise _damaged(path, number, "it is not a journal entry") from error
    if entry.payload is not None and _sha256(canonical_json(entry.payload)) != entry.payload_sha256:
        raise _damaged(path, number, "its content does not match its checksum")
    return entry


def _set_torn_tail_aside(path: Path) -> bytes:
    """Cut an unfinished last line, keeping its bytes in a file beside the journal."""
    if not path.exists():
        return b""
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        start = _last_newline(path, size) + 1
        file.seek(start)
        torn = file.read()
        if torn:
            with path.with_suffix(".torn").open("ab") as aside:
                aside.write(torn + b"\n")
                aside.flush()
                os.fsync(aside.fileno())
            file.truncate(start)
            os.fsync(file.fileno())
    return torn


def _last_newline(path: Path, before: int) -> int:
    """Offset of the last newline below `before`, or -1."""
    with path.open("rb") as file:
        while before > 0:
            start = max(0, before - _TAIL_BYTES)
            file.seek(start)
            found = file.read(before - start).rfind(b"\n")
            if found >= 0:
                return start + found
            before = start
    return -1


def _last_entry(path: Path) -> Entry | None:
    if not path.exists() or path.stat().st_size == 0:
        return None
    end = path.stat().st_size - 1
    start = _last_newline(path, end) + 1
    with path.open("rb") as file:
        file.seek(start)
        line = file.read(end - start)
    seq = json.loads(line).get("seq", 0) if line.startswith(b"{") else 0
    return _parse(line, path, seq)
