"""The one thread that writes: group commit for decisions, one transaction for anything else."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

import duckdb

from curation.errors import StoreFailed
from curation.journal import Journal
from curation.records import Operation
from curation.store.decisions import Receipt, insert_payloads, to_payload, triage

T = TypeVar("T")
Cursor = duckdb.DuckDBPyConnection
_MAX_GROUP = 2_000
_REOPEN = "Restart Tamis: it recovers from the journal; what was acknowledged is safe."


@dataclass(slots=True)
class _Work:
    run: Callable[[Cursor], Any]
    done: Future[Any] = field(default_factory=Future)


@dataclass(slots=True)
class _Decide:
    operations: Sequence[Operation]
    done: Future[Any] = field(default_factory=Future)


class Writer:
    """Serialises all writes of a process onto one thread with its own cursor."""

    def __init__(self, connection: Cursor, journal: Journal) -> None:
        self._cursor = connection.cursor()
        self._journal = journal
        self._queue: queue.SimpleQueue[_Work | _Decide | None] = queue.SimpleQueue()
        self._failure: StoreFailed | None = None
        self.closed = False
        self._thread = threading.Thread(target=self._loop, name="tamis-writer", daemon=True)
        self._thread.start()

    def run(self, work: Callable[[Cursor], T]) -> T:
        """Run `work` in a transaction of its own and return what it returns."""
        result: T = self._submit(_Work(work))
        return result

    def decide(self, operations: Sequence[Operation]) -> list[Receipt]:
        """Store operations; returns one receipt for each, in order."""
        if not operations:
            return []
        receipts: list[Receipt] = self._submit(_Decide(operations))
        return receipts

    def close(self) -> None:
        """Finish what waits, then stop the thread."""
        if not self.closed:
            self.closed = True
            self._queue.put(None)
            self._thread.join()
            self._cursor.close()

    def _submit(self, item: _Work | _Decide) -> Any:
        if self.closed:
            raise StoreFailed("The workspace is closed.", "Open it again.")
        if self._failure:
            raise self._failure
        self._queue.put(item)
        return item.done.result()

    def _loop(self) -> None:
        ahead: list[_Work | _Decide | None] = []
        while True:
            item = ahead.pop() if ahead else self._queue.get()
            if item is None:
                return
            if isinstance(item, _Work):
                self._run(item)
            else:
                group, ahead = self._gather(item)
                self._commit(group)

    def _gather(self, first: _Decide) -> tuple[list[_Decide], list[_Work | _Decide | None]]:
        """All decisions that wait behind the first, and the other item, if any, that ended them."""
        group, size = [first], len(first.operations)
        while size < _MAX_GROUP:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
            if not isinstance(item, _Decide):
                return group, [item]
            group.append(item)
            size += len(item.operations)
        return group, []

    def _run(self, item: _Work) -> None:
        if self._failure:
            item.done.set_exception(self._failure)
            return
        try:
            self._cursor.execute("BEGIN")
            result = item.run(self._cursor)
            self._cursor.execute("COMMIT")
        except BaseException as error:
            self._roll_back()
            item.done.set_exception(error)
        else:
            item.done.set_result(result)

    def _commit(self, group: list[_Decide]) -> None:
        try:
            receipts = self._store([op for item in group for op in item.operations])
        except BaseException as error:
            self._roll_back()
            for item in group:
                item.done.set_exception(error)
            return
        for item in group:
            item.done.set_result([receipts[op.op_id] for op in item.operations])

    def _store(self, operations: list[Operation]) -> dict[str, Receipt]:
        if self._failure:
            raise self._failure
        self._cursor.execute("BEGIN")
        accepted, receipts = triage(self._cursor, operations)
        payloads = [to_payload(operation) for operation in accepted]
        seqs = self._append(payloads)
        try:
            insert_payloads(
                self._cursor,
                [{**p, "seq": seq} for p, seq in zip(payloads, seqs, strict=True)],
            )
            self._cursor.execute("COMMIT")
        except Exception as error:
            # The journal has them and the database does not: only reopening can reconcile the two.
            self._failure = StoreFailed(f"The database refused a commit: {error}", _REOPEN)
            raise self._failure from error
        for operation, seq in zip(accepted, seqs, strict=True):
            receipts[operation.op_id] = Receipt(operation.op_id, seq)
        return receipts

    def _append(self, payloads: list[dict[str, Any]]) -> list[int]:
        before = self._journal.last_seq
        try:
            return self._journal.append(payloads) if payloads else []
        except OSError as error:
            if self._journal.broken:
                self._failure = StoreFailed(f"The journal could not be synced: {error}", _REOPEN)
                raise self._failure from error
            raise StoreFailed(
                f"The decision could not be written to {self._journal.path}: {error}",
                f"Free some disk space and try again; {before} decisions are safe.",
            ) from error

    def _roll_back(self) -> None:
        try:
            self._cursor.execute("ROLLBACK")
        except duckdb.Error as error:
            if "no transaction is active" not in str(error):
                self._failure = StoreFailed(f"The database failed: {error}", _REOPEN)
