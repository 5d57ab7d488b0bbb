"""How the examples of an export are shared out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import streamlit as st

from curation.records import Dataset, Task
from exports.export import split_fields
from exports.split_rules import CONVERSATION, LENGTH, SOURCE_FILE, SplitFractions, SplitRules
from labeling.pages import context

_NAMES = {SOURCE_FILE: "Source file", CONVERSATION: "Conversation", LENGTH: "Length"}
_NO_TIME = ""


def choose_splits(dataset: Dataset, before: SplitRules) -> SplitRules:
    """All rules of the splits, beginning with those of the last export."""
    key = dataset.dataset_id
    first, second = st.columns(2)
    held = before.fractions
    validation = first.slider(
        "Validation, %", 0, 40, round(100 * held.validation), key=f"validation-{key}"
    )
    test = second.slider("Test, %", 0, 40, round(100 * held.test), key=f"test-{key}")
    st.caption(
        f"Train: {100 - validation - test} %. Near-duplicates stay on one side, and examples of an "
        "earlier export stay where they were."
    )
    with st.expander("More about the splits"):
        rules = _more_rules(dataset, before)
    fractions = SplitFractions((100 - validation - test) / 100, validation / 100, test / 100)
    return replace(rules, fractions=fractions)


def _more_rules(dataset: Dataset, before: SplitRules) -> SplitRules:
    key = dataset.dataset_id
    fields = split_fields(context.workspace(), dataset)
    chat = [CONVERSATION] if dataset.task is Task.CHAT else []
    together = st.multiselect(
        "Keep together",
        _known([*chat, SOURCE_FILE, *fields], before.keep_together),
        before.keep_together,
        format_func=_field_name,
        key=f"together-{key}",
        help="Rows of one value stand in one split, as near-duplicates do.",
    )
    times = _known([_NO_TIME, *fields], [before.by_time] if before.by_time else [])
    by_time = st.selectbox(
        "Split by time",
        times,
        times.index(before.by_time or _NO_TIME),
        format_func=lambda name: name or "No: at random",
        key=f"time-{key}",
        help="The oldest rows train, the newest test.",
    )
    stratify: list[str] = []
    if not by_time:
        stratify = st.multiselect(
            "Balance, besides the labels",
            _known([LENGTH, SOURCE_FILE, *fields], before.stratify),
            before.stratify,
            format_func=_field_name,
            key=f"stratify-{key}",
        )
    verified = st.checkbox(
        "Test takes only rows that a person has verified",
        before.verified_test,
        key=f"verified-{key}",
    )
    rebalance = st.checkbox(
        "Rows of earlier exports may move between train and validation",
        before.rebalance,
        key=f"rebalance-{key}",
    )
    left, right = st.columns(2)
    folds = int(left.number_input("Folds", 0, 20, before.folds, key=f"folds-{key}"))
    seed = int(right.number_input("Seed", 0, 2**31 - 1, before.seed, key=f"seed-{key}"))
    cap, weights = _even_out(dataset, before) if dataset.task.has_labels else (None, False)
    return SplitRules(
        seed=seed,
        folds=folds,
        keep_together=tuple(together),
        stratify=tuple(stratify),
        by_time=by_time or None,
        verified_test=verified,
        verified_validation=before.verified_validation,
        cap_per_label=cap,
        sample_weights=weights,
        rebalance=rebalance,
    )


def _even_out(dataset: Dataset, before: SplitRules) -> tuple[int | None, bool]:
    cap = st.number_input(
        "Most train rows of a label",
        0,
        10**7,
        before.cap_per_label or 0,
        key=f"cap-{dataset.dataset_id}",
        help="0: no cap. Rows over it are left out and listed.",
    )
    weights = st.checkbox(
        "A weight for each train row that evens labels out",
        before.sample_weights,
        key=f"weights-{dataset.dataset_id}",
    )
    return int(cap) or None, weights


def _known(fields: list[str], chosen: Collection[str]) -> list[str]:
    """The fields, and those chosen before that no row has any more."""
    return list(dict.fromkeys([*fields, *chosen]))


def _field_name(name: str) -> str:
    return _NAMES.get(name, name)
