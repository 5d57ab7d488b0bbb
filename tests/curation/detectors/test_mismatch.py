"""Answers to another question."""

from typing import Any

import numpy as np

from curation.detectors import Finding
from curation.detectors.mismatch import DETECTOR
from tests.curation.detectors.findings import found

Array = np.ndarray[Any, Any]


def mismatches(questions: Array, answers: Array) -> dict[int, Finding]:
    count = len(questions)
    return found(
        DETECTOR, ["x"] * count, question_vectors=unit(questions), answer_vectors=unit(answers)
    )


def unit(rows: Array) -> Array:
    lengths: Array = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / lengths, dtype=np.float32)


def test_answers_that_were_swapped_are_found() -> None:
    generator = np.random.default_rng(0)
    questions = generator.normal(size=(60, 32))
    answers = questions + 0.5 * generator.normal(size=(60, 32))
    answers[[4, 40]] = answers[[40, 4]]
    findings = mismatches(questions, answers)
    assert sorted(findings) == [4, 40]
    assert all(finding.score < 0.9 for finding in findings.values())
    assert "of the other answers fit this question better" in findings[4].reason


def test_the_score_by_hand() -> None:
    # Row 0's own answer is its least similar one and the reverse, so both ranks are 0.
    count = 11
    questions, answers = np.eye(count), np.eye(count)
    questions[0, 1:], answers[0, 1:] = 1, 1
    questions[0, 0], answers[0, 0] = 20, -20
    finding = mismatches(questions, answers)[0]
    assert finding.score == 0
    assert finding.reason.startswith("100% of the other answers fit this question better, 100%")


def test_copies_of_a_question_or_an_answer_are_no_others() -> None:
    generator = np.random.default_rng(3)
    same, varied = np.ones((60, 32)), generator.normal(size=(60, 32))
    assert not mismatches(same, same)
    assert not mismatches(same, varied)
    assert not mismatches(varied, same)


def test_with_few_examples_nothing_is_claimed() -> None:
    few = np.eye(10)
    assert not mismatches(few, few[::-1])
    assert not mismatches(few[:0], few[:0])


def test_an_example_without_answer_is_left_out() -> None:
    generator = np.random.default_rng(0)
    vectors = unit(generator.normal(size=(30, 32)))
    answers = vectors.copy()
    answers[3] = 0
    given: list[str | None] = ["x"] * 30
    given[3] = None
    assert not found(DETECTOR, given, question_vectors=vectors, answer_vectors=answers)
