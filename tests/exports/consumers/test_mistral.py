"""Mistral's own validator, in its mode for fine-tuning, takes every conversation written for it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from mistral_common.exceptions import MistralCommonException
from mistral_common.protocol.instruct.messages import (
    FinetuningAssistantMessage,
    SystemMessage,
    UserMessage,
)
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.protocol.instruct.validator import ValidationMode
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

from curation.records import Json, Task
from tests.exports.consumers.exported import exported

_KINDS = {"system": SystemMessage, "user": UserMessage, "assistant": FinetuningAssistantMessage}


@pytest.fixture(scope="module")
def tokenizer() -> MistralTokenizer:
    [path] = (files("mistral_common") / "data").glob("tekken_240911.json")  # type: ignore[attr-defined]
    return MistralTokenizer.from_file(str(path), mode=ValidationMode.finetuning)


def tokens(tokenizer: MistralTokenizer, record: Json) -> int:
    messages = [_KINDS[turn["role"]](**turn) for turn in record["messages"]]
    request: ChatCompletionRequest = ChatCompletionRequest(messages=messages)
    return len(tokenizer.encode_chat_completion(request).tokens)


@pytest.mark.parametrize("task", list(Task))
def test_every_conversation_is_taken(
    tmp_path: Path, tokenizer: MistralTokenizer, task: Task
) -> None:
    _, written = exported(tmp_path, "mistral-chat", task)
    for records in written.values():
        assert all(tokens(tokenizer, record) > 0 for record in records)


def test_a_conversation_without_an_answer_is_not(tokenizer: MistralTokenizer) -> None:
    with pytest.raises(MistralCommonException):
        tokens(tokenizer, {"messages": [{"role": "user", "content": "Hi"}]})
