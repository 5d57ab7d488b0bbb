"""Outputs as JSON values."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.detectors.json_values import (
    NOTHING,
    differences,
    key_path,
    kin_of,
    lower_bound,
    nodes,
    parse,
    quoted,
)
from tests.curation.detectors.test_detectors import ANY_JSON


def test_nodes_in_document_order_with_their_paths() -> None:
    output = {"a": [{"b c": 1}, 2]}
    assert [(node.path, node.kin, node.value) for node in nodes(output)] == [
        ("$", "$", output),
        ("$.a", "$.a", output["a"]),
        ("$.a[0]", "$.a[*]", {"b c": 1}),
        ("$.a[0]['b c']", "$.a[*]['b c']", 1),
        ("$.a[1]", "$.a[*]", 2),
    ]
    assert kin_of("$.a[10].b[2]") == "$.a[*].b[*]"
    assert key_path("$", "it's") == "$['it\\'s']"


@given(ANY_JSON)
def test_nothing_differs_from_itself_and_every_node_is_seen(value: object) -> None:
    assert not list(differences(value, json.loads(json.dumps(value))))
    leaves = [node for node in nodes(value) if not isinstance(node.value, (dict, list))]
    assert len(list(differences(value, NOTHING))) == 1
    assert len(leaves) <= len(json.dumps(value))


def test_what_cannot_be_read_is_nothing() -> None:
    unreadable = ["", "{", "[" * 100_000, "[" * 65 + "]" * 65, "9" * 5000]
    assert all(parse(text) is NOTHING for text in unreadable)
    assert parse("null") is None
    assert parse("[" * 64 + "]" * 64) is not NOTHING
    assert parse('"' + "[" * 100 + '"') == "[" * 100


def test_the_lower_bound_by_hand() -> None:
    # Wilson with z = 1.6449: all of n gives n / (n + z²), and z² is 2.7057.
    assert lower_bound(25, 25) == pytest.approx(25 / 27.7057, abs=1e-4)
    assert lower_bound(52, 52) == pytest.approx(0.9505, abs=1e-4)
    assert lower_bound(0, 10) == 0
    assert lower_bound(0, 0) == 0
    # 9 of 10: (0.9 + 0.13529 - 1.6449·√(0.009 + 0.0067643)) / 1.27057
    assert lower_bound(9, 10) == pytest.approx(0.6523, abs=1e-4)


@given(st.integers(0, 50), st.integers(0, 50))
def test_the_lower_bound_is_below_the_share(successes: int, failures: int) -> None:
    trials = successes + failures
    assert 0 <= lower_bound(successes, trials) <= (successes / trials if trials else 0)


def test_quoting() -> None:
    values = ["a  b", 3.0, None, True, {}, [1], {"a": 1}, NOTHING, 10**5000]
    assert [quoted(value) for value in values] == [
        "“a b”", "3.0", "null", "true", "an empty object", "a list", "an object", "nothing",
        "a very long number",
    ]  # fmt: skip
