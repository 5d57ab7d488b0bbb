"""Values that their input does not have although it should."""

import json
from typing import Any

import pytest

from curation.detectors import Evidence, Finding
from curation.detectors.json_values import lower_bound
from curation.detectors.ungrounded import DETECTOR, shares
from curation.records import Task
from tests.curation.detectors.findings import examples_of, found

FIRST = ("Red", "Old", "New", "Wet")
LAST = ("Mill", "Door", "Oak", "Pier", "Kiln", "Well", "Barn", "Tower", "Cafe", "Lodge")
NAMES = [f"{first} {last}" for first in FIRST for last in LAST]


def rows(count: int = 40) -> list[tuple[str, dict[str, Any]]]:
    """Orders whose name and quantity are in the text, whose rest is not."""
    return [
        (
            f"{NAMES[at % len(NAMES)]} wants {at + 2} boxes on {at % 28 + 1} May 2026",
            {
                "customer": NAMES[at % len(NAMES)],
                "items": [{"quantity": at + 2}],
                "date": f"2026-05-{at % 28 + 1:02}",
                "size": "large" if at % 2 else "small",
                "urgent": False,
            },
        )
        for at in range(count)
    ]


def findings(data: list[tuple[str, Any]]) -> dict[int, Finding]:
    texts, outputs = zip(*data, strict=True)
    return found(DETECTOR, [json.dumps(output) for output in outputs], texts)


def test_right_outputs_have_no_finding() -> None:
    assert not findings(rows())


def test_a_value_that_is_not_there_is_named_with_its_path_and_the_share() -> None:
    data = rows()
    data[3][1]["customer"] = "Blue Harbour"
    assert list(findings(data)) == [3]
    _, score, reason = findings(data)[3]
    assert reason == "$.customer: “Blue Harbour” is not in the input; 100% of the others are."
    assert score == pytest.approx(1 - lower_bound(39, 39))


@pytest.mark.parametrize(
    ("path", "value"), [("quantity", 77), ("date", "2026-05-30"), ("date", "tomorrow")]
)
def test_numbers_and_dates_are_looked_up_too(path: str, value: Any) -> None:
    data = rows()
    holder = data[5][1]["items"][0] if path == "quantity" else data[5][1]
    holder[path] = value
    assert list(findings(data)) == [5]


def test_what_is_found_in_part_is_less_surely_wrong() -> None:
    data = rows(80)
    data[3][1]["customer"] = "Old Harbour"
    data[6][1]["customer"] = "Sunny Harbour"
    data[6] = (data[6][0], data[6][1])
    scores = {row: finding.score for row, finding in findings(data).items()}
    assert set(scores) == {3, 6}
    assert all(0 < score < 0.5 for score in scores.values())


def test_few_examples_prove_nothing() -> None:
    data = rows(20)
    data[3][1]["customer"] = "Blue Harbour"
    assert not findings(data)


def test_what_is_seldom_in_the_input_is_no_copy_of_it() -> None:
    data = rows()
    for at, (_, output) in enumerate(data):
        output["total"] = 1000 + 17 * at
        output["summary"] = f"A rather {'big' if at % 2 else 'modest'} request number {at + 900}"
    assert not findings(data)


def test_a_value_that_several_inputs_lack_is_a_default() -> None:
    data = rows(200)
    for at in (3, 9, 30, 77):
        data[at][1]["customer"] = "Unknown"
    assert not findings(data)


def test_a_number_that_follows_from_the_input_is_no_copy() -> None:
    data = [(f"{a} boxes at {a + 50} each", {"total": a * (a + 50)}) for a in range(5, 15)]
    data += [(f"Total {a}", {"total": a}) for a in range(200, 260)]
    data += [("Total 500", {"total": 599})]
    assert list(findings(data)) == [70]


def test_a_slip_of_the_pen_put_right_is_no_fault() -> None:
    data = rows()
    data[0] = ("Red Mlil wants 2 boxes on 1 May 2026", data[0][1])
    assert not findings(data)


def test_shares_by_path() -> None:
    texts, outputs = zip(*rows(), strict=True)
    examples = examples_of([json.dumps(output) for output in outputs], texts)
    by_path = shares(Evidence(task=Task.EXTRACTION, examples=examples))
    assert by_path["$.customer"] == by_path["$.items[*].quantity"] == lower_bound(40, 40)
    assert by_path["$.size"] == 0
