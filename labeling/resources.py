"""Files that are not code: beside the packages in a checkout, in `tamis/` of a wheel."""

from __future__ import annotations

from pathlib import Path

import labeling


def resource(name: str) -> Path:
    """Path of `app.py` or `sample_data`, in a checkout or an installation."""
    home = Path(labeling.__file__).parents[1]
    beside = home / name
    return beside if beside.exists() else home / "tamis" / name


def icon() -> str:
    """Path of the app's icon."""
    return str(Path(labeling.__file__).with_name("icon.svg"))
