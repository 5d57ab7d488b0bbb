"""Long work in a thread of its own: it survives page reloads and can be stopped."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from curation.errors import TamisError
from curation.records import Progress

Result = TypeVar("Result")
Work = Callable[[Callable[[Progress], None], threading.Event], Result]
"""What is to be done: it reports to the function and ends soon after the event is set."""


class Background(Generic[Result]):
    """One piece of work that runs from now on; `result` or `error` tells how it ended."""

    def __init__(self, work: Work[Result]) -> None:
        self.steps: dict[str, Progress] = {}
        self.result: Result | None = None
        self.error: Exception | None = None
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work: Work[Result]) -> None:
        try:
            self.result = work(self._note, self._cancelled)
        except Exception as error:  # the page shows it
            self.error = error
            if not isinstance(error, TamisError):
                logging.getLogger("tamis").exception("Work in the background failed")

    def _note(self, state: Progress) -> None:
        self.steps[state.step] = state

    @property
    def running(self) -> bool:
        """True until it is done, failed or stopped."""
        return self._thread.is_alive()

    def cancel(self) -> None:
        """Ask it to stop."""
        self._cancelled.set()

    def wait(self, seconds: float | None = None) -> None:
        """Block until it has ended, or for so long."""
        self._thread.join(seconds)
