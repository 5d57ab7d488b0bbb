"""Numbered migrations: each SQL file runs once, in one transaction, and is recorded."""

from __future__ import annotations

from importlib import resources

import duckdb

from curation.errors import StoreFailed

_CREATE_LEDGER = """
CREATE TABLE IF NOT EXISTS migration (
    number INTEGER NOT NULL, name VARCHAR NOT NULL, applied_at TIMESTAMPTZ NOT NULL
)
"""


def migrations() -> list[tuple[int, str, str]]:
    """All migrations in order, as (number, name, SQL)."""
    folder = resources.files("curation.store") / "migrations"
    files = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return [
        (int(name[:4]), name.removesuffix(".sql"), (folder / name).read_text("utf-8"))
        for name in files
    ]


def migrate(connection: duckdb.DuckDBPyConnection) -> int:
    """Apply what is missing, checkpoint, and return the schema's number.

    The checkpoint keeps DDL out of the write-ahead log, where it can break replay.
    Raises StoreFailed if the file was written by a newer Tamis.
    """
    connection.execute(_CREATE_LEDGER)
    row = connection.execute("SELECT coalesce(max(number), 0) FROM migration").fetchone()
    applied = int(row[0]) if row else 0
    known = migrations()
    if applied > known[-1][0]:
        raise StoreFailed(
            f"This workspace was written by a newer Tamis (schema {applied}, this one knows "
            f"{known[-1][0]}).",
            "Update Tamis, or open a backup made with this version.",
        )
    for number, name, sql in known:
        if number <= applied:
            continue
        connection.execute("BEGIN")
        try:
            connection.execute(sql)
            connection.execute("INSERT INTO migration VALUES ($1, $2, now())", [number, name])
        except duckdb.Error:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    if applied < known[-1][0]:
        connection.execute("CHECKPOINT")
    return known[-1][0]
