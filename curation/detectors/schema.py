"""An output that breaks the JSON Schema of the dataset, with the path."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import regex
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from curation.detectors.base import Detector, Evidence, Finding, shorten
from curation.detectors.json_values import NOTHING, parse
from curation.errors import WrongUse
from curation.records import Json, Task

_MOST_VIOLATIONS = 3
_PATIENCE = 0.2
"""Seconds for one expression on one text."""
_MOST_TIMEOUTS = 3
_log = logging.getLogger("tamis")


def find(evidence: Evidence) -> Iterator[Finding]:
    """Every output that violates the schema (draft 2020-12); examples without one are passed over.

    What cannot be read as JSON has a detector of its own and is passed over too.
    The reason names where, as a JSON path, and what. References to other documents are never
    fetched. Raises WrongUse if the schema itself is not valid or refers to what it does not hold.
    """
    if evidence.output_schema is None:
        return
    validator = validator_of(evidence.output_schema)
    for row, given in enumerate(evidence.examples["given"]):
        violations = [] if given is None else _violations(given, validator)
        if violations:
            shown = "; ".join(violations[:_MOST_VIOLATIONS])
            more = len(violations) - _MOST_VIOLATIONS
            yield Finding(row, 0.0, shown + (f"; and {more} more." if more > 0 else "."))


def check_schema(schema: Json) -> None:
    """Raise WrongUse where a schema cannot be used: not valid, or it refers to itself only."""
    validator = validator_of(schema)
    for probe in ("{}", "[]", '""', "0", "null"):
        _violations(probe, validator)


def validator_of(schema: Json) -> Any:
    """The validator of a schema: fetches nothing and waits for no pattern. Raises WrongUse."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise WrongUse(
            f"The output schema is not valid at {error.json_path}: {shorten(error.message)}.",
            "Correct the schema in the settings of the dataset (JSON Schema, draft 2020-12).",
        ) from error
    patient = {"pattern": _patient_pattern()}
    validator = extend(Draft202012Validator, patient)  # type: ignore[no-untyped-call]
    return validator(schema, registry=Registry())  # an empty one never fetches


def _patient_pattern() -> Callable[..., Iterator[ValidationError]]:
    """The check of `pattern`, which gives up on an expression that takes too long.

    Some expressions take years on some texts; what was given up counts as unknown, not as wrong.
    """
    slow: Counter[str] = Counter()

    def check(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
        if not isinstance(instance, str) or slow[pattern] >= _MOST_TIMEOUTS:
            return
        try:
            if not regex.search(pattern, instance, timeout=_PATIENCE):
                yield ValidationError(f"{instance!r} does not match {pattern!r}")
        except TimeoutError:
            slow[pattern] += 1
            _log.warning("The pattern %r takes too long and is not checked everywhere", pattern)

    return check


def _violations(given: str, validator: Any) -> list[str]:
    value = parse(given)
    if value is NOTHING:
        return []
    try:
        errors = sorted(validator.iter_errors(value), key=lambda error: error.json_path)
    except RecursionError as error:
        raise WrongUse(
            "The output schema refers to itself without end.",
            "Take out the reference ($ref) that leads back to where it stands.",
        ) from error
    except Unresolvable as error:
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
