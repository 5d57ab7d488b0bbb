"""An output that breaks the JSON Schema of the dataset, with the path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable

from curation.detectors.base import Detector, Evidence, Finding, shorten
from curation.detectors.json_values import NOTHING, parse
from curation.errors import WrongUse
from curation.records import Json, Task

_MOST_VIOLATIONS = 3


def find(evidence: Evidence) -> Iterator[Finding]:
    """Every output that violates the schema (draft 2020-12); examples without one are passed over.

    What cannot be read as JSON has a detector of its own and is passed over too.
    The reason names where, as a JSON path, and what. References to other documents are never
    fetched. Raises WrongUse if the schema itself is not valid or refers to what it does not hold.
    """
    if evidence.output_schema is None:
        return
    validator = _validator(evidence.output_schema)
    for row, given in enumerate(evidence.examples["given"]):
        violations = [] if given is None else _violations(given, validator)
        if violations:
            shown = "; ".join(violations[:_MOST_VIOLATIONS])
            more = len(violations) - _MOST_VIOLATIONS
            yield Finding(row, 0.0, shown + (f"; and {more} more." if more > 0 else "."))


def _validator(schema: Json) -> Any:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise WrongUse(
            f"The output schema is not valid at {error.json_path}: {shorten(error.message)}.",
            "Correct the schema in the settings of the dataset (JSON Schema, draft 2020-12).",
        ) from error
    return Draft202012Validator(schema, registry=Registry())  # an empty one never fetches


def _violations(given: str, validator: Any) -> list[str]:
    value = parse(given)
    if value is NOTHING:
        return []
    try:
        errors = sorted(validator.iter_errors(value), key=lambda error: error.json_path)
    except (Unresolvable, RecursionError) as error:
        raise WrongUse(
            f"The output schema has a reference that leads nowhere: {shorten(str(error))}.",
            "Put what it refers to under $defs in the same schema.",
        ) from error
    return [f"{error.json_path}: {shorten(error.message)}" for error in errors]


DETECTOR = Detector(
    kind="schema",
    title="Breaks the schema",
    ask="What should stand at the path named?",
    tasks=frozenset({Task.EXTRACTION}),
    find=find,
)
