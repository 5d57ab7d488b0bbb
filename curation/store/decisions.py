"""From operations to numbered decisions: what is accepted, refused or already known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import polars as pl

from curation.records import About, Action, Json, Operation

_SCHEMA = {
    "seq": pl.Int64,
    "op_id": pl.String,
    "dataset_id": pl.String,
    "example_id": pl.String,
    "annotator": pl.String,
    "action": pl.String,
    "value": pl.String,
    "comment": pl.String,
    "about": pl.String,
    "revision": pl.Int64,
    "elapsed_ms": pl.Int64,
    "decided_at": pl.String,
}
_NEEDS_VALUE = (Action.KEEP, Action.RELABEL, Action.EDIT, Action.UNDO)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one operation: its number, or why it was refused.

    A repeated operation gets the number it already had, so that resending is harmless.
    """

    op_id: str
    seq: int | None
    refused: str = ""


def to_payload(operation: Operation, at: datetime | None = None) -> Json:
    """An operation as the journal keeps it."""
    return {**asdict(operation), "decided_at": (at or datetime.now(UTC)).isoformat()}


def insert_payloads(cursor: duckdb.DuckDBPyConnection, payloads: Sequence[Json]) -> None:
    """Insert journal payloads, each with its `seq`, into the decision table."""
    if not payloads:
        return
    rows = [{name: payload.get(name) for name in _SCHEMA} for payload in payloads]
    cursor.register("incoming_decisions", pl.DataFrame(rows, schema=_SCHEMA).to_arrow())
    try:
        cursor.execute(
            "INSERT INTO decision BY NAME SELECT * REPLACE (decided_at::TIMESTAMPTZ AS decided_at) "
            "FROM incoming_decisions ORDER BY seq"
        )
    finally:
        cursor.unregister("incoming_decisions")


def triage(
    cursor: duckdb.DuckDBPyConnection, operations: Sequence[Operation]
) -> tuple[list[Operation], dict[str, Receipt]]:
    """Split a batch into operations to store and receipts that are known already.

    Repeats within the batch are stored once. Refused: examples that do not exist, an undo of
    something that cannot be undone, a verdict without an output.
    """
    known = _known(cursor, operations)
    settled: dict[str, Receipt] = {}
    accepted: dict[str, Operation] = {}
    for operation in operations:
        op_id = operation.op_id
        if op_id in accepted or op_id in settled:
            continue
        if op_id in known.seqs:
            settled[op_id] = Receipt(op_id, known.seqs[op_id])
        elif refusal := _refusal(operation, known, accepted):
            settled[op_id] = Receipt(op_id, None, refusal)
        else:
            accepted[op_id] = operation
            if operation.action is Action.UNDO and operation.value:
                known.undone.add(operation.value)
    return list(accepted.values()), settled


@dataclass(slots=True)
class _Known:
    """What the database already says about a batch."""

    seqs: dict[str, int]
    examples: set[tuple[str, str]]
    undoable: dict[str, tuple[str, str]]
    undone: set[str]


def _known(cursor: duckdb.DuckDBPyConnection, operations: Sequence[Operation]) -> _Known:
    targets = [o.value for o in operations if o.action is Action.UNDO and o.value]
    ids = [o.op_id for o in operations] + targets
    rows = _rows(
        cursor,
        "SELECT op_id, seq, dataset_id, example_id, action FROM decision "
        "WHERE op_id IN (SELECT unnest($ids))",
        {"ids": ids},
    )
    undone = _rows(
        cursor,
        "SELECT value FROM decision WHERE action = 'undo' AND value IN (SELECT unnest($ids))",
        {"ids": targets},
    )
    examples = _rows(
        cursor,
        "SELECT dataset_id, example_id FROM example WHERE example_id IN (SELECT unnest($ids))",
        {"ids": list({o.example_id for o in operations} | set(_partners(operations)))},
    )
    return _Known(
        seqs={row[0]: row[1] for row in rows},
        examples={(row[0], row[1]) for row in examples},
        undoable={row[0]: (row[2], row[3]) for row in rows if row[4] != Action.UNDO},
        undone={row[0] for row in undone},
    )


def _partners(operations: Sequence[Operation]) -> list[str]:
    return [o.value for o in operations if o.action is Action.SEPARATE and o.value]


def _rows(
    cursor: duckdb.DuckDBPyConnection, sql: str, params: dict[str, list[str]]
) -> list[tuple[Any, ...]]:
    if not next(iter(params.values())):
        return []
    return cursor.execute(sql, params).fetchall()


def _refusal(operation: Operation, known: _Known, accepted: dict[str, Operation]) -> str:
    """Why an operation cannot be stored, in words; empty where it can."""
    place = (operation.dataset_id, operation.example_id)
    if place not in known.examples:
        return "This example is not in the dataset any more."
    if not _is_text(operation):
        return "The text holds a character that is not valid Unicode."
    if not operation.annotator.strip():
        return "A decision needs the name of the person who takes it."
    needs_value = operation.about == "output" and operation.action in _NEEDS_VALUE
    if (needs_value or operation.action is Action.UNDO) and operation.value is None:
        return f"Nothing to {operation.action}: the example has no output yet."
    if operation.action is Action.SEPARATE:
        return _refusal_of_pair(operation, known)
    if operation.action is not Action.UNDO:
        return ""
    target = operation.value or ""
    pending = accepted.get(target)
    undoable = (pending.dataset_id, pending.example_id) if pending else known.undoable.get(target)
    if undoable != place:
        return "The decision to undo was never stored, or belongs to another example."
    return "It is undone already." if target in known.undone else ""


def _refusal_of_pair(operation: Operation, known: _Known) -> str:
    """Why a verdict on two examples cannot be stored; empty where it can."""
    if operation.about is not About.DUPLICATE:
        return "That two examples are no duplicates is a decision about duplicates."
    if operation.value == operation.example_id:
        return "An example cannot be set apart from itself."
    if (operation.dataset_id, operation.value) not in known.examples:
        return "The other example is not in the dataset."
    return ""


def _is_text(operation: Operation) -> bool:
    """False where a lone surrogate would make the journal's line unwritable."""
    try:
        "".join((operation.value or "", operation.comment or "", operation.annotator)).encode()
    except UnicodeEncodeError:
        return False
    return True
