"""`{"conversations": [{"from", "value"}], "system"}`: ShareGPT, as LLaMA-Factory reads it.

Its converter skips conversations in which human and gpt do not take turns.
"""

from __future__ import annotations

from curation.records import Json
from exports.formats.base import conversation_shape, system_and_rest, turns_of
from exports.formats.llamafactory import dataset_info

_FROM = {"user": "human", "assistant": "gpt"}
_ROLE = {name: role for role, name in _FROM.items()}


def _write(turns: list[Json]) -> Json:
    system, rest = system_and_rest(turns)
    said = [{"from": _FROM[turn["role"]], "value": turn["content"]} for turn in rest]
    return {"conversations": said, "system": system}


def _read(record: Json) -> list[Json]:
    said = [
        {"role": _ROLE[turn["from"]], "content": turn["value"]} for turn in record["conversations"]
    ]
    return turns_of(record["system"], said)


SHAREGPT = conversation_shape(
    ("conversations", "system"),
    _write,
    _read,
    side_files=dataset_info(
        {
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "system": "system"},
            "tags": {
                "role_tag": "from",
                "content_tag": "value",
                "user_tag": "human",
                "assistant_tag": "gpt",
            },
        }
    ),
)
