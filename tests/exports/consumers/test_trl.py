"""TRL reads what is written for it: an SFT step in which every row has something to learn."""

from __future__ import annotations

import copy
from importlib import import_module
from pathlib import Path
from typing import Any

import datasets
import pytest
import torch
import transformers

from curation.records import Json, Task
from tests.exports.consumers.exported import BESIDE, exported, rows

trl: Any = import_module("trl")  # its names are exported lazily, which hides them from mypy

TEMPLATE = (
    "{% for m in messages %}<{{ m['role'] }}>"
    "{% if m['role'] == 'assistant' %}{% generation %}{{ m['content'] }}</>{% endgeneration %}"
    "{% else %}{{ m['content'] }}</>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """Bytes as tokens: small, and no text is unknown to it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {sign: number for number, sign in enumerate([*alphabet, "<pad>", "<eos>"])}
    bytes_ = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    bytes_.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_.decoder = decoders.ByteLevel()
    wrapped: Any = transformers.PreTrainedTokenizerFast
    return wrapped(
        tokenizer_object=bytes_, pad_token="<pad>", eos_token="<eos>", chat_template=TEMPLATE
    )


@pytest.fixture
def model() -> Any:
    """A random model of a few thousand weights."""
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=258,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=1024,
    )
    return transformers.LlamaForCausalLM(config)


def options(folder: Path, **more: Any) -> dict[str, Any]:
    return {
        "output_dir": str(folder / "out"),
        "max_steps": 1,
        "per_device_train_batch_size": 4,
        "max_length": 1024,
        "report_to": "none",
        "use_cpu": True,
        "bf16": False,
        "save_strategy": "no",
        "disable_tqdm": True,
        **more,
    }


def train_set(folder: Path, name: str, task: Task, **said: Any) -> Any:
    _, files = exported(folder, name, task, **said)
    path = next(iter(files))
    return datasets.load_dataset(
        "json", data_files=str(path), split="train", cache_dir=str(folder / "cache")
    )


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("name", ["trl-messages", "trl-prompt-completion"])
def test_an_sft_step_learns_from_every_row(
    tmp_path: Path, tokenizer: Any, model: Any, name: str, task: Task
) -> None:
    data = train_set(tmp_path, name, task)
    whole = name == "trl-messages"
    arguments = trl.SFTConfig(**options(tmp_path, assistant_only_loss=whole))
    trainer = trl.SFTTrainer(model, arguments, train_dataset=data, processing_class=tokenizer)
    for row in trainer.train_dataset:
        supervised = trainer.data_collator([row])["labels"] != -100
        assert 0 < int(supervised.sum()) < len(row["input_ids"])
    assert len(trainer.train_dataset) == len(data) >= len(rows(task)) // 2
    assert torch.isfinite(torch.tensor(trainer.train().training_loss))


@pytest.mark.parametrize("name", ["trl-messages", "trl-prompt-completion", "prompt-completion"])
def test_columns_beside_are_passed_over(
    tmp_path: Path, tokenizer: Any, model: Any, name: str
) -> None:
    """The tokens are those of an export without; the columns are no longer there in a batch."""
    found: list[Any] = []
    for asked in ({}, BESIDE):
        data = train_set(tmp_path / str(len(found)), name, Task.SINGLE_LABEL, **asked)
        assert {"fold", "weight"} <= set(data.column_names) or not asked
        arguments = trl.SFTConfig(**options(tmp_path))
        trainer = trl.SFTTrainer(model, arguments, train_dataset=data, processing_class=tokenizer)
        found.append([row["input_ids"] for row in trainer.train_dataset])
        assert torch.isfinite(torch.tensor(trainer.train().training_loss))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("name", "kind"), [("trl-preference", "DPO"), ("trl-unpaired-preference", "KTO")]
)
@pytest.mark.parametrize(
    ("task", "asked"), [(Task.CHAT, {}), (Task.SINGLE_LABEL, {}), (Task.SINGLE_LABEL, BESIDE)]
)
def test_a_step_on_preferences(
    tmp_path: Path, tokenizer: Any, model: Any, name: str, kind: str, task: Task, asked: Json
) -> None:
    data = train_set(tmp_path, name, task, **asked)
    trainer = getattr(trl, f"{kind}Trainer")(
        model,
        ref_model=copy.deepcopy(model),
        args=getattr(trl, f"{kind}Config")(**options(tmp_path)),
        train_dataset=data,
        processing_class=tokenizer,
    )
    assert len(trainer.train_dataset) == len(data)
    assert torch.isfinite(torch.tensor(trainer.train().training_loss))
