"""A file of which nothing should stand in the training data: a benchmark, a test set, a competitor.

Any CSV, JSONL or Parquet file, training files among them: from a conversation, what people say in
it is taken, in whatever layout a trainer wants it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from curation.errors import MappingError, UnreadableFile
from curation.ingest import file_sha256, guess_mapping, open_table, preview
from curation.ingest.cells import parse_json, text_fault
from curation.ingest.table import Row, quarantined, raw_of, shown
from curation.records import Progress, QuarantinedRow, Task, canonical_json

REFERENCE_SCHEMA = {"row": pl.Int64, "column": pl.String, "text": pl.String}

_SAMPLE_ROWS = 1000
_REPORTED = 5000
_CONVERSATIONS = ("messages", "conversations", "conversation", "contents", "turns", "dialogue")
_ASKS = (
    "question", "problem", "prompt", "instruction", "query", "text", "utterance", "sentence",
    "input", "ctx", "context", "content",
)  # fmt: skip
_PEOPLE = ("user", "human")


@dataclass(frozen=True, slots=True)
class Reference:
    """The texts of a file: `texts` (REFERENCE_SCHEMA, data rows from 1), one a row and column.

    `rows` counts all data rows; those that yield no text at all are `unreadable`, with the reason.
    """

    file: str
    sha256: str
    columns: tuple[str, ...]
    rows: int
    texts: pl.DataFrame
    unreadable: tuple[QuarantinedRow, ...]


def read_reference(
    path: Path,
    columns: Sequence[str] = (),
    *,
    file_name: str | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Reference:
    """Read the texts of `columns`, or of the column that a look at the first rows suggests.

    A cell is a text, a conversation (several turns of people are joined by line breaks) or the JSON
    of one. `file_name` is what to call the file where `path` is a copy. Raises UnreadableFile, and
    MappingError for columns that are not there or a file in which no column can be guessed.
    """
    name = file_name or path.name
    sample = preview(path, limit=_SAMPLE_ROWS)
    chosen = tuple(dict.fromkeys(columns)) or guess_columns(sample.columns, sample.rows)
    if not chosen:
        raise MappingError(
            f"No column of {name} looks like texts.",
            f"Name one: {_listed(sample.columns)}.",
        )
    table = open_table(path)
    texts: list[tuple[int, str, str]] = []
    unreadable: list[QuarantinedRow] = []
    seen: set[str] = set(table.columns or ())
    rows = 0
    for row in table.rows:
        rows += 1
        if isinstance(row, QuarantinedRow):
            unreadable.append(row)
            continue
        seen.update(column for column in chosen if column in row.cells)
        found = _texts_of(row, chosen)
        if isinstance(found, QuarantinedRow):
            unreadable.append(found)
        else:
            texts += found
        if rows % _REPORTED == 0:
            progress(Progress("read", table.done(), table.total, f"{rows:,} rows"))
    progress(Progress("read", table.total, table.total, f"{rows:,} rows"))
    if absent := [column for column in chosen if column not in seen]:
        raise MappingError(
            f"{name} has no column {absent[0]!r}.", f"The columns are {_listed(sample.columns)}."
        )
    if not texts:
        raise UnreadableFile(
            f"{name} has no text in {' or '.join(map(repr, chosen))}: row "
            f"{unreadable[0].source_row} {unreadable[0].reason}.",
            f"Name another column: {_listed(sample.columns)}.",
        )
    frame = pl.DataFrame(texts, schema=REFERENCE_SCHEMA, orient="row")
    return Reference(name, file_sha256(path), chosen, rows, frame, tuple(unreadable))


def guess_columns(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The column in which most rows ask something: a conversation, a customary name, long texts.

    Alpaca files have two, of which `instruction` is read together with `input` unless it says the
    same in all rows: then it is a prompt, and only `input` tells the rows apart.
    """
    by_name = {name.lower(): name for name in reversed(columns)}
    for customary in (*_CONVERSATIONS, *_ASKS):
        name = by_name.get(customary)
        if name is None or 2 * sum(bool(said(row.get(name))) for row in rows) <= len(rows):
            continue
        if name == "instruction" and "input" in columns:
            constant = len({said(row.get(name)) for row in rows}) == 1 < len(rows)
            return ("input",) if constant else (name,)
        return (name,)
    guessed = guess_mapping(columns, rows, Task.SINGLE_LABEL).text
    return () if guessed is None else (guessed,)


def said(cell: Any) -> str:
    """What people say in a cell: the text, or their turns of a conversation; "" where nothing.

    Takes the turns of OpenAI, ShareGPT, Gemini and Bedrock, lists of texts, and any of them as
    JSON. A text that is other JSON stays as it is.
    """
    if isinstance(cell, str):
        turns = _conversation(cell)
        return cell.strip() if turns is None else said(turns)
    if isinstance(cell, Mapping):
        return said(next((cell[key] for key in _HOLDERS if cell.get(key) is not None), None))
    if not isinstance(cell, list):
        return ""
    if any(map(_is_turn, cell)):
        cell = [turn for turn in cell if _is_turn(turn) and _speaker(turn) in _PEOPLE]
    return "\n".join(filter(None, map(said, cell)))


_HOLDERS = ("messages", "content", "value", "parts", "text")
"""Keys under which a turn, a part of it, or what holds turns keeps what is said."""


def _is_turn(item: Any) -> bool:
    return isinstance(item, Mapping) and bool({"role", "from"} & item.keys())


def _speaker(turn: Mapping[str, Any]) -> Any:
    return turn.get("role", turn.get("from"))


def _conversation(text: str) -> Any:
    """The turns that a text is the JSON of; None where it is anything else."""
    if not text.lstrip().startswith(("[", "{")):
        return None
    try:
        value = parse_json(text)
    except ValueError:
        return None
    turns = value.get("messages") if isinstance(value, dict) else value
    return turns if isinstance(turns, list) and any(map(_is_turn, turns)) else None


def _texts_of(row: Row, columns: Iterable[str]) -> list[tuple[int, str, str]] | QuarantinedRow:
    """Row, column and text of each column that has one; why there is none, otherwise."""
    found = []
    for column in columns:
        text = said(row.cells.get(column))
        more = said(row.cells.get("input")) if column == "instruction" else ""
        text = "\n".join(filter(None, [text, more]))
        if text and text_fault(text) is None:
            found.append((row.number, column, text))
    if found:
        return found
    column = next(iter(columns))
    cell = row.cells.get(column)
    reason = "is missing" if cell is None else f"holds no text: {shown(canonical_json(cell))}"
    return quarantined(row.number, column, reason, raw_of(row.cells))


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(map(repr, columns[:20])) or "none at all"
