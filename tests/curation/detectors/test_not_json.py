"""Outputs that should be JSON and are not."""

import pytest

from curation.detectors.not_json import DETECTOR
from tests.curation.detectors.findings import found, reason


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('{"a": 1,}', "line 1, column 9: a comma too many before “}”"),
        ("[1,,2]", "line 1, column 4: a comma too many before “2”"),
        ("{'a': 1}", "line 1, column 2: single quotes in place of double quotes"),
        ("{“a”: 1}", "line 1, column 2: curly quotes (“) in place of straight double quotes"),
        ('{\n "a": True\n}', "line 2, column 7: True as Python writes it; JSON has true"),
        ("{a: 1}", "line 1, column 2: the key a without double quotes"),
        ('{"a": undefined}', "line 1, column 7: the word undefined without double quotes"),
        ('{"a": 1 // one\n}', "line 1, column 9: a comment, which JSON does not have"),
        ('{"a" 1}', "line 1, column 6: a colon was expected, not “1}”"),
        ('{"a": 1 "b": 2}', "column 9: a comma or a closing bracket was expected"),
        ('{"a": "x\ny"}', "a line break or control character inside a text"),
        (r'{"a": "\x"}', r"“\x” is no escape of JSON"),
        ('{"a": [1, 2', "line 1, column 12: the output breaks off; a comma or a closing bracket"),
        ('{"a": "Blue Do', "the output breaks off inside a text that begins with “Blue Do”"),
    ],
)
def test_the_place_and_the_fault_are_named(given: str, expected: str) -> None:
    text = reason(DETECTOR, given)
    assert text.startswith("Not JSON at line ")
    assert expected in text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('```json\n{"a": 1}\n```', "The JSON stands in a Markdown fence (```)"),
        ('Sure! {"a": 1} Bye', "text around it: “Sure!” before it and “Bye” after it."),
        ('{"a": 1}\n{"a": 2}', "Another JSON value begins after the first: “{"),
        ('\ufeff{"a": 1}', "A byte order mark stands before the JSON."),
        ("I cannot do that.", "Plain text in place of JSON: “I cannot do that.”."),
    ],
)
def test_whole_json_with_something_around_it(given: str, expected: str) -> None:
    assert expected in reason(DETECTOR, given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "The key “c” is given twice in one object."),
        ('{"a": NaN}', "NaN is not JSON: write null or leave it out."),
        ('{"a": -Infinity}', "-Infinity is not JSON: write null or leave it out."),
        ("9" * 5000, "A number of more than 4,300 digits is more than most readers take."),
        ("[" * 65 + "]" * 65, "Lists and objects are nested more than 64 levels deep."),
        ("[" * 100_000, "Lists and objects are nested more than 64 levels deep."),
    ],
)
def test_what_some_readers_take_is_less_surely_wrong(given: str, expected: str) -> None:
    finding = found(DETECTOR, [given])[0]
    assert (finding.score, finding.reason) == (0.1, expected)


@pytest.mark.parametrize("given", ['{"a": [1, 2.5, null, true]}', "[]", '"text"', "3", "null"])
def test_json_of_any_type_is_fine(given: str) -> None:
    assert not found(DETECTOR, [given])


def test_outputs_that_say_nothing_are_left_to_the_detector_of_those() -> None:
    assert not found(DETECTOR, [None, "", "N/A", "-"])


def test_64_levels_are_not_too_deep() -> None:
    assert not found(DETECTOR, ["[" * 64 + "1" + "]" * 64])
