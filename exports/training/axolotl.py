"""A configuration file for Axolotl 0.19."""

from __future__ import annotations

from curation.records import Json
from exports.targets import Target
from exports.training.hyperparameters import Method
from exports.training.settings import Run, looks, yaml_text

PATH = "training/axolotl.yaml"
_TYPES = {"messages": "chat_template", "alpaca": "alpaca"}


def axolotl_file(run: Run) -> str:
    """The text of `PATH`; to be run from the folder of the export."""
    settings: Json = {
        "base_model": run.base_model,
        "datasets": [_dataset(run.target, "train")],
        **_held_out(run),
        **looks(run),
        "val_set_size": 0,
        "dataset_prepared_path": run.output("axolotl-prepared"),
        "output_dir": run.output("axolotl"),
        "sequence_len": run.chosen.max_length,
        "sample_packing": False,
        "train_on_inputs": False,
        **({"adapter": "lora", **_LORA} if run.method is Method.LORA else {}),
        "num_epochs": run.chosen.epochs,
        "micro_batch_size": run.chosen.rows_a_pass,
        "gradient_accumulation_steps": run.chosen.passes,
        "learning_rate": run.chosen.learning_rate,
        "lr_scheduler": "linear",
        "warmup_steps": run.chosen.warm_up,
        "optimizer": "adamw_torch_fused",
        "bf16": "auto",
        "gradient_checkpointing": True,
        "seed": run.seed,
    }
    return yaml_text(settings, f"axolotl train {PATH}")


_LORA = {"lora_r": 16, "lora_alpha": 32, "lora_dropout": 0.0, "lora_target_linear": True}


def _dataset(target: Target, split: str) -> Json:
    """Axolotl calls the rows of any file its train split. Answers alone are learnt by default."""
    return {
        "path": target.file(split),
        "ds_type": "json",
        "split": "train",
        "type": _TYPES[target.shape],
    }


def _held_out(run: Run) -> Json:
    if not run.has_validation:
        return {}
    return {"test_datasets": [_dataset(run.target, "validation")]}
