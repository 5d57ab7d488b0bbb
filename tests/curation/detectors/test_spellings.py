"""Numbers and dates in any common spelling."""

import pytest

from curation.detectors.grounding import fold
from curation.detectors.spellings import Date, date_readings, dates, numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 oat milk", {12}),
        ("1,299.50 or 1.299,50", {1299.5}),
        ("1.234", {1234, 1.234}),
        ("1'000'000 CHF", {1_000_000}),
        ("12 500", {12, 500, 12500}),
        ("2,5 kg", {2.5}),
        ("20 %", {20, 0.2}),
        ("-7", {7}),
        ("forty-four", {40, 4, 44}),
        ("two hundred and fifty", {2, 50, 250}),
        ("half a dozen", {0.5, 6}),
        ("3 dozen eggs", {3, 36}),
        ("a hundred", {100}),
        ("3.5 million", {3.5, 3_500_000}),
        ("5k", {5, 5000}),
        ("the third of five", {3, 5}),
        ("none at all", set()),
    ],
)
def test_numbers(text: str, expected: set[float]) -> None:
    assert numbers(text) == expected


def test_the_day_and_month_of_a_date_are_no_numbers() -> None:
    assert numbers("4 decaf on 2026-03-07 or 9 may 2026") == {4, 2026}
    assert numbers("2 mars bars") == {2}


@pytest.mark.parametrize(
    "text",
    ["2026-05-16", "16 May 2026", "May 16th, 2026", "the 16th of May 2026", "16.05.2026", "16/5/26",
     "20260516", "16. Mai 2026", "16 mai 2026", "16 de mayo de 2026", "2026-05-16T10:30:00Z"],
)  # fmt: skip
def test_one_date_in_many_spellings(text: str) -> None:
    assert dates(fold(text)) == {Date(2026, 5, 16)}


def test_a_date_may_be_read_in_two_ways_and_may_lack_its_year_or_day() -> None:
    assert dates("3/4/2026") == {Date(2026, 4, 3), Date(2026, 3, 4)}
    assert dates("on 16 may or 17 june") == {Date(0, 5, 16), Date(0, 6, 17)}
    assert dates("in may 2026") == {Date(2026, 5, 0)}
    assert not dates("99.99.2026 and 2026-13-45")


def test_dates_fit_where_what_both_have_agrees() -> None:
    assert Date(2026, 5, 16).fits(Date(0, 5, 16))
    assert Date(2026, 5, 16).fits(Date(2026, 5, 0))
    assert not Date(2026, 5, 16).fits(Date(2025, 5, 16))
    assert not Date(2026, 5, 16).fits(Date(2026, 6, 16))


def test_a_value_is_a_date_only_as_a_whole() -> None:
    assert date_readings("2026-05-16 10:30") == {Date(2026, 5, 16)}
    assert not date_readings("by 2026-05-16")
    assert not date_readings("tomorrow")
