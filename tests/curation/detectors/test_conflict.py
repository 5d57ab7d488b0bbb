"""Nearly the same input, another output."""

import polars as pl
import pytest

from curation.detectors.conflict import DETECTOR
from tests.curation.detectors.findings import found

CONFLICTS = pl.DataFrame(
    {
        "example_id": ["e0", "e0"],
        "other_id": ["e1", "e2"],
        "similarity": pl.Series([0.95, 1.0], dtype=pl.Float32),
        "output": ["yes", "yes"],
        "other_output": ["no  way", "never " * 100],
    }
)


def test_both_sides_of_a_conflict_are_found_and_the_closest_is_quoted() -> None:
    findings = found(DETECTOR, ["yes", "no  way", "never " * 100], conflicts=CONFLICTS)
    assert sorted(findings) == [0, 1, 2]
    assert [findings[row].score for row in range(3)] == pytest.approx([0, 0.05, 0], abs=1e-6)
    first, second = findings[0].reason, findings[1].reason
    assert first.startswith("Row 3 has the same input but another output: “never never")
    assert first.endswith("…”. 1 more like it disagree.")
    assert len(first) < 220
    assert second == "Row 1 has nearly the same input (0.95) but another output: “yes”."


def test_without_conflicts_nothing_is_found() -> None:
    assert not found(DETECTOR, ["yes", "no"])
    assert not found(DETECTOR, ["yes", "no"], conflicts=CONFLICTS.clear())
