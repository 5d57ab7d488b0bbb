"""What the rows of a file are: recognised from their keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from curation.records import Json

_PAIRS = (
    ("prompt", "completion"),
    ("prompt", "response"),
    ("question", "answer"),
    ("query", "response"),
    ("input", "output"),
)
_TEXT = ("text", "sentence")
_LABEL = ("label", "labels", "intent", "category", "label_text")


@dataclass(frozen=True, slots=True)
class Shape:
    """How rows are laid out.

    `turns` names the column of the conversation, `asks` those of the prompt, `answers` those that
    are learnt, `label` that of the label. `optional` columns may be absent from some rows.
    """

    name: str
    turns: str | None = None
    asks: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    label: str | None = None
    optional: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns that no row can be without."""
        one = [name for name in (self.turns, self.label) if name]
        return (*one, *self.asks, *self.answers)


_TOOLS = ("tools", "functions", "parallel_tool_calls", "system", "chat_template_kwargs")
UNKNOWN = Shape("unknown")


def recognise(row: Json) -> Shape:
    """The shape of one row; `UNKNOWN` where it is none of ours."""
    if "contents" in row:
        return Shape("gemini", "contents", optional=("systemInstruction", "tools"))
    if "preferred_output" in row or "non_preferred_output" in row:
        return Shape(
            "openai-preference",
            asks=("input",),
            answers=("preferred_output", "non_preferred_output"),
        )
    if "chosen" in row or "rejected" in row:
        asks = ("prompt",) if "prompt" in row else ("question",) if "question" in row else ()
        return Shape("preference", asks=asks, answers=("chosen", "rejected"), optional=_TOOLS)
    for column in ("messages", "conversations", "conversation"):
        if column in row:
            return _conversation(row, column)
    if "instruction" in row and ("output" in row or "response" in row):
        answer = "output" if "output" in row else "response"
        optional = ("input", "system", "history")
        return Shape("alpaca", asks=("instruction",), answers=(answer,), optional=optional)
    for ask, answer in _PAIRS:
        if ask in row and answer in row:
            if isinstance(row.get("label"), bool):
                return Shape("kto", asks=(ask,), answers=(answer,), label="label")
            return Shape("prompt-completion", asks=(ask,), answers=(answer,), optional=_TOOLS)
    return _classification(row)


def _conversation(row: Json, column: str) -> Shape:
    turns = row[column]
    first = turns[0] if isinstance(turns, list) and turns else None
    if isinstance(first, dict) and ("from" in first or "value" in first):
        return Shape("sharegpt", column, optional=_TOOLS)
    if "schemaVersion" in row or (
        isinstance(first, dict)
        and isinstance(first.get("content"), list)
        and first["content"]
        and all(isinstance(part, dict) and "type" not in part for part in first["content"])
    ):
        return Shape("bedrock", column, optional=("system", "schemaVersion", "toolConfig"))
    if isinstance(row.get("label"), bool):
        return Shape("messages", column, optional=(*_TOOLS, "label"))
    return Shape("messages", column, optional=_TOOLS)


def _classification(row: Json) -> Shape:
    for text in _TEXT:
        if text in row:
            label = next((name for name in _LABEL if name in row), None)
            if label:
                return Shape("text-label", asks=(text,), label=label)
            return Shape("text", answers=(text,))
    return UNKNOWN


def common_shape(rows: Iterable[Any]) -> Shape:
    """The shape of most rows; of several as frequent the first."""
    votes = Counter(recognise(row) for row in rows if isinstance(row, dict))
    known = Counter({shape: n for shape, n in votes.items() if shape is not UNKNOWN})
    if not known or 2 * known.total() < votes.total():
        return UNKNOWN
    return known.most_common(1)[0][0]
