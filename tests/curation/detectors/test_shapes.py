"""The shapes of texts."""

import pytest

from curation.detectors.shapes import shapes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INV-0042", ("AAA-9999", "A-9", "A-9", "x-9")),
        ("2026-03-04", ("9999-99-99", "9999-D-D", "9999-D-D", "9999-D-D")),
        ("4 March 2026", ("9 Aaaaa 9999", "D month 9999", "D month 9999", "D month 9999")),
        ("Rosa", ("Aa", "Aa", "Aa", "x")),
        ("Rosa Maria Parks", ("Aa", "Aa", "Aa", "x")),
        ("Bank of Scotland", ("Aa", "Aa", "Aa", "x")),
        ("Jean-Paul McDonald", ("Aa-Aa", "Aa-Aa", "Aa", "x")),
        ("ROSA PARKS", ("A", "A", "A", "x")),
        ("1,200.50", ("9,999.99", "9.9", "9", "9")),
        ("12,50 EUR", ("99,99 AAA", "9,9 A", "9 A", "9 x")),
        ("a.b@c.de", ("a.a@a.a", "a.a@a.a", "a@a", "x@x")),
    ],
)
def test_four_levels(text: str, expected: tuple[str, ...]) -> None:
    assert shapes(text) == expected


def test_blank_and_long_texts_have_no_shape() -> None:
    assert shapes("  ") is None
    assert shapes("x" * 81) is None
