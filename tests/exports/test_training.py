"""Configuration files: who gets one, what stands in it, and by which rules numbers are chosen."""

from __future__ import annotations

import string
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import WrongUse
from curation.records import Json
from exports.formats import FORMATS
from exports.tokens.stats import SplitTokens, Spread, TokenStats
from exports.training import Method, choose, training_files

TRAINERS = {
    "trl-messages": "training/trl.yaml",
    "trl-prompt-completion": "training/trl.yaml",
    "trl-preference": "training/trl.yaml",
    "trl-unpaired-preference": "training/trl.yaml",
    "axolotl-chat": "training/axolotl.yaml",
    "axolotl-alpaca": "training/axolotl.yaml",
    "llamafactory-sharegpt": "training/llamafactory.yaml",
    "llamafactory-alpaca": "training/llamafactory.yaml",
}


def manifest(name: str, train: int = 1000, validation: int = 100, dataset: str = "my set") -> Json:
    rows = {"train": train, "validation": validation, "test": 100}
    return {
        "source": {"dataset": dataset, "data_hash": "0123456789abcdef"},
        "task": "chat",
        "format": name,
        "labels": [],
        "options": {"rules": {"seed": 7}},
        "splits": {split: {"rows": count} for split, count in rows.items()},
    }


def settings(name: str, base_model: str = "org/model", **given: Any) -> Json:
    """What the trainer of a format reads from its file."""
    method = given.pop("method", Method.LORA)
    made = training_files(manifest(name, **given), base_model, method=method)
    return dict(yaml.safe_load(made.files[TRAINERS[name]]))


def stats(longest: int, *, is_exact: bool = True) -> TokenStats:
    lengths = Spread(1, 1, 1, 1, 1, longest)
    return TokenStats("c", is_exact, None, {"train": SplitTokens(9, 9, 9, lengths)})


def test_who_gets_a_file_and_why_others_do_not() -> None:
    for name in FORMATS:
        made = training_files(manifest(name), "org/model")
        if name in TRAINERS:
            assert TRAINERS[name] in made.files
            assert not made.reason
        else:
            assert not made.files
            assert "trl-messages" in made.reason


def test_without_a_train_split_there_is_nothing_to_train_on() -> None:
    made = training_files(manifest("trl-messages", train=0), "org/model")
    assert (made.files, made.reason) == ({}, "The export has no train split.")


def test_trl_finds_every_split_by_a_card() -> None:
    made = training_files(manifest("trl-messages", validation=0), "org/model")
    _, front, text = made.files["training/README.md"].split("---\n")
    assert yaml.safe_load(front)["configs"][0]["data_files"] == [
        {"split": "train", "path": "../train.jsonl"},
        {"split": "test", "path": "../test.jsonl"},
    ]
    assert text.strip()
    assert settings("trl-messages")["dataset_name"] == "training"


def test_other_contents_have_another_name() -> None:
    """`datasets` keeps what it has read by folder and configuration, whatever the files hold."""
    one = manifest("trl-messages")
    others = [
        {**one, "options": {"rules": {"seed": 8}}},
        {**one, "source": {**one["source"], "data_hash": "other"}},
        {**one, "options": {"template": {"user": "{input}", "system": "Be kind."}}},
    ]
    names = [_name(document) for document in (one, *others)]
    assert len(set(names)) == 4
    assert _name(one) == names[0]


def _name(document: Json) -> tuple[str, str]:
    files = training_files(document, "m").files
    [config] = yaml.safe_load(files["training/README.md"].split("---\n")[1])["configs"]
    return config["config_name"], yaml.safe_load(files["training/trl.yaml"])["output_dir"]


def test_trl_learns_answers_alone() -> None:
    assert settings("trl-messages")["assistant_only_loss"] is True
    assert settings("trl-prompt-completion")["completion_only_loss"] is True
    for name in ("trl-preference", "trl-unpaired-preference"):
        assert not {"packing", "assistant_only_loss", "completion_only_loss"} & set(settings(name))


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("trl-messages", "trl sft"),
        ("trl-preference", "trl dpo"),
        ("trl-unpaired-preference", "trl kto"),
        ("axolotl-chat", "axolotl train"),
        ("llamafactory-alpaca", "llamafactory-cli train"),
    ],
)
def test_a_file_says_how_to_use_it(name: str, command: str) -> None:
    path = TRAINERS[name]
    text = training_files(manifest(name), "org/model").files[path]
    assert text.startswith(f"# From the folder of the export: {command} ")
    assert path in text.splitlines()[0]


def test_axolotl_reads_the_files_of_the_export_as_they_are() -> None:
    chat, alpaca = settings("axolotl-chat"), settings("axolotl-alpaca")
    assert chat["datasets"] == [
        {"path": "train.jsonl", "ds_type": "json", "split": "train", "type": "chat_template"}
    ]
    assert chat["test_datasets"][0]["path"] == "validation.jsonl"
    assert alpaca["datasets"][0]["type"] == "alpaca"
    assert (chat["sample_packing"], chat["train_on_inputs"]) == (False, False)


def test_llamafactory_finds_the_splits_by_the_names_in_dataset_info() -> None:
    found = settings("llamafactory-sharegpt", dataset="my set, once")
    assert (found["dataset"], found["eval_dataset"]) == (
        "my_set_once_train",
        "my_set_once_validation",
    )
    assert found["dataset_dir"] == "."


@pytest.mark.parametrize("name", TRAINERS)
def test_without_a_validation_split_nothing_is_looked_at(name: str) -> None:
    found = settings(name, validation=0)
    assert found["save_strategy"] == "epoch"
    absent = {"eval_strategy", "load_best_model_at_end", "test_datasets", "eval_dataset"}
    assert not absent & set(found)


@pytest.mark.parametrize("name", TRAINERS)
def test_outputs_lie_beside_the_export(name: str) -> None:
    """A file in the folder that the manifest does not list would fail `tamis verify`."""
    found = settings(name)
    assert found["output_dir"].startswith("../")


@pytest.mark.parametrize("name", TRAINERS)
def test_lora_or_all_weights(name: str) -> None:
    keys = {"use_peft", "adapter", "lora_r", "lora_rank", "lora_target"}
    assert keys & set(settings(name))
    assert not keys & set(settings(name, method=Method.FULL))


def test_a_rule_gives_the_number_of_epochs() -> None:
    """Three; at least 100 rows in all, at most 25,000, and 25 epochs at the most."""
    expected = {3: 25, 4: 25, 10: 10, 33: 4, 34: 3, 8_333: 3, 8_334: 2, 12_501: 1, 300_000: 1}
    assert {rows: choose(rows, None, Method.LORA).epochs for rows in expected} == expected
    assert choose(10, None, Method.LORA, preferences=True).epochs == 1


def test_a_rule_gives_the_batch() -> None:
    """Sixteen rows, fewer where an epoch would have fewer than ten updates."""
    expected = {1: 1, 19: 1, 20: 2, 47: 4, 159: 8, 160: 16, 10**6: 16}
    found = {rows: choose(rows, None, Method.LORA) for rows in expected}
    assert {rows: one.rows_a_pass * one.passes for rows, one in found.items()} == expected


def test_long_rows_go_one_at_a_time() -> None:
    sizes = {64: 8, 1024: 8, 1088: 4, 8192: 1, 30_000: 1}
    found = {size: choose(1000, stats(size), Method.LORA) for size in sizes}
    assert {size: one.rows_a_pass for size, one in found.items()} == sizes
    assert all(one.rows_a_pass * one.passes == 16 for one in found.values())


def test_nothing_is_cut_off() -> None:
    expected = {1: 64, 64: 64, 65: 128, 32_768: 32_768, 99_999: 32_768}
    found = {size: choose(9, stats(size), Method.LORA).max_length for size in expected}
    assert found == expected
    assert choose(9, stats(100, is_exact=False), Method.LORA).max_length == 192
    assert choose(9, None, Method.LORA).max_length == 2048


def test_learning_rate_and_warm_up() -> None:
    assert choose(1000, None, Method.LORA).learning_rate == 2e-4
    assert choose(1000, None, Method.FULL).learning_rate == 2e-5
    assert choose(1000, None, Method.LORA, preferences=True).learning_rate == 5e-6
    thousand = choose(1000, None, Method.LORA)  # 63 updates an epoch
    assert (thousand.updates, thousand.warm_up, thousand.look_every) == (189, 9, 15)


@given(rows=st.integers(1, 10**7), longest=st.integers(1, 10**6), exact=st.booleans())
def test_numbers_that_every_trainer_takes(rows: int, longest: int, *, exact: bool) -> None:
    one = choose(rows, stats(longest, is_exact=exact), Method.LORA)
    an_epoch = -(-rows // (one.rows_a_pass * one.passes))
    assert 1 <= one.epochs <= 25
    assert 1 <= one.look_every <= an_epoch
    assert 1 <= one.warm_up <= max(1, one.updates // 2)
    assert one.updates == one.epochs * an_epoch
    assert one.max_length % 64 == 0


@given(
    model=st.text(st.characters(exclude_categories=()), min_size=1).filter(str.strip),
    dataset=st.text(),
    name=st.sampled_from(sorted(TRAINERS)),
)
def test_any_name_reads_back_as_it_was(model: str, dataset: str, name: str) -> None:
    found = settings(name, model, dataset=dataset)
    assert found["base_model" if name.startswith("axolotl") else "model_name_or_path"] == model
    text = training_files(manifest(name, dataset=dataset), model).files[TRAINERS[name]]
    assert set(text) <= set(string.printable)
    assert set(found) == set(settings(name))


def test_the_same_export_gives_the_same_bytes() -> None:
    document = manifest("trl-messages")
    assert training_files(document, "m") == training_files(document, "m")


@pytest.mark.parametrize("document", [{}, {"format": "trl-messages"}, manifest("no-format")])
def test_what_is_no_manifest_is_refused(document: Json) -> None:
    with pytest.raises(WrongUse, match="no manifest"):
        training_files(document, "org/model")


def test_a_base_model_is_needed() -> None:
    with pytest.raises(WrongUse, match="No base model"):
        training_files(manifest("trl-messages"), "  ")
