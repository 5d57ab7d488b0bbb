"""Nearly the same input, another output."""

import polars as pl
import pytest

from curation.detectors.conflict import DETECTOR
from curation.records import Task
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


def json_conflict(ours: str, theirs: str) -> dict[int, str]:
    conflicts = pl.DataFrame(
        {
            "example_id": ["e0"],
            "other_id": ["e1"],
            "similarity": pl.Series([0.97], dtype=pl.Float32),
            "output": [ours],
            "other_output": [theirs],
        }
    )
    findings = found(DETECTOR, [ours, theirs], task=Task.EXTRACTION, conflicts=conflicts)
    return {row: finding.reason.partition("output: ")[2] for row, finding in findings.items()}


def test_json_outputs_are_compared_field_by_field() -> None:
    ours = '{"customer":"Blue Door","items":[{"quantity":3}],"date":null}'
    theirs = '{"customer":"Blue Door","items":[{"quantity":5},{"quantity":1}],"rush":true}'
    assert json_conflict(ours, theirs) == {
        0: "$.items[0].quantity: 3 here, 5 there; $.items[1]: nothing here, an object there; "
        "$.date: null here, nothing there; and 1 more.",
        1: "$.items[0].quantity: 5 here, 3 there; $.items[1]: an object here, nothing there; "
        "$.rush: true here, nothing there; and 1 more.",
    }


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [('{"a":1,"b":"x"}', '{ "b": "x", "a": 1.0 }'), ("[1e3]", "[1000]"), ('"\\u00e9"', '"é"')],
)
def test_json_of_the_same_values_is_no_conflict(ours: str, theirs: str) -> None:
    assert not json_conflict(ours, theirs)


def test_true_is_not_one_and_what_is_not_json_is_quoted() -> None:
    assert json_conflict('{"a":true}', '{"a":1}')[0] == "$.a: true here, 1 there."
    assert json_conflict('{"a":1}', "not json")[0] == "“not json”."
