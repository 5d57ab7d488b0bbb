"""The one table of what trainers and services ask: plain data, for writing and for checking."""

from __future__ import annotations

from curation.errors import WrongUse
from exports.targets.consumer import Consumer
from exports.targets.consumers import CONSUMERS
from exports.targets.formats import TARGETS
from exports.targets.target import Target

__all__ = ["CONSUMERS", "TARGETS", "Consumer", "Target", "find_consumer"]

_BY_FORMAT = {target.name: target.consumer for target in TARGETS}


def find_consumer(name: str) -> Consumer:
    """The consumer of that name, or that of the export format of that name.

    Raises WrongUse for an unknown one.
    """
    if name in _BY_FORMAT:
        return _BY_FORMAT[name]
    if name in CONSUMERS:
        return CONSUMERS[name]
    raise WrongUse(f"There is no target '{name}'.", f"Known: {', '.join(CONSUMERS)}.")
