"""Near twins whose outputs differ in what their inputs share."""

import json
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.detectors import Finding
from curation.detectors.twin_output import DETECTOR
from curation.duplicates import PAIR_SCHEMA
from tests.curation.detectors.findings import found
from tests.curation.detectors.test_detectors import ANY_JSON

Data = list[tuple[str, dict[str, Any]]]


def twins(count: int = 40) -> Data:
    """Each even row and the next differ in a number."""
    data: Data = []
    for at in range(count):
        name, first, second = f"Shop{at}x", at % 28 + 1, (at + 9) % 28 + 1
        for quantity in (200 + at, 300 + at):
            text = f"{name} ordered on {first} May 2026 {quantity} boxes for {second} June 2026"
            output = {
                "name": name,
                "ordered": f"2026-05-{first:02}",
                "delivery": f"2026-06-{second:02}",
                "quantity": quantity,
                "urgent": at % 3 == 0,
            }
            data.append((text, output))
    return data


def findings(data: Data, kind: str = "near-twin") -> dict[int, Finding]:
    texts, outputs = zip(*data, strict=True)
    pairs = pl.DataFrame(
        [(f"e{row}", f"e{row + 1}", 0.97, kind) for row in range(0, len(data), 2)],
        schema=PAIR_SCHEMA,
        orient="row",
    )
    return found(DETECTOR, [json.dumps(output) for output in outputs], texts, pairs=pairs)


def test_outputs_that_differ_as_their_inputs_do_are_fine() -> None:
    assert not findings(twins())


def test_a_field_that_both_inputs_have_but_for_one_output() -> None:
    data = twins()
    data[3][1]["ordered"] = data[3][1]["delivery"]
    result = findings(data)
    assert sorted(result) == [2, 3]
    assert result[3].reason == (
        "$.ordered: “2026-06-11” here, “2026-05-02” in row 3, "
        "whose input differs in other words only (301 / 201)."
    )
    assert result[2].reason.startswith("$.ordered: “2026-05-02” here, “2026-06-11” in row 4")
    assert 0.5 <= result[3].score < 0.56


def test_a_truth_value_that_numbers_do_not_change_in_other_twins() -> None:
    data = twins()
    data[3][1]["urgent"] = not data[3][1]["urgent"]
    assert sorted(findings(data)) == [2, 3]


def test_what_often_changes_with_the_number_is_not_at_fault() -> None:
    data = twins()
    for at, (_, output) in enumerate(data):
        output["bulk"] = at % 2 == 0
    assert not findings(data)


def test_words_may_change_anything_but_what_is_copied() -> None:
    data = twins()
    data[3] = (data[3][0].replace("ordered", "never ordered"), data[3][1] | {"urgent": True})
    assert not findings(data)


def test_what_an_input_lacks_is_left_to_the_detector_of_that() -> None:
    data = twins()
    data[3][1]["name"] = "Harbour"
    assert not findings(data)


def test_few_examples_prove_nothing_and_other_pairs_are_not_looked_at() -> None:
    few, other = twins(5), twins()
    few[3][1]["ordered"] = few[3][1]["delivery"]
    other[3][1]["ordered"] = other[3][1]["delivery"]
    assert not findings(few)
    assert not findings(other, kind="near")
    assert not found(DETECTOR, ['{"a":1}'] * 2)


def test_entries_in_another_order_are_not_at_fault() -> None:
    data = [
        (f"{text} and spare", {"list": [output["name"], "spare"], "n": output["quantity"]})
        for text, output in twins()
    ]
    data[3][1]["list"].reverse()
    assert not findings(data)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(max_size=40), ANY_JSON.map(json.dumps) | st.text(max_size=9) | st.none()),
        min_size=2,
        max_size=4,
    )
)
def test_no_pair_can_crash_it(data: list[tuple[str, str | None]]) -> None:
    texts, outputs = zip(*data, strict=True)
    pairs = pl.DataFrame([("e0", "e1", 1.0, "near-twin")], schema=PAIR_SCHEMA, orient="row")
    found(DETECTOR, outputs, texts, pairs=pairs)
