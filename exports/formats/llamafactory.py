"""`dataset_info.json`: how LLaMA-Factory finds and reads the files of a folder."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from curation.records import Json
from exports.formats.base import About
from exports.targets import Target

_UNSAFE = re.compile(r"[^\w.-]+")


def dataset_info(reading: Json) -> Callable[[About, Target], dict[str, str]]:
    """A maker of `dataset_info.json` with one entry per split, each read as `reading` says.

    An entry is named for the dataset and the split, without the commas and spaces that separate
    names on LLaMA-Factory's command line.
    """

    def files(about: About, target: Target) -> dict[str, str]:
        name = _UNSAFE.sub("_", about.dataset).strip("_") or "dataset"
        entries = {
            f"{name}_{split}": {"file_name": target.file(split), **reading} for split in about.rows
        }
        return {"dataset_info.json": json.dumps(entries, indent=2, ensure_ascii=False) + "\n"}

    return files
