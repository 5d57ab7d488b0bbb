"""A configuration file for LLaMA-Factory 0.9."""

from __future__ import annotations

import json

from curation.records import Json
from exports.formats import SHAPES
from exports.formats.base import About
from exports.targets import Target
from exports.training.hyperparameters import Method
from exports.training.settings import Run, looks, yaml_text

PATH = "training/llamafactory.yaml"


def llamafactory_file(run: Run) -> str:
    """The text of `PATH`; to be run from the folder of the export, which has dataset_info.json.

    No template is named: LLaMA-Factory then reads the chat template of the model.
    """
    entries = _entries(run.about, run.target)
    settings: Json = {
        "model_name_or_path": run.base_model,
        "stage": "sft",
        "do_train": True,
        "finetuning_type": run.method.value,
        **(_LORA if run.method is Method.LORA else {}),
        "dataset_dir": ".",
        "dataset": entries["train"],
        **({"eval_dataset": entries["validation"]} if "validation" in entries else {}),
        **looks(run),
        "cutoff_len": run.chosen.max_length,
        "packing": False,
        "output_dir": run.output("llamafactory"),
        "num_train_epochs": run.chosen.epochs,
        "per_device_train_batch_size": run.chosen.rows_a_pass,
        "gradient_accumulation_steps": run.chosen.passes,
        "learning_rate": run.chosen.learning_rate,
        "lr_scheduler_type": "linear",
        "warmup_steps": run.chosen.warm_up,
        "bf16": True,
        "seed": run.seed,
        "report_to": "none",
    }
    return yaml_text(settings, f"llamafactory-cli train {PATH}")


_LORA = {"lora_rank": 16, "lora_alpha": 32, "lora_dropout": 0.0, "lora_target": "all"}


def _entries(about: About, target: Target) -> dict[str, str]:
    """What dataset_info.json calls the file of each split."""
    info = SHAPES[target.shape].side_files(about, target)["dataset_info.json"]
    names = {entry["file_name"]: name for name, entry in json.loads(info).items()}
    return {split: names[target.file(split)] for split in about.rows}
