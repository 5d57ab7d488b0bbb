"""Rows laid out by the column: what the format makes of each, found out from a few."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.detectors.template_token import CONTROL_TOKEN
from curation.records import Json, Task, canonical_json, encode_output
from exports.check.texts import MAY_BE_UNSAFE, NOT_BLANK, is_blank, may_be_unsafe
from exports.formats import FORMATS, Format, PromptTemplate
from exports.formats.containers import json_line
from exports.layouts import Layouts
from exports.tokens import count_tokens, load_counter
from exports.tokens.sequences import of_cells
from exports.validate import label_problems
from tests.exports.export_examples import SCHEMA, frame

LABELS = ["a", "b c", 'q"x', "é"]
PIECES = ["a", "Hello world", " ", "\n", "\t", '"', "\\", "\\n", "é", "😀", "{input}", "'=1"]
RARE = ["\u2028", "\x85", "\0", "\x1b", "<|im_end|>", "<s>", "[INST]", "\ufeff", "\ufffd", "Human:"]
JSON = ['{"a":1}', "[]", '"x\\n\\"q"', "NaN", "{", '{"b":[1.0,{"c":null}]}']
TEMPLATES = [
    None,
    PromptTemplate(user='Q: {input}\nA"\\', system="Be {input} brief"),
    PromptTemplate(user="{input} {{x {input}"),
]
CASES = [(task, name) for task in Task for name, form in FORMATS.items() if task in form.tasks]


class Maker:
    """Rows of all kinds, some of which no trainer could use, from one seed."""

    def __init__(self, seed: int, rare: float) -> None:
        self.random = random.Random(seed)
        self.rare = rare

    def text(self) -> str:
        pieces = PIECES + RARE if self.random.random() < self.rare else PIECES
        return "".join(self.random.choices(pieces, k=self.random.randint(0, 6)))

    def visible(self) -> str:
        return self.text() if self.random.random() < self.rare else f"w{self.text()}"

    def messages(self) -> str | None:
        if self.random.random() < 0.4:
            return None
        turns: list[Json] = [{"role": "system", "content": self.visible()}]
        turns = turns[: self.random.random() < 0.3]
        for _ in range(self.random.randint(1, 2)):
            turns.append({"role": "user", "content": self.visible()})
            turns.append({"role": "assistant", "content": self.visible()})
        if self.random.random() < self.rare:
            odd: list[Json] = [{"weight": 0}, {"role": "robot"}, {"content": None}, {"x": 1}]
            turns[-1] |= self.random.choice(odd)
        return canonical_json(turns)

    def output(self, task: Task) -> str:
        if task is Task.SINGLE_LABEL:
            return self.random.choice([*LABELS, "unknown"])
        if task is Task.MULTI_LABEL:
            return str(encode_output(task, self.random.sample(LABELS, self.random.randint(0, 1))))
        return self.random.choice(JSON) if task is Task.EXTRACTION else self.visible()

    def rows(self, task: Task, count: int = 120) -> pl.DataFrame:
        chat = task is Task.CHAT
        rows = frame([None] * count, task).with_columns(
            text=pl.Series([self.visible() for _ in range(count)]),
            output=pl.Series([self.output(task) for _ in range(count)]),
            messages=pl.Series(
                [self.messages() if chat else None for _ in range(count)], dtype=pl.String
            ),
            rejected=pl.Series([self.random.choice([None, self.visible()]) for _ in range(count)]),
            approved=pl.Series([self.random.choice([None, True, False]) for _ in range(count)]),
        )
        tools = canonical_json({"tools": [{"type": "function", "function": {"name": "f"}}]})
        chosen = ["{}", tools] if chat and self.random.random() < self.rare else ["{}"]
        return rows.with_columns(metadata=pl.Series(self.random.choices(chosen, k=count)))


def one_by_one(
    form: Format, rows: pl.DataFrame, task: Task, template: PromptTemplate | None
) -> Iterator[tuple[str | None, str | None, int, int, int]]:
    """The same as `lay_out` from the format, a row at a time."""
    labels = LABELS if task.has_labels else []
    records = form.examples(rows, task, labels, template)
    for output, (record, problems) in zip(rows["output"], records, strict=True):
        wrong = label_problems(output, task, LABELS) if task.has_labels else []
        if found := [*wrong, *problems]:
            yield None, "; ".join(found), 0, 0, 0
            continue
        read = of_cells(record) if form.name == "csv" else record
        count = count_tokens([read], load_counter())
        yield json_line(record), None, count.total, count.lengths.maximum, count.learnt or 0


@pytest.mark.parametrize(("task", "name"), CASES)
@given(seed=st.integers(0, 2**32), rare=st.sampled_from([0.0, 0.02, 0.3]), at=st.integers(0, 2))
@settings(max_examples=3, deadline=None)
def test_all_rows_are_laid_out_as_one(
    task: Task, name: str, seed: int, rare: float, at: int
) -> None:
    rows = Maker(seed, rare).rows(task)
    form = FORMATS[name]
    labels = LABELS if task.has_labels else []
    found = Layouts(form, task, labels, TEMPLATES[at], rows).lay_out(rows)
    assert found.rows() == list(one_by_one(form, rows, task, TEMPLATES[at]))


@pytest.mark.parametrize(("task", "name"), CASES)
def test_the_format_is_asked_for_a_few_rows_of_many(task: Task, name: str) -> None:
    asked: list[Any] = []

    def write(*given: Any) -> Json:
        asked.append(given)
        return FORMATS[name].shape.write(*given)

    form = replace(FORMATS[name], shape=replace(FORMATS[name].shape, write=write))
    rows = Maker(0, 0.0).rows(task, 1200)
    if task is Task.EXTRACTION:
        rows = rows.filter(~pl.col("output").is_in(["NaN", "{"]))
    if "rejected" in form.shape.needs:
        rows = rows.filter(pl.col("rejected").is_not_null())
    if "approved" in form.shape.needs:
        rows = rows.filter(pl.col("approved").is_not_null())
    if task is Task.SINGLE_LABEL:
        rows = rows.filter(pl.col("output") != "unknown")
    Layouts(form, task, LABELS if task.has_labels else [], None, rows).lay_out(rows)
    few = name in {"axolotl-alpaca", "unsloth-alpaca"} or name.endswith("prompt-completion")
    chats_it_cannot_hold = rows.height if few and task is Task.CHAT else 0
    assert len(asked) < 100 + chats_it_cannot_hold


def test_a_kind_that_a_batch_does_not_have_is_learnt_later() -> None:
    form = FORMATS["openai-chat"]
    rows = frame(["a"] * 20 + ["b c"] * 20)
    layouts = Layouts(form, Task.SINGLE_LABEL, LABELS, None, rows)
    found = pl.concat([layouts.lay_out(batch) for batch in rows.iter_slices(20)])
    assert found.rows() == list(one_by_one(form, rows, Task.SINGLE_LABEL, None))


def test_no_rows() -> None:
    rows = pl.DataFrame(schema=SCHEMA)
    assert Layouts(FORMATS["csv"], Task.CHAT, [], None, rows).lay_out(rows).is_empty()


@given(text=st.text(max_size=5), token=st.from_regex(CONTROL_TOKEN), after=st.text(max_size=5))
@settings(deadline=None)
def test_no_line_with_a_token_is_passed_over(text: str, token: str, after: str) -> None:
    line = json_line({"text": f"{text}{token}{after}".encode("utf-8", "ignore").decode()})
    found = pl.Series([line]).str.contains(MAY_BE_UNSAFE).item()
    assert found or not may_be_unsafe(line) or "\\" in line


def test_a_column_of_texts_is_blank_where_each_text_is() -> None:
    signs = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    blank = ~pl.Series(signs).str.contains(NOT_BLANK)
    assert blank.to_list() == [is_blank(sign) for sign in signs]


def test_a_turn_of_a_blank_that_only_python_knows_is_left_out_in_large_and_small() -> None:
    turns = [{"role": role, "content": text} for role, text in (("system", "\x1c"), ("user", "a"))]
    turns.append({"role": "assistant", "content": "b"})
    row = {"example_id": "e", "text": "a", "output": "b", "messages": canonical_json(turns)}
    for count in (1, 50):
        rows = pl.DataFrame([row] * count).with_columns(pl.lit("{}").alias("metadata"))
        found = Layouts(FORMATS["trl-messages"], Task.CHAT, [], None, rows).lay_out(rows)
        assert found["line"].null_count() == count
