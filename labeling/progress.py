"""Progress of long work on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from curation.records import Progress


@contextmanager
def progress_on_stderr(title: str) -> Iterator[Callable[[Progress], None]]:
    """A bar on stderr for each step; yields the function that long work reports to."""
    bars = Bars(
        TextColumn(f"[bold]{title}[/] {{task.description:<12}}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[message]}"),
        console=Console(stderr=True),
    )
    with bars:
        known = {}

        def show(state: Progress) -> None:
            if state.step not in known:
                known[state.step] = bars.add_task(state.step, total=None, message="")
            bars.update(
                known[state.step],
                completed=state.done,
                total=state.total or None,
                message=state.message,
            )

        yield show
