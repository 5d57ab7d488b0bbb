"""The documentation is true: what it names exists, what exists it names, and its code runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from curation.detectors import DETECTORS
from curation.workspace import Workspace
from exports.check import rules_table
from exports.formats import format_table
from labeling.cli import app

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
ALL = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *PAGES]
TAMIS: Any = typer.main.get_command(app)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str = "") -> list[str]:
    """Fenced blocks of just this language."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
    return [text for kind, text in found if kind == language]


def commands(page: Path) -> list[str]:
    lines = "\n".join(blocks(page)).replace("\\\n", " ").splitlines()
    return [line.removeprefix("$ ") for line in lines if re.match(r"(\$ )?tamis ", line)]


def in_architecture(pattern: str) -> set[str]:
    """Names in the first column of the tables of architecture.md that match as a whole."""
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    return {cell for cell in re.findall(r"^\| `([^`]+)` \|", text, re.M) if re.match(pattern, cell)}


@pytest.mark.parametrize("command", TAMIS.commands)
def test_every_command_and_its_options_stand_together_on_one_page(command: str) -> None:
    options = [
        spelling
        for parameter in TAMIS.commands[command].params
        if parameter.param_type_name == "option"
        for spelling in parameter.opts
    ]
    missing = {}
    for page in PAGES:
        text = page.read_text("utf-8")
        if re.search(rf"tamis {command}\b", text):
            missing[name(page)] = [
                o for o in options if not re.search(rf"(?<![\w-]){o}\b(?!-)", text)
            ]
    assert [] in missing.values(), missing or f"no page names tamis {command}"


def test_the_options_of_tamis_itself_are_documented() -> None:
    text = (ROOT / "docs/walkthrough.md").read_text("utf-8")
    options = [option for parameter in TAMIS.params for option in parameter.opts]
    assert [option for option in [*options, "--help"] if f"`{option}`" not in text] == []


@pytest.mark.parametrize("page", ALL, ids=name)
def test_every_command_line_can_be_parsed(page: Path) -> None:
    for line in commands(page):
        words = shlex.split(line, comments=True)[1:]
        parent = TAMIS.make_context("tamis", [], resilient_parsing=True)
        command, found, rest = TAMIS.resolve_command(parent, words)
        with found.make_context(command, rest, parent=parent):
            pass


def test_the_readme_and_the_walkthrough_show_command_lines() -> None:
    for page in ("README.md", "docs/walkthrough.md"):
        assert len(commands(ROOT / page)) >= 9


def test_architecture_names_every_module_and_no_other() -> None:
    there = {"app.py"}
    for package in ("curation", "exports", "labeling"):
        for entry in (ROOT / package).iterdir():
            if entry.is_dir() and entry.name != "__pycache__":
                there.add(f"{package}/{entry.name}/")
            elif entry.suffix == ".py" and entry.name != "__init__.py":
                there.add(f"{package}/{entry.name}")
    assert in_architecture(r"app\.py$|(curation|exports|labeling)/\w") == there


def test_architecture_names_every_table_and_view_and_no_other(tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "w") as workspace:
        found = workspace.store.read(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'"
        )
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    table = text.split("| table or view |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.M)) == set(found["table_name"])


def test_findings_has_a_section_for_every_kind_under_its_title_and_no_other() -> None:
    text = (ROOT / "docs/findings.md").read_text("utf-8")
    sections = re.findall(r"^### (.+)\n\*\*(.+?)\.\*\*", text, re.M)
    assert sorted(sections) == sorted((found.kind, found.title) for found in DETECTORS)
    assert len(sections) == text.count("\n### ")


@pytest.mark.parametrize("page", ALL, ids=name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    assert page.name != "README.md" or links
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name(page)} links to {link}"
        if anchor:
            assert anchor in anchors(target), f"{name(page)} links to {link}"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = blocks(ROOT / "README.md", "python")
    sample = "sample_data/support_tickets.csv"
    assert sample in code
    (tmp_path / "sample_data").mkdir()
    lines = (ROOT / sample).read_text("utf-8", errors="replace").splitlines(keepends=True)
    (tmp_path / sample).write_text("".join(lines[:41]), "utf-8")
    monkeypatch.chdir(tmp_path)
    seen: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), seen)
    assert seen["examples"].height == 40
    assert {"text", "current", "status"} <= set(seen["examples"].columns)


def test_the_tables_of_formats_and_of_rules_are_those_of_the_code() -> None:
    assert format_table() in (ROOT / "docs/export.md").read_text("utf-8")
    assert rules_table() in (ROOT / "docs/check.md").read_text("utf-8")
