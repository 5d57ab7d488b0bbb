"""What a format is, and the conversation that several of them write."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from curation.records import Json, Task


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write examples as JSON objects, one a line.

    `find_format` hands it out, and refuses tasks that it does not serve.

    - `keys(task)` names the keys of every record, in their order.
    - `records(rows, task, labels)` yields one record per row, in their order. `rows` needs `text`,
      `output` (String) and `messages` (String|null); `labels` is the label set of tasks that have
      one. A row that cannot be read yields a record that `check` objects to.
    - `check(record, task)` lists what is wrong with a record beyond its keys and the safety of its
      texts, which are the same for all formats.
    """

    name: str
    description: str
    tasks: tuple[Task, ...]
    keys: Callable[[Task], tuple[str, ...]]
    records: Callable[[pl.DataFrame, Task, Sequence[str]], Iterator[Json]]
    check: Callable[[Json, Task], list[str]]


def read_json(text: str) -> Any:
    """The value of a JSON text, None where it cannot be read."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def conversations(rows: pl.DataFrame) -> Iterator[Any]:
    """The turns of each chat row, the last answer being `output`; None where unreadable.

    A row without `messages` is one user turn. Turns keep all keys that hold something. Where
    any turn of the dataset has a weight, every assistant turn gets one (1 unless given), because
    trainers infer the keys from the first rows.
    """
    weighted = bool(rows["messages"].str.contains('"weight":', literal=True).any())
    for text, output, messages in rows.select("text", "output", "messages").iter_rows():
        turns = read_json(messages) if messages else [{"role": "user", "content": text}]
        if isinstance(turns, list) and all(isinstance(turn, dict) for turn in turns):
            yield _answered(turns, output, weighted=weighted)
        else:
            yield None


def _answered(turns: list[Json], output: str, *, weighted: bool) -> list[Json]:
    answer: Json = {"role": "assistant"}
    if turns and turns[-1].get("role") == "assistant":
        answer = turns[-1]
        turns = turns[:-1]
    return [_turn(turn, weighted=weighted) for turn in [*turns, {**answer, "content": output}]]


def _turn(turn: Json, *, weighted: bool) -> Json:
    said = {key: value for key, value in turn.items() if value is not None}
    ordered = {"role": turn.get("role"), "content": turn.get("content"), **said}
    if weighted and turn.get("role") == "assistant":
        ordered.setdefault("weight", 1)
    return ordered
