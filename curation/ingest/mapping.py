"""Which column is what: said by a person, or guessed from names and contents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, cast

from curation.errors import MappingError
from curation.ingest.cells import parse_json
from curation.records import Task

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """The columns from which examples are made; those of other tasks stay None.

    Labels: `text`, `label`. Chat: `question` and `answer`, or `messages`. Extraction: `text`,
    `output`. `metadata` None keeps all the other columns. `delimiter` parts the labels of a
    multi-label cell; None means that a cell is a list or one label.
    """

    text: str | None = None
    label: str | None = None
    question: str | None = None
    answer: str | None = None
    messages: str | None = None
    output: str | None = None
    metadata: tuple[str, ...] | None = None
    delimiter: str | None = None

    def roles(self) -> dict[str, str]:
        """Role → column, for the roles that are set."""
        every = {role: getattr(self, role) for role in _NAMES}
        return {role: column for role, column in every.items() if column is not None}

    def check(self, columns: Iterable[str], task: Task) -> None:
        """Raise MappingError where the task's columns are not all named, once each, and there."""
        columns, roles = list(columns), self.roles()
        needed = _needed(task, roles)
        for role in roles:
            if role not in needed:
                raise MappingError(
                    f"A {task} dataset takes no {role} column (given: {roles[role]!r}).",
                    f"It takes {' and '.join(needed)}.",
                )
        for role in needed:
            if role not in roles:
                raise MappingError(
                    f"Which column holds the {role}?",
                    f"A {task} dataset needs one. The columns are {_listed(columns)}.",
                )
        for column in (*roles.values(), *(self.metadata or ())):
            if column not in columns:
                raise _no_such_column(column, columns)
        if len(set(roles.values())) < len(roles):
            raise MappingError(
                "One column is named for two things: "
                + ", ".join(f"{role} = {column!r}" for role, column in roles.items())
                + ".",
                f"The columns are {_listed(columns)}.",
            )


def guess_task(columns: Sequence[str], rows: Rows) -> Task:
    """The task that a file's column names and first rows suggest; single-label where in doubt."""
    if _conversation(columns, rows):
        return Task.CHAT
    output = _by_name("output", columns)
    if output and _share(rows, output, _is_object) > _MOST:
        return Task.EXTRACTION
    question = _by_name("question", columns)
    if question and _by_name("answer", [name for name in columns if name != question]):
        return Task.CHAT
    label = _by_name("label", columns)
    if label is None and any(_share(rows, name, _is_object) > _MOST for name in columns):
        return Task.EXTRACTION
    if label and (_share(rows, label, _is_list) > _MOST or guess_delimiter_of_labels(rows, label)):
        return Task.MULTI_LABEL
    return Task.SINGLE_LABEL


def guess_mapping(
    columns: Sequence[str], rows: Rows, task: Task, known: ColumnMapping | None = None
) -> ColumnMapping:
    """`known`, with the roles that the task needs and it leaves open guessed.

    By name first, then by content: a text is the column of the longest texts, a label the column
    whose few short values recur. A role that nothing fits stays None; `check` then asks for it.
    """
    mapping = known or ColumnMapping()
    if task is Task.CHAT and not mapping.roles() and (found := _conversation(columns, rows)):
        mapping = replace(mapping, messages=found)
    for role in _needed(task, mapping.roles()):
        taken = mapping.roles()
        if role in taken:
            continue
        free = [name for name in columns if name not in taken.values()]
        by_content = _CONTENT.get(role)
        found = _by_name(role, free) or (by_content(free, rows) if by_content else None)
        mapping = replace(mapping, **cast("dict[str, Any]", {role: found}))
    if task is Task.MULTI_LABEL and mapping.label and mapping.delimiter is None:
        mapping = replace(mapping, delimiter=guess_delimiter_of_labels(rows, mapping.label))
    return mapping


def guess_delimiter_of_labels(rows: Rows, column: str) -> str | None:
    """The sign that parts several labels in one cell, or None.

    Believed where it yields short labels that recur: fewer than there are distinct cells, or as
    many. `Home, Garden` beside `Toys` is thus one label with a comma in it.
    """
    cells = {cell for cell in _values(rows, column) if isinstance(cell, str) and cell.strip()}
    if any(_is_list(cell) for cell in cells):
        return None
    for delimiter in ("|", ";", ","):
        parts = {part.strip() for cell in cells for part in cell.split(delimiter)} - {""}
        split = any(delimiter in cell.strip() for cell in cells)
        if split and len(parts) <= len(cells) and max(map(len, parts)) <= _LABEL_LENGTH:
            return delimiter
    return None


def looks_like_header(columns: Sequence[str], rows: Rows) -> bool:
    """False where a CSV's first line seems to be data already.

    That is: none of its cells is a customary name, and one is a number or recurs below.
    """
    if any(_by_name(role, columns) for role in _NAMES):
        return True
    numbers = any(re.fullmatch(r"[-+]?[\d.,]*\d", name) for name in columns)
    return not numbers and not any(name in _values(rows, name) for name in columns)


_NAMES: dict[str, tuple[str, ...]] = {
    "text": (
        "text", "utterance", "sentence", "body", "review", "message", "content", "document",
        "input", "comment", "tweet", "query", "question", "description", "prompt",
    ),
    "label": (
        "label", "labels", "category", "categories", "intent", "intents", "topic", "topics",
        "class", "tag", "tags", "sentiment", "target",
    ),
    "question": ("question", "prompt", "instruction", "input", "query", "user"),
    "answer": ("answer", "response", "completion", "output", "reply", "assistant"),
    "messages": ("messages", "conversations", "conversation", "turns", "dialogue", "dialog"),
    "output": (
        "output", "json", "extraction", "extracted", "entities", "fields", "completion", "target",
        "expected", "answer", "response",
    ),
}  # fmt: skip
_MOST = 0.5
_LABEL_LENGTH = 60


def _needed(task: Task, roles: Mapping[str, str]) -> tuple[str, ...]:
    if task is Task.CHAT:
        return ("messages",) if "messages" in roles else ("question", "answer")
    return ("text", "output") if task is Task.EXTRACTION else ("text", "label")


def _by_name(role: str, columns: Iterable[str]) -> str | None:
    """The column that bears a customary name of the role, whole or (review_text) as last word."""
    words = {name: re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", name) for name in columns}
    spelled = {name: [word.lower() for word in found] for name, found in words.items()}
    for customary in _NAMES[role]:
        for name, found in spelled.items():
            if found == [customary]:
                return name
    for customary in _NAMES[role]:
        for name, found in spelled.items():
            if found and found[-1] == customary:
                return name
    return None


def _conversation(columns: Sequence[str], rows: Rows) -> str | None:
    """The column of chats: lists of turns, by name first."""
    named = _by_name("messages", columns)
    ordered = [named, *columns] if named else columns
    return next((name for name in ordered if _share(rows, name, _is_turns) > _MOST), None)


def _longest_text(columns: Sequence[str], rows: Rows) -> str | None:
    def length(name: str) -> float:
        texts = [cell for cell in _values(rows, name) if isinstance(cell, str)]
        return sum(map(len, texts)) / len(texts) if texts and len(set(texts)) > 1 else 0.0

    best = max(columns, key=length, default=None)
    return best if best is not None and length(best) > 0 else None


def _recurring(columns: Sequence[str], rows: Rows) -> str | None:
    """The column of most distinct values among those whose short values recur."""

    def kinds(name: str) -> int:
        cells = [str(cell).strip() for cell in _values(rows, name) if not isinstance(cell, dict)]
        distinct = set(cells) - {""}
        fits = (
            2 * len(distinct) <= len(cells) and max(map(len, distinct), default=0) <= _LABEL_LENGTH
        )
        return len(distinct) if fits else 0

    best = max(columns, key=kinds, default=None)
    return best if best is not None and kinds(best) > 1 else None


def _objects(columns: Sequence[str], rows: Rows) -> str | None:
    return next((name for name in columns if _share(rows, name, _is_object) > _MOST), None)


_CONTENT: dict[str, Callable[[Sequence[str], Rows], str | None]] = {
    "text": _longest_text,
    "label": _recurring,
    "output": _objects,
}


def _values(rows: Rows, column: str) -> list[Any]:
    return [row[column] for row in rows if row.get(column) is not None]


def _share(rows: Rows, column: str, test: Callable[[Any], bool]) -> float:
    """Share of the column's cells that pass; 0 where there are none."""
    cells = _values(rows, column)
    return sum(map(test, cells)) / len(cells) if cells else 0.0


def _opened(cell: Any, bracket: str) -> Any:
    """A cell, or the JSON value in it where it is a text that starts with the bracket."""
    if isinstance(cell, str) and cell.lstrip().startswith(bracket):
        try:
            return parse_json(cell)
        except ValueError:
            return None
    return cell


def _is_object(cell: Any) -> bool:
    return isinstance(_opened(cell, "{"), dict)


def _is_list(cell: Any) -> bool:
    return isinstance(_opened(cell, "["), list)


def _is_turns(cell: Any) -> bool:
    turns = _opened(cell, "[")
    return (
        isinstance(turns, list)
        and bool(turns)
        and isinstance(turns[0], dict)
        and bool({"role", "from"} & turns[0].keys())
    )


def _no_such_column(column: str, columns: Sequence[str]) -> MappingError:
    by_case = {name.casefold(): name for name in columns}
    close = get_close_matches(column.casefold(), by_case, n=1, cutoff=0.5)
    guess = f"; did you mean {by_case[close[0]]!r}?" if close else "."
    return MappingError(
        f"There is no column {column!r}{guess}", f"The columns are {_listed(columns)}."
    )


def _listed(columns: Sequence[str]) -> str:
    listed = ", ".join(map(repr, columns[:20]))
    if not columns:
        return "none at all"
    return listed + (f" and {len(columns) - 20} more" if len(columns) > 20 else "")
