"""Lines read by the column: the example that the format reads of each."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.records import Task
from exports.formats import FORMATS, Format, PromptTemplate
from exports.formats.containers import json_line, parse
from exports.formats.reading import CannotRead, Read
from exports.read_lines import SAID, read_lines
from tests.exports.test_layouts import CASES, LABELS, TEMPLATES, Maker

JSONL = [(task, name) for task, name in CASES if FORMATS[name].target.files[0].endswith("jsonl")]


class Lines:
    """The lines that a format writes, and one reader of them that counts."""

    def __init__(
        self, form: Format, task: Task, rows: pl.DataFrame, template: PromptTemplate | None
    ) -> None:
        self.labels = LABELS if task.has_labels else []
        self.own = (form, task, self.labels, template)
        self.asked: list[int] = []
        self.lines: list[str] = []
        self.examples: list[tuple[object, ...]] = []
        for record, problems in form.examples(rows, task, self.labels, template):
            line = json_line(record).removesuffix("\n")
            if problems or (example := self._example(line)) is None:
                continue
            self.lines.append(line)
            self.examples.append(tuple(getattr(example, name) for name in SAID))

    def _example(self, line: str) -> Read | None:
        try:
            return self.read_one(0, line)
        except CannotRead:
            return None

    def read_one(self, number: int, line: str) -> Read:
        self.asked.append(number)
        form, task, labels, template = self.own
        return form.read_back(parse(line.encode()), task, template, labels)

    def read(self) -> list[tuple[object, ...]]:
        self.asked.clear()
        return read_lines(pl.Series(self.lines, dtype=pl.String), *self.own, self.read_one).rows()


@pytest.mark.parametrize(("task", "name"), CASES)
@given(seed=st.integers(0, 2**32), rare=st.sampled_from([0.0, 0.05]), at=st.integers(0, 2))
@settings(max_examples=3, deadline=None)
def test_all_lines_are_read_as_one(task: Task, name: str, seed: int, rare: float, at: int) -> None:
    lines = Lines(FORMATS[name], task, Maker(seed, rare).rows(task), TEMPLATES[at])
    assert lines.read() == lines.examples


@pytest.mark.parametrize(("task", "name"), JSONL)
def test_the_format_reads_a_few_lines_of_many(task: Task, name: str) -> None:
    lines = Lines(FORMATS[name], task, Maker(0, 0.0).rows(task, 1200), None)
    assert lines.read() == lines.examples
    assert len(lines.examples) > 100
    assert len(lines.asked) < 100


def test_a_line_that_is_none_is_named_by_its_number() -> None:
    lines = Lines(FORMATS["openai-chat"], Task.CHAT, Maker(0, 0.0).rows(Task.CHAT), None)
    lines.lines[70] = lines.lines[70].replace('"role": "user"', '"role": "robot"')
    with pytest.raises(CannotRead):
        lines.read()
    assert lines.asked[-1] == 70


def test_a_line_that_is_spelt_otherwise_is_read_all_the_same() -> None:
    form = FORMATS["openai-chat"]
    lines = Lines(form, Task.CHAT, Maker(0, 0.0).rows(Task.CHAT), None)
    lines.lines = [line.replace("é", "\\u00e9").replace(": ", ":  ") for line in lines.lines[:40]]
    form_lines = [lines.read_one(0, line) for line in lines.lines]
    assert lines.read() == [tuple(getattr(one, name) for name in SAID) for one in form_lines]
