"""Counting tokens: what is learnt, what would be cut off, and what it costs; checked by hand."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import TamisError, UnreadableFile, WrongUse
from curation.records import Json
from exports.tokens import (
    Counter,
    SplitTokens,
    TokenStats,
    count_export,
    count_tokens,
    load_counter,
    load_prices,
    training_costs,
)
from exports.tokens.sequences import read_records, sequences

TEMPLATE = (
    "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }} [end] {% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}"
)
"""A word is a token: `[user] a b [end] ` is four."""
USER = {"role": "user", "content": "a b c"}  # 5 tokens with [user] and [end]
ANSWER = {"role": "assistant", "content": "x y"}  # 4, of which x, y and [end] are learnt

KEYS = ["role", "content", "from", "value", "parts", "text", "weight", "messages"]


def save(folder: Path, template: str | None = TEMPLATE) -> Path:
    """A tokenizer whose tokens are the words of a text."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({"<unk>": 0, "</s>": 1}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="<unk>", eos_token="</s>", chat_template=template
    )
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Counter:
    return load_counter(save(tmp_path_factory.mktemp("words")))


def numbers(found: SplitTokens) -> tuple[int, int | None]:
    return found.total, found.learnt


def test_a_chat_is_counted_with_its_template(words: Counter) -> None:
    found = count_tokens([{"messages": [USER, ANSWER]}], words)
    assert numbers(found) == (9, 3)
    assert words.is_exact


def test_every_answer_is_learnt_but_those_of_weight_0(words: Counter) -> None:
    turns = [USER, ANSWER, USER, ANSWER]
    assert numbers(count_tokens([{"messages": turns}], words)) == (18, 6)
    turns[1] = {**ANSWER, "weight": 0}
    assert numbers(count_tokens([{"messages": turns}], words)) == (18, 3)


def test_of_a_prompt_and_its_completion_the_completion_is_learnt(words: Counter) -> None:
    turns = {"prompt": [USER, ANSWER, USER], "completion": [ANSWER]}
    assert numbers(count_tokens([turns], words)) == (18, 3)
    texts = {"prompt": "a b ", "completion": "c d"}  # literal, and the end of the sequence
    assert numbers(count_tokens([texts], words)) == (5, 3)


@pytest.mark.parametrize(
    "record",
    [
        {"conversations": [{"from": "human", "value": "a b c"}, {"from": "gpt", "value": "x y"}]},
        {"instruction": "a b c", "input": "", "output": "x y"},
        {
            "contents": [
                {"role": "user", "parts": [{"text": "a b c"}]},
                {"role": "model", "parts": [{"text": "x y"}]},
            ]
        },
        {
            "messages": [
                {"role": "user", "content": [{"text": "a b c"}]},
                {"role": "assistant", "content": [{"text": "x y"}]},
            ]
        },
    ],
)
def test_every_dialect_is_the_same_conversation(words: Counter, record: Json) -> None:
    assert numbers(count_tokens([record], words)) == (9, 3)


@pytest.mark.parametrize(
    "system",
    [
        {"system": "be kind", "messages": [USER, ANSWER]},
        {
            "systemInstruction": {"parts": [{"text": "be kind"}]},
            "contents": [
                {"role": "user", "parts": [{"text": "a b c"}]},
                {"role": "model", "parts": [{"text": "x y"}]},
            ],
        },
        {"instruction": "a b c", "output": "x y", "system": "be kind", "history": []},
    ],
)
def test_a_system_text_beside_the_turns_counts(words: Counter, system: Json) -> None:
    assert numbers(count_tokens([system], words)) == (13, 3)


def test_a_preference_is_two_sequences_and_as_long_as_the_longer(words: Counter) -> None:
    longer = {"role": "assistant", "content": "x y z z"}
    record = {"prompt": [USER], "chosen": [ANSWER], "rejected": [longer]}
    found = count_tokens([record], words)
    assert (found.total, found.learnt, found.lengths.maximum) == (9 + 11, 3 + 5, 11)
    same = {
        "input": {"messages": [USER]},
        "preferred_output": [ANSWER],
        "non_preferred_output": [longer],
    }
    assert count_tokens([same], words) == found


def test_of_a_text_with_a_label_nothing_is_learnt(words: Counter) -> None:
    found = count_tokens([{"text": "a b c", "label": "x"}], words, limit=2)
    assert (numbers(found), found.over_limit, found.without_answer) == ((3, None), 1, 0)


@pytest.mark.parametrize(("limit", "over", "lost"), [(9, 0, 0), (8, 1, 0), (7, 1, 0), (6, 1, 1)])
def test_rows_that_would_lose_their_answer(
    words: Counter, limit: int, over: int, lost: int
) -> None:
    """The answer begins with the seventh token: a limit of six leaves nothing to learn."""
    found = count_tokens([{"messages": [USER, ANSWER]}], words, limit=limit)
    assert (found.over_limit, found.without_answer) == (over, lost)


def test_a_template_that_changes_earlier_turns_is_followed(tmp_path: Path) -> None:
    """What is last is marked, so that no beginning of the conversation stands in the whole."""
    template = TEMPLATE.replace(
        "[{{ m['role'] }}]", "[{{ m['role'] }}]{% if loop.last %} [last]{% endif %}"
    )
    counter = load_counter(save(tmp_path, template))
    found = count_tokens([{"messages": [USER, ANSWER, USER, ANSWER]}], counter)
    assert numbers(found) == (19, 2 + 2)  # x y of both, in this template without their ends


def test_without_a_template_texts_are_joined(tmp_path: Path) -> None:
    counter = load_counter(save(tmp_path, None) / "tokenizer.json")
    assert count_tokens([{"messages": [USER, ANSWER]}], counter).total > 0


def test_a_template_that_refuses_is_an_error_in_words(tmp_path: Path) -> None:
    counter = load_counter(save(tmp_path, "{{ raise_exception('no such role') }}"))
    with pytest.raises(WrongUse, match="no such role"):
        count_tokens([{"messages": [USER, ANSWER]}], counter)


def test_the_estimate_is_a_quarter_of_the_bytes_and_says_so() -> None:
    estimate = load_counter()
    assert not estimate.is_exact
    assert "estimate" in estimate.name
    texts = {"prompt": "12345678", "completion": "éé"}  # 2 + 1 + the end
    assert numbers(count_tokens([texts], estimate)) == (4, 2)
    chat = {
        "messages": [{"role": "user", "content": "12345678"}, {"role": "assistant", "content": "1"}]
    }
    assert numbers(count_tokens([chat], estimate)) == (2 + 4 + 1 + 4 + 3, 2)


def test_lengths_are_those_of_rows_that_are_there(words: Counter) -> None:
    rows = ({"text": "a " * size} for size in range(1, 101))  # and the end of each
    lengths = count_tokens(rows, words).lengths
    assert (lengths.minimum, lengths.p5, lengths.median) == (2, 6, 51)
    assert (lengths.p95, lengths.p99, lengths.maximum) == (96, 100, 101)


def test_records_are_not_held() -> None:
    size = 4096
    rows = ({"text": f"{number} " + "x" * size} for number in range(10_000))
    tracemalloc.start()
    assert count_tokens(rows, load_counter()).rows == 10_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1000 * size


@pytest.mark.parametrize("record", [{}, {"a": 1}, {"messages": "x"}, {"messages": [1]}])
def test_what_is_no_record_is_named(record: Json) -> None:
    good = {"text": "a"}
    with pytest.raises(WrongUse, match="Record 2 cannot be counted"):
        count_tokens([good, record], load_counter())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner),
    )
)
def test_any_value_is_a_record_or_an_error_in_words(value: Any) -> None:
    try:
        found = sequences({"messages": value, "prompt": value})
    except ValueError:
        return
    assert found


def test_no_record_at_all() -> None:
    with pytest.raises(WrongUse, match="no record"):
        count_tokens([], load_counter())


def export_folder(folder: Path, name: str = "trl-messages") -> Path:
    rows = {"train": 2, "validation": 0, "test": 1}
    document = {
        "source": {"dataset": "d"},
        "task": "chat",
        "format": name,
        "labels": [],
        "splits": {split: {"rows": count} for split, count in rows.items()},
    }
    (folder / "manifest.json").write_text(json.dumps(document))
    line = json.dumps({"messages": [USER, ANSWER]}) + "\n"
    for split, count in rows.items():
        if count:
            (folder / f"{split}.jsonl").write_text(line * count)
    return folder


def test_an_export_is_counted_split_by_split(tmp_path: Path, words: Counter) -> None:
    stats = count_export(export_folder(tmp_path), words, limit=8)
    assert {split: numbers(found) for split, found in stats.splits.items()} == {
        "train": (18, 6),
        "test": (9, 3),
    }
    assert (stats.longest, stats.limit, stats.splits["train"].over_limit) == (9, 8, 2)
    assert json.loads(json.dumps(stats.as_json()))["splits"]["test"]["lengths"]["median"] == 9


def test_a_folder_that_is_no_export(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="not an export"):
        count_export(tmp_path, load_counter())


def test_files_of_every_kind_are_read(tmp_path: Path) -> None:
    records = [{"text": "=a", "label": "x"}, {"text": "b", "label": "y"}]
    lines, table, sheet = (tmp_path / f"train.{kind}" for kind in ("jsonl", "parquet", "csv"))
    lines.write_text("\ufeff" + "".join(json.dumps(record) + "\n" for record in records))
    pq.write_table(pa.Table.from_pylist(records), table)
    sheet.write_text("text,label\n'=a,x\nb,y\n")
    assert [list(read_records(path)) for path in (lines, table, sheet)] == [records] * 3


@pytest.mark.parametrize("content", ["{}\n{\n", "{}\n[1]\n", '{}\n{"a":1,"a":2}\n'])
def test_a_broken_line_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "train.jsonl").write_text(content)
    with pytest.raises(UnreadableFile, match="line 2"):
        list(read_records(tmp_path / "train.jsonl"))
    with pytest.raises(UnreadableFile):
        list(read_records(tmp_path / "absent.jsonl"))


@pytest.mark.parametrize(
    "name", ["nowhere", "tiktoken:o200k_base", "tiktoken:cl100k_base", "tiktoken:gpt", "mistral:x"]
)
def test_a_tokenizer_that_is_not_on_this_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    with pytest.raises(WrongUse) as refused:
        load_counter(name)
    assert refused.value.hint


def test_a_damaged_file_of_tiktoken_is_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    damaged = tmp_path / "fb374d419588a4632f3f557e76b4b70aebbca790"
    damaged.write_bytes(b"damaged")
    with pytest.raises(WrongUse, match="damaged"):
        load_counter("tiktoken:o200k_base")
    assert damaged.read_bytes() == b"damaged"


@pytest.mark.parametrize("content", ["", "{}", "no json"])
def test_a_damaged_tokenizer(tmp_path: Path, content: str) -> None:
    (tmp_path / "tokenizer.json").write_text(content)
    for path in (tmp_path, tmp_path / "tokenizer.json"):
        with pytest.raises(TamisError):
            load_counter(path)


@pytest.fixture
def stats(tmp_path: Path, words: Counter) -> TokenStats:
    return count_export(export_folder(tmp_path), words)


def test_a_cost_is_epochs_times_tokens_times_price(stats: TokenStats, tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text(
        "".join(
            f'[[price]]\nservice = "{service}"\nmodel = "m"\ndollars = {dollars}\n'
            'seen = "2026-11-01"\nsource = "a page"\n'
            for service, dollars in (("Dear", 2_000_000), ("Cheap", 500_000.0))
        )
    )
    costs = training_costs(stats, 3, load_prices(own), "m")
    assert [(cost.price.service, cost.tokens, cost.dollars) for cost in costs] == [
        ("Cheap", 54, 27.0),
        ("Dear", 54, 108.0),
    ]
    assert str(costs[0]) == (
        "Cheap, m: $27.00 for 54 tokens at $500,000.00 a million, as seen on 2026-11-01: a page"
    )
    guessed = training_costs(replace(stats, is_exact=False), 1, load_prices(own))
    assert "an estimate, right within 33%" in str(guessed[0])


def test_an_unknown_model_has_no_price(stats: TokenStats) -> None:
    with pytest.raises(WrongUse, match="No price is known for training gpt-9"):
        training_costs(stats, 1, load_prices(), "gpt-9")


def test_every_price_that_comes_along_has_a_date_and_a_source() -> None:
    prices = load_prices()
    assert prices
    assert all(price.seen.year >= 2026 and price.source.startswith("https://") for price in prices)
    assert len({(price.service, price.model) for price in prices}) == len(prices)


def wrong_prices() -> Iterator[str]:
    whole = {
        "service": '"s"',
        "model": '"m"',
        "dollars": "1",
        "seen": '"2026-11-01"',
        "source": '"p"',
    }
    for key in whole:
        yield _entry({name: value for name, value in whole.items() if name != key})
    for key, value in (("dollars", "-1"), ("dollars", "nan"), ("dollars", '"1"'), ("seen", "7")):
        yield _entry({**whole, key: value})
    yield from ("", "price = 1", "price = [1]", "[[price")


def _entry(values: dict[str, str]) -> str:
    return "[[price]]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())


@pytest.mark.parametrize("content", list(wrong_prices()))
def test_a_wrong_price_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(content)
    with pytest.raises(WrongUse, match=r"prices\.toml"):
        load_prices(path)
