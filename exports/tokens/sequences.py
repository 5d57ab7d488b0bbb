"""Training records of any shape, as the sequences that a trainer makes of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from curation.errors import UnreadableFile
from curation.records import Json
from exports.check.shapes import Shape, recognise
from exports.check.turns import Turn, read_turns
from exports.formats.containers import parse, unguard


@dataclass(frozen=True, slots=True)
class Sequence:
    """What a model reads at once: turns `{"role", "content", …}`, and the numbers of those learnt.

    `is_chat` is False for literal texts, which are joined without a chat template. `tools` are the
    tools that the record declares, None where it declares none.
    """

    turns: tuple[Json, ...]
    learnt: tuple[int, ...]
    is_chat: bool = True
    tools: Any = None


def sequences(record: Json) -> list[Sequence]:
    """One sequence, or two where an answer is set against a worse one.

    Learnt are all answers of a conversation but those of weight 0, the completion of a prompt, and
    nothing of a text that has a label. Raises ValueError for a record of no known shape.
    """
    shape = recognise(record)
    try:
        return list(_READERS[shape.name](record, shape))
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"it is no training record that Tamis knows ({shape.name})") from error


def read_records(path: Path) -> Iterator[Json]:
    """The records of a JSONL, Parquet or CSV file of an export, one at a time.

    Raises UnreadableFile for a file that is not there and for a line that is no record.
    """
    readers = {".parquet": _parquet, ".csv": _csv}
    try:
        yield from readers.get(path.suffix, _lines)(path)
    except OSError as error:
        raise UnreadableFile(
            f"{path} cannot be read: {error.strerror or error}.",
            "It belongs to the export: tamis verify FOLDER says what else was changed.",
        ) from error
    except ValueError as error:
        raise UnreadableFile(
            f"{path} cannot be read: {error}.", "`tamis check` names every line that is no record."
        ) from error


def _lines(path: Path) -> Iterator[Json]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield parse(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
            except (ValueError, RecursionError) as error:
                raise ValueError(f"line {number} is no JSON record ({error})") from error


def _parquet(path: Path) -> Iterator[Json]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches():
            yield from batch.to_pylist()


def _csv(path: Path) -> Iterator[Json]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            yield of_cells({key: unguard(cell) for key, cell in row.items()})


def of_cells(record: Json) -> Json:
    """The record of a table, which holds a conversation as its JSON."""
    turns = record.get("messages")
    return {**record, "messages": json.loads(turns)} if turns else record


def _said(role: str, content: object) -> Json:
    return {"role": role, "content": content}


def _turns(record: Json, shape: Shape) -> list[Json]:
    column = str(shape.turns)
    found = []
    for turn in read_turns(record[column], column, shape.name):
        if not isinstance(turn, Turn):
            raise TypeError(turn)
        left_out = {"weight": 0} if turn.weight == 0 else {}
        found.append({**_said(turn.role, turn.content), **left_out})
    return found


def _conversation(record: Json, shape: Shape) -> Iterator[Sequence]:
    turns = record[str(shape.turns)] if shape.name == "messages" else _turns(record, shape)
    if system := _system(record):
        turns = [_said("system", system), *turns]
    learnt = tuple(
        at
        for at, turn in enumerate(turns)
        if turn["role"] == "assistant" and turn.get("weight", 1) != 0
    )
    yield Sequence(tuple(turns), learnt, tools=record.get("tools"))


def _system(record: Json) -> str:
    given = record.get("system", record.get("systemInstruction"))
    parts = given.get("parts", []) if isinstance(given, dict) else given
    if isinstance(parts, list):
        return "".join(str(part["text"]) for part in parts)
    return str(parts or "")


def _exchange(record: Json, shape: Shape) -> Iterator[Sequence]:
    prompt, completion = record[shape.asks[0]], record[shape.answers[0]]
    if isinstance(prompt, list):
        yield _answered(prompt, completion, record)
    else:
        turns = (_said("user", prompt), _said("assistant", completion))
        yield Sequence(turns, (1,), is_chat=False)


def _answered(prompt: list[Json], answer: Any, record: Json) -> Sequence:
    turns = (*prompt, *(answer if isinstance(answer, list) else [_said("assistant", answer)]))
    learnt = tuple(range(len(prompt), len(turns)))
    return Sequence(turns, learnt, tools=record.get("tools"))


def _pair(record: Json, shape: Shape) -> Iterator[Sequence]:
    prompt = record[shape.asks[0]] if shape.asks else []
    prompt = prompt["messages"] if isinstance(prompt, dict) else prompt
    prompt = prompt if isinstance(prompt, list) else [_said("user", prompt)]
    for answer in shape.answers:
        yield _answered(prompt, record[answer], record)


def _alpaca(record: Json, shape: Shape) -> Iterator[Sequence]:
    asked = "\n".join(filter(None, (record["instruction"], record.get("input"))))
    system = [_said("system", record["system"])] if record.get("system") else []
    earlier = [
        _said(role, text)
        for pair in record.get("history") or ()
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]
    answer = _said("assistant", record[shape.answers[0]])
    turns = (*system, *earlier, _said("user", asked), answer)
    answers = tuple(at for at, turn in enumerate(turns) if turn["role"] == "assistant")
    yield Sequence(turns, answers)


def _labelled(record: Json, shape: Shape) -> Iterator[Sequence]:
    yield Sequence((_said("user", record[shape.asks[0]]),), (), is_chat=False)


def _text(record: Json, shape: Shape) -> Iterator[Sequence]:
    yield Sequence((_said("assistant", record[shape.answers[0]]),), (0,), is_chat=False)


_READERS = {
    "messages": _conversation,
    "sharegpt": _conversation,
    "gemini": _conversation,
    "bedrock": _conversation,
    "prompt-completion": _exchange,
    "kto": _exchange,
    "preference": _pair,
    "openai-preference": _pair,
    "alpaca": _alpaca,
    "text-label": _labelled,
    "text": _text,
}
