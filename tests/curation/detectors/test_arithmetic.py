"""Sums that do not come out."""

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from curation.detectors.arithmetic import DETECTOR
from tests.curation.detectors.findings import found, reason


@pytest.mark.parametrize(
    ("given", "comes_out"),
    [
        ("So 3 + 4 = 8.", "7"),
        ("It costs $1,200 + $300 = $1,600 in all.", "1,500"),
        ("25% of 80 = 25", "20"),
        ("3 x 4 = 13, so take 13", "12"),
        ("(3 + 4) * 2 = 15 apples", "14"),
        ("6 × 7 = 43", "42"),
        ("100 ÷ 8 = 13.5", "12.5"),
        ("2.50 * 4 = $11.00", "10"),
        ("10 / 3 = 3.5", "3.3333"),
        ("She has 5. 12 - 5 = 6.", "7"),
    ],
)
def test_a_wrong_result_in_the_text(given: str, comes_out: str) -> None:
    finding = found(DETECTOR, [given])[0]
    assert finding.score == 0.1
    assert finding.reason.endswith(f" does not hold: the left side is {comes_out}.")


@pytest.mark.parametrize(
    "given",
    [
        "He sold 48/2 = <<48/2=25>>25 clips.",
        "He sold 48/2 = <<48/2=24>>25 clips.",
        "He paid <<20*.01*350=71>>71.",
    ],
)
def test_a_wrong_annotation(given: str) -> None:
    assert found(DETECTOR, [given])[0].score == 0.02


@pytest.mark.parametrize(
    "given",
    [
        "He sold 48/2 = <<48/2=24>>24 clips.\n#### 24",
        "1/3 = 0.33 and 2/3 = 0.67, and 2/3 = 0.66 cut",
        "0.33 * 300 = 100",
        "50/200 = 25%, 50 / 200 = 25",
        "100 - 20% = 80",
        "20 / 3 = 7 bottles, rounded up",
        "12 x 1 and 1/4 = 15; 1 1/2 + 1 = 2.5",
        "$2000 / 2/3 = $3000",
        "3 + 4 = 7 * 2 = 14",
        "2(3 + 4) = 14",
        "-3 + 5 = 2",
    ],
)
def test_results_that_hold_or_are_rounded(given: str) -> None:
    assert not reason(DETECTOR, given)


@pytest.mark.parametrize(
    "given",
    [
        "y + 3 = 9",
        "3x - 5 = 16",
        "2^3 + 1 = 10",
        "sqrt 16 + 1 = 6",
        "5 * 3 = 15 million * 1",
        "10 / 4 = 2 remainder 2",
        "10 / 4 = 2 1/2",
        "if a + 3 == 9",
        "3 + 4 >= 9 or 3 + 4 != 8",
        "the ratio 3:4 + 1 = 9",
        "09:30 - 10 = 0920",
        "0900-0130 = 0730",
        "In binary, 101 + 11 = 1000",
        "14, 400 / 80 = 180",
        "`3 + 4 = 8` is wrong",
        "1.2.3 + 1 = 4",
        "on day 1 * 2 = 20",
        "1/0 + 3 = 4",
        "9" * 40 + " + 1 = 2",
    ],
)
def test_what_is_something_else(given: str) -> None:
    assert not reason(DETECTOR, given)


@drawn(st.integers(1, 9999), st.integers(1, 999), st.sampled_from("+-*/"), st.integers(1, 10**6))
def test_right_sums_pass_and_wrong_ones_do_not(a: int, b: int, sign: str, off: int) -> None:
    exact = {"+": a + b, "-": a - b, "*": a * b, "/": a // b}[sign]
    assert not reason(DETECTOR, f"So {a} {sign} {b} = {exact}.")
    if sign in "+-*":
        assert reason(DETECTOR, f"So {a} {sign} {b} = {exact + off}.")
