"""Take the pictures of the documentation: make screenshots

Makes a workspace with the sample datasets and a morning's work by two people, serves it, and
photographs the pages in a real Chromium.
"""

from __future__ import annotations

import json
import tempfile
import uuid
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from curation.records import Action, Operation
from curation.workspace import Workspace
from exports.export import export_dataset
from exports.options import ExportOptions
from labeling import samples, triage
from labeling.queue import Filter, rows
from tests.browser.app_harness import App, settled
from tests.browser.conftest import CHROMIUM_ARGS, chromium_path

IMAGES = Path(__file__).with_name("images")
SAMPLE_DATA = Path(__file__).parents[1] / "sample_data"
WIDE, PHONE = (1280, 860), (390, 844)
SHOTS = [
    ("home-light", "", {}, WIDE, "light"),
    ("analyse-light", "analyse", {}, WIDE, "light"),
    ("duplicates-light", "duplicates", {}, WIDE, "light"),
    ("review-light", "review", {}, WIDE, "light"),
    ("review-chat-dark", "review", {"dataset": "bicycle-qa", "kind": "mismatch"}, WIDE, "dark"),
    ("review-phone", "review", {}, PHONE, "dark"),
    ("quality-dark", "quality", {}, WIDE, "dark"),
    ("examples-light", "examples", {}, WIDE, "light"),
    ("export-light", "export", {}, WIDE, "light"),
]


def work(workspace: Workspace) -> None:
    """Decide on the worst fifty tickets as the truth file says, and on some clusters."""
    dataset = workspace.dataset("support-tickets")
    lines = (SAMPLE_DATA / "support_tickets.truth.jsonl").read_text("utf-8").splitlines()
    truth = {one["source_row"]: one["truth"] for one in map(json.loads, lines)}
    names = set(workspace.labels(dataset)["name"])
    operations = []
    for number, row in enumerate(rows(workspace, dataset, Filter(), limit=50).to_dicts()):
        label = truth.get(row["source_row"])
        wrong = label in names and label != row["given"]
        operations.append(
            Operation(
                op_id=uuid.uuid4().hex,
                dataset_id=dataset.dataset_id,
                example_id=row["example_id"],
                annotator="Amara" if number % 3 else "Jonas",
                action=Action.RELABEL if wrong else Action.KEEP,
                value=label if wrong else row["given"],
                elapsed_ms=2500 + 137 * number,
            )
        )
    workspace.store.decide(operations)
    threshold = dataset.settings.near_threshold
    for cluster in triage.cluster_overview(workspace, dataset, threshold)["cluster"].head(25):
        keep, exclude = triage.representatives(workspace, dataset, threshold, [cluster])
        triage.resolve(workspace, dataset, "Amara", keep, exclude)
    export_dataset(workspace, dataset, ExportOptions(), workspace.exports / "support-tickets-1")


def shoot_import(tab: Page, app: App, name: str) -> None:
    """The import page with a file dropped on it."""
    app.open(tab, "import", annotator="Amara")
    tab.locator("input[type=file]").set_input_files(SAMPLE_DATA / "orders.jsonl")
    tab.wait_for_timeout(2500)
    settled(tab)
    tab.screenshot(path=IMAGES / f"{name}.png")


def main() -> None:
    """Entry point."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        with Workspace.create(Path(folder) / "workspace") as workspace:
            for sample in samples.SAMPLES:
                samples.load(workspace, sample)
            work(workspace)
        app = App(Path(folder) / "workspace")
        app.start()
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGS)
        for name, page, query, (width, height), scheme in SHOTS:
            context = chromium.new_context(
                viewport={"width": width, "height": height},
                color_scheme=scheme,  # type: ignore[arg-type]
            )
            tab = context.new_page()
            app.open(tab, page, **{"dataset": "support-tickets", "annotator": "Amara", **query})
            tab.wait_for_timeout(1500)
            tab.screenshot(path=IMAGES / f"{name}.png")
            context.close()
        for name, size in (("import-light", WIDE), ("import-phone", PHONE)):
            context = chromium.new_context(viewport={"width": size[0], "height": size[1]})
            shoot_import(context.new_page(), app, name)
            context.close()
        chromium.close()
        app.stop()


if __name__ == "__main__":
    main()
