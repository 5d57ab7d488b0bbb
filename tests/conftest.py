"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from curation.store import Store
from curation.workspace import Workspace


@pytest.fixture(autouse=True)
def _close_workspaces(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close every workspace that a test leaves open: one process holds the file."""
    opened: list[Store] = []
    init = Workspace.__init__

    def remember(self: Workspace, path: object, store: Store) -> None:
        opened.append(store)
        init(self, path, store)  # type: ignore[arg-type]

    monkeypatch.setattr(Workspace, "__init__", remember)
    yield
    for store in opened:
        store.close()
