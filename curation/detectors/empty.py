"""No output to speak of: missing, blank, a lone mark, or a word that holds a place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.detectors.base import Detector, Evidence, Finding, shorten
from curation.records import Task

_MARKS = re.compile(r"[\s\-–—‐‑−._?*/\\|~#…]*")
_PLACEHOLDERS = {"n/a", "na", "n.a.", "nan", "none", "null", "nil", "tbd", "todo"}
_EMPTY_JSON = {"{}", "[]", '""', "null"}


def find(evidence: Evidence) -> Iterator[Finding]:
    """A missing or blank output scores 0, a placeholder 0.05: it may be meant."""
    for row, given in enumerate(evidence.examples["given"]):
        if fault := _fault(given):
            yield Finding(row, *fault)


def _fault(given: str | None) -> tuple[float, str] | None:
    if given is None:
        return 0.0, "No output is given."
    text = given.strip()
    if not text or text in _EMPTY_JSON:
        return 0.0, "The output is blank."
    if _MARKS.fullmatch(text):
        return 0.0, f"The output is only “{shorten(text)}”."
    if text.casefold() in _PLACEHOLDERS:
        return 0.05, f"The output is the placeholder “{text}”."
    return None


DETECTOR = Detector(
    kind="empty-output",
    title="Empty output",
    ask="What should the output be?",
    tasks=frozenset({Task.CHAT, Task.EXTRACTION}),
    find=find,
)
