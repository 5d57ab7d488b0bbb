"""Write the cases as files that anybody can use, in any language."""

from __future__ import annotations

import json
from pathlib import Path

from tests.exports.defects import DEFECTS, VALID, Case

HERE = Path(__file__).parent

_INTRO = """# Broken and valid training files

{defects} files with one known defect each and {valid} valid ones, to measure checkers of training
files with. Made by `python -m tests.exports.defects`; the same bytes every time. `index.json` has
this table for machines. A file in a folder of its own has neighbours that matter (other splits).
Row 0 is the file as a whole. Cases without a file are large: `--all` writes them too.

"""


def file_of(case: Case) -> str:
    """Where the file of a case stands, relative to this folder."""
    folder = "valid/" if case.code is None else ""
    return f"{folder}{case.name}/{case.file}" if case.file else f"{folder}{case.name}.jsonl"


def write(case: Case, folder: Path) -> Path:
    """Write one case and the files beside it below `folder`; the path of its file."""
    path = folder / file_of(case)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(case.data)
    for name, data in case.beside.items():
        (path.parent / name).write_bytes(data)
    return path


def index() -> str:
    """What is wrong where, as JSON."""
    entries = [
        {
            "name": case.name,
            "file": file_of(case),
            "code": case.code,
            "row": case.row,
            "target": case.target,
            "about": case.about,
            "large": case.is_large,
        }
        for case in (*DEFECTS, *VALID)
    ]
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"


def readme() -> str:
    """The same as a Markdown table."""
    lines = [_INTRO.format(defects=len(DEFECTS), valid=len(VALID))]
    lines.append("| file | defect | row | target | about |\n|---|---|---|---|---|\n")
    for case in (*DEFECTS, *VALID):
        name = f"{case.name} (large)" if case.is_large else file_of(case)
        code = f"`{case.code}`" if case.code else "none"
        row = case.row or (0 if case.code else "")
        lines.append(f"| {name} | {code} | {row} | {case.target} | {case.about} |\n")
    return "".join(lines)


def publish(folder: Path, *, all_files: bool = False) -> None:
    """Write index, README and every case; the large ones only where asked for."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.json").write_text(index(), encoding="utf-8", newline="\n")
    (folder / "README.md").write_text(readme(), encoding="utf-8", newline="\n")
    (folder / ".gitattributes").write_text("*.jsonl -text\n", encoding="utf-8", newline="\n")
    for case in (*DEFECTS, *VALID):
        if all_files or not case.is_large:
            write(case, folder)
