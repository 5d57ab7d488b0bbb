"""What a trainer must have made of a record, said by the record alone."""

from __future__ import annotations

import re

from curation.records import Json


def turns(record: Json) -> list[Json]:
    """The conversation that a record of any of the formats tested here holds."""
    if "messages" in record:
        return list(record["messages"])
    if "conversations" in record:
        names = {"human": "user", "gpt": "assistant", "observation": "tool"}
        said = [
            {"role": names.get(turn["from"], "assistant"), "content": turn["value"]}
            for turn in record["conversations"]
        ]
        return [*_system(record), *said]
    earlier = [text for pair in record.get("history", []) for text in pair]
    said = [
        {"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(earlier)
    ]
    asked = [{"role": "user", "content": record[key]} for key in ("instruction", "input")]
    return [*_system(record), *said, *asked, {"role": "assistant", "content": record["output"]}]


def _system(record: Json) -> list[Json]:
    return [{"role": "system", "content": record["system"]}] if record.get("system") else []


def answers(record: Json) -> list[str]:
    """All that the assistant says in words, in its order."""
    return [turn["content"] for turn in turns(record) if turn["role"] == "assistant"]


def parts(record: Json) -> list[str]:
    """Every text of the conversation, in its order."""
    return [turn["content"] for turn in turns(record) if turn["content"]]


def stands_in_order(texts: list[str], whole: str) -> bool:
    """Whether each text stands in `whole`, one after the other; text 5 does not in text 53."""
    one_by_one = ".*".join(rf"{re.escape(text)}(?!\d)" for text in texts)
    return re.search(one_by_one, whole, re.DOTALL) is not None
