"""The held-out split for promptfoo."""

from __future__ import annotations

from collections.abc import Sequence

import yaml  # type: ignore[import-untyped]

from curation.records import Json
from exports.formats.containers import json_line

_CONFIG: Json = {
    "description": "Held-out examples of a Tamis export",
    "prompts": ["file://held_out.py:ask"],
    "providers": [
        {
            "id": "openai:chat:fine-tuned",
            "config": {"apiBaseUrl": "http://127.0.0.1:8000/v1", "temperature": 0},
        }
    ],
    "tests": "file://promptfoo_tests.jsonl",
    "defaultTest": {"assert": [{"type": "python", "value": "file://held_out.py"}]},
}
_HEAD = (
    "# From the folder of the export: promptfoo eval -c evaluation/promptfoo.yaml\n"
    "# The provider is a local server that speaks OpenAI's protocol; -r names another.\n"
)


def promptfoo_config() -> str:
    """The YAML; the same for every export."""
    return _HEAD + str(yaml.safe_dump(_CONFIG, sort_keys=False, allow_unicode=False))


def promptfoo_tests(samples: Sequence[Json]) -> str:
    """The ids of the examples, a test a line.

    promptfoo renders every variable as a template and reads files that a variable names, so the
    texts stay in `test.jsonl`, where the functions of held_out.py look them up.
    """
    return "".join(json_line({"vars": {"id": one["id"]}}) for one in samples)
