"""Out-of-sample probabilities: exact without a group, honest, plain words for no evidence."""

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from curation.errors import WrongUse
from curation.probabilities import (
    bayes,
    calibrate,
    groups_per_label,
    out_of_sample_multilabel,
    out_of_sample_probabilities,
)
from curation.probabilities.mixture import brier, weights_of
from curation.probabilities.ridge import Shape, _fit, choose_shape, leave_group_out
from curation.probabilities.votes import neighbour_votes
from curation.probabilities.wording import read_wording
from curation.similarity import nearest_neighbours

Array = np.ndarray[Any, Any]
SHAPE = Shape(gamma=0.5, penalty=1.0)


@pytest.fixture(autouse=True)
def small_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel of fewer frequencies, so that the tests are quick."""
    monkeypatch.setattr("curation.probabilities.ridge._FREQUENCIES", 100)
    monkeypatch.setattr("curation.probabilities.ridge._TRIAL_FREQUENCIES", 50)


def unit(rows: Array) -> Array:
    lengths: Array = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / lengths, dtype=np.float32)


def clusters(classes: int, size: int, seed: int = 0) -> tuple[list[str], Array, Array, Array]:
    """Texts, vectors, labels and singleton groups of well separated classes."""
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), size)
    centres = generator.normal(size=(classes, 16))
    vectors = unit(centres[labels] + 0.4 * generator.normal(size=(len(labels), 16)))
    texts = [
        f"topic{label} word{generator.integers(30)} word{row}" for row, label in enumerate(labels)
    ]
    return texts, vectors, labels, np.arange(len(labels))


def chances_of(
    texts: list[str], vectors: Array, labels: Array, groups: Array, seed: int = 0
) -> Array:
    near = nearest_neighbours(vectors, 10)
    return out_of_sample_probabilities(texts, vectors, labels, groups, near, seed=seed).chances


def test_leaving_a_group_out_equals_training_without_it() -> None:
    generator = np.random.default_rng(1)
    features = unit(generator.normal(size=(30, 5)))
    targets = np.eye(3)[generator.integers(0, 3, 30)]
    groups = np.array([0] * 4 + [1] * 4 + [2] * 2 + list(range(3, 23)))
    known = np.ones(30, dtype=bool)
    known[[3, 29]] = False
    targets[~known] = 0

    predicted = leave_group_out(features, targets, known, groups, SHAPE, seed=0)

    for group in np.unique(groups):
        members = groups == group
        rest = _fit(features, targets, known & ~members, SHAPE, seed=0)
        expected = rest.whiten(features[members & known]) @ rest.weights
        np.testing.assert_allclose(predicted[members & known], expected, atol=2e-4)
    everything = _fit(features, targets, known, SHAPE, seed=0)
    expected = everything.whiten(features[~known]) @ everything.weights
    np.testing.assert_allclose(predicted[~known], expected, atol=1e-6)


def test_a_group_larger_than_the_feature_space_is_left_out_exactly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("curation.probabilities.ridge._FREQUENCIES", 3)
    generator = np.random.default_rng(2)
    features = unit(generator.normal(size=(30, 4)))
    targets = np.eye(2)[generator.integers(0, 2, 30)]
    groups = np.array([0] * 12 + [1] * 18)
    known = np.ones(30, dtype=bool)
    predicted = leave_group_out(features, targets, known, groups, SHAPE, seed=0)
    for group in (0, 1):
        rest = _fit(features, targets, groups != group, SHAPE, seed=0)
        expected = rest.whiten(features[groups == group]) @ rest.weights
        np.testing.assert_allclose(predicted[groups == group], expected, atol=1e-3)


def test_votes_by_hand() -> None:
    targets = np.array([[1.0, 0], [1, 0], [0, 1], [0, 0]])
    known = np.array([True, True, True, False])
    groups = np.array([0, 0, 1, 2])
    indices = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])
    cosines = np.array([[1, 0.9, 0.8]] * 3 + [[0.9, 0.9, 1.0]], dtype=np.float32)
    votes, voters = neighbour_votes(targets, known, groups, (indices, cosines))
    # Rows 0 and 1 are copies: each hears only row 2. Row 3 hears all: weights e⁻¹, e⁻¹ and 1.
    near, copy = np.exp(-1), 1.0
    last = [2 * near / (2 * near + copy), copy / (2 * near + copy)]
    np.testing.assert_allclose(votes, [[0, 1], [0, 1], [1, 0], last], atol=1e-6)
    assert voters.ravel().tolist() == [1, 1, 2, 3]


def test_rows_sum_to_one_and_the_right_label_wins() -> None:
    texts, vectors, labels, groups = clusters(4, 25)
    chances = chances_of(texts, vectors, labels, groups)
    assert chances.shape == (100, 4)
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    assert (chances > 0).all()
    assert (chances.argmax(axis=1) == labels).mean() > 0.97


def test_same_seed_same_bytes_and_the_order_of_rows_does_not_matter() -> None:
    texts, vectors, labels, groups = clusters(3, 20)
    first = chances_of(texts, vectors, labels, groups)
    assert first.tobytes() == chances_of(texts, vectors, labels, groups).tobytes()
    order = np.random.default_rng(5).permutation(len(labels))
    shuffled = chances_of([texts[i] for i in order], vectors[order], labels[order], groups[order])
    np.testing.assert_allclose(shuffled, first[order], atol=1e-4)


def test_a_wrong_label_copied_within_its_group_does_not_vouch_for_itself() -> None:
    texts, vectors, labels, groups = clusters(3, 25)
    copies = 12
    texts = texts + [texts[0]] * copies
    vectors = np.vstack([vectors, np.repeat(vectors[:1], copies, axis=0)])
    labels = np.concatenate([labels, np.full(copies, 2)])
    labels[0] = 2
    honest = np.concatenate([groups, np.zeros(copies, dtype=np.int64)])
    rows = [0, *range(len(groups), len(labels))]
    assert (chances_of(texts, vectors, labels, honest)[rows].argmax(axis=1) == 0).all()
    naive = np.arange(len(labels))
    assert (chances_of(texts, vectors, labels, naive)[rows].argmax(axis=1) == 2).all()


def test_unlabelled_rows_are_predicted_and_teach_nothing() -> None:
    texts, vectors, labels, groups = clusters(3, 20)
    hidden = labels.copy()
    hidden[::5] = -1
    chances = chances_of(texts, vectors, hidden, groups)
    assert (chances[::5].argmax(axis=1) == labels[::5]).all()


@pytest.mark.parametrize(
    ("labels", "groups"),
    [
        ([], []),
        ([-1, -1, -1], [0, 1, 2]),
        ([0, 0, 0, 0], [0, 1, 2, 3]),
        ([0, 0, 0, 1], [0, 1, 2, 3]),
        ([0, 0, 1, 1], [0, 1, 2, 2]),  # the only two of label 1 are copies of each other
    ],
)
def test_too_little_evidence_is_said_in_plain_words(labels: Any, groups: Any) -> None:
    vectors = unit(np.random.default_rng(0).normal(size=(len(labels), 4)))
    with pytest.raises(WrongUse, match="fewer than two labels"):
        chances_of(["a b"] * len(labels), vectors, np.array(labels, int), np.array(groups, int))


def test_the_smallest_case_that_says_something() -> None:
    vectors = unit(np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]]))
    chances = chances_of(["a"] * 4, vectors, np.array([0, 0, 1, 1]), np.arange(4))
    assert chances.argmax(axis=1).tolist() == [0, 0, 1, 1]


def test_as_many_labels_as_texts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curation.probabilities._MOST_CELLS", 50)
    texts, vectors, labels, groups = clusters(4, 5)
    with pytest.raises(WrongUse, match="4 different labels are too many"):
        chances_of(texts, vectors, labels, groups)


def test_texts_without_words_leave_the_embeddings_alone() -> None:
    nothing = read_wording(["", " ", "-"], seed=0)
    assert nothing.terms.shape == (3, 0)
    assert nothing.axes.shape == (3, 0)
    wording = read_wording(["red house", "red car", "Red house"], seed=0)
    assert wording.names.tolist() == ["house", "red", "red house"]
    assert wording.terms.toarray().tolist() == [[1, 1, 1], [0, 1, 0], [1, 1, 1]]
    assert wording.axes.shape[0] == 3


def test_words_judge_a_row_as_if_its_group_had_never_been_counted() -> None:
    generator = np.random.default_rng(4)
    terms = csr_array((generator.random((40, 12)) < 0.4).astype(np.float32))
    labels = generator.integers(0, 3, 40)
    labels[[5, 17]] = -1
    groups = np.array([0] * 6 + [1] * 4 + list(range(2, 32)))
    scores = bayes.leave_group_out(terms, labels, groups, np.arange(40))
    chosen = [
        smoothing
        for smoothing in (0.01, 0.03, 0.1, 0.3, 1.0)
        if np.allclose(scores[39], refitted(terms, labels, groups, 39, smoothing), atol=1e-4)
    ]
    assert len(chosen) == 1
    for row in range(40):
        expected = refitted(terms, labels, groups, row, chosen[0])
        np.testing.assert_allclose(scores[row], expected, atol=1e-4)


def refitted(terms: Any, labels: Array, groups: Array, row: int, smoothing: float) -> Array:
    """Log-scores [K] of one row from counts without its group; smoothing as of all rows."""
    prior = bayes.fit(terms, labels, smoothing).prior
    rest = np.where(groups == groups[row], -1, labels)
    dense = terms.toarray()
    scores = []
    for label in range(3):
        counts = dense[rest == label].sum(axis=0)
        weight = np.log(counts + prior) - np.log(counts.sum() + prior.sum())
        scores.append(dense[row] @ weight + np.log((rest == label).sum() + 1))
    return np.array(scores)


def test_the_words_that_speak_for_the_other_label_are_named() -> None:
    texts = ["my money back please"] * 4 + ["where is my parcel"] * 4 + ["i want my money back"]
    wording = read_wording(texts, seed=0)
    labels = np.array([0] * 4 + [1] * 5)
    told = bayes.telling_terms(
        wording.terms, wording.names, labels, np.zeros(9, dtype=np.int64), np.array([0, 4, 8])
    )
    assert told[0] == []
    assert told[2][0] in {"money", "back", "money back"}


def test_the_better_view_counts_more_and_a_useless_one_nothing() -> None:
    generator = np.random.default_rng(6)
    labels = generator.integers(0, 3, 3000)
    good = generator.dirichlet([1, 1, 1], 3000) + 2 * np.eye(3)[labels]
    noise = generator.dirichlet([1, 1, 1], 3000)
    views = [(view / view.sum(axis=1, keepdims=True)).astype(np.float32) for view in (good, noise)]
    weights = weights_of(views, labels)
    assert weights.sum() == pytest.approx(1)
    assert weights[0] > 0.85
    twice = weights_of([views[0], views[0]], labels)
    assert twice[0] == pytest.approx(0.5, abs=0.01)


def test_the_brier_score_by_hand() -> None:
    # (0.8² − 2·0.8 + 1) + 0.2² = 0.08 and 1² + 1² = 2.
    assert brier(np.array([[0.8, 0.2], [1.0, 0.0]]), np.array([0, 1])) == pytest.approx(1.04)


def test_the_shape_suits_the_labels_whether_they_follow_meaning_or_wording() -> None:
    generator = np.random.default_rng(8)
    vectors = unit(generator.normal(size=(400, 8)))
    axes = unit(generator.normal(size=(400, 8)))
    rows = np.arange(400)
    by_meaning = np.eye(2, dtype=np.float32)[(vectors[:, 0] > 0).astype(int)]
    by_wording = np.eye(2, dtype=np.float32)[(axes[:, 0] > 0).astype(int)]
    assert choose_shape(vectors, axes, by_meaning, rows, seed=0).wording == 0
    assert choose_shape(vectors, axes, by_wording, rows, seed=0).wording == 1


def test_groups_per_label_by_hand() -> None:
    labels, groups = np.array([0, 0, 0, 1, 1, -1, 2]), np.array([0, 0, 1, 2, 2, 3, 0])
    assert groups_per_label(labels, groups).tolist() == [2, 1, 1]


def test_calibration_is_as_sure_as_it_is_right_and_keeps_the_order() -> None:
    generator = np.random.default_rng(3)
    timid = generator.dirichlet([8, 4, 4], 4000)
    sharp = timid**3 / (timid**3).sum(axis=1, keepdims=True)
    labels = np.array([generator.choice(3, p=row) for row in sharp])
    labels[:10] = -1
    calibrated = calibrate(timid, labels)
    np.testing.assert_allclose(calibrated, sharp, atol=0.03)
    assert (calibrated.argsort(axis=1) == timid.argsort(axis=1)).all()


def test_multilabel_probabilities_are_calibrated_questions() -> None:
    texts, vectors, labels, groups = clusters(3, 40)
    targets = np.eye(4)[labels]
    targets[:, 3] = labels > 0
    known = np.ones(len(labels), dtype=bool)
    known[0] = False
    near = nearest_neighbours(vectors, 10)
    forecast = out_of_sample_multilabel(texts, vectors, targets, known, groups, near, seed=0)
    chances = forecast.chances
    assert ((chances >= 0.5) == (targets > 0)).mean() > 0.98
    assert (chances[0] >= 0.5).tolist() == [True, False, False, False]
    with pytest.raises(WrongUse, match="no label both applies"):
        out_of_sample_multilabel(texts, vectors, np.ones_like(targets), known, groups, near, seed=0)
