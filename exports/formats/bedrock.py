"""Conversations as Amazon Bedrock reads them: blocks of text for Nova, plain texts for Claude."""

from __future__ import annotations

from curation.records import Json
from exports.formats.base import conversation_shape, system_and_rest, turns_of

_VERSION = "bedrock-conversation-2024"


def _write_nova(turns: list[Json]) -> Json:
    system, rest = system_and_rest(turns)
    messages = [{"role": turn["role"], "content": [{"text": turn["content"]}]} for turn in rest]
    instruction = {"system": [{"text": system}]} if system else {}
    return {"schemaVersion": _VERSION, **instruction, "messages": messages}


def _read_nova(record: Json) -> list[Json]:
    [system] = record.get("system", [{"text": ""}])
    messages = []
    for message in record["messages"]:
        [block] = message["content"]
        messages.append({"role": message["role"], "content": block["text"]})
    return turns_of(system["text"], messages)


def _write_claude(turns: list[Json]) -> Json:
    system, rest = system_and_rest(turns)
    messages = [{"role": turn["role"], "content": turn["content"]} for turn in rest]
    return {**({"system": system} if system else {}), "messages": messages}


def _read_claude(record: Json) -> list[Json]:
    return turns_of(record.get("system", ""), record["messages"])


NOVA = conversation_shape(
    ("schemaVersion", "system", "messages"), _write_nova, _read_nova, optional=("system",)
)
CLAUDE = conversation_shape(
    ("system", "messages"), _write_claude, _read_claude, optional=("system",)
)
