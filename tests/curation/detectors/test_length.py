"""Answers far shorter or longer than the others."""

import numpy as np
import pytest

from curation.detectors.length import DETECTOR
from tests.curation.detectors.findings import found


def answers(counts: list[int]) -> list[str]:
    return [" ".join(["word"] * count) for count in counts]


def test_far_too_long_and_far_too_short() -> None:
    counts = [*[20, 22, 24, 26, 28] * 20, 800, 1]
    findings = found(DETECTOR, answers(counts))
    assert sorted(findings) == [100, 101]
    assert findings[100].reason == (
        "800 words; half of all answers have 22 to 26, and 24 would be usual for a question of "
        "3 words."
    )
    assert findings[101].reason.startswith("1 word; ")


def test_the_score_by_hand() -> None:
    # All answers but one are equal, so the scale is the least one, a factor of 1.4.
    findings = found(DETECTOR, answers([9] * 60 + [999]))
    assert findings[60].score == pytest.approx(0.5 * 5 * np.log(1.4) / np.log(1000 / 10))


def test_what_is_usual_grows_with_the_question() -> None:
    sizes = np.random.default_rng(0).integers(5, 200, size=300).tolist()
    given = answers([3 * size for size in sizes])
    asked = answers(sizes)
    given[7], asked[7] = answers([600, 5])
    findings = found(DETECTOR, given, asked)
    assert sorted(findings) == [7]
    # 600 words are nothing unusual where the question has 200.
    asked[7] = answers([200])[0]
    assert not found(DETECTOR, given, asked)


def test_silent_on_few_wide_or_mixed_answers() -> None:
    assert not found(DETECTOR, answers([20] * 40 + [900]))
    wide = np.exp(np.random.default_rng(0).normal(4, 1.2, size=200)).astype(int).tolist()
    assert not found(DETECTOR, answers(wide))
    assert not found(DETECTOR, answers([1] * 30 + [60] * 70))


def test_characters_count_where_words_have_no_spaces() -> None:
    given = ["先擦干净链条再上油然后检查刹车"] * 60 + ["先擦干净" * 100]
    assert sorted(found(DETECTOR, given)) == [60]
