"""The examples of an export come back from its folder alone, whatever the format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from curation.errors import WrongUse
from curation.records import Task
from exports.contents import read_contents
from exports.formats import PromptTemplate, fitting
from exports.split import SplitFractions
from tests.exports.export_examples import export, frame

OUTPUTS: dict[Task, list[Any]] = {
    Task.SINGLE_LABEL: ["a", "b"] * 5,
    Task.MULTI_LABEL: [["a"], ["a", "b"]] * 5,
    Task.CHAT: [f"answer {number}" for number in range(10)],
    Task.EXTRACTION: [{"n": number} for number in range(10)],
}
EVERY = [(task, name) for task in Task for name in fitting(task)]


@pytest.mark.parametrize(("task", "name"), EVERY)
def test_every_format_gives_its_examples_back(tmp_path: Path, task: Task, name: str) -> None:
    rows = frame(OUTPUTS[task], task)
    labels = ["a", "b"] if task.has_labels else []
    written = export(rows, tmp_path / "e", task, file_format=name, labels=labels)
    found = read_contents(tmp_path / "e").examples
    split = dict(written.assignment.iter_rows())
    assert sorted(found.select("example_id", "text", "output", "group").iter_rows()) == sorted(
        rows.select("example_id", "text", "output", "group").iter_rows()
    )
    assert {example: split[example] for example in split} == dict(
        found.select("example_id", "split").iter_rows()
    )


def test_the_words_of_a_prompt_template_are_taken_out(tmp_path: Path) -> None:
    rows = frame(["a", "b"] * 5)
    export(rows, tmp_path / "e", template=PromptTemplate("Say {input}!", "One of {labels}"))
    assert set(read_contents(tmp_path / "e").examples["text"]) == set(rows["text"])


def test_one_split_may_be_read_alone(tmp_path: Path) -> None:
    export(frame(["a", "b"] * 5), tmp_path / "e", fractions=SplitFractions(0.5, 0, 0.5))
    found = read_contents(tmp_path / "e", ["test"]).examples
    assert found.height == 5
    assert set(found["split"]) == {"test"}


def test_what_is_no_export_or_was_changed_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"manifest\.json is missing"):
        read_contents(tmp_path)
    export(frame(["a", "b"] * 5), folder := tmp_path / "e")
    lines = (folder / "train.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "train.jsonl").write_bytes(b"".join([lines[0], b"{}\n", *lines[2:]]))
    with pytest.raises(WrongUse, match=r"train\.jsonl, line 2: "):
        read_contents(folder)
    (folder / "train.jsonl").write_bytes(b"".join(lines[1:]))
    with pytest.raises(WrongUse, match=r"has 7 records where assignment\.jsonl places 8"):
        read_contents(folder)
    placed = (folder / "assignment.jsonl").read_bytes()
    (folder / "assignment.jsonl").write_bytes(placed + placed.splitlines(keepends=True)[0])
    with pytest.raises(WrongUse, match="twice"):
        read_contents(folder)
    for broken in (b"[]", b'{"task": "single-label"}', b'{"task": 1, "labels": 2, "format": []}'):
        (folder / "manifest.json").write_bytes(broken)
        with pytest.raises(WrongUse, match=r"manifest\.json cannot be read"):
            read_contents(folder)
