"""The bundled samples: exactly the planted broken rows are set aside, and all guesses are right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from curation.ingest import preview, read_examples
from curation.records import Task

SAMPLES = Path(__file__).parents[2] / "sample_data"


@pytest.mark.parametrize(
    ("name", "task", "columns"),
    [
        ("support_tickets.csv", Task.SINGLE_LABEL, ["text", "label"]),
        ("product_reviews.jsonl", Task.MULTI_LABEL, ["review", "topics"]),
        ("bicycle_qa.jsonl", Task.CHAT, ["question", "answer"]),
        ("orders.jsonl", Task.EXTRACTION, ["message", "order"]),
    ],
)
def test_exactly_the_planted_rows_are_set_aside(name: str, task: Task, columns: list[str]) -> None:
    path = SAMPLES / name
    truth = path.with_suffix(".truth.jsonl").read_text(encoding="utf-8").splitlines()
    marks = [mark for mark in map(json.loads, truth) if mark["kind"] == "broken-row"]
    planted = {mark["source_row"]: mark["column"] for mark in marks}

    seen = preview(path)
    assert (seen.task, list(seen.mapping.roles().values())) == (task, columns)
    (batch,) = read_examples(path, task)
    found = {row.source_row: row.column for row in batch.quarantined}
    assert found.keys() == planted.keys()
    assert {row: found[row] for row, column in planted.items() if column} == {
        row: column for row, column in planted.items() if column
    }
    assert not planted.keys() & set(batch.examples["source_row"])
