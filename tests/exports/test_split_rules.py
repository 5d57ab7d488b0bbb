"""Rules of splits: what they refuse, in which words, and that JSON keeps them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import WrongUse
from exports.split_rules import SplitFractions, SplitRules

_NAMES = st.lists(st.sampled_from(["author", "source_file", "length"]), unique=True).map(tuple)
_RULES = st.builds(
    SplitRules,
    fractions=st.sampled_from([SplitFractions(), SplitFractions(0.7, 0, 0.3)]),
    seed=st.integers(-5, 5),
    folds=st.sampled_from([0, 2, 20]),
    keep_together=_NAMES,
    stratify=_NAMES,
    verified_test=st.booleans(),
    cap_per_label=st.none() | st.integers(1, 9),
    rebalance=st.booleans(),
)


@given(_RULES)
def test_json_keeps_every_rule(rules: SplitRules) -> None:
    assert SplitRules.from_json(rules.as_json()) == rules


def test_what_json_does_not_name_has_its_default() -> None:
    assert SplitRules.from_json({"by_time": "created"}) == SplitRules(by_time="created")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fractions", {"train": 0.8, "rest": 0.2}),
        ("fractions", [0.8, 0.1, 0.1]),
        ("seed", 0.5),
        ("seed", True),
        ("seed", 2**63),
        ("folds", 1),
        ("folds", 21),
        ("folds", "5"),
        ("keep_together", "author"),
        ("keep_together", ["author", "author"]),
        ("keep_together", [["author"]]),
        ("stratify", [""]),
        ("by_time", ""),
        ("by_time", ["created"]),
        ("verified_test", "yes"),
        ("verified_validation", None),
        ("sample_weights", 1),
        ("rebalance", 0),
        ("cap_per_label", 0),
        ("cap_per_label", False),
        ("cap_per_label", 2.5),
    ],
)
def test_a_wrong_value_is_named_with_its_field_and_a_way_out(name: str, value: Any) -> None:
    with pytest.raises(WrongUse, match=f"split rule {name} cannot be") as it:
        SplitRules.from_json({name: value})
    assert it.value.hint


def test_wrong_fractions_say_what_they_were() -> None:
    with pytest.raises(WrongUse, match=r"fractions 0\.8, x and 0\.1 cannot be used"):
        SplitRules.from_json({"fractions": {"train": 0.8, "validation": "x", "test": 0.1}})


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(WrongUse, match="'fold' that does not exist") as it:
        SplitRules.from_json({"fold": 5})
    assert "folds" in it.value.hint


def test_rules_are_an_object() -> None:
    with pytest.raises(WrongUse, match="must be a JSON object"):
        SplitRules.from_json(["folds"])  # type: ignore[arg-type]


def test_time_and_strata_exclude_each_other() -> None:
    with pytest.raises(WrongUse, match=r"by_time 'created' and stratify \['length'\]"):
        SplitRules(by_time="created", stratify=("length",))
