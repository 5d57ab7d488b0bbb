"""Together's own check of a file before its upload passes every file that is written for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from together.lib.utils.files import check_file

from curation.records import Task
from exports.formats import FORMATS
from tests.exports.consumers.exported import cases, exported

SHAPES = ("messages", "openai-preference", "prompt-completion-text")
"""What Together reads, whoever else it was written for; it refuses a byte-order mark."""
CASES = [(name, task) for name, task in cases() if FORMATS[name].target.shape in SHAPES]


@pytest.mark.parametrize(("name", "task"), CASES)
def test_the_file_passes(tmp_path: Path, name: str, task: Task) -> None:
    form, files = exported(tmp_path, name, task)
    for path, records in files.items():
        report = check_file(path)
        assert report["is_check_passed"] != form.target.bom, report["message"]
        if not form.target.bom:
            assert report["num_samples"] == len(records)


def test_a_defect_does_not_pass(tmp_path: Path) -> None:
    _, files = exported(tmp_path, "together-chat", Task.CHAT)
    path = next(iter(files))
    path.write_text('{"messages": [{"role": "assistant", "content": "x"}]}\n{"text": 1}\n')
    assert not check_file(path)["is_check_passed"]
