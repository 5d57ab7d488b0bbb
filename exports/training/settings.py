"""What the configuration files have in common: all three trainers stand on transformers."""

from __future__ import annotations

from dataclasses import dataclass

import yaml  # type: ignore[import-untyped]

from curation.records import Json
from exports.formats.base import About
from exports.targets import Target
from exports.training.hyperparameters import Hyperparameters, Method

_WHY = "Chosen by rule from the data; docs/train.md of Tamis has the rules and their sources."


@dataclass(frozen=True, slots=True)
class Run:
    """A training: on which export, of which model, how.

    `mark` tells what the export holds: other contents, another mark. Outputs are named for it, and
    lie beside the folder of the export: in it they would be files that do not belong to it.
    """

    about: About
    target: Target
    chosen: Hyperparameters
    base_model: str
    method: Method
    seed: int
    mark: str

    @property
    def has_validation(self) -> bool:
        """Whether there is a split to look at while training."""
        return "validation" in self.about.rows

    def output(self, what: str) -> str:
        """A folder for what is made, seen from the folder of the export."""
        return f"../{what}-{self.mark}"


def yaml_text(settings: Json, command: str) -> str:
    """`settings` as a YAML document in ASCII that reads back as it was, whatever texts it holds.

    `command` is ours, of one line: how to use the file from the folder of the export.
    """
    body = yaml.safe_dump(settings, sort_keys=False, allow_unicode=False, width=100)
    return f"# From the folder of the export: {command}\n# {_WHY}\n{body}"


def looks(run: Run) -> Json:
    """Look at the validation split as training goes on, and keep the best that was seen."""
    if not run.has_validation:
        return {"save_strategy": "epoch"}
    return {
        "eval_strategy": "steps",
        "eval_steps": run.chosen.look_every,
        "save_strategy": "steps",
        "save_steps": run.chosen.look_every,
        "save_total_limit": 2,
        "load_best_model_at_end": True,
        "metric_for_best_model": "eval_loss",
    }
