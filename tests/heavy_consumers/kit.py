"""What the tests of the big trainers share: their interpreters, a tiny model, what they made."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
TIMEOUT = 600
"""Seconds; a first start of these trainers compiles thousands of modules."""

TEMPLATE = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}"
    "{% for call in m['tool_calls'] or [] %}"
    "{% for name, value in call['function']['arguments'].items() %}{{ name }}={{ value }}"
    "{% endfor %}"
    "{% endfor %}<eos>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
"""A template that takes arguments of calls for objects, as those of trainers do."""


def interpreter(name: str) -> Path:
    """The Python of a trainer's own environment; the test fails where there is none."""
    return program(f"TAMIS_{name.upper()}_PYTHON")


def program(variable: str) -> Path:
    """The program that an environment variable names; the test fails where there is none."""
    path = Path(os.environ.get(variable, ""))
    if not path.is_file():
        pytest.fail(f"{variable} names no program: make test-consumers sets it")
    return path


OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "WANDB_DISABLED": "true",
    "AXOLOTL_DO_NOT_TRACK": "1",  # it sends what it does, and prints where it cannot
}
"""What keeps the trainers off the network and off a GPU."""


def run(command: Sequence[str | Path], more: Mapping[str, str] | None = None) -> str:
    """Standard output of a command that must succeed, without network and without a GPU."""
    done = subprocess.run(
        list(map(str, command)),
        env={**os.environ, **OFFLINE, "OMP_NUM_THREADS": "2", **(more or {})},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


def prepared(python: Path, folder: Path, model: Path) -> list[dict[str, Any]]:
    """The rows that a trainer made of a file: `whole` and `learnt`, as texts again."""
    return list(
        json.loads(run([python, HERE / "read_prepared.py", folder, model]).splitlines()[-1])
    )


def write_model(folder: Path) -> Path:
    """A random model of a few thousand weights whose tokens are bytes."""
    import torch
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {sign: number for number, sign in enumerate([*alphabet, "<pad>", "<eos>"])}
    signs = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    signs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    signs.decoder = decoders.ByteLevel()
    wrapped: Any = transformers.PreTrainedTokenizerFast
    wrapped(
        tokenizer_object=signs, pad_token="<pad>", eos_token="<eos>", chat_template=TEMPLATE
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=2048,
        pad_token_id=vocabulary["<pad>"],
        eos_token_id=vocabulary["<eos>"],
        bos_token_id=vocabulary["<eos>"],
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    return folder
