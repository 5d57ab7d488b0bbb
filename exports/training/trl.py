"""A configuration file for TRL 1.x: `trl sft`, `trl dpo` and `trl kto`."""

from __future__ import annotations

from pathlib import PurePosixPath

import yaml  # type: ignore[import-untyped]

from curation.records import Json
from exports.targets import Target
from exports.training.hyperparameters import Method
from exports.training.settings import Run, looks, yaml_text

PATH = "training/trl.yaml"
CARD = "training/README.md"
COMMANDS = {
    "trl-messages": "sft",
    "trl-prompt-completion": "sft",
    "trl-preference": "dpo",
    "trl-unpaired-preference": "kto",
}
"""The command of TRL that reads each format."""


def trl_file(run: Run) -> str:
    """The text of `PATH`; to be run from the folder of the export, with `CARD` in its place."""
    command = COMMANDS[run.target.name]
    settings: Json = {
        "model_name_or_path": run.base_model,
        "dataset_name": str(PurePosixPath(CARD).parent),
        "dataset_train_split": "train",
        "output_dir": run.output("trl"),
        "num_train_epochs": run.chosen.epochs,
        "per_device_train_batch_size": run.chosen.rows_a_pass,
        "gradient_accumulation_steps": run.chosen.passes,
        "learning_rate": run.chosen.learning_rate,
        "lr_scheduler_type": "linear",
        "warmup_steps": run.chosen.warm_up,
        "max_length": run.chosen.max_length,
        "seed": run.seed,
        "report_to": "none",
        **(_lora() if run.method is Method.LORA else {"dtype": "float32"}),
        **looks(run),
        **_held_out(run),
        **(_loss(run.target) if command == "sft" else {}),
    }
    return yaml_text(settings, f"trl {command} --config {PATH}")


def trl_card(run: Run) -> str:
    """The text of `CARD`, by which `datasets` finds the file of each split.

    It stands in a folder of its own because `datasets` takes no `.` for the name of a dataset. The
    configuration is named for what the export holds: `datasets` 5 keeps what it has read by that
    name, and would give the rows of another export otherwise.
    """
    files = [{"split": split, "path": f"../{run.target.file(split)}"} for split in run.about.rows]
    front = yaml.safe_dump({"configs": [{"config_name": run.mark, "data_files": files}]})
    return f"---\n{front}---\nWhere TRL finds the splits of this export.\n"


def _held_out(run: Run) -> Json:
    if not run.has_validation:
        return {}
    return {
        "dataset_test_split": "validation",
        "per_device_eval_batch_size": run.chosen.rows_a_pass,
    }


def _loss(target: Target) -> Json:
    """Only answers are learnt."""
    whole = target.shape == "messages"
    return {"packing": False, "assistant_only_loss" if whole else "completion_only_loss": True}


def _lora() -> Json:
    return {
        "dtype": "bfloat16",
        "use_peft": True,
        "lora_r": 16,
        "lora_alpha": 32,
        "lora_dropout": 0.0,
        "lora_target_modules": "all-linear",
    }
