"""`{"instruction", "input", "output"}`, and with system and history as LLaMA-Factory reads it."""

from __future__ import annotations

from curation.records import Json
from exports.formats.base import conversation_shape, one_exchange, system_and_rest, turns_of
from exports.formats.llamafactory import dataset_info


def _write(turns: list[Json]) -> Json:
    system, question, answer = one_exchange(turns, "an Alpaca record")
    if system:
        return {"instruction": system, "input": question, "output": answer}
    return {"instruction": question, "input": "", "output": answer}


def _read(record: Json) -> list[Json]:
    system, question = ("", record["instruction"])
    if record["input"]:
        system, question = record["instruction"], record["input"]
    return turns_of(system, _exchange(question, record["output"]))


def _exchange(question: str, answer: str) -> list[Json]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def _write_history(turns: list[Json]) -> Json:
    system, rest = system_and_rest(turns)
    said = [turn["content"] for turn in rest]
    return {
        "instruction": said[-2],
        "input": "",
        "output": said[-1],
        "system": system,
        "history": [list(pair) for pair in zip(said[:-2:2], said[1:-2:2], strict=True)],
    }


def _read_history(record: Json) -> list[Json]:
    earlier = [
        turn for question, answer in record["history"] for turn in _exchange(question, answer)
    ]
    return turns_of(
        record["system"], [*earlier, *_exchange(record["instruction"], record["output"])]
    )


ALPACA = conversation_shape(("instruction", "input", "output"), _write, _read)
"""The system turn is the instruction and the question its input; one exchange."""

ALPACA_HISTORY = conversation_shape(
    ("instruction", "input", "output", "system", "history"),
    _write_history,
    _read_history,
    side_files=dataset_info(
        {
            "formatting": "alpaca",
            "columns": {
                "prompt": "instruction",
                "query": "input",
                "response": "output",
                "system": "system",
                "history": "history",
            },
        }
    ),
)
"""Any conversation: earlier exchanges are pairs in `history`."""
