"""Mistral's own validator, in its mode for fine-tuning, takes every conversation written for it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from mistral_common.exceptions import MistralCommonException
from mistral_common.protocol.instruct.messages import (
    FinetuningAssistantMessage,
    SystemMessage,
    ToolMessage,
    UserMessage,
)
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.protocol.instruct.validator import ValidationMode
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

from curation.records import Json, Task
from tests.exports.consumers.exported import exported
from tests.exports.test_formats_tools import TOOLS, call, rows, turns, written

_KINDS = {
    "system": SystemMessage,
    "user": UserMessage,
    "assistant": FinetuningAssistantMessage,
    "tool": ToolMessage,
}
AWKWARD_IDS = ["call_1", "call_2", "call12345", "toolu_01A09q90qw90lq917835lq9", "é", "0"]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    [path] = (files("mistral_common") / "data").glob("tekken_240911.json")  # type: ignore[attr-defined]
    return MistralTokenizer.from_file(str(path), mode=ValidationMode.finetuning)


def tokens(tokenizer: Any, record: Json) -> int:
    messages = [_KINDS[turn["role"]](**turn) for turn in record["messages"]]
    request: Any = ChatCompletionRequest(messages=messages, tools=record.get("tools"))
    return len(tokenizer.encode_chat_completion(request).tokens)


@pytest.mark.parametrize("task", list(Task))
def test_every_conversation_is_taken(tmp_path: Path, tokenizer: Any, task: Task) -> None:
    _, written = exported(tmp_path, "mistral-chat", task)
    for records in written.values():
        assert all(tokens(tokenizer, record) > 0 for record in records)


def test_a_conversation_without_an_answer_is_not(tokenizer: Any) -> None:
    with pytest.raises(MistralCommonException):
        tokens(tokenizer, {"messages": [{"role": "user", "content": "Hi"}]})


def test_calls_of_tools_are_taken_whatever_their_ids_were(tokenizer: Any) -> None:
    said = turns(*(call(identity=identity) for identity in AWKWARD_IDS))
    [(record, wrong)] = written("mistral-chat", rows(said, tools=[TOOLS]))
    assert wrong == []
    assert tokens(tokenizer, record) > 0


def test_ids_of_another_form_are_not(tokenizer: Any) -> None:
    [(record, _)] = written("openai-chat", rows(turns(call(identity="call_1")), tools=[TOOLS]))
    with pytest.raises(MistralCommonException, match="call_1 but must be"):
        tokens(tokenizer, record)
