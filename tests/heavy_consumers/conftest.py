"""Fixtures of all heavy consumers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.heavy_consumers.kit import write_model


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny random model with its tokenizer."""
    return write_model(tmp_path_factory.mktemp("model"))
