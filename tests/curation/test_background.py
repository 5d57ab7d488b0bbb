"""Work in a thread: its progress, its end, and how it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from curation.background import Background
from curation.errors import WrongUse
from curation.records import Progress

Report = Callable[[Progress], None]


def test_the_result_and_the_last_progress_of_each_step_stay() -> None:
    def work(report: Report, _: threading.Event) -> int:
        report(Progress("read", 1, 2))
        report(Progress("read", 2, 2))
        return 7

    job = Background(work)
    job.wait()
    assert (job.result, job.error, job.running) == (7, None, False)
    assert job.steps == {"read": Progress("read", 2, 2)}


def test_it_runs_until_it_is_stopped() -> None:
    job = Background(lambda _, stopped: stopped.wait(10))
    assert job.running
    job.cancel()
    job.wait()
    assert job.result is True


@pytest.mark.parametrize("error", [WrongUse("no"), ValueError("oh")])
def test_an_error_is_kept_for_the_page(error: Exception) -> None:
    def work(_report: Report, _stopped: threading.Event) -> None:
        raise error

    job = Background(work)
    job.wait()
    assert job.error is error
