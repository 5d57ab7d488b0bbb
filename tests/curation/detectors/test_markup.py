"""Markup that stays open."""

import pytest

from curation.detectors.markup import DETECTOR
from tests.curation.detectors.findings import found, reason


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ("Run:\n```bash\nls -l\n", "The code block that begins with “```bash” has no end."),
        ("````md\n```\nx\n```\n", "“````md” has no end"),
        ("So $$\\frac{a}{b} = c and more", "begins with $$ has no end"),
        ("\\begin{align} a &= b", "\\begin{align} stands without its \\end{align}."),
        ("a &= b \\end{align}", "\\end{align} stands without its \\begin{align}."),
        ("$$\\left( \\frac{1}{2} + x$$", "1 \\left and 0 \\right"),
        ("Then \\[ x^2 = 4 holds.", "There are 1 “\\[” and 0 “\\]”."),
        ("Let $\\alpha be the angle.", "The dollar signs around formulas are odd in number"),
        ("| a | b |\n|---|---|---|\n| 1 | 2 |", "header of a table has 2 cells where the line"),
        ("| a | b |\n|---|---|\n| 1 |", "A row of a table has 1 cells where the header has 2"),
        ("Run `make`, then `make install and wait.", "“`make install and wait.” has no end."),
    ],
)
def test_what_stays_open_is_quoted(given: str, part: str) -> None:
    assert part in reason(DETECTOR, given)


@pytest.mark.parametrize(
    "given",
    [
        "```python\nx = '$$'\n```",
        "~~~\n```\n~~~",
        "- item\n  ```\n  ls\n  ```",
        "It costs $5, not $10; in US$ that is $$.",
        "kill -9 $$ ends the shell",
        "$$a = b$$ and $c$ and \\(d\\) and \\[e\\]",
        "\\begin{matrix} 1 & 2 \\\\[2pt] 3 & 4 \\end{matrix}",
        "x \\leftarrow y, a \\rightarrow b",
        "| a | b |\n|---|---|\n| `x|y` | 2 |\n| 1 \\| 2 | 3 |",
        "a | b\n--|--\n1 | 2\n\nDone.",
        "The '90s were `fine`, weren't they? Rock 'n' roll.",
        "Press ` to open the console.",
        "``quoted like this'' and `so'",
        "Use `\\begin{align}` to open it.",
    ],
)
def test_what_is_closed_or_no_markup(given: str) -> None:
    assert not reason(DETECTOR, given)


def test_the_surest_fault_is_the_one_that_is_told() -> None:
    finding = found(DETECTOR, ["| a | b |\n|---|---|\n| 1 |\n\n```\nls\n"])[0]
    assert finding.score == 0.05
    assert "code block" in finding.reason
