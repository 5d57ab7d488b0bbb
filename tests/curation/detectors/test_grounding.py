"""Values looked up in a text."""

from typing import Any

import pytest

from curation.detectors.grounding import Source

TEXT = Source(
    "HELLO, Rosie’s Corner (Mr. Müller-Lüdenscheidt) wants 5 boxes of cookies and pu-erh tea for "
    "1.299,00 €. Call +49 (30) 123-4567 by the 3rd of August; Anna Maria Schmidt, ice cream."
)


@pytest.mark.parametrize(
    "value",
    ["Rosie's Corner", "rosies corner", "cookie", "box", "Pu-Erh", "Muller-Ludenscheidt",
     "icecream", "+49301234567", "Schmidt, Anna", "2026-08-03",
     "1299.00 EUR", "€1,299", "5", 5, 1299, 1299.0],
)  # fmt: skip
def test_found_however_it_is_spelt(value: Any) -> None:
    assert TEXT.support(value) == 1


@pytest.mark.parametrize("value", ["Blue Door", "2026-08-04", "1399 EUR", "98765", 6, 1298.5])
def test_not_found(value: Any) -> None:
    assert TEXT.support(value) == 0


def test_the_part_that_is_found_counts() -> None:
    assert TEXT.support("Anna Thorvald") == pytest.approx(4 / 12)


@pytest.mark.parametrize("value", [None, True, 0, 1, 10**400, float("nan"), "", "—", [], {}])
def test_values_that_say_nothing(value: Any) -> None:
    assert TEXT.support(value) is None


def test_words_far_apart_are_not_a_name() -> None:
    far = Source("Anna called. " + "We spoke of many other things for long. " * 3 + "Schmidt")
    assert far.support("Anna Schmidt") == 0.99


def test_numbers_that_follow_from_others() -> None:
    source = Source("3 chairs at 40 and 7 lamps at 12")
    assert all(source.derives(value) for value in (120, 43, 37, 62, "120.00 EUR"))
    assert not source.derives(119)
    assert not source.derives("2026-03-04")


def test_slips_of_the_pen() -> None:
    source = Source("1 whtieboard, an oka desk, a reciept")
    assert all(map(source.respells, ["whiteboard", "oak desk", "receipt"]))
    assert not any(map(source.respells, ["oak chair", "12", 12, "soup"]))
