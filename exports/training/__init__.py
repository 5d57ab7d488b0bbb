"""Configuration files with which a trainer runs on an export as it is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from curation.errors import WrongUse
from curation.records import Json, canonical_json
from exports.formats import FORMATS
from exports.formats.base import About
from exports.manifest import about as about_export
from exports.options import ExportOptions
from exports.targets import Target
from exports.tokens.stats import TokenStats
from exports.training.axolotl import PATH as AXOLOTL
from exports.training.axolotl import axolotl_file
from exports.training.hyperparameters import Hyperparameters, Method, choose
from exports.training.llamafactory import PATH as LLAMAFACTORY
from exports.training.llamafactory import llamafactory_file
from exports.training.settings import Run
from exports.training.trl import CARD, trl_card, trl_file
from exports.training.trl import PATH as TRL

__all__ = ["Method", "TrainingFiles", "choose", "training_files"]

_MAKERS = {
    "TRL": (TRL, trl_file),
    "Axolotl": (AXOLOTL, axolotl_file),
    "LLaMA-Factory": (LLAMAFACTORY, llamafactory_file),
}
_PREFERENCES = ("preference", "unpaired", "openai-preference")


@dataclass(frozen=True, slots=True)
class TrainingFiles:
    """Texts by path in the folder of the export; none where `reason` says why in words."""

    files: dict[str, str]
    reason: str = ""
    chosen: Hyperparameters | None = None


def training_files(
    document: Json,
    base_model: str,
    stats: TokenStats | None = None,
    *,
    method: Method = Method.LORA,
) -> TrainingFiles:
    """What the trainer that an export was written for needs to run on it.

    `document` is the export's manifest; `base_model` a name on the Hub or a local folder; `stats`
    are the tokens of the export as that model counts them. Hyperparameters are chosen by rule.

    Raises WrongUse for a blank `base_model` and a document that is no manifest.
    """
    if not base_model.strip():
        raise WrongUse("No base model is named.", "Name one of the Hub, or a local folder.")
    about, target = _read(document)
    if target.title not in _MAKERS:
        others = ", ".join(name for name, form in FORMATS.items() if form.target.title in _MAKERS)
        return TrainingFiles(
            {}, f"{target.title} has no configuration file that Tamis writes; these have: {others}."
        )
    if "train" not in about.rows:
        return TrainingFiles({}, "The export has no train split.")
    path, make = _MAKERS[target.title]
    chosen = choose(about.rows["train"], stats, method, preferences=target.shape in _PREFERENCES)
    seed = ExportOptions.from_json(document["options"]).rules.seed
    run = Run(about, target, chosen, base_model, method, seed, _mark(document))
    card = {CARD: trl_card(run)} if path == TRL else {}
    return TrainingFiles({path: make(run), **card}, chosen=chosen)


def _mark(document: Json) -> str:
    """What an export holds, as 8 hex digits: its data and all that says how it was written."""
    keys = ("source", "task", "format", "labels", "options", "splits")
    said = canonical_json([document.get(key) for key in keys])
    return hashlib.sha256(said.encode()).hexdigest()[:8]


def _read(document: Json) -> tuple[About, Target]:
    try:
        return about_export(document), FORMATS[document["format"]].target
    except (LookupError, TypeError, ValueError) as error:
        raise WrongUse("This is no manifest of an export.", "Name an export.") from error
