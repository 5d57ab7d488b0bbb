"""`{"systemInstruction", "contents": [{"role", "parts"}]}`: Gemini on Vertex AI."""

from __future__ import annotations

from curation.records import Json
from exports.formats.base import conversation_shape, system_and_rest, turns_of

_OURS = {"user": "user", "model": "assistant"}
_THEIRS = {ours: theirs for theirs, ours in _OURS.items()}


def _said(role: str, text: str) -> Json:
    return {"role": role, "parts": [{"text": text}]}


def _text(said: Json) -> str:
    [part] = said["parts"]
    return str(part["text"])


def _write(turns: list[Json]) -> Json:
    system, rest = system_and_rest(turns)
    contents = [_said(_THEIRS[turn["role"]], turn["content"]) for turn in rest]
    instruction = {"systemInstruction": _said("system", system)} if system else {}
    return {**instruction, "contents": contents}


def _read(record: Json) -> list[Json]:
    system = _text(record["systemInstruction"]) if "systemInstruction" in record else ""
    contents = [
        {"role": _OURS[said["role"]], "content": _text(said)} for said in record["contents"]
    ]
    return turns_of(system, contents)


GEMINI = conversation_shape(
    ("systemInstruction", "contents"), _write, _read, optional=("systemInstruction",)
)
