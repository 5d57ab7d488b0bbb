"""Outputs that break the JSON Schema of the dataset."""

import warnings
from typing import Any

import pytest

from curation.detectors.schema import DETECTOR, check_schema
from curation.errors import WrongUse
from tests.curation.detectors.findings import found, reason

SCHEMA = {
    "type": "object",
    "properties": {
        "total": {"type": "number", "minimum": 0},
        "items": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["total"],
}


def test_violations_name_their_path() -> None:
    given = ['{"total":3}', '{"total":-1,"items":["a",7]}', "{}", "not json", None]
    findings = found(DETECTOR, given, output_schema=SCHEMA)
    assert sorted(findings) == [1, 2]
    assert all(finding.score == 0 for finding in findings.values())
    assert findings[1].reason == (
        "$.items[1]: 7 is not of type 'string'; $.total: -1 is less than the minimum of 0."
    )
    assert findings[2].reason == "$: 'total' is a required property."


def test_only_the_first_violations_are_shown() -> None:
    wrong = '{"total":1,"items":[1,2,3,4,5]}'
    assert reason(DETECTOR, wrong, output_schema=SCHEMA).endswith("; and 2 more.")


def test_without_a_schema_nothing_is_found() -> None:
    assert not found(DETECTOR, ['{"total":-1}'])


def test_what_cannot_be_read_is_left_to_the_detector_of_that() -> None:
    given = ["not json", '{"total":', "[" * 100_000, "[" * 65 + "]" * 65, ""]
    assert not found(DETECTOR, given, output_schema=SCHEMA)


def test_a_recursive_schema_is_followed_as_deep_as_outputs_go() -> None:
    tree = {"type": "object", "properties": {"inner": {"$ref": "#"}}}
    deep = '{"inner":' * 63 + "1" + "}" * 63
    assert "1 is not of type 'object'" in reason(DETECTOR, deep, output_schema=tree)


@pytest.mark.parametrize(
    ("schema", "match"),
    [
        ({"type": "nothing"}, "not valid at"),
        ({"$ref": "https://example.invalid/schema.json"}, "leads nowhere"),
        ({"$ref": "#/$defs/missing"}, "leads nowhere"),
        ({"$ref": "#"}, "refers to itself without end"),
    ],
)
def test_a_schema_that_cannot_be_used_is_the_callers_fault_and_nothing_is_fetched(
    schema: dict[str, Any], match: str
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(WrongUse, match=match):
            found(DETECTOR, ['{"a":1}'], output_schema=schema)


PATTERN = {"type": "object", "properties": {"a": {"type": "string", "pattern": "(a+)+$"}}}


def test_a_pattern_that_takes_others_years_is_answered() -> None:
    slow = '{"a":"' + "a" * 40 + '!"}'
    findings = found(DETECTOR, [slow, '{"a":"aaa"}'], output_schema=PATTERN)
    assert sorted(findings) == [0]
    assert "does not match '(a+)+$'" in findings[0].reason


def test_a_pattern_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def too_long(pattern: str, *_: Any, **__: Any) -> None:
        asked.append(pattern)
        raise TimeoutError

    monkeypatch.setattr("curation.detectors.schema.regex.search", too_long)
    assert not found(DETECTOR, ['{"a":"b"}'] * 50, output_schema=PATTERN)
    assert len(asked) == 3


@pytest.mark.parametrize("schema", [{"$ref": "#"}, {"type": "nothing"}])
def test_a_schema_is_refused_when_it_is_given(schema: dict[str, Any]) -> None:
    with pytest.raises(WrongUse):
        check_schema(schema)
    check_schema(SCHEMA)
