"""A subprocess of ours and its two ends: JSON lines on its stdout, and a stdin that ends it.

The parent calls `messages`; the module it names calls `answer` when run as a program. Torch lives
in such processes only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import curation
from curation import threads
from curation.errors import Cancelled, TamisError, WorkerFailed
from curation.records import Json

LOG = "worker.log"


def messages(
    module: str, folder: Path, cancelled: threading.Event | None, *, what: str = "The work"
) -> Iterator[Json]:
    """Run `python -m module folder` and yield what it says, one JSON object a line.

    Whatever it prints otherwise goes to `worker.log` in the folder. Raises WorkerFailed with its
    own words where it reports an error, or where it ends unexpectedly; Cancelled once `cancelled`
    is set. Leaving the iteration ends the process.
    """
    with _started(module, folder, cancelled) as process:
        assert process.stdout is not None
        for line in process.stdout:
            message: Json = json.loads(line)
            if "error" in message:
                raise WorkerFailed(message["error"], message["hint"])
            yield message
        code = process.wait()
    if cancelled is not None and cancelled.is_set():
        raise Cancelled(f"{what} was stopped.", "Start it again to go on where it stopped.")
    if code != 0:
        raise WorkerFailed(
            f"{what} ended unexpectedly (exit {code}): {_last_line(folder / LOG)}",
            f"The whole output is in {folder / LOG}. Start it again to go on where it stopped.",
        )


def answer(work: Callable[[Callable[[Json], None]], None]) -> int:
    """The other end: do the work, which reports through the function it is given; the exit code.

    Errors for people are reported as `{"error", "hint"}`. The process ends with its parent.
    """
    _end_with_parent()
    if hasattr(os, "nice"):
        os.nice(5)  # people who review at the same time come first
    stdout = sys.stdout
    sys.stdout = sys.stderr  # libraries print; the protocol must not be disturbed

    def report(message: Json) -> None:
        stdout.write(json.dumps(message) + "\n")
        stdout.flush()

    try:
        work(report)
    except TamisError as error:
        report({"error": str(error), "hint": error.hint})
        return 1
    except MemoryError:
        report({"error": "The machine ran out of memory.", "hint": "Close other programs."})
        return 1
    return 0


@contextmanager
def _started(
    module: str, folder: Path, cancelled: threading.Event | None
) -> Iterator[subprocess.Popen[str]]:
    home = str(Path(curation.__file__).parents[1])
    path = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH", "")]))
    with (folder / LOG).open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
            env={**os.environ, **threads.environment(), "PYTHONPATH": path},
        )
        watch = threading.Thread(target=_terminate_when, args=(cancelled, process), daemon=True)
        watch.start()
        try:
            yield process
        finally:
            process.terminate()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


def _terminate_when(cancelled: threading.Event | None, process: subprocess.Popen[str]) -> None:
    while cancelled is not None and process.poll() is None:
        if cancelled.wait(0.2):
            process.terminate()
            return


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "it left no message"


def _end_with_parent() -> None:
    """End when the process that holds the other end of stdin is gone."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
