"""Rows to examples: what each task takes from a row, and what it cannot accept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from curation.ingest.cells import parse_json
from curation.ingest.chat import Exchange, exchange_of
from curation.ingest.mapping import ColumnMapping
from curation.ingest.table import Row, RowFault, quarantined, raw_of, shown
from curation.records import (
    Example,
    QuarantinedRow,
    Task,
    canonical_json,
    encode_output,
    example_hash,
)


def to_examples(
    rows: Iterable[Row | QuarantinedRow],
    task: Task,
    mapping: ColumnMapping,
    seen: dict[str, int] | None = None,
) -> tuple[list[Example], list[QuarantinedRow]]:
    """Every row becomes an example or stays behind with a reason; none is lost, none comes twice.

    `mapping` must have passed `check`. `text` is kept as written; one that is blank, or a number in
    a typed file, is refused. Labels lose outer white space, and numbers become their text. A blank
    output is a missing one (None). Question and answer columns leave `messages` None: they say all
    there is. An output that breaks the dataset's schema is still an example. `seen` counts the
    identical rows of one file by id, and is passed along when a file comes in several batches.
    """
    seen = {} if seen is None else seen
    examples: list[Example] = []
    quarantine: list[QuarantinedRow] = []
    read = _READERS[task]
    kept = _metadata_of(mapping)
    for row in rows:
        if isinstance(row, QuarantinedRow):
            quarantine.append(row)
            continue
        try:
            text, given, messages = read(row.cells, task, mapping)
            metadata = kept(row.cells)
        except RowFault as fault:
            raw = raw_of(row.cells)
            quarantine.append(quarantined(row.number, fault.column, fault.reason, raw))
            continue
        example_id = _numbered(text, given, seen)
        examples.append(Example(example_id, row.number, text, given, messages, metadata))
    return examples, quarantine


def _numbered(text: str, given: str | None, seen: dict[str, int]) -> str:
    first = example_hash(text, given, 0)
    occurrence = seen.get(first, 0)
    seen[first] = occurrence + 1
    return example_hash(text, given, occurrence) if occurrence else first


def _metadata_of(mapping: ColumnMapping) -> Callable[[dict[str, Any]], str]:
    used = set(mapping.roles().values())
    wanted = mapping.metadata

    def metadata(cells: dict[str, Any]) -> str:
        if wanted is None:
            kept = {name: cell for name, cell in cells.items() if name not in used}
        else:
            kept = {name: cells[name] for name in wanted if name in cells}
        return canonical_json(kept) if kept else "{}"

    return metadata


def _single_label(cells: dict[str, Any], task: Task, mapping: ColumnMapping) -> Exchange:
    label = _label(mapping.label, cells.get(mapping.label or ""))
    return _text(mapping.text, cells), encode_output(task, label), None


def _multi_label(cells: dict[str, Any], task: Task, mapping: ColumnMapping) -> Exchange:
    labels = _labels(mapping.label, cells.get(mapping.label or ""), mapping.delimiter)
    return _text(mapping.text, cells), encode_output(task, labels), None


def _extraction(cells: dict[str, Any], task: Task, mapping: ColumnMapping) -> Exchange:
    output = _structure(mapping.output, cells.get(mapping.output or ""))
    return _text(mapping.text, cells), encode_output(task, output), None


def _chat(cells: dict[str, Any], task: Task, mapping: ColumnMapping) -> Exchange:
    if mapping.messages is not None:
        return exchange_of(mapping.messages, cells.get(mapping.messages))
    answer = _scalar(mapping.answer, cells.get(mapping.answer or ""))
    given = encode_output(task, answer if answer and answer.strip() else None)
    return _text(mapping.question, cells), given, None


_READERS: dict[Task, Callable[[dict[str, Any], Task, ColumnMapping], Exchange]] = {
    Task.SINGLE_LABEL: _single_label,
    Task.MULTI_LABEL: _multi_label,
    Task.CHAT: _chat,
    Task.EXTRACTION: _extraction,
}


def _text(column: str | None, cells: dict[str, Any]) -> str:
    cell = cells.get(column or "")
    if cell is None:
        raise RowFault(column, "is missing; give the text or remove the row")
    if not isinstance(cell, str):
        raise RowFault(
            column, f"is {shown(canonical_json(cell))}, not a text; put it in quotes if it is one"
        )
    if not cell.strip():
        raise RowFault(column, f"is blank ({shown(cell)}); give the text or remove the row")
    return cell


def _scalar(column: str | None, cell: Any) -> str | None:
    """The text of a text, a number or a truth value; None stays None."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, (int, float)):
        return str(cell)
    kind = "a list" if isinstance(cell, list) else "an object"
    raise RowFault(column, f"is {kind}, not a text: {shown(canonical_json(cell))}")


def _label(column: str | None, cell: Any) -> str | None:
    if isinstance(cell, list):
        raise RowFault(
            column,
            f"is a list where one label is due: {shown(canonical_json(cell))}; import the file "
            f"as {Task.MULTI_LABEL}, or write one label",
        )
    return _name(column, cell)


def _name(column: str | None, cell: Any) -> str | None:
    """A label as its name, None where it is blank."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)  # a column of whole numbers with gaps is often stored as 1.0, 2.0
    return (_scalar(column, cell) or "").strip() or None


def _labels(column: str | None, cell: Any, delimiter: str | None) -> list[str] | None:
    if isinstance(cell, str) and cell.strip().startswith("[") and cell.strip().endswith("]"):
        try:
            cell = parse_json(cell)
        except ValueError as error:
            raise RowFault(column, f'{error}; write a list of labels as ["one","two"]') from None
    if not isinstance(cell, list):
        text = _name(column, cell)
        if text is None:
            return None
        parts = text.split(delimiter) if delimiter else [text]
        return [part.strip() for part in parts if part.strip()]
    labels = []
    for at, item in enumerate(cell):
        label = None if isinstance(item, (list, dict)) else _name(column, item)
        if label is None:
            raise RowFault(
                column,
                f"has {shown(canonical_json(item))} at index {at} of its list of labels; write a "
                "text there or remove it",
            )
        labels.append(label)
    return labels


def _structure(column: str | None, cell: Any) -> Any:
    if isinstance(cell, str):
        if not cell.strip():
            return None
        try:
            cell = parse_json(cell)
        except ValueError as error:
            raise RowFault(
                column, f'{error}; write a JSON object such as {{"key": "value"}}'
            ) from None
    if cell is None or isinstance(cell, (dict, list)):
        return cell
    raise RowFault(
        column, f'is {shown(canonical_json(cell))}, not a JSON object; write {{"key": …}}'
    )
