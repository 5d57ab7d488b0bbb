"""Conversations: a list of turns becomes what was asked, what was answered, and all of it."""

from __future__ import annotations

from typing import Any

from curation.ingest.cells import parse_json
from curation.ingest.table import RowFault, shown
from curation.records import canonical_json

Exchange = tuple[str, str | None, str | None]
"""Text, given output, and messages of an example."""

ROLES = ("system", "developer", "user", "assistant", "tool")
_SHAREGPT = {"human": "user", "gpt": "assistant"}


def exchange_of(column: str, cell: Any) -> Exchange:
    """Text, given answer and canonical turns of a conversation.

    Takes OpenAI's turns (`role`, `content`) or ShareGPT's (`from`, `value`), as a list or its JSON
    text. The given answer is the last assistant turn; where the last turn is another's, it is
    missing. The text is what came before it: the content of a lone user turn, otherwise one
    `role: content` line a turn. Raises RowFault, with the index of the turn at fault.
    """
    turns = [_turn(column, at, turn) for at, turn in enumerate(_listed(column, cell))]
    given, asked = None, turns
    if turns[-1]["role"] == "assistant":
        asked = turns[:-1]
        content = turns[-1]["content"]
        if content is None:
            raise RowFault(
                column,
                f"ends at index {len(turns) - 1} with an assistant turn that only calls tools; "
                "end with the answer in words",
            )
        given = content if content.strip() else None
    if not any((turn["content"] or "").strip() for turn in asked):
        raise RowFault(column, "has no prompt: nothing with content stands before the answer")
    return _rendered(asked), given, canonical_json(turns)


def _listed(column: str, cell: Any) -> list[Any]:
    if isinstance(cell, str) and cell.strip():
        try:
            cell = parse_json(cell)
        except ValueError as error:
            raise RowFault(column, f"{error}; {_HINT}") from None
    if cell is None or isinstance(cell, str):
        raise RowFault(column, f"is missing; {_HINT}")
    if not isinstance(cell, list):
        raise RowFault(column, f"is {shown(canonical_json(cell))}, not a list of turns; {_HINT}")
    if not cell:
        raise RowFault(column, f"is an empty list; {_HINT}")
    return cell


_HINT = 'write [{"role": "user", "content": "…"}, …]'


def _turn(column: str, at: int, turn: Any) -> dict[str, Any]:
    if not isinstance(turn, dict):
        raise RowFault(column, f"has {shown(canonical_json(turn))} at index {at}; {_HINT}")
    if "role" not in turn and "from" in turn:
        speaker = turn["from"]
        known = _SHAREGPT.get(speaker, speaker) if isinstance(speaker, str) else speaker
        rest = {key: value for key, value in turn.items() if key not in ("from", "value")}
        turn = {**rest, "role": known, "content": turn.get("value")}
    role, content = turn.get("role"), turn.get("content")
    if role not in ROLES:
        raise RowFault(
            column,
            f"has the role {shown(canonical_json(role))} at index {at}; the roles are "
            f"{', '.join(ROLES)}",
        )
    calls_tools = role == "assistant" and content is None and bool(turn.get("tool_calls"))
    if not isinstance(content, str) and not calls_tools:
        raise RowFault(
            column,
            f"has {shown(canonical_json(content))} as content at index {at}; a text is due",
        )
    return {**turn, "content": content}


def _rendered(turns: list[dict[str, Any]]) -> str:
    if len(turns) == 1 and turns[0]["role"] == "user":
        return str(turns[0]["content"])
    return "\n".join(
        f"{turn['role']}: "
        + (canonical_json(turn["tool_calls"]) if turn["content"] is None else turn["content"])
        for turn in turns
    )
