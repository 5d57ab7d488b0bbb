"""What `manifest.json` must look like, as JSON Schema (draft 2020-12)."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

from curation.comparison import KINDS
from curation.records import Json, PairKind, Task
from exports.certificate import LEVELS
from exports.formats.beside import SAMPLE
from exports.manifest import SCHEMA_VERSION
from exports.split import SPLITS

_LONGEST = 200


def _object(required: Json, optional: Json | None = None) -> Json:
    return {
        "type": "object",
        "required": sorted(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }


def _or_null(schema: Json) -> Json:
    return {**schema, "type": [schema["type"], "null"]}


_TEXT: Json = {"type": "string"}
_NAME: Json = {"type": "string", "minLength": 1}
_COUNT: Json = {"type": "integer", "minimum": 0}
_SHARE: Json = {"type": "number", "minimum": 0, "maximum": 1}
_SIMILARITY: Json = {"type": "number", "minimum": -1, "maximum": 1.000001}
_COUNTS: Json = {"type": "object", "additionalProperties": _COUNT}
_SHA256: Json = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_SPLIT: Json = {"enum": list(SPLITS)}
_INTERVAL: Json = {"type": "array", "items": _SHARE, "minItems": 2, "maxItems": 2}
_ESTIMATE: Json = {
    "count": _COUNT,
    "of": _COUNT,
    "share": _or_null(_SHARE),
    "interval": _or_null(_INTERVAL),
}

_SOURCE: Json = {
    "type": "object",
    "required": ["data_hash", "dataset", "decision", "tool_version"],
    "properties": {
        "dataset": _TEXT,
        "decision": _COUNT,
        "model": _TEXT,
        "settings": {"type": "object"},
        "tool_version": _TEXT,
        "data_hash": _SHA256,
    },
}

_CHANNEL = _object(
    {
        "channel": {"enum": ["embedding", "lexical"]},
        "method": {"enum": ["exact", "cells"]},
        "rows": _COUNT,
        "cells": _COUNT,
        "threshold": {"type": "number"},
        "recall": _or_null(_SHARE),
        "low": _or_null(_SHARE),
        "high": _or_null(_SHARE),
    }
)
_SEARCH = _object({"model": _TEXT, "channels": {"type": "array", "items": _CHANNEL}})
_END = _object({"example_id": _NAME, "split": _SPLIT})
_HIGHEST = _object(
    {
        "similarity": _SIMILARITY,
        "kind": {"enum": [kind.value for kind in PairKind]},
        "examples": {"type": "array", "items": _END, "minItems": 2, "maxItems": 2},
    }
)
_AT_LEVELS = _object({f"{level:.2f}": _or_null(_COUNT) for level in LEVELS})
_REFERENCE = _object(
    {
        "name": _NAME,
        "sha256": _SHA256,
        "rows": _COUNT,
        "threshold": _SIMILARITY,
        "rows_found": _object(dict.fromkeys(KINDS, _COUNT)),
        "examples_found": _object(dict.fromkeys(SPLITS, _COUNT)),
        "highest_similarity": _or_null(_SIMILARITY),
    }
)
_LEAKS = _object(
    {
        "threshold": _SIMILARITY,
        "lexical_threshold": {"type": ["number", "null"]},
        "floor": _SIMILARITY,
        "search": _or_null(_SEARCH),
        "pairs_above_threshold_across_splits": _COUNT,
        "pairs_across_splits": _object({kind.value: _AT_LEVELS for kind in PairKind}),
        "highest_similarity_across_splits": _or_null(_SIMILARITY),
        "highest_pair": _or_null(_HIGHEST),
        "identical_texts_across_splits": _COUNT,
        "test": _object({"rows": _COUNT, "verified": _COUNT, "unverified": _COUNT}),
        "held_out": _COUNT,
        "references": {"type": "array", "items": _REFERENCE},
    }
)

_FLAGS: Json = {
    "type": "object",
    "additionalProperties": _object({"flagged": _COUNT, "open": _COUNT, "resolved": _COUNT}),
}
_QUALITY = _object(
    {
        "examples": _COUNT,
        "excluded": _object({"as_duplicates": _COUNT, "in_review": _COUNT}),
        "reviewed": _object({"count": _COUNT, "of": _COUNT, "share": _or_null(_SHARE)}),
        "corrected": _object(_ESTIMATE),
        "disputed": _COUNT,
        "flags": _FLAGS,
        "agreement": _object({**_ESTIMATE, "kappa": _or_null({"type": "number", "maximum": 1})}),
        "audit": _or_null(_object(_ESTIMATE)),
    }
)

_SPLIT_FACTS = _object({"rows": _COUNT, "groups": _COUNT, "verified": _COUNT, "labels": _COUNTS})
_WORST = _object(
    {
        "split": _SPLIT,
        "field": _NAME,
        "value": _or_null(_TEXT),
        "error": {"type": "number", "minimum": 0, "maximum": 100},
    }
)
_FILES: Json = {
    "type": "object",
    "propertyNames": {"pattern": r"^(?!\.)[^/\\]+(/(?!\.)[^/\\]+)*$"},
    "additionalProperties": _object({"bytes": _COUNT, "sha256": _SHA256}),
}

MANIFEST_SCHEMA: Json = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "The manifest of a Tamis export",
    **_object(
        {
            "schema_version": {"const": SCHEMA_VERSION},
            "source": _SOURCE,
            "task": {"enum": [task.value for task in Task]},
            "format": _NAME,
            "labels": {"type": "array", "items": _TEXT},
            "options": {"type": "object"},
            "splits": _object(dict.fromkeys(SPLITS, _SPLIT_FACTS)),
            "leaks": _or_null(_LEAKS),
            "quality": _or_null(_QUALITY),
            "left_out": _object({"counts": _COUNTS}),
            "files": _FILES,
        },
        {
            "languages": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]{2,3}$"}},
            "balance": {"type": "array", "items": _WORST},
            "columns": {"type": "array", "items": {"enum": list(SAMPLE)}},
            "churn": {"type": ["object", "null"]},
            "tokens": {"type": ["object", "null"]},
        },
    ),
}

_VALIDATOR = Draft202012Validator(MANIFEST_SCHEMA)


def check_manifest(document: Any) -> list[str]:
    """What is wrong with the shape of a manifest, in words and by place; empty where it is fine."""
    errors = sorted(_VALIDATOR.iter_errors(document), key=lambda error: error.json_path)
    return [f"{error.json_path}: {_short(error.message)}" for error in errors]


def _short(message: str) -> str:
    return message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…"
