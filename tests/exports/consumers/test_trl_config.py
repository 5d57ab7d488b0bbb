"""`trl sft`, `dpo` and `kto` run on the sample data with the file that an export brings.

The model is a random one of a few thousand weights with a tokenizer made from the data. TRL's own
masks are the measure of the tokens that we count.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
import transformers

from curation.records import Json, Task, canonical_json
from exports.split import SPLITS
from exports.tokens import TokenStats, count_export, load_counter
from exports.tokens.chat_template import chat_template
from exports.training import training_files
from tests.exports.export_examples import export, frame

SAMPLE = Path(__file__).parents[3] / "sample_data" / "bicycle_qa.jsonl"
ROWS = 60
TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>"
    "{% if m['role'] == 'assistant' %}{% generation %}{{ m['content'] }}</s>{% endgeneration %}"
    "{% else %}{{ m['content'] }}</s>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
HERE = ["--use_cpu", "true", "--bf16", "false", "--dtype", "float32"]
"""There is no GPU in a test."""


def sample_rows() -> pl.DataFrame:
    """The first questions of the sample data with their answers, every third asked once more."""
    found: list[Json] = []
    for line in SAMPLE.read_bytes().splitlines():
        try:
            row = json.loads(line.decode())
        except ValueError:
            continue  # some rows of the sample are planted defects
        if isinstance(row, dict) and all(
            isinstance(row.get(key), str) for key in ("question", "answer")
        ):
            found.append(row)
    found = found[:ROWS]
    said = [
        [
            {"role": "user", "content": row["question"]},
            *([{"role": "assistant", "content": "Which?"}] if at % 3 == 0 else []),
            *([{"role": "user", "content": "The rear."}] if at % 3 == 0 else []),
        ]
        for at, row in enumerate(found)
    ]
    rows = frame(
        [row["answer"] for row in found],
        Task.CHAT,
        text=[row["question"] for row in found],
        messages=[canonical_json(turns) for turns in said],
    )
    return rows.with_columns(
        rejected=pl.lit("No."), approved=pl.Series([at % 2 == 0 for at in range(len(found))])
    )


def save_model(folder: Path, texts: list[str]) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    bytes_ = pre_tokenizers.ByteLevel.alphabet()
    special = ["<pad>", "</s>", "<|system|>", "<|user|>", "<|assistant|>"]
    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    words.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=500, special_tokens=special, initial_alphabet=bytes_, show_progress=False
        ),
    )
    wrapped: Any = transformers.PreTrainedTokenizerFast
    tokenizer = wrapped(
        tokenizer_object=words, pad_token="<pad>", eos_token="</s>", chat_template=TEMPLATE
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=1024,
        pad_token_id=0,
        eos_token_id=1,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder)


def ready(folder: Path, name: str) -> tuple[Path, TokenStats, Json]:
    """An export with its files for training and a model beside it."""
    rows = sample_rows()
    out = folder / "export"
    document = export(rows, out, Task.CHAT, file_format=name, labels=[]).manifest
    save_model(folder / "model", [*rows["text"], *rows["output"]])
    stats = count_export(out, load_counter(folder / "model"))
    for path, text in training_files(document, "../model", stats).files.items():
        (out / path).parent.mkdir(exist_ok=True)
        (out / path).write_text(text, encoding="utf-8")
    return out, stats, document


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


class Trained(Exception):
    """Carries the trainer out of TRL's script once it has trained."""


def trained(
    command: str, out: Path, monkeypatch: pytest.MonkeyPatch, *more: str
) -> tuple[Any, float]:
    """The trainer that TRL's own script makes from the file, and its loss over a few steps."""
    import trl

    script = import_module(f"trl.scripts.{command}")
    kind = getattr(trl, f"{command.upper()}Trainer")
    train = kind.train
    caught: dict[str, Any] = {}

    def remember(self: Any, *args: Any, **options: Any) -> Any:
        caught["loss"] = train(self, *args, **options).training_loss
        caught["trainer"] = self
        raise Trained

    monkeypatch.setattr(kind, "train", remember)
    monkeypatch.chdir(out)
    arguments = ["--config", "training/trl.yaml", *HERE, *more]
    with pytest.raises(Trained):
        script.main(*script.make_parser().parse_args_and_config(arguments))
    return caught["trainer"], caught["loss"]


@pytest.mark.parametrize("name", ["trl-messages", "trl-prompt-completion"])
def test_sft_sees_every_row_and_the_tokens_that_we_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    out, stats, document = ready(tmp_path, name)
    trainer, loss = trained("sft", out, monkeypatch, "--max_steps", "3")
    assert math.isfinite(loss)
    seen = {"train": trainer.train_dataset, "validation": trainer.eval_dataset}
    for split, rows in seen.items():
        counted = stats.splits[split]
        assert len(rows) == document["splits"][split]["rows"] == counted.rows
        learnt = [int((trainer.data_collator([row])["labels"] != -100).sum()) for row in rows]
        assert min(learnt) > 0
        assert (sum(len(row["input_ids"]) for row in rows), sum(learnt)) == (
            counted.total,
            counted.learnt,
        )
    assert max(len(row["input_ids"]) for row in seen["train"]) <= trainer.args.max_length
    assert any("lora" in key for key, _ in trainer.model.named_parameters())


@pytest.mark.parametrize(
    ("name", "command"), [("trl-preference", "dpo"), ("trl-unpaired-preference", "kto")]
)
def test_preferences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, command: str
) -> None:
    out, stats, _ = ready(tmp_path, name)
    trainer, loss = trained(command, out, monkeypatch, "--max_steps", "2")
    assert math.isfinite(loss)
    assert len(trainer.train_dataset) == stats.splits["train"].rows


def test_the_command_runs_from_the_folder_of_the_export(tmp_path: Path) -> None:
    out, _, document = ready(tmp_path, "trl-messages")
    before = sorted(out.rglob("*"))
    trl = Path(sys.executable).with_name("trl")
    ran = subprocess.run(
        [trl, "sft", "--config", "training/trl.yaml", *HERE, "--max_steps", "2"],
        cwd=out,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert sorted(out.rglob("*")) == before
    [made] = out.parent.glob("trl-*")
    assert (made / "adapter_model.safetensors").is_file()
    assert {split for split in SPLITS if document["splits"][split]["rows"]} == set(SPLITS)


USER, SAID = {"role": "user", "content": "Hi {x}"}, {"role": "assistant", "content": 'é "q" <b>'}
CALL = {"type": "function", "function": {"name": "f", "arguments": {"a": 1, "é": "<"}}}
TOOL = {"name": "f", "description": "<", "parameters": {"type": "object", "properties": {}}}
CONVERSATIONS: list[tuple[list[Json], list[Json] | None]] = [
    ([USER, SAID], None),
    ([{"role": "system", "content": "Be kind."}, USER, SAID, USER, SAID], None),
    (
        [
            USER,
            {"role": "assistant", "content": "", "tool_calls": [CALL]},
            {"role": "tool", "name": "f", "content": "6"},
            SAID,
        ],
        [{"type": "function", "function": TOOL}],
    ),
]


def test_the_chat_templates_of_real_models_render_as_in_transformers(tmp_path: Path) -> None:
    import trl

    save_model(tmp_path, ["a b"])
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(tmp_path, bos_token="<s>")
    files = sorted((Path(trl.__file__).parent / "chat_templates").glob("*.jinja"))
    assert len(files) > 50
    for path in files:
        tokenizer.chat_template = path.read_text()
        tokenizer.save_pretrained(tmp_path / path.stem)
        ours = chat_template(tmp_path / path.stem)
        assert ours is not None
        for turns, tools in CONVERSATIONS:
            for prompt in (False, True):
                theirs = _said(
                    lambda t=turns, o=tools, p=prompt: tokenizer.apply_chat_template(
                        t, tools=o, tokenize=False, add_generation_prompt=p
                    )
                )
                mine = _said(
                    lambda t=turns, o=tools, p=prompt, r=ours: r(t, o, add_generation_prompt=p)
                )
                assert mine == theirs, path.name


def _said(render: Any) -> str | None:
    """What a template gives; None where it refuses the conversation."""
    try:
        return str(render())
    except Exception:
        return None
