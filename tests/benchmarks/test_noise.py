"""Planted errors: how many, which rows, which classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.noise import KINDS, Kind, confusability, instance_noise, likeness, plant_noise


def blobs(seed: int, classes: int, each: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Labels and unit vectors of `classes` clouds of `each` points."""
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), each)
    vectors = generator.standard_normal((classes, 8))[labels]
    vectors += 0.8 * generator.standard_normal(vectors.shape)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return labels, vectors.astype(np.float32)


def on_circle(*degrees: float) -> NDArray[np.float32]:
    angles = np.radians(degrees)
    return np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 99), rate=st.floats(0, 0.9), classes=st.integers(2, 6))
def test_exactly_the_asked_share_of_labels_is_wrong_and_the_seed_decides_which(
    kind: Kind, seed: int, rate: float, classes: int
) -> None:
    labels, vectors = blobs(seed, classes, each=9)
    before = labels.copy()
    noisy = plant_noise(labels, vectors, kind=kind, rate=rate, seed=seed)
    assert np.count_nonzero(noisy != labels) == round(rate * len(labels))
    assert set(noisy) <= set(range(classes))
    assert np.array_equal(labels, before)
    again = plant_noise(labels, vectors, kind=kind, rate=rate, seed=seed)
    assert np.array_equal(noisy, again)


def test_likeness_is_the_cosine_to_the_class_centroids() -> None:
    # Centroids lie at 10, 90 and 180 degrees.
    labels = np.array([0, 0, 1, 2])
    own, foreign, nearest = likeness(labels, on_circle(0, 20, 90, 180))
    assert own == pytest.approx(np.cos(np.radians([10, 10, 0, 0])), abs=1e-6)
    assert foreign == pytest.approx(np.cos(np.radians([90, 70, 80, 90])), abs=1e-6)
    assert nearest.tolist() == [1, 1, 0, 1]


def test_confusability_is_how_often_each_foreign_centroid_is_the_nearest() -> None:
    # Class 0 lies around 50 degrees: one of its rows is nearer to 0, two are nearer to 90.
    labels = np.array([0, 0, 0, 1, 2])
    vectors = on_circle(30, 60, 60, 0, 90)
    assert confusability(labels, vectors)[0] == pytest.approx([0, 1 / 3, 2 / 3])


def test_instance_noise_takes_a_row_to_the_class_that_the_row_itself_resembles_most() -> None:
    labels, vectors = blobs(3, classes=5, each=40)
    noisy = instance_noise(labels, vectors, 0.3, seed=1)
    wrong = noisy != labels
    assert np.array_equal(noisy[wrong], likeness(labels, vectors)[2][wrong])


def test_instance_noise_hits_a_row_one_deviation_more_doubtful_e_times_as_often() -> None:
    # Two doubts only, equally many of each: they lie at one deviation to either side of the mean,
    # so the doubtful rows must be drawn e² = 7.39 times as often.
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    vectors = np.array(
        [
            *([1, 0, 0.3], [1, 0, -0.3], [1, 0.8, 0], [1, 0.8, 0]),
            *([0, 1, 0.3], [0, 1, -0.3], [0.8, 1, 0], [0.8, 1, 0]),
        ],
        dtype=np.float32,
    )
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    hits = np.zeros(8)
    for seed in range(4000):
        hits += instance_noise(labels, vectors, 1 / 8, seed) != labels
    assert hits[[2, 3, 6, 7]].sum() / hits[[0, 1, 4, 5]].sum() == pytest.approx(np.e**2, rel=0.15)


@pytest.mark.parametrize("kind", ["uniform", "confusable"])
def test_unlike_rows_are_hit_alike_by_noise_that_does_not_look_at_them(kind: Kind) -> None:
    labels, vectors = blobs(5, classes=4, each=10)
    hits = np.zeros(len(labels))
    for seed in range(400):
        hits += plant_noise(labels, vectors, kind=kind, rate=0.5, seed=seed) != labels
    assert hits.min() > 150  # 200 expected, deviation 10
    assert hits.max() < 250
