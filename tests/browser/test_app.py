"""The whole job in a real browser, on the real server, store, worker and model."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from curation.errors import WorkspaceBusy
from curation.importing import import_file
from curation.pipeline import analyze
from curation.records import Task
from curation.workspace import Workspace
from exports.verify import verify_export
from tests.browser.app_harness import App, settled, tickets
from tests.browser.card_harness import WATCH, until

pytestmark = pytest.mark.browser

PAGES = [
    *("", "import", "analyse", "duplicates", "review", "quality", "examples"),
    *("contamination", "export", "compare"),
]
HEAVY = {"torch", "sentence_transformers", "transformers", "cleanlab"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app on a workspace in which 300 tickets are imported and analysed."""
    home = tmp_path_factory.mktemp("app")
    with Workspace.create(home / "workspace") as workspace:
        dataset = workspace.create_dataset("tickets", Task.SINGLE_LABEL)
        import_file(workspace, dataset, tickets(home / "tickets.csv", 300))
        analyze(workspace, dataset)
    running = App(home / "workspace")
    running.start()
    yield running
    running.kill()


def test_a_newcomer_takes_a_file_through_the_whole_job(
    tmp_path: Path, browser: Browser, tab: Page
) -> None:
    app = App(tmp_path / "workspace")
    app.start()
    try:
        app.open(tab)
        tab.get_by_role("button", name="Import a file").click()
        tab.locator("input[type=file]").set_input_files(tickets(tmp_path / "shop.csv", 90))
        expect(tab.get_by_text("Import", exact=True).last).to_be_visible()
        settled(tab)
        tab.get_by_role("button", name=re.compile("^(upload |)Import", re.IGNORECASE)).last.click()
        expect(tab.get_by_text("91", exact=False).first).to_be_visible(timeout=30_000)
        settled(tab)

        app.open(tab, "analyse")
        tab.get_by_role("button", name="Start the analysis").click()
        expect(tab.get_by_text("Everything is analysed.")).to_be_visible(timeout=180_000)

        app.open(tab, "duplicates", annotator="ann")
        tab.wait_for_timeout(1000)  # what has only just come up is not decided on
        tab.get_by_role("button", name="Keep this").first.click()
        until(lambda: len(app.journal()) == 2, seconds=20)
        expect(tab.get_by_text("1 kept, 1 excluded")).to_be_visible()
        tab.get_by_role("button", name="Undo").click()
        until(lambda: len(app.journal()) == 4, seconds=20)

        app.open(tab, "review", annotator="ann")
        expect(tab.locator(".tamis")).to_be_visible(timeout=30_000)
        tab.keyboard.press("x")
        until(lambda: len(app.journal()) == 5, seconds=20)
        assert app.journal()[-1]["annotator"] == "ann"

        app.open(tab, "export")
        tab.get_by_role("button", name=re.compile("Export$")).last.click()
        written = tab.get_by_role("button", name=re.compile("Download all of it"))
        expect(written).to_be_visible(timeout=60_000)
        folders = list((app.workspace / "exports").iterdir())
        assert [verify_export(folder) for folder in folders] == [[]]
        assert HEAVY.isdisjoint(app.modules())
    finally:
        app.kill()


def test_thirty_fast_presses_are_thirty_decisions_on_what_was_on_screen(
    app: App, tab: Page
) -> None:
    app.open(tab, "review", dataset="tickets", annotator="fast")
    card = tab.locator(".tamis")
    expect(card).to_be_visible(timeout=30_000)
    tab.evaluate(WATCH)
    before = len(app.journal())
    for _ in range(30):
        tab.keyboard.press("s")
        tab.wait_for_timeout(30)
    until(lambda: len(app.journal()) == before + 30, seconds=30)
    presses = tab.evaluate("window.presses")
    stored = app.journal()[before:]
    assert [op["example_id"] for op in stored] == [press["example"] for press in presses]
    assert len({op["example_id"] for op in stored}) == 30
    assert median(press["took"] for press in presses if "took" in press) < 20


def test_keep_and_accept_store_the_output_that_was_on_screen(app: App, tab: Page) -> None:
    app.open(tab, "review", dataset="tickets", annotator="keeper", status="unreviewed")
    card = tab.locator(".tamis")
    expect(card).to_be_visible(timeout=30_000)
    before = len(app.journal())
    shown = [card.get_attribute("data-example")]
    tab.keyboard.press("k")
    shown.append(card.get_attribute("data-example"))
    tab.keyboard.press("a")
    until(lambda: len(app.journal()) == before + 2, seconds=30)
    kept, accepted = app.journal()[before:]
    assert [kept["example_id"], accepted["example_id"]] == shown
    assert (kept["action"], bool(kept["value"])) == ("keep", True)
    assert accepted["value"]
    expect(card.locator(".status")).to_have_text("Saved", timeout=30_000)
    expect(card.locator("[data-ui=refusals] li")).to_have_count(0)


def test_a_decision_survives_a_killed_server(app: App, tab: Page) -> None:
    app.open(tab, "review", dataset="tickets", annotator="unlucky")
    expect(tab.locator(".tamis")).to_be_visible(timeout=30_000)
    before = len(app.journal())
    tab.keyboard.press("s")
    tab.keyboard.press("s")
    app.kill()
    tab.keyboard.press("s")
    app.start()
    until(lambda: len(app.journal()) >= before + 2, seconds=60)
    app.open(tab, "review", dataset="tickets", annotator="unlucky")
    expect(tab.locator(".tamis .status")).to_have_text("Saved", timeout=60_000)
    mine = [op for op in app.journal() if op["annotator"] == "unlucky"]
    assert len({op["op_id"] for op in mine}) == len(mine) == len({op["example_id"] for op in mine})


def test_the_command_takes_the_workspace_before_anybody_visits_it(
    tmp_path: Path, tab: Page
) -> None:
    Workspace.create(tmp_path / "w").close()
    app = App(tmp_path / "w")  # for its port and address
    command = [sys.executable, "-m", "labeling.cli", "app", "--port", str(app.port), "-w"]
    app.process = subprocess.Popen([*command, str(tmp_path / "w")], stderr=subprocess.DEVNULL)
    try:
        until(app.answers, seconds=60)
        with pytest.raises(WorkspaceBusy, match=f"in use by process {app.process.pid} "):
            Workspace.open(tmp_path / "w")
        app.open(tab)
        expect(tab.get_by_text("Begin with a file")).to_be_visible()
    finally:
        app.stop()
    Workspace.open(tmp_path / "w").close()


def test_every_figure_leads_to_the_rows_behind_it(app: App, tab: Page) -> None:
    app.open(tab, "quality", dataset="tickets")
    tab.get_by_text("See them").first.click()
    expect(tab.get_by_role("heading", name="Examples")).to_be_visible(timeout=30_000)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_every_page_is_accessible_and_fits(
    app: App, browser: Browser, page: str, scheme: str, width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    tab = context.new_page()
    app.open(tab, page, dataset="tickets", annotator="axe")
    tab.wait_for_timeout(500)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.get_by_text("Something went wrong").count() == 0
    found = Axe().run(tab, options={"runOnly": ["wcag2a", "wcag2aa"]})
    serious = [v["id"] for v in found.response["violations"] if v["impact"] in SERIOUS]
    assert serious == []
    context.close()


SERIOUS = ("serious", "critical")


def test_the_server_never_imports_torch(app: App, tab: Page) -> None:
    for page in PAGES:
        app.open(tab, page, dataset="tickets")
    modules = app.modules()
    assert "curation.pipeline" in modules
    assert "curation.worker" not in modules
    assert HEAVY.isdisjoint(modules)


def test_the_server_listens_on_this_machine_only(app: App) -> None:
    sockets = Path("/proc/net/tcp").read_text().splitlines()[1:]
    listening = [line.split()[1] for line in sockets if line.split()[3] == "0A"]
    own = [address for address in listening if address.endswith(f":{app.port:04X}")]
    assert own == [f"0100007F:{app.port:04X}"]
