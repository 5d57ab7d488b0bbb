"""Answers of a model on a test split, from a JSONL file of anyone's making."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from curation.errors import WrongUse
from curation.records import Json, canonical_json
from exports.formats.containers import BOM, parse, split_lines

ANSWERS = ("prediction", "output", "completion", "text")
"""Columns that may hold the answer; the first that a file has is taken."""
IDS = ("example_id", "id")
USAGE = ("latency_ms", "cost", "tokens", "input_tokens", "output_tokens")
"""Columns of what an answer took, all of them optional."""
LINE_ORDER = "line order"
_COLUMNS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Predictions:
    """The answers in the order of the examples.

    `column` is where they stood, `matched_by` a column of IDS or LINE_ORDER. `rows`: `example_id`,
    `prediction` (String, null where there is none; what is not a text as canonical JSON), and those
    of USAGE that the file has (Float64, may be null).
    """

    name: str
    column: str
    matched_by: str
    rows: pl.DataFrame


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    record: Json


def read_predictions(
    path: Path, examples: Sequence[str], *, column: str | None = None
) -> Predictions:
    """The predictions of a file for the examples of these ids, one each.

    Rows are matched by `example_id` or `id`, whichever the first row has, and by their order where
    it has none. `column` names where the answers are; without it the first of ANSWERS that the
    first row has. Raises WrongUse, naming file, line and column, for what cannot be matched or
    read, for an example with no or several predictions, and for a count that does not fit.
    """
    rows = list(_rows(path))
    if not rows:
        raise WrongUse(f"{path.name} has no rows.", "Give a JSONL file with one answer a line.")
    chosen = _answer_column(path, rows[0], column)
    key = next((name for name in IDS if name in rows[0].record), None)
    ordered = _in_order(path, rows, examples) if key is None else _by_id(path, rows, examples, key)
    used = [name for name in USAGE if any(name in row.record for row in rows)]
    found = {name: [_cell(path, row, name, _number) for row in ordered] for name in used}
    for row in ordered:
        _refuse_without(path, row, chosen)
    answers = [_cell(path, row, chosen, _answer) for row in ordered]
    return Predictions(
        name=path.name,
        column=chosen,
        matched_by=key or LINE_ORDER,
        rows=pl.DataFrame(
            {"example_id": list(examples), "prediction": answers, **found},
            {"example_id": pl.String, "prediction": pl.String, **dict.fromkeys(used, pl.Float64)},
        ),
    )


def _rows(path: Path) -> Iterator[_Row]:
    """The objects of a file by their lines; blank lines are passed over."""
    try:
        lines = split_lines(path.read_bytes().removeprefix(BOM.encode()))
    except OSError as error:
        raise WrongUse(f"{path} cannot be read: {error.strerror}.") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield _Row(number, parse(line))
            except (ValueError, RecursionError) as error:
                raise WrongUse(
                    f"{path.name}, line {number} is not a JSON object ({error}).",
                    'Each line is one object, such as {"example_id": "…", "prediction": "…"}.',
                ) from error


def _answer_column(path: Path, first: _Row, column: str | None) -> str:
    wanted = ANSWERS if column is None else (column,)
    found = next((name for name in wanted if name in first.record), None)
    if found is None:
        there = ", ".join(f"{name!r:.40}" for name in list(first.record)[:_COLUMNS_SHOWN])
        raise WrongUse(
            f"{path.name}, line {first.number} has no column {' or '.join(wanted)}; it has "
            f"{there or 'none'}.",
            "Name the column that holds the answers (--column).",
        )
    return found


def _in_order(path: Path, rows: Sequence[_Row], examples: Sequence[str]) -> Sequence[_Row]:
    if len(rows) != len(examples):
        raise WrongUse(
            f"{path.name} has {len(rows):,} rows and no column {' or '.join(IDS)}; the test split "
            f"has {len(examples):,} examples, so its rows cannot be told by their order.",
            "Give a row for each line of the test file, in its order, or add example_id.",
        )
    return rows


def _by_id(path: Path, rows: Sequence[_Row], examples: Sequence[str], key: str) -> Sequence[_Row]:
    known = set(examples)
    found: dict[str, _Row] = {}
    for row in rows:
        name = _cell(path, row, key, _name)
        if name not in known:
            raise WrongUse(
                f"{path.name}, line {row.number}, column {key}: {name!r:.100} is no example of the "
                "test split.",
                "Give answers to this export's test split; without the column, rows are matched by "
                "their order.",
            )
        if name in found:
            raise WrongUse(
                f"{path.name}, line {row.number}, column {key}: {name!r:.100} stands on line "
                f"{found[name].number} already.",
                "Give one answer to each example.",
            )
        found[name] = row
    missing = [name for name in examples if name not in found]
    if missing:
        raise WrongUse(
            f"{path.name}, column {key}: {len(missing):,} of {len(examples):,} examples of the "
            f"test split have no answer, {missing[0]!r} among them.",
            "Answer them all; an answer that failed is null.",
        )
    return [found[name] for name in examples]


def _refuse_without(path: Path, row: _Row, column: str) -> None:
    if column not in row.record:
        raise WrongUse(
            f"{path.name}, line {row.number} has no column {column}.",
            "Give it on every line; an answer that failed is null.",
        )


def _cell(path: Path, row: _Row, column: str, read: Callable[[Any], Any]) -> Any:
    try:
        return read(row.record.get(column))
    except ValueError as error:
        raise WrongUse(f"{path.name}, line {row.number}, column {column}: {error}.") from error


def _name(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError("there is no id" if value is None else "the id is not a text")  # noqa: TRY004
    return str(value)


def _number(value: Any) -> float | None:
    if value is None:
        return None
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not plain or not 0 <= value <= sys.float_info.max:
        raise ValueError(f"{json.dumps(value, ensure_ascii=False):.100} is not a number from 0 on")
    return float(value)


def _answer(value: Any) -> str | None:
    """An answer as text; of a list of turns, as chat models give it, what the last one says."""
    if value is None:
        return None
    said = value
    if isinstance(value, list) and value and isinstance(value[-1], dict):
        turn = value[-1]
        if turn.get("role") == "assistant" and isinstance(turn.get("content"), str):
            said = turn["content"]
    text = said if isinstance(said, str) else canonical_json(said)
    return text.encode("utf-8", "replace").decode()  # half of a surrogate pair is no text
