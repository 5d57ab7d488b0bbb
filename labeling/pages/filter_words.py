"""A filter as people read it."""

from __future__ import annotations

from curation import quality
from curation.records import Dataset
from labeling import kinds
from labeling.history import shown_output
from labeling.pages import context
from labeling.queue import FLAGGED, STATUSES, Filter

OUTPUTS = ("given", "current", "suggested")


def in_words(dataset: Dataset, chosen: Filter) -> list[str]:
    """What a filter asks for, each part as people read it."""
    words = chosen.to_query()
    words |= {"status": STATUSES.get(chosen.status, "Any status")}
    if chosen.kind:
        words["kind"] = kind_title(chosen.kind)
    words |= {
        output: shown_output(dataset.task, words[output]) for output in OUTPUTS if output in words
    }
    if chosen.slice:
        words["slice"] = f"Slice: {slice_named(dataset, chosen.slice)[0]}"
    return list(words.values())


def slice_named(dataset: Dataset, slice_id: str) -> tuple[str, str]:
    """The name of a slice, and in words what is unusual in it."""
    found = quality.slices(context.workspace(), dataset).filter(slice_id=slice_id)
    if found.is_empty():
        return "no longer found", "Scores were computed anew, and nothing stands out there now."
    name, reason = found.select("name", "reason").row(0)
    return name, reason


def kind_title(kind: str) -> str:
    """The name of a kind, or of having any flag."""
    return "Flagged at all" if kind == FLAGGED else kinds.title(kind)
