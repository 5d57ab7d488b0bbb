"""How an export is loaded: the section of its card for `datasets` and for the target's trainer."""

from __future__ import annotations

from curation.records import Json
from exports.formats import Format
from exports.formats.beside import FOLD, WEIGHT

_DATASETS = """```python
from datasets import load_dataset

dataset = load_dataset("FOLDER")  # this folder, or the name of its repository on the Hub
```"""
_TRL = """```python
from trl import {trainer}

trainer = {trainer}(model="MODEL", train_dataset=dataset["train"])
trainer.train()
```"""
_AXOLOTL = """```yaml
datasets:
  - path: FOLDER/{train}
    ds_type: json
    type: {kind}
```"""
_LLAMAFACTORY = "`dataset_info.json` names the files: set `dataset_dir: FOLDER`."
_MLX = """```
mlx_lm.lora --model MODEL --train --data FOLDER
```"""
_SFT = _TRL.format(trainer="SFTTrainer")

_TRAINERS = {
    "prompt-completion": _SFT,
    "trl-messages": _SFT,
    "trl-prompt-completion": _SFT,
    "trl-preference": _TRL.format(trainer="DPOTrainer"),
    "trl-unpaired-preference": _TRL.format(trainer="KTOTrainer"),
    "unsloth-chat": _SFT,
    "axolotl-chat": _AXOLOTL.format(train="train.jsonl", kind="chat_template"),
    "axolotl-alpaca": _AXOLOTL.format(train="train.jsonl", kind="alpaca"),
    "llamafactory-sharegpt": _LLAMAFACTORY,
    "llamafactory-alpaca": _LLAMAFACTORY,
    "mlx-chat": _MLX,
}
_GUARDED = (
    "A cell that a spreadsheet would take for a formula has an apostrophe before it: take it off "
    "where the next sign is one of `= + - @`, a tab or a line break."
)
_BESIDE = {
    FOLD: "`fold` numbers the folds of train and validation, for cross-validation; test has none.",
    WEIGHT: "`weight` evens the labels out: give it to a trainer as the weight of a row in the "
    "loss. It is 1 on average in train, and 1 elsewhere.",
}


def loading(document: Json, form: Format) -> list[str]:
    """Markdown paragraphs, the heading first."""
    target = form.target
    beside = [_BESIDE[name] for name in form.beside]
    found = ["## Load it", _DATASETS]
    if target.file("train").endswith(".csv"):
        found.append(_GUARDED)
    found.append(
        f"The format is `{form.name}`, written for {target.title} by "
        f"[these rules]({target.source}), read in {target.seen}."
    )
    found += [" ".join(beside)] if beside else []
    if trainer := _TRAINERS.get(form.name):
        found.append(trainer)
    if document["options"].get("template"):
        found.append("The words around texts and answers are in `manifest.json` under `options`.")
    return found


def reading_options(form: Format) -> Json:
    """What `datasets` must be told to read the files as they were written."""
    name = form.target.file("train")
    if name.endswith(".csv"):
        return {"keep_default_na": False}
    return {"encoding": "utf-8-sig"} if form.target.bom and name.endswith(".jsonl") else {}
