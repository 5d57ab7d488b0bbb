"""What the tests of the whole app stand on: the real server on a workspace of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from tests.browser.card_harness import ROOT, Server, until

SAMPLES = ROOT / "sample_data"


def tickets(path: Path, rows: int) -> Path:
    """The first rows of the sample tickets that are whole, with one exact copy of the first."""
    lines = (SAMPLES / "support_tickets.csv").read_bytes().splitlines(keepends=True)
    whole = [line for line in lines[1:] if line.count(b",") == 4 and b'"' not in line][:rows]
    path.write_bytes(b"".join([lines[0], *whole, whole[0]]))
    return path


class App(Server):
    """`app.py` on a workspace; what people decided is read from its journal."""

    def __init__(self, workspace: Path) -> None:
        super().__init__(workspace)
        self.workspace = workspace
        self.modules_file = workspace.parent / "modules.txt"

    def start(self) -> None:
        script = Path(__file__).with_name("watched_server.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), str(self.port), str(self.modules_file)],
            cwd=ROOT,
            env={**os.environ, "TAMIS_WORKSPACE": str(self.workspace), "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self.answers, seconds=60)

    def stop(self) -> None:
        """End in good order, so that the workspace is closed."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    def modules(self) -> set[str]:
        """What the running server process has imported."""
        assert self.process is not None
        self.modules_file.unlink(missing_ok=True)
        self.process.send_signal(signal.SIGUSR1)
        until(self.modules_file.exists, seconds=20)
        return set(self.modules_file.read_text().splitlines())

    def url(self, page: str = "", **query: str) -> str:
        return f"http://127.0.0.1:{self.port}/{page}?{urlencode(query)}"

    def open(self, tab: Page, page: str = "", **query: str) -> None:
        """Open a page of the app and wait until its script has run."""
        tab.goto(self.url(page, **query))
        expect(tab.locator("[data-testid=stMain]")).to_be_visible(timeout=60_000)
        settled(tab)

    def journal(self) -> list[dict[str, Any]]:
        """Payloads of all decisions so far, oldest first."""
        path = self.workspace / "decisions.jsonl"
        lines = path.read_bytes().splitlines() if path.exists() else []
        return [json.loads(line)["payload"] for line in lines]


def settled(tab: Page) -> None:
    """Wait until no script runs."""
    expect(tab.locator("[data-testid=stApp]")).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=60_000
    )
