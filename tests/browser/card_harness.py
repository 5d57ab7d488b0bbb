"""What the tests of the review card stand on: a server that can be killed, and a reviewer's tab."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

ROOT = Path(__file__).parents[2]
Operation = dict[str, Any]
# What the cards of `card_app.py` are given; a keep names it.
GIVEN = "transfer_not_received"
GIVEN_SET = '["transfer_not_received"]'
# Before the card hears of a key, note which example is shown; afterwards, how long the next took.
WATCH = """
window.presses = [];
const rootNode = document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot;
const card = rootNode.querySelector('.tamis');
window.addEventListener('keydown', (event) => {
  window.presses.push({example: card.dataset.example, at: event.timeStamp});
}, true);
new MutationObserver(() => {
  const press = window.presses.at(-1);
  if (press && press.took === undefined) press.took = performance.now() - press.at;
}).observe(card, {attributes: true, attributeFilter: ['data-example']});
"""


class Server:
    """The Streamlit server of `card_app.py`, which can be killed and started again."""

    def __init__(self, store: Path) -> None:
        self.store = store
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = {
            "server.port": self.port,
            "server.address": "127.0.0.1",
            "server.headless": "true",
            "runner.postScriptGC": "false",
            "browser.gatherUsageStats": "false",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "tests/browser/card_app.py"]
            + [part for name, value in options.items() for part in (f"--{name}", str(value))],
            cwd=ROOT,
            env={**os.environ, "CARD_STORE": str(self.store), "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self.answers, seconds=60)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_stcore/health") as reply:
                return bool(reply.status == 200)
        except (urllib.error.URLError, ConnectionError):
            return False

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


class Review:
    """One person's browser tab on one run, and what the store holds of it."""

    def __init__(self, server: Server, page: Page, run: str) -> None:
        self.server, self.page, self.run = server, page, run
        self.card = page.locator(".tamis")

    def open(self, task: str = "single-label", n: int = 40, **more: str) -> Review:
        query = "&".join(f"{k}={v}" for k, v in {"task": task, "n": n, **more}.items())
        self.page.goto(f"http://127.0.0.1:{self.server.port}/?run={self.run}&{query}")
        expect(self.card).to_be_visible(timeout=30_000)
        return self

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    @property
    def example(self) -> str | None:
        return self.card.get_attribute("data-example")

    @property
    def stored(self) -> list[Operation]:
        path = self.server.store / f"{self.run}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def saved(self, timeout: float = 30) -> list[Operation]:
        """What is stored once the card says that all is."""
        expect(self.card.locator(".status")).to_have_text("Saved", timeout=timeout * 1000)
        return self.stored

    def acts(self) -> list[tuple[str, str, str | None]]:
        return [(op["example_id"], op["action"], op["value"]) for op in self.saved()]


def until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)
