"""How each shape lays out an example, what it cannot hold, and that it loses nothing."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.errors import WrongUse
from curation.records import Json, Task, canonical_json
from exports.formats import FORMATS, find_format, fitting
from tests.exports.export_examples import frame

SYSTEM = {"role": "system", "content": "Be brief."}
TURNS = [
    SYSTEM,
    {"role": "user", "content": "One?"},
    {"role": "assistant", "content": "1"},
    {"role": "user", "content": "Two?"},
    {"role": "assistant", "content": "2"},
]
SHORT = [SYSTEM, *TURNS[3:]]
CHATS = [
    *("llamafactory-sharegpt", "llamafactory-alpaca", "vertex-gemini", "bedrock-nova"),
    *("bedrock-claude", "trl-messages", "trl-prompt-completion"),
]


def written(name: str, turns: list[Json]) -> tuple[Json, list[str]]:
    """The record of one conversation and what is wrong with it."""
    rows = frame([turns[-1]["content"]], Task.CHAT, messages=[canonical_json(turns)])
    [found] = find_format(name, Task.CHAT).examples(rows, Task.CHAT, [])
    return found


def labelled(name: str, output: Any = "b", task: Task = Task.SINGLE_LABEL) -> Json:
    [record] = find_format(name, task).records(frame([output], task), task, ["a", "b"])
    return record


class TestLayout:
    def test_sharegpt(self) -> None:
        assert written("llamafactory-sharegpt", TURNS) == (
            {
                "conversations": [
                    {"from": "human", "value": "One?"},
                    {"from": "gpt", "value": "1"},
                    {"from": "human", "value": "Two?"},
                    {"from": "gpt", "value": "2"},
                ],
                "system": "Be brief.",
                "tools": "",
            },
            [],
        )

    def test_alpaca_with_history(self) -> None:
        assert written("llamafactory-alpaca", TURNS)[0] == {
            "instruction": "Two?",
            "input": "",
            "output": "2",
            "system": "Be brief.",
            "history": [["One?", "1"]],
        }

    def test_alpaca_puts_the_system_turn_before_the_question(self) -> None:
        assert written("axolotl-alpaca", SHORT)[0] == {
            "instruction": "Be brief.",
            "input": "Two?",
            "output": "2",
        }
        assert written("axolotl-alpaca", SHORT[1:])[0] == {
            "instruction": "Two?",
            "input": "",
            "output": "2",
        }

    def test_gemini_says_model_and_parts(self) -> None:
        assert written("vertex-gemini", SHORT)[0] == {
            "systemInstruction": {"role": "system", "parts": [{"text": "Be brief."}]},
            "contents": [
                {"role": "user", "parts": [{"text": "Two?"}]},
                {"role": "model", "parts": [{"text": "2"}]},
            ],
        }

    def test_nova_has_blocks_and_a_version(self) -> None:
        assert written("bedrock-nova", SHORT)[0] == {
            "schemaVersion": "bedrock-conversation-2024",
            "system": [{"text": "Be brief."}],
            "messages": [
                {"role": "user", "content": [{"text": "Two?"}]},
                {"role": "assistant", "content": [{"text": "2"}]},
            ],
        }

    def test_claude_has_its_system_text_apart(self) -> None:
        assert written("bedrock-claude", SHORT)[0] == {
            "system": "Be brief.",
            "messages": SHORT[1:],
        }

    @pytest.mark.parametrize("name", ["vertex-gemini", "bedrock-nova", "bedrock-claude"])
    def test_a_missing_system_turn_is_a_missing_key(self, name: str) -> None:
        record, found = written(name, SHORT[1:])
        assert found == []
        assert not {"system", "systemInstruction"} & set(record)

    def test_prompt_and_completion_as_messages_for_every_task(self) -> None:
        record = labelled("trl-prompt-completion")
        assert [turn["role"] for turn in record["prompt"]] == ["system", "user"]
        assert record["completion"] == [{"role": "assistant", "content": "b"}]

    def test_prompt_and_completion_as_texts_carry_the_instruction(self) -> None:
        assert labelled("bedrock-prompt-completion") == {
            "prompt": "Classify the text. Answer with one of these labels and nothing else: "
            '["a","b"]\n\ntext 0',
            "completion": "b",
        }

    def test_several_labels_as_zeros_and_ones(self) -> None:
        many = Task.MULTI_LABEL
        assert labelled("setfit-multilabel", ["b"], many) == {"text": "text 0", "label": [0, 1]}
        assert labelled("setfit-multilabel", [], many)["label"] == [0, 0]


@st.composite
def _conversations(draw: st.DrawFn) -> list[Json]:
    said = st.text(st.characters(categories=["L", "N"]), min_size=1)
    exchanges = draw(st.lists(st.tuples(said, said), min_size=1, max_size=4))
    turns = [SYSTEM] if draw(st.booleans()) else []
    for question, answer in exchanges:
        turns.append({"role": "user", "content": question})
        turns.append({"role": "assistant", "content": answer})
    return turns


class TestNothingIsLost:
    @settings(deadline=None)
    @given(_conversations(), _conversations())
    def test_two_conversations_are_never_written_alike(
        self, one: list[Json], other: list[Json]
    ) -> None:
        for name in CHATS:
            records = [written(name, turns) for turns in (one, other)]
            assert [found for _, found in records] == [[], []]
            assert (records[0][0] == records[1][0]) == (one == other)

    @pytest.mark.parametrize("name", [*CHATS, "axolotl-alpaca", "bedrock-prompt-completion"])
    def test_a_changed_record_is_found_out(self, name: str) -> None:
        form = FORMATS[name]
        record, found = written(name, SHORT)
        assert found == []
        values: list[Any] = [None, 7, [], {}, [None], [{"role": "tool"}]]
        for key in record:
            for value in values:
                changed = {**record, key: value}
                assert changed == record or form.problems(changed, Task.CHAT), changed

    @pytest.mark.parametrize("name", ["vertex-gemini", "bedrock-nova", "bedrock-claude"])
    def test_an_extra_key_in_a_turn_is_found_out(self, name: str) -> None:
        record, _ = written(name, SHORT)
        turns = record.get("contents") or record["messages"]
        turns[0]["name"] = "Eve"
        assert FORMATS[name].problems(record, Task.CHAT)


class TestCannotSay:
    @pytest.mark.parametrize("name", ["axolotl-alpaca", "unsloth-alpaca", "nemo-prompt-completion"])
    def test_one_exchange_is_all_that_some_hold(self, name: str) -> None:
        record, [reason] = written(name, TURNS)
        assert set(record.values()) == {None}
        assert reason.endswith(
            "holds one question and one answer, and the conversation has 4 turns"
        )

    def test_a_turn_not_to_be_learnt_needs_weights(self) -> None:
        turns = [{**turn, "weight": 0} if turn["content"] == "1" else turn for turn in TURNS]
        _, [reason] = written("trl-messages", turns)
        assert reason == "turn 3 has the weight 0, and TRL has no weights"
        assert written("together-chat", turns)[1] == []

    def test_weights_of_one_say_nothing_and_go(self) -> None:
        turns = [{**turn, "weight": 1} if turn["role"] == "assistant" else turn for turn in TURNS]
        assert written("trl-messages", turns) == ({"messages": TURNS}, [])

    @pytest.mark.parametrize("word", ["User:", "System:", "[EOS]", "<image>"])
    def test_reserved_words_of_nova(self, word: str) -> None:
        turns = [{"role": "user", "content": f"say {word}"}, TURNS[-1]]
        _, found = written("bedrock-nova", turns)
        assert f"a text contains {word}, which Amazon Nova reserves" in found
        assert written("bedrock-claude", turns)[1] == (
            [] if word != "[EOS]" else ["a text contains the control token [EOS]"]
        )

    @pytest.mark.parametrize("name", [name for name in fitting(Task.CHAT) if name != "csv"])
    def test_a_conversation_out_of_order_is_refused_everywhere(self, name: str) -> None:
        _, found = written(name, [TURNS[1], TURNS[1], TURNS[2]])
        assert len(found) == 1
        assert "alternate" in found[0]


class TestPreference:
    def rows(self, rejected: list[str | None], **columns: Any) -> pl.DataFrame:
        rows = frame(["good"] * len(rejected), Task.CHAT)
        return rows.with_columns(rejected=pl.Series(rejected, dtype=pl.String), **columns)

    def test_a_pair(self) -> None:
        asked, good, bad = (
            {"role": role, "content": text}
            for role, text in [("user", "text 0"), ("assistant", "good"), ("assistant", "bad")]
        )
        rows = self.rows(["bad"])
        [trl] = FORMATS["trl-preference"].records(rows, Task.CHAT, [])
        assert trl == {"prompt": [asked], "chosen": [good], "rejected": [bad]}
        for name in ("openai-preference", "together-preference"):
            [record] = FORMATS[name].records(rows, Task.CHAT, [])
            assert record == {
                "input": {"messages": [asked]},
                "preferred_output": [good],
                "non_preferred_output": [bad],
            }

    @pytest.mark.parametrize(
        ("rejected", "reason"),
        [
            (None, "there is no worse answer beside the good one"),
            ("good", "the two answers are the same"),
            (" ", "the worse answer: the content of turn 2 is blank"),
        ],
    )
    @pytest.mark.parametrize("name", ["trl-preference", "openai-preference"])
    def test_a_row_without_a_pair(self, name: str, rejected: str | None, reason: str) -> None:
        [(_, found)] = FORMATS[name].examples(self.rows([rejected]), Task.CHAT, [])
        assert found == [reason]

    def test_a_verdict_on_one_answer(self) -> None:
        form = FORMATS["trl-unpaired-preference"]
        rows = frame(["x", "y", "z"], Task.CHAT).with_columns(
            approved=pl.Series([True, False, None])
        )
        found = list(form.examples(rows, Task.CHAT, []))
        assert [record["label"] for record, _ in found] == [True, False, None]
        assert [problems for _, problems in found] == [
            [],
            [],
            ["there is no verdict on the answer"],
        ]

    @pytest.mark.parametrize(
        ("name", "missing"),
        [
            ("trl-preference", "a worse answer beside the good one"),
            ("openai-preference", "a worse answer beside the good one"),
            ("trl-unpaired-preference", "a verdict on the answer, good or bad"),
        ],
    )
    def test_a_dataset_without_them_is_refused_and_not_offered(
        self, name: str, missing: str
    ) -> None:
        for rows in (frame(["x"], Task.CHAT), self.rows([None])):
            with pytest.raises(WrongUse, match=f"needs {missing}, and no example has that"):
                FORMATS[name].refuse_missing(rows)
        assert name not in fitting(Task.CHAT)
        assert name in fitting(Task.CHAT, ["rejected", "approved"])
