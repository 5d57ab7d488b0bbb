"""The row ledger says what the consumers do with the files of the corpus of defects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from exports.check import check_file, ledger
from tests.exports.defects import DEFECTS, VALID, Case
from tests.exports.defects.publish import write
from tests.heavy_consumers.kit import HERE, OFFLINE, interpreter

OTHERWISE = {
    "axolotl": {
        "answer-empty",
        "bom-inside",
        "chat-200-turns",
        "completion-empty",
        "completion-null",
        "content-texts",
        "pairs-of-turns",
        "role-capital",
        "role-human",
        "role-missing",
        "role-null",
        "tools-call-last",
    },
    "mlx-lm": {"far-too-deep", "tools-legacy"},
    "trl": {"bom-inside", "role-missing", "tools-legacy"},
    "llama-factory": {
        "bom-inside",
        "chat-image",
        "pairs-of-turns",
        "prompt-null",
        "role-missing",
        "role-null",
        "tools-legacy",
        "tools-many-arguments",
    },
}
"""Files of which the ledger says something else than what the consumer does; see docs/check.md."""


def cases(name: str) -> list[Case]:
    """The files that are meant for this consumer: conversations, and prompts with completions."""
    return [
        case
        for case in (*DEFECTS, *VALID)
        if not case.is_large
        and not case.file
        and case.target in ("any", name)
        and is_read(case.data[:4_000], len(case.data))
    ]


def is_read(start: bytes, size: int) -> bool:
    if b'"preferred_output"' in start or b"schemaVersion" in start:
        return False
    return b'"messages"' in start or b'"completion"' in start or size < 100


def measured(name: str, paths: list[Path], folder: Path, model: Path) -> list[int | None]:
    """Rows of each file with something to learn; None where the consumer refuses the file."""
    python = Path(sys.executable)
    if name != "trl":
        python = interpreter(name.removesuffix("-lm").replace("-", ""))
    more = {"HF_DATASETS_CACHE": str(folder / "cache")}
    if name == "llama-factory":
        more |= {"PYTHONPATH": str(HERE / "without_sound"), "DISABLE_VERSION_CHECK": "1"}
    (folder / "work").mkdir()
    done = subprocess.run(
        [python, HERE / "read_losses.py", name, model, folder / "work"],
        input=json.dumps([str(path) for path in paths]),
        env={**os.environ, **OFFLINE, **more},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return list(json.loads(done.stdout.splitlines()[-1]))


def said(path: Path, name: str) -> tuple[str, int]:
    """What the ledger says becomes of the file, and its number of rows."""
    report = check_file(path, name)
    effects = set(ledger(report, name)["effect"])
    if "rejects the file" in effects:
        return "refused", report.rows
    return "fewer rows" if "drops the row" in effects else "all rows", report.rows


@pytest.mark.parametrize("name", list(OTHERWISE))
def test_the_ledger_says_what_the_consumer_does(tmp_path: Path, model: Path, name: str) -> None:
    wanted = cases(name)
    assert len(wanted) > 100
    paths = [write(case, tmp_path / "files") for case in wanted]
    otherwise = set()
    for case, path, found in zip(
        wanted, paths, measured(name, paths, tmp_path, model), strict=True
    ):
        expected, rows = said(path, name)
        done = "refused"
        if found is not None:  # a list over many lines has more lines than rows
            done = "all rows" if found >= rows else "fewer rows"
        if done != expected:
            otherwise.add(case.name)
    assert otherwise == OTHERWISE[name]
