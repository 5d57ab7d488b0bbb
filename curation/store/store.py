"""DuckDB behind a seam: reads on a cursor of their own, writes through one thread."""

from __future__ import annotations

import atexit
import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import duckdb
import polars as pl

from curation.errors import StoreFailed, WorkspaceBusy
from curation.journal import Journal
from curation.records import Operation
from curation.store.decisions import Receipt, insert_payloads
from curation.store.migrate import migrate
from curation.store.writer import Writer

T = TypeVar("T")
Cursor = duckdb.DuckDBPyConnection

# No statement of ours touches another file, the network or an extension.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "preserve_insertion_order": "true",
}


class Store:
    """The database and the journal of one workspace. Safe to share between threads."""

    def __init__(self, database: Path, journal: Path) -> None:
        """Open both, migrate, and bring the database up to the journal.

        Raises WorkspaceBusy where another process holds the file, StoreFailed where it cannot be
        opened, JournalDamaged where the two witnesses cannot both be right.
        """
        self._connection = _connect(database)
        try:
            self.schema = migrate(self._connection)
            self.journal = Journal(journal)
            self.replayed = _catch_up(self._connection, self.journal)
            self._connection.execute("SET lock_configuration = true")
        except BaseException:
            self._connection.close()
            raise
        self._writer = Writer(self._connection, self.journal)
        atexit.register(self.close)

    def read(self, sql: str, params: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Rows of a query with named parameters (`$name`). Values are always bound."""
        with contextlib.closing(self._connection.cursor()) as cursor:
            frame: pl.DataFrame = cursor.sql(sql, params=dict(params or {})).pl()
            return frame

    def value(self, sql: str, params: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None."""
        rows = self.read(sql, params)
        return rows.item(0, 0) if len(rows) else None

    def write(self, work: Callable[[Cursor], T]) -> T:
        """Run `work` on the writer thread in one transaction; any error rolls it back."""
        return self._writer.run(work)

    def decide(self, operations: Sequence[Operation]) -> list[Receipt]:
        """Store decisions durably (journal fsynced, then committed); one receipt for each.

        Operations of all callers waiting at the same moment share one fsync and one commit.
        """
        return self._writer.decide(operations)

    def close(self) -> None:
        """Finish waiting writes, checkpoint and release the file. Closing again does nothing."""
        if self._writer.closed:
            return
        atexit.unregister(self.close)
        self._writer.close()
        with contextlib.suppress(duckdb.Error):
            self._connection.execute("CHECKPOINT")
        self._connection.close()
        self.journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def insert_frame(cursor: Cursor, table: str, frame: pl.DataFrame) -> None:
    """Append a frame's rows to a table of ours by column name, in one bulk statement."""
    if frame.is_empty():
        return
    cursor.register("incoming", frame.to_arrow())
    try:
        cursor.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
    finally:
        cursor.unregister("incoming")


def _connect(database: Path) -> Cursor:
    try:
        return duckdb.connect(str(database), config=_CONFIG)
    except duckdb.IOException as error:
        holder = re.search(r"Conflicting lock is held in (.*) \(PID (\d+)\)", str(error))
        if holder:
            raise WorkspaceBusy(
                f"{database.parent} is in use by process {holder[2]} ({holder[1]}).",
                "Stop that process (the app, or another command), or work in the app instead.",
            ) from error
        raise StoreFailed(f"{database} cannot be opened: {error}", _RESTORE) from error
    except duckdb.Error as error:
        raise StoreFailed(f"{database} cannot be opened: {error}", _RESTORE) from error


_RESTORE = "Keep the folder as it is: decisions.jsonl in it holds every decision."


def _catch_up(connection: Cursor, journal: Journal) -> int:
    """Add to the database the decisions that only the journal has; returns how many.

    The journal is fsynced first, so it may be ahead after a crash, never behind.
    """
    row = connection.execute("SELECT count(*), coalesce(max(seq), 0) FROM decision").fetchone()
    count, last = row or (0, 0)
    if last > journal.last_seq:
        raise StoreFailed(
            f"The database has {last} decisions, {journal.path} only {journal.last_seq}.",
            "Restore decisions.jsonl from a backup: it must never be shortened.",
        )
    if count == last == journal.last_seq:
        return 0
    have = {seq for (seq,) in connection.execute("SELECT seq FROM decision").fetchall()}
    missing = [
        {**entry.payload, "seq": entry.seq}
        for entry in journal.entries()
        if entry.payload is not None and entry.seq not in have
    ]
    connection.execute("BEGIN")
    insert_payloads(connection, missing)
    connection.execute("COMMIT")
    return len(missing)
