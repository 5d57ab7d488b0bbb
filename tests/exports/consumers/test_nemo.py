"""NeMo Customizer runs on its own platform: its files are held against the rules of its page.

A line is an object. Chats have `messages` whose roles are system, user and assistant, the last of
them the assistant's; other models read a `prompt` and a `completion`, both texts. The page is the
target's `source`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from curation.records import Task
from exports.formats import find_format
from tests.exports.consumers.exported import exported

NAMES = {"training.jsonl", "validation.jsonl", "test.jsonl"}


@pytest.mark.parametrize("task", list(Task))
def test_every_line_keeps_the_rules(tmp_path: Path, task: Task) -> None:
    for name in ("nemo-chat", "nemo-prompt-completion"):
        assert "docs.nvidia.com" in find_format(name, task).target.source
        _, files = exported(tmp_path / name, name, task)
        assert {path.name for path in files} <= NAMES
        for path, records in files.items():
            lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
            assert len(lines) == len(records)
            for line in lines:
                row = json.loads(line)
                if name == "nemo-chat":
                    said = [(turn["role"], type(turn["content"])) for turn in row["messages"]]
                    assert {role for role, _ in said} <= {"system", "user", "assistant"}
                    assert said[-1] == ("assistant", str)
                    assert {kind for _, kind in said} == {str}
                else:
                    assert {key: type(value) for key, value in row.items()} == {
                        "prompt": str,
                        "completion": str,
                    }
                    assert row["completion"]
