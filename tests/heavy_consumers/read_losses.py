"""Run by a consumer's interpreter: what it does with each file that standard input names.

Arguments: the consumer, the folder of the model, an empty folder. Standard input is a JSON list of
paths, the last line of standard output a JSON list: how many rows of each file come out with
something to learn, or null where the consumer refuses the file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Read = Callable[[Path, Path], Iterable[Any]]
"""Takes a file and an empty folder; gives the labels of each row that comes out."""


def with_mlx(model: str) -> Read:
    from types import SimpleNamespace

    from mlx_lm.tuner.datasets import load_dataset
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)

    def read(path: Path, folder: Path) -> Iterable[Any]:
        for name in ("train", "valid"):
            (folder / f"{name}.jsonl").write_bytes(path.read_bytes())
        wanted = SimpleNamespace(
            data=str(folder), mask_prompt=True, train=True, test=False, hf_dataset=False
        )
        rows = load_dataset(wanted, tokenizer)[0]
        for number in range(len(rows)):
            tokens, start = rows.process(rows[number])
            yield tokens[start:]

    return read


def with_llamafactory(model: str) -> Read:
    from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
    from llamafactory.hparams import get_train_args
    from llamafactory.model import load_tokenizer

    tags = {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
        "observation_tag": "tool",
        "system_tag": "system",
    }
    chat = {"formatting": "openai", "columns": {"messages": "messages"}, "tags": tags}
    pair = {"columns": {"prompt": "prompt", "response": "completion"}}

    def read(path: Path, folder: Path) -> Iterable[Any]:
        (folder / "train.jsonl").write_bytes(path.read_bytes())
        is_pair = b'"completion"' in path.read_bytes()
        info = {"it": {"file_name": "train.jsonl", **(pair if is_pair else chat)}}
        (folder / "dataset_info.json").write_text(json.dumps(info))
        wanted = {
            "model_name_or_path": model,
            "stage": "sft",
            "do_train": True,
            "finetuning_type": "full",
            "dataset_dir": str(folder),
            "dataset": "it",
            "template": "default",
            "cutoff_len": 2048,
            "overwrite_cache": True,
            "output_dir": str(folder / "out"),
            "report_to": "none",
        }
        model_args, data_args, training_args, _, _ = get_train_args(wanted)
        given = load_tokenizer(model_args)
        template = get_template_and_fix_tokenizer(given["tokenizer"], data_args)
        found = get_dataset(template, model_args, data_args, training_args, "sft", **given)
        return [row["labels"] for row in found["train_dataset"]]

    return read


def with_axolotl(model: str) -> Read:
    from axolotl.cli.config import load_cfg
    from axolotl.common.datasets import load_datasets

    def read(path: Path, folder: Path) -> Iterable[Any]:
        reading: Any = {"type": "chat_template"}
        if b'"completion"' in path.read_bytes():
            reading = {"type": {"field_instruction": "prompt", "field_output": "completion"}}
        wanted = {
            "base_model": model,
            "datasets": [{"path": str(path), "ds_type": "json", **reading}],
            "chat_template": "tokenizer_default",
            "eot_tokens": ["<eos>"],
            "dataset_prepared_path": str(folder / "prepared"),
            "output_dir": str(folder / "out"),
            "sequence_len": 2048,
            "micro_batch_size": 1,
            "gradient_accumulation_steps": 1,
            "num_epochs": 1,
            "learning_rate": 1e-4,
            "optimizer": "adamw_torch",
            "val_set_size": 0,
            "bf16": False,
            "dataset_num_proc": 1,
        }
        (folder / "axolotl.yml").write_text(json.dumps(wanted))
        rows = load_datasets(cfg=load_cfg(str(folder / "axolotl.yml"))).train_dataset
        return [row["labels"] for row in rows]

    return read


def with_trl(model: str) -> Read:
    from importlib import import_module

    import datasets
    from transformers import AutoModelForCausalLM, AutoTokenizer

    trl: Any = import_module("trl")
    tokenizer = AutoTokenizer.from_pretrained(model)
    loaded = AutoModelForCausalLM.from_pretrained(model)

    def read(path: Path, folder: Path) -> Iterable[Any]:
        rows = datasets.load_dataset(
            "json", data_files=str(path), split="train", cache_dir=str(folder)
        )
        options = {"output_dir": str(folder / "out"), "report_to": "none", "max_length": 2048}
        arguments = trl.SFTConfig(**options, use_cpu=True, bf16=False, disable_tqdm=True)
        trainer = trl.SFTTrainer(loaded, arguments, train_dataset=rows, processing_class=tokenizer)
        for row in trainer.train_dataset:
            yield trainer.data_collator([row])["labels"].flatten().tolist()

    return read


READERS = {
    "mlx-lm": with_mlx,
    "llama-factory": with_llamafactory,
    "axolotl": with_axolotl,
    "trl": with_trl,
}


def learnt(read: Read, path: Path, folder: Path) -> int | None:
    """Rows with something to learn; None where any error stops the reader."""
    folder.mkdir()
    try:
        return sum(any(label != -100 for label in labels) for labels in read(path, folder))
    except (Exception, SystemExit) as error:
        sys.stderr.write(f"{path.name}: {type(error).__name__}: {error}"[:300] + "\n")
        return None


if __name__ == "__main__":
    name, model, folder = sys.argv[1:]
    read = READERS[name](model)
    paths = [Path(path) for path in json.load(sys.stdin)]
    found = [learnt(read, path, Path(folder) / str(n)) for n, path in enumerate(paths)]
    sys.stdout.write("\n" + json.dumps(found) + "\n")
