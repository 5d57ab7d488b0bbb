"""Outputs at fault: conflicts, mismatches, blanks, schema violations."""

import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest

from curation.errors import WrongUse
from curation.label_issues import FLAG_SCHEMA
from curation.output_issues import conflict_flags, empty_flags, mismatch_flags, schema_flags

Array = np.ndarray[Any, Any]


def outputs(*given: str | None) -> pl.DataFrame:
    return pl.DataFrame(
        {"example_id": [f"e{row}" for row in range(len(given))], "given": given},
        schema={"example_id": pl.String, "given": pl.String},
    )


CONFLICTS = pl.DataFrame(
    {
        "example_id": ["a", "a"],
        "other_id": ["b", "c"],
        "similarity": pl.Series([0.95, 1.0], dtype=pl.Float32),
        "output": ["yes", "yes"],
        "other_output": ["no  way", "never " * 100],
    }
)


def test_both_sides_of_a_conflict_are_flagged_and_the_closest_is_quoted() -> None:
    rows = pl.DataFrame({"example_id": ["a", "b", "c"], "source_row": [7, 8, 9]})
    flags = conflict_flags(CONFLICTS, rows)
    assert flags.schema == pl.Schema(FLAG_SCHEMA)
    assert flags["example_id"].to_list() == ["a", "b", "c"]
    assert flags["kind"].unique().to_list() == ["conflict"]
    assert flags["flagged"].all()
    assert flags["score"].to_list() == pytest.approx([0, 0.05, 0], abs=1e-6)
    first, second, _ = flags["reason"]
    assert first.startswith("Row 9 has the same input but another output: “never never")
    assert first.endswith("…”. 1 more like it disagree.")
    assert len(first) < 220
    assert second == "Row 7 has nearly the same input (0.95) but another output: “yes”."


def test_a_conflict_without_source_rows_names_the_example() -> None:
    flags = conflict_flags(CONFLICTS, pl.DataFrame({"example_id": ["a", "b", "c"]}))
    assert flags["reason"][1].startswith("Example a has nearly the same input")
    assert conflict_flags(CONFLICTS.clear(), pl.DataFrame({"example_id": ["a"]})).is_empty()


def test_answers_that_were_swapped_are_mismatches() -> None:
    generator = np.random.default_rng(0)
    questions = generator.normal(size=(60, 32))
    answers = questions + 0.5 * generator.normal(size=(60, 32))
    answers[[4, 40]] = answers[[40, 4]]
    examples = outputs(*["an answer"] * 60)
    flags = mismatch_flags(examples, *(unit(v) for v in (questions, answers)))
    assert flags["example_id"].to_list() == ["e4", "e40"]
    assert flags["score"].is_between(0, 0.9).all()
    assert "of the other answers fit this question better" in flags["reason"][0]


def test_mismatch_score_by_hand() -> None:
    # Row 0's own answer is its least similar one and the reverse, so both ranks are 0.
    count = 11
    questions = np.eye(count, dtype=np.float32)
    answers = np.eye(count, dtype=np.float32)
    questions[0], answers[0] = 0, 0
    questions[0, 1:], answers[0, 1:] = 1, 1
    answers[0, 0] = -20
    questions[0, 0] = 20
    flags = mismatch_flags(outputs(*["x"] * count), unit(questions), unit(answers))
    assert flags.row(0, named=True)["example_id"] == "e0"
    assert flags["score"][0] == 0
    assert flags["reason"][0].startswith("100% of the other answers fit this question better, 100%")


def test_equal_answers_tie_in_the_middle() -> None:
    same = unit(np.ones((20, 4)))
    flags = mismatch_flags(outputs(*["x"] * 20), same, same)
    assert flags["score"].to_list() == [0.5] * 20


def test_with_few_examples_no_mismatch_is_claimed() -> None:
    few = np.eye(10, dtype=np.float32)
    assert mismatch_flags(outputs(*["x"] * 10), few, few[::-1]).is_empty()
    assert mismatch_flags(outputs(), few[:0], few[:0]).schema == pl.Schema(FLAG_SCHEMA)


def unit(rows: Array) -> Array:
    lengths: Array = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / lengths, dtype=np.float32)


@pytest.mark.parametrize(
    "given", [None, "", " \n\t ", "-", "—", "...", "?", "N/A", " n/a ", "None", "TBD", "{}", "null"]
)
def test_outputs_that_say_nothing(given: str | None) -> None:
    flags = empty_flags(outputs(given))
    assert flags["kind"].to_list() == ["empty-output"]
    assert flags["score"][0] <= 0.05
    assert flags["reason"][0]


@pytest.mark.parametrize(
    "given", ["no", "0", "42", "Nana", "none of these", "👍", "€", '{"a":null}']
)
def test_short_outputs_that_say_something(given: str | None) -> None:
    assert empty_flags(outputs(given)).is_empty()


SCHEMA = {
    "type": "object",
    "properties": {
        "total": {"type": "number", "minimum": 0},
        "items": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["total"],
}


def test_schema_violations_name_their_path() -> None:
    flags = schema_flags(
        outputs('{"total":3}', '{"total":-1,"items":["a",7]}', "{}", "not json", None), SCHEMA
    )
    assert flags["example_id"].to_list() == ["e1", "e2", "e3"]
    assert (flags["score"] == 0).all()
    assert flags["reason"][0] == (
        "$.items[1]: 7 is not of type 'string'; $.total: -1 is less than the minimum of 0."
    )
    assert flags["reason"][1] == "$: 'total' is a required property."
    assert flags["reason"][2].startswith("The output is not JSON: ")


def test_only_the_first_violations_are_shown() -> None:
    wrong = '{"total":1,"items":[1,2,3,4,5]}'
    assert schema_flags(outputs(wrong), SCHEMA)["reason"][0].endswith("; and 2 more.")


@pytest.mark.parametrize(
    ("schema", "match"),
    [
        ({"type": "nothing"}, "not valid at"),
        ({"$ref": "https://example.invalid/schema.json"}, "leads nowhere"),
        ({"$ref": "#/$defs/missing"}, "leads nowhere"),
        ({"$ref": "#"}, "leads nowhere"),
    ],
)
def test_a_schema_that_cannot_be_used_is_the_callers_fault_and_nothing_is_fetched(
    schema: dict[str, Any], match: str
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(WrongUse, match=match):
            schema_flags(outputs('{"a":1}'), schema)
