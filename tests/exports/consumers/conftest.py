"""The trainers' libraries are not to ask the Hub; they read that once, when they are imported."""

from __future__ import annotations

import os

os.environ.update(
    HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", HF_DATASETS_DISABLE_PROGRESS_BARS="1"
)
