"""What holds for every detector."""

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.detectors import DETECTORS, FLAG_SCHEMA, Detector, Evidence, detect, detectors_of
from curation.records import Task
from tests.curation.detectors.findings import examples_of, found

ANY_TEXT = st.text(max_size=60)
TURN = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["system", "user", "assistant", "tool"]),
        "content": st.none() | ANY_TEXT,
    }
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.kind)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_output_can_crash_a_detector(detector: Detector, data: Any) -> None:
    outputs = data.draw(
        st.lists(st.none() | ANY_TEXT | ANY_JSON.map(json.dumps), min_size=1, max_size=5)
    )
    count = len(outputs)
    texts = data.draw(st.lists(ANY_TEXT, min_size=count, max_size=count))
    turns = st.none() | st.lists(TURN, min_size=1, max_size=4)
    messages = data.draw(st.lists(turns, min_size=count, max_size=count))
    for task in detector.tasks:
        found(detector, outputs, texts, messages=messages, task=task)


@pytest.mark.parametrize("task", Task)
def test_every_task_gives_the_same_columns_also_without_examples(task: Task) -> None:
    flags = detect(Evidence(task=task, examples=examples_of([])))
    assert flags.schema == pl.Schema(FLAG_SCHEMA)
    assert flags.is_empty()


def test_findings_are_flagged_rows_with_the_kind_of_their_detector() -> None:
    flags = detect(Evidence(task=Task.CHAT, examples=examples_of(["", "An answer.", "N/A"])))
    empty = flags.filter(kind="empty-output")
    assert empty["example_id"].to_list() == ["e0", "e2"]
    assert empty["score"].to_list() == [0.0, 0.05]
    assert empty["flagged"].all()


def test_kinds_are_unique_and_every_detector_has_a_task() -> None:
    kinds = [detector.kind for detector in DETECTORS]
    assert len(set(kinds)) == len(kinds)
    assert all(detector.tasks and detector.title and detector.ask for detector in DETECTORS)
    assert {d.kind for d in detectors_of(Task.SINGLE_LABEL)} == {"conflict", "outlier"}
