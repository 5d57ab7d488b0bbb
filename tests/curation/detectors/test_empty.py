"""Outputs that say nothing."""

import pytest

from curation.detectors.empty import DETECTOR
from tests.curation.detectors.findings import found


@pytest.mark.parametrize(
    "given", [None, "", " \n\t ", "-", "—", "...", "?", "N/A", " n/a ", "None", "TBD", "{}", "null"]
)
def test_outputs_that_say_nothing(given: str | None) -> None:
    assert found(DETECTOR, [given])[0].score <= 0.05


@pytest.mark.parametrize(
    "given", ["no", "0", "42", "Nana", "none of these", "👍", "€", '{"a":null}']
)
def test_short_outputs_that_say_something(given: str | None) -> None:
    assert not found(DETECTOR, [given])
