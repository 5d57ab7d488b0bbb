"""Manifests of version 2 that the tests of the describing files share."""

from __future__ import annotations

import copy
from typing import Any

from curation.records import Json, Task
from exports.formats import find_format
from exports.options import ExportOptions
from exports.split_rules import SplitFractions, SplitRules

HASH = "0123456789abcdef" * 4

LEAKS: Json = {
    "threshold": 0.9,
    "lexical_threshold": None,
    "floor": 0.8,
    "search": {
        "model": "mini@1",
        "channels": [
            {
                "channel": "embedding",
                "method": "exact",
                "rows": 10,
                "cells": 0,
                "threshold": 0.9,
                "recall": 1.0,
                "low": 1.0,
                "high": 1.0,
            }
        ],
    },
    "pairs_above_threshold_across_splits": 0,
    "pairs_across_splits": {
        kind: {"0.80": 1, "0.85": 0, "0.90": 0, "0.95": 0, "0.99": 0, "1.00": 0}
        for kind in ("exact", "near", "near-twin")
    },
    "highest_similarity_across_splits": 0.84,
    "highest_pair": {
        "similarity": 0.84,
        "kind": "near",
        "examples": [{"example_id": "a", "split": "train"}, {"example_id": "b", "split": "test"}],
    },
    "identical_texts_across_splits": 0,
    "test": {"rows": 2, "verified": 1, "unverified": 1},
    "held_out": 3,
    "references": [
        {
            "name": "benchmark.jsonl",
            "sha256": HASH,
            "rows": 40,
            "threshold": 0.9,
            "rows_found": {"exact": 1, "near": 1, "near-twin": 0, "contains": 0},
            "examples_found": {"train": 1, "validation": 0, "test": 0},
            "highest_similarity": 0.97,
        }
    ],
}

QUALITY: Json = {
    "examples": 14,
    "excluded": {"as_duplicates": 2, "in_review": 1},
    "reviewed": {"count": 10, "of": 14, "share": 0.714286},
    "corrected": {"count": 3, "of": 10, "share": 0.3, "interval": [0.107791, 0.603222]},
    "disputed": 1,
    "flags": {"label": {"flagged": 4, "open": 1, "resolved": 3}},
    "agreement": {
        "count": 3,
        "of": 4,
        "share": 0.75,
        "interval": [0.300642, 0.954413],
        "kappa": 0.5,
    },
    "audit": None,
}


OPTIONS = ExportOptions(
    rules=SplitRules(SplitFractions(0.8, 0, 0.2)),
    description="Questions of customers.",
    licence="cc-by-4.0",
).as_json()


def manifest(
    task: Task = Task.SINGLE_LABEL, file_format: str = "text-label", **changed: Any
) -> Json:
    """A manifest of eight train and two test rows with the labels `no` and `yes`."""
    form = find_format(file_format, task)
    labels = ["no", "yes"] if task.has_labels else []
    counts = [{"no": 5, "yes": 3}, {}, {"yes": 2}] if task.has_labels else [{}, {}, {}]
    rows = zip(("train", "validation", "test"), (8, 0, 2), (6, 0, 1), counts, strict=True)
    said = {name: changed.pop(name) for name in list(changed) if name in OPTIONS}
    options = {**OPTIONS, **said}
    document: Json = {
        "schema_version": 2,
        "source": {
            "dataset": "tickets",
            "decision": 7,
            "model": "mini@1",
            "settings": {"seed": 0},
            "tool_version": "0.2.0",
            "data_hash": HASH,
        },
        "task": task.value,
        "format": file_format,
        "labels": labels,
        "options": options,
        "splits": {
            split: {"rows": count, "groups": count, "verified": seen, "labels": held}
            for split, count, seen, held in rows
        },
        "leaks": copy.deepcopy(LEAKS),
        "quality": copy.deepcopy(QUALITY),
        "left_out": {"counts": {"excluded": 3, "near a test example": 1}},
        "files": {
            form.target.file(split): {"bytes": 1234, "sha256": HASH} for split in ("train", "test")
        },
    }
    return {**document, **changed}
