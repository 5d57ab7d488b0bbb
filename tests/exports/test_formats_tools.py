"""Calls of tools: each format writes them in its consumer's dialect, or says that it cannot."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from curation.ingest.chat import exchange_of
from curation.records import Json, Task, canonical_json
from exports.formats import FORMATS, find_format
from exports.formats.tools import declared
from tests.exports.export_examples import frame

ARGUMENTS = {"city": "Zürich", "days": 2}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather of a city.",  # some templates fail without
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]
WITH_ROOM = [name for name, form in FORMATS.items() if form.tool_arguments]


def call(arguments: Any = ARGUMENTS, name: str = "weather", identity: str = "call12345") -> Json:
    return {
        "id": identity,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def turns(*calls: Json) -> list[Json]:
    results = [{"role": "tool", "tool_call_id": one["id"], "content": "mild"} for one in calls]
    return [
        {"role": "user", "content": "How is the weather?"},
        {"role": "assistant", "content": None, "tool_calls": list(calls)},
        *results,
        {"role": "assistant", "content": "It is mild."},
    ]


def rows(*conversations: list[Json], tools: list[Any] | None = None) -> pl.DataFrame:
    read = [exchange_of("messages", said) for said in conversations]
    metadata = [canonical_json({"tools": one}) if one else "{}" for one in tools or [None] * 9]
    return frame(
        [output for _, output, _ in read],
        Task.CHAT,
        text=[text for text, _, _ in read],
        messages=[messages for _, _, messages in read],
        metadata=metadata[: len(read)],
    ).with_columns(rejected=pl.lit("worse"), approved=pl.lit(True))


def written(name: str, data: pl.DataFrame) -> list[tuple[Json, list[str]]]:
    return list(find_format(name, Task.CHAT).examples(data, Task.CHAT, []))


def plain(said: list[Json] | str | None) -> list[Json]:
    """Turns with the arguments as objects and without ids, which ShareGPT has no place for."""
    found: list[Json] = json.loads(said) if isinstance(said, str) else said or []
    for turn in found:
        turn.pop("tool_call_id", None)
        for one in turn.get("tool_calls", []):
            one.pop("id", None)
            arguments = one["function"]["arguments"]
            if isinstance(arguments, str):
                one["function"]["arguments"] = json.loads(arguments)
    return found


class TestDialects:
    @pytest.mark.parametrize("name", WITH_ROOM)
    @pytest.mark.parametrize("given", [ARGUMENTS, json.dumps(ARGUMENTS), {}])
    def test_both_dialects_are_written_in_that_of_the_consumer_and_read_back(
        self, name: str, given: Any
    ) -> None:
        form = FORMATS[name]
        data = rows(turns(call(given)), tools=[TOOLS])
        [(record, wrong)] = written(name, data)
        assert wrong == []
        assert json.loads(json.dumps(record)) == record
        read = form.read_back(record, Task.CHAT)
        assert read.output == "It is mild."
        assert plain(read.messages) == plain(data["messages"][0])
        assert json.loads(str(read.tools)) == TOOLS
        is_text = isinstance(given, str)
        if is_text == (form.tool_arguments == "string") and name != "llamafactory-sharegpt":
            assert read.messages == data["messages"][0]
            assert read.text == data["text"][0]

    def test_openai_gets_a_json_text(self) -> None:
        [(record, _)] = written("openai-chat", rows(turns(call())))
        assert record["messages"][1] == {
            "role": "assistant",
            "content": None,
            "tool_calls": [call('{"city":"Zürich","days":2}')],
        }

    def test_trl_gets_an_object_and_a_text_beside_it(self) -> None:
        [(record, _)] = written("trl-messages", rows(turns(call('{"city": "Zürich", "days": 2}'))))
        assert record["messages"][1] == {"role": "assistant", "content": "", "tool_calls": [call()]}

    def test_sharegpt_says_who_calls_and_what_came_of_it(self) -> None:
        [(record, _)] = written("llamafactory-sharegpt", rows(turns(call()), tools=[TOOLS]))
        assert record["conversations"][1:3] == [
            {
                "from": "function_call",
                "value": '{"arguments":{"city":"Zürich","days":2},"name":"weather"}',
            },
            {"from": "observation", "value": "mild"},
        ]
        assert json.loads(record["tools"]) == TOOLS

    def test_a_record_in_the_other_dialect_is_found_out(self) -> None:
        [(openai, _)] = written("openai-chat", rows(turns(call())))
        [(trl, _)] = written("trl-messages", rows(turns(call())))
        assert FORMATS["trl-messages"].problems(openai, Task.CHAT) == [
            "the arguments of a call are not an object"
        ]
        assert FORMATS["openai-chat"].problems(trl, Task.CHAT) == [
            "the arguments of a call are not a JSON text"
        ]


class TestCannotCall:
    @pytest.mark.parametrize("name", sorted(set(FORMATS) - set(WITH_ROOM)))
    def test_a_format_without_room_says_so(self, name: str) -> None:
        if Task.CHAT not in FORMATS[name].tasks:
            return
        [(_, [reason])] = written(name, rows(turns(call())))
        assert reason == f"the conversation calls tools, and {name} has no room for that"

    @pytest.mark.parametrize(
        ("said", "reason"),
        [
            (call("{"), "the arguments of a call are not JSON"),
            (call("[1]"), "the arguments of a call are not an object"),
            (call(None), "the arguments of a call are not an object"),
            ({"id": "x", "type": "function"}, "a tool call does not name its function"),
        ],
    )
    @pytest.mark.parametrize("name", ["openai-chat", "trl-messages"])
    def test_a_call_that_is_none(self, name: str, said: Json, reason: str) -> None:
        [(_, [found])] = written(name, rows(turns(said)))
        assert found == reason

    def test_a_result_that_nobody_asked_for(self) -> None:
        said = [*turns(call())[:1], *turns(call())[2:]]
        [(_, found)] = written("openai-chat", rows(said))
        assert found == ["a turn has the role 'tool', but no tool call is waiting for its result"]

    def test_a_call_of_a_tool_that_is_not_declared(self) -> None:
        [(_, found)] = written("openai-chat", rows(turns(call(name="wind")), tools=[TOOLS]))
        assert found == ["the tool 'wind' is called, but `tools` does not declare it"]

    def test_two_results_at_once_have_no_place_in_sharegpt(self) -> None:
        said = turns(call(), call(identity="call67890"))
        [(_, [reason])] = written("llamafactory-sharegpt", rows(said))
        assert "several tools answer at once" in reason
        assert written("openai-chat", rows(said))[0][1] == []


class TestDeclared:
    """A dataset brings its tools in a column `tools`, which the import keeps as metadata."""

    def test_a_list_and_its_json_text_are_read(self) -> None:
        for value in (TOOLS, json.dumps(TOOLS)):
            assert declared(canonical_json({"tools": value})) == TOOLS

    @pytest.mark.parametrize(
        "value", [None, "hammer, saw", [], "[]", ["hammer"], [{}], 7, {"name": "x"}]
    )
    def test_anything_else_is_no_declaration(self, value: Any) -> None:
        assert declared(canonical_json({"tools": value})) is None
        assert declared("{}") is None

    def test_where_one_row_declares_tools_all_rows_of_a_table_have_the_column(self) -> None:
        plain_chat = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
        data = rows(plain_chat, turns(call()), tools=[None, TOOLS])
        found = {name: written(name, data) for name in ("trl-messages", "openai-chat", "mlx-chat")}
        assert all(not wrong for pairs in found.values() for _, wrong in pairs)
        trl = [record["tools"] for record, _ in found["trl-messages"]]
        assert trl == [None, canonical_json(TOOLS)]
        openai = [record.get("tools") for record, _ in found["openai-chat"]]
        assert openai == [None, TOOLS]
        assert "tools" not in found["mlx-chat"][0][0]

    def test_without_any_there_is_no_column(self) -> None:
        assert list(written("trl-messages", rows(turns(call())))[0][0]) == ["messages"]
