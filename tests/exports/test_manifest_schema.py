"""The shape of a manifest, and what is said of one that is out of shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from curation.records import Task
from exports.manifest_schema import MANIFEST_SCHEMA, check_manifest
from tests.exports.manifests import manifest


def test_the_schema_is_one_and_plain_json() -> None:
    Draft202012Validator.check_schema(MANIFEST_SCHEMA)
    assert json.loads(json.dumps(MANIFEST_SCHEMA)) == MANIFEST_SCHEMA


@pytest.mark.parametrize("task", list(Task))
def test_manifests_are_in_shape(task: Task) -> None:
    name = "openai-chat"
    assert check_manifest(manifest(task, name)) == []
    assert check_manifest(manifest(task, name, leaks=None, quality=None)) == []
    extras = {"languages": ["de"], "churn": None}
    assert check_manifest(manifest(task, name, **extras, tokens={"train": {}})) == []


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        (["schema_version"], 1, "$.schema_version: 2 was expected"),
        (["splits", "test", "rows"], -1, "$.splits.test.rows: -1 is less than the minimum of 0"),
        (["splits", "extra"], {}, "$.splits: Additional properties are not allowed"),
        (["task"], "other", "$.task: 'other' is not one of"),
        (["leaks", "pairs_above_threshold_across_splits"], "0", "splits: '0' is not of type"),
        (["leaks", "test"], 5, "$.leaks.test: 5 is not of type 'object'"),
        (["files", "../x"], {"bytes": 1, "sha256": "0" * 64}, "'../x' does not match"),
        (["files", "train.jsonl", "sha256"], "x", "'x' does not match"),
        (["when"], "today", "('when' was unexpected)"),
        (["labels"], ["x" * 1000, 5], "$.labels[1]: 5 is not of type 'string'"),
    ],
)
def test_what_is_out_of_shape_is_named_with_its_place(
    path: list[str], value: Any, found: str
) -> None:
    document = manifest()
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    problems = check_manifest(document)
    assert len(problems) == 1
    assert found in problems[0]
    assert len(problems[0]) < 300


@pytest.mark.parametrize("key", sorted(MANIFEST_SCHEMA["required"]))
def test_nothing_may_be_missing(key: str) -> None:
    document = manifest()
    del document[key]
    assert check_manifest(document) == [f"$: {key!r} is a required property"]


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(json_values)
def test_anything_else_is_refused_without_a_crash(value: Any) -> None:
    assert check_manifest(value)
