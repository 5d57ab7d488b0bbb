"""Parts of a corpus against one another, on vectors that are written by hand."""

from __future__ import annotations

import math
import threading
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from curation.comparing import _stripe
from curation.comparison import HIT_SCHEMA, Compared, compare
from curation.errors import Cancelled, WorkerFailed
from curation.records import Progress, text_hash
from curation.similarity import Search
from curation.vectors import VectorCache

MODEL = "all-MiniLM-L6-v2"


def compared(
    home: Path, *parts: dict[str, float], threshold: float = 0.9, **given: object
) -> Compared:
    """A comparison of texts whose vectors lie on the unit circle, at these degrees."""
    angles = {text: math.radians(angle) for part in parts for text, angle in part.items()}
    vectors = np.array([[math.cos(a), math.sin(a)] for a in angles.values()], dtype=np.float32)
    VectorCache(home / "vectors").append([text_hash(text) for text in angles], vectors)
    rows = [(number, text) for number, part in enumerate(parts) for text in part]
    texts = pl.DataFrame(rows, schema=["part", "text"], orient="row")
    return compare(texts, MODEL, threshold, home / "jobs", known=home / "vectors", **given)  # type: ignore[arg-type]


def hits(found: Compared) -> list[tuple[int, int, float, str]]:
    assert dict(found.hits.schema) == HIT_SCHEMA
    columns = found.hits.select("left", "right", pl.col("similarity").round(4), "kind")
    return [(a, b, round(similarity, 4), kind) for a, b, similarity, kind in columns.iter_rows()]


def test_pairs_lie_between_parts_and_reach_the_threshold(tmp_path: Path) -> None:
    left = {"my red lamp": 0, "a lamp": 60}
    right = {"my red lamps": 20, "my blue lamp": 10, "tea": 120}
    found = compared(tmp_path, left, right, {"cocoa": 121})
    # cos 20° = .9397; cos 10° = .9848, but red is not blue; cos 1° = .9998
    assert hits(found) == [
        (0, 2, 0.9397, "near"),
        (0, 3, 0.9848, "near-twin"),
        (4, 5, 0.9998, "near-twin"),
    ]
    assert found.nearest is not None
    assert found.nearest[:2] == (4, 5)
    assert found.highest == pytest.approx(math.cos(math.radians(1)))
    assert found.search == Search("exact", 6, 0, 1.0, None)


def test_the_nearest_is_told_from_the_floor_up_only(tmp_path: Path) -> None:
    near = compared(tmp_path, {"a": 0}, {"b": 30}, floor=0.8)  # cos 30° = .8660
    assert hits(near) == []
    assert near.nearest == (0, 1, pytest.approx(0.8660, abs=1e-4))
    assert compared(tmp_path, {"a": 0}, {"c": 40}, floor=0.8).nearest is None  # .7660


def test_copies_are_exact_whatever_their_vectors_say_and_tied_as_a_star(tmp_path: Path) -> None:
    found = compared(tmp_path, {"Tea!": 0, "tea": 90}, {"TEA": 180, "tea.": 270, " tea": 45})
    assert hits(found) == [
        (0, 2, 1.0, "exact"),
        (0, 3, 1.0, "exact"),
        (0, 4, 1.0, "exact"),
        (1, 2, 1.0, "exact"),
    ]
    assert found.highest == 1.0


def test_spelling_counts_where_it_is_asked_for(tmp_path: Path) -> None:
    parts = {"where is my wardrobe": 0}, {"where is my wardrobbe": 90}
    assert hits(compared(tmp_path, *parts)) == []
    [(_, _, similarity, _)] = hits(compared(tmp_path, *parts, lexical=0.8))
    assert similarity == 0
    assert compared(tmp_path, *parts, lexical=0.8).hits["lexical"][0] >= 0.8


@pytest.mark.parametrize(("longer_angle", "kind"), [(90, "contains"), (5, "contains")])
def test_a_whole_text_in_a_longer_one_is_contained_rather_than_a_twin(
    longer_angle: float, kind: str, tmp_path: Path
) -> None:
    text = "how do I replace the chain of a bicycle at home"
    longer = f"good evening, {text}, and which tools are worth their money"
    found = compared(tmp_path, {text: 0}, {longer: longer_angle}, contains=True)
    assert hits(found) == [(0, 1, 1.0, kind)]


def test_the_longer_side_is_cut_so_that_nothing_can_be_missed() -> None:
    assert _stripe(10, 10) == 10
    height = _stripe(300_000, 100_000)
    assert 1000 <= height < 300_000
    assert Search.between(height, 100_000).method == "exact"


def test_nothing_is_left_behind_and_progress_is_told(tmp_path: Path) -> None:
    seen: list[Progress] = []
    compared(tmp_path, {"a": 0}, {"b": 90}, progress=seen.append)
    assert {state.step for state in seen} == {"embed", "compare"}
    assert list((tmp_path / "jobs").iterdir()) == []


def test_it_can_be_stopped(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        compared(tmp_path, {"a": 0}, {"b": 90}, cancelled=stop)
    assert list((tmp_path / "jobs").iterdir()) == []


def test_an_unknown_model_is_said_in_words(tmp_path: Path) -> None:
    texts = pl.DataFrame({"part": [0, 1], "text": ["a", "b"]})
    with pytest.raises(WorkerFailed, match="no model") as error:
        compare(texts, "no-such-model", 0.9, tmp_path)
    assert "Nothing is downloaded" in error.value.hint
