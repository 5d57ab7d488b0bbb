"""The sample datasets: what they are, and how they come into a workspace."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from curation.errors import DatasetNotFound
from curation.importing import ImportSummary, import_file
from curation.pipeline import Analysis, analyze
from curation.records import Dataset, Progress, Task
from curation.workspace import Workspace
from labeling.resources import resource


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample dataset: a file in `sample_data/` and how to read it."""

    name: str
    task: Task
    file: str
    guidelines: str
    schema: str = ""


SAMPLES = (
    Sample(
        "support-tickets",
        Task.SINGLE_LABEL,
        "support_tickets.csv",
        "One label a ticket: what the customer wants done first. Asking where the money is: "
        "refund_status; wanting to send something back: return_item.",
    ),
    Sample(
        "bicycle-qa",
        Task.CHAT,
        "bicycle_qa.jsonl",
        "The answer must be right, complete and answer just this question.",
    ),
    Sample(
        "product-reviews",
        Task.MULTI_LABEL,
        "product_reviews.jsonl",
        "Every topic the review speaks about, good or bad; none is fine.",
    ),
    Sample(
        "orders",
        Task.EXTRACTION,
        "orders.jsonl",
        "Only what the message says: nothing guessed, quantities as numbers.",
        schema="orders.schema.json",
    ),
)


def ensure(workspace: Workspace, sample: Sample) -> Dataset:
    """The sample's dataset, made where it is missing."""
    try:
        return workspace.dataset(sample.name)
    except DatasetNotFound:
        schema = resource("sample_data") / sample.schema if sample.schema else None
        return workspace.create_dataset(
            sample.name,
            sample.task,
            guidelines=sample.guidelines,
            output_schema=json.loads(schema.read_text("utf-8")) if schema else None,
        )


def load(
    workspace: Workspace, sample: Sample, progress: Callable[[Progress], None] = lambda _: None
) -> tuple[Dataset, ImportSummary, Analysis]:
    """Import and analyse a sample; what is there already is not done again."""
    dataset = ensure(workspace, sample)
    summary = import_file(
        workspace, dataset, resource("sample_data") / sample.file, progress=progress
    )
    return dataset, summary, analyze(workspace, dataset, progress=progress)
