"""What the kinds of flags are called, and what a reviewer is asked to look at."""

from __future__ import annotations

from curation.detectors import DETECTORS

_TITLES = {"label": "Doubtful label"} | {one.kind: one.title for one in DETECTORS}
_ASKS = {"label": "Which label is right?"} | {one.kind: one.ask for one in DETECTORS}


def title(kind: str) -> str:
    """The name of a kind for people. One that this version does not know keeps its own."""
    return _TITLES.get(kind) or kind.replace("-", " ").capitalize()


def ask(kind: str) -> str:
    """What to look at; empty for a kind that this version does not know."""
    return _ASKS.get(kind, "")
