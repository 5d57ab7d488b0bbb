"""The store: one DuckDB file, one writer thread with group commit, a cursor per read."""

from curation.store.decisions import Receipt
from curation.store.store import Store, insert_frame

__all__ = ["Receipt", "Store", "insert_frame"]
