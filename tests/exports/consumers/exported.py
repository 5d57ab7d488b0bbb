"""Exports that the consumers read: every format, from examples with awkward texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from curation.records import Json, Task, canonical_json
from exports.formats import Format, find_format, fitting
from exports.formats.containers import Line, read
from exports.manifest import written_as
from exports.split import SPLITS
from tests.exports.export_examples import export, frame

ROWS = 60
AWKWARD = [
    "é😀 ",
    "=1+1 ",
    "a\r\nb\u2028c ",
    '"quoted", ',
    "{braces} ",
    "مرحبا ",
    "null",
    "'",
    "1e5 ",
]
OUTPUTS: dict[Task, list[Any]] = {
    Task.SINGLE_LABEL: ["yes", "null", "-1"],
    Task.MULTI_LABEL: [["yes"], [], ["no", "yes"]],
    Task.EXTRACTION: [{"a": 1}, {"a": None, "é": [1.5, {}]}, {}],
    Task.CHAT: ["Answer.", "=2", "NA"],
}
BESIDE = {"folds": 3, "sample_weights": True}
"""Asks for columns beside those of an example, in exports of tasks with labels."""
LABELS = {Task.SINGLE_LABEL: ["-1", "null", "yes"], Task.MULTI_LABEL: ["no", "yes"]}


def rows(task: Task, weight: Json | None = None) -> pl.DataFrame:
    """Awkward examples: every output and text, conversations of one and two exchanges.

    `weight` is put on each answer that is not the last.
    """
    outputs = [OUTPUTS[task][n % 3] for n in range(ROWS)]
    texts = [f"{AWKWARD[n % len(AWKWARD)]}text {n}" for n in range(ROWS)]
    found = frame(outputs, task, text=texts)
    if task is Task.CHAT:
        messages = [canonical_json(_turns(text, n, weight)) for n, text in enumerate(texts)]
        found = found.with_columns(messages=pl.Series(messages))
    return found.with_columns(
        rejected=pl.lit("{}" if task is Task.EXTRACTION else "worse"),
        approved=pl.Series([n % 2 == 0 for n in range(ROWS)]),
    )


def _turns(text: str, number: int, weight: Json | None) -> list[Json]:
    asked = {"role": "user", "content": text}
    so = {"role": "assistant", "content": "So.", **(weight or {})}
    earlier = [asked, so] if number % 2 else []
    system = [{"role": "system", "content": "Be kind."}] if number % 3 == 0 else []
    return [*system, *earlier, asked]


def cases() -> list[tuple[str, Task]]:
    """Every format with every task that it serves."""
    return [(name, task) for task in Task for name in fitting(task, ["rejected", "approved"])]


def exported(
    folder: Path, name: str, task: Task, **said: Any
) -> tuple[Format, dict[Path, list[Json]]]:
    """The format, and the records that its files hold: by file, in order.

    `said` goes to `export`. Where the format has weights, earlier answers have the weight 0.
    """
    weight = {"weight": 0} if find_format(name, task).target.weights else None
    out = folder / "export"
    result = export(
        rows(task, weight), out, task, file_format=name, labels=LABELS.get(task, []), **said
    )
    form = written_as(result.manifest)
    files = [out / form.target.file(split) for split in SPLITS]
    found = {path: [_whole(line) for line in read(path, form, task)] for path in files}
    assert sum(map(len, found.values())) >= ROWS // 2
    return form, found


def _whole(line: Line) -> Json:
    """A record with what stands beside it."""
    assert not isinstance(line.record, str), line.record
    return line.record | line.beside
