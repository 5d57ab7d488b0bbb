"""Values unlike their siblings."""

import json
from typing import Any

import pytest

from curation.detectors import Finding
from curation.detectors.json_values import lower_bound
from curation.detectors.siblings import DETECTOR
from tests.curation.detectors.findings import found

COUNT = 120


def outputs() -> list[dict[str, Any]]:
    """Outputs of a settled form; nothing of them is in the inputs."""
    return [
        {
            "id": f"AB-{1000 + at}",
            "date": f"2026-{at % 12 + 1:02}-{at % 28 + 1:02}",
            "name": f"{'Rosa' if at % 3 else 'Jean-Luc'} {'Parks' if at % 2 else 'McBride'}",
            "priority": ("low", "medium", "high")[at % 3],
            "lines": [{"price": 10.5 + at, "count": at + 1}],
            "due": None if at % 4 else "2026-01-01",
            "paid": at % 2 == 0,
        }
        for at in range(COUNT)
    ]


def findings(data: list[dict[str, Any]], text: str = "What is it?") -> dict[int, Finding]:
    return found(DETECTOR, [json.dumps(output) for output in data], [text] * len(data))


def spoilt(**changes: Any) -> dict[int, Finding]:
    data = outputs()
    data[60] |= changes
    return findings(data)


def test_outputs_of_one_form_have_no_finding() -> None:
    assert not findings(outputs())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"paid": "yes"}, "$.paid: “yes” is text; 100% of the others are true or false"),
        ({"id": 7}, "$.id: 7 is a number; 100% of the others are texts"),
        (
            {"lines": [{"price": "70.5", "count": 2}]},
            "$.lines[0].price: “70.5” is text; 100% of the others are numbers",
        ),
        (
            {"date": "5 March 2026"},
            "$.date: “5 March 2026” is not written as 100% of the others, such as “2026-01-01”",
        ),
        ({"date": "05.03.2026"}, "$.date: “05.03.2026” is not written as"),
        ({"id": "AB-10"}, "$.id: “AB-10” is not written as 100% of the others, such as “AB-1000”"),
        ({"name": "ROSA PARKS"}, "$.name: “ROSA PARKS” is not written as 100% of the others"),
        ({"priority": "High"}, "$.priority: “High” here, “high” in 40 others"),
        ({"priority": "mediun"}, "$.priority: “mediun” here, “medium” in 40 others"),
        ({"priority": "later"}, "$.priority: “later” only here; 119 others all have one of “low”"),
        ({"lines": [{"price": 70500, "count": 2}]}, "more than ten times beyond the others"),
        (
            {"lines": [{"price": -70, "count": 2}]},
            "-70 is below zero; 100% of the others are",
        ),
        ({"lines": [{"price": 7, "count": 0}]}, "0 is zero; 100% of the others are above"),
        ({"lines": [{"price": 7, "count": 2.5}]}, "2.5 is no whole number; 100% of the others are"),
        ({"note": "x"}, "$.note: only here has an object this key"),
        ({"lines": [{"price": 9}]}, "$.lines[0] lacks “count”, which 100% of the others have"),
    ],
)
def test_one_value_unlike_the_others(changes: dict[str, Any], reason: str) -> None:
    result = spoilt(**changes)
    assert list(result) == [60]
    assert reason in result[60].reason


def test_the_score_is_what_the_agreement_leaves_open() -> None:
    assert spoilt(paid="yes")[60].score == pytest.approx(1 - lower_bound(119, 119))


def test_a_key_under_another_name_is_one_finding() -> None:
    data = outputs()
    data[60]["prio"] = data[60].pop("priority")
    assert findings(data)[60].reason == (
        "$ lacks “priority”, which 100% of the others have; it has “prio”, which others lack."
    )


def test_few_examples_prove_nothing() -> None:
    data = outputs()[:20]
    data[10]["paid"], data[11]["date"] = "yes", "5 March 2026"
    assert not findings(data)


def test_null_is_not_another_type() -> None:
    assert not spoilt(date=None, paid=None)


def test_a_minority_is_not_odd() -> None:
    data = outputs()
    for at in range(0, COUNT, 10):
        data[at]["date"] = "5 March 2026"
        del data[at]["paid"]
        data[at]["extra"] = 1
    assert not findings(data)


def test_a_set_of_keys_that_comes_back_is_a_variant() -> None:
    data = outputs()
    for at in (3, 50, 90):
        data[at] = {"id": data[at]["id"], "cancelled": True}
    assert not findings(data)


def test_objects_whose_keys_are_data_lack_nothing() -> None:
    data = [{"counts": {f"item {at}": 1, f"item {at + 500}": 2}} for at in range(COUNT)]
    assert not findings(data)


def test_what_the_input_says_just_so_is_right() -> None:
    names = [f"Shop {chr(65 + at % 26)}x" for at in range(COUNT)]
    data = [{"name": name, "count": at % 9 + 1} for at, name in enumerate(names)]
    data[60] = {"name": "yo, shop 54!", "count": 5_000_000}
    texts = [f"{output['name']} takes {output['count']}" for output in data]
    assert not found(DETECTOR, [json.dumps(output) for output in data], texts)
    texts[60] = "shop"
    assert list(found(DETECTOR, [json.dumps(output) for output in data], texts)) == [60]


def test_rare_names_are_left_alone_where_there_are_more_of_them() -> None:
    data = outputs()
    for at in range(5):
        data[at]["priority"] = "whenever"
    data[60]["priority"] = "later"
    assert not findings(data)


def test_fractions_and_zeros_that_come_back_are_fine() -> None:
    data = [{"hours": at % 8 + 1} for at in range(400)]
    for at in range(3):
        data[at]["hours"], data[at + 9]["hours"] = 0, 1.5  # type: ignore[assignment]
    assert not findings(data)
