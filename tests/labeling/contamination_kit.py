"""A workspace whose vectors are written by hand, so that no model is loaded to search it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from curation.embeddings import model_key
from curation.records import Dataset, Task, text_hash
from curation.vectors import VectorCache
from curation.workspace import Workspace
from tests.factories import add_examples

EXAMPLES = {"refund please": 0, "where is *my* parcel": 90, "parcels late": 200}
BENCHMARK = {"REFUND please!": 0, "where is my parcel 7": 95, "parcel late": 210, "tea": 300}
"""Text → angle of its vector on the unit circle, in degrees; cos 5° = .9962, cos 10° = .9848."""


def make_workspace(folder: Path) -> tuple[Path, Path]:
    """A workspace with a dataset `tickets` of three examples, and a benchmark of four rows."""
    with Workspace.create(folder / "w") as workspace:
        dataset = workspace.create_dataset("tickets", Task.SINGLE_LABEL)
        add_examples(workspace, dataset, [(text, "a") for text in EXAMPLES])
    angles = {**EXAMPLES, **BENCHMARK}
    vectors = [(math.cos(math.radians(a)), math.sin(math.radians(a))) for a in angles.values()]
    cache = VectorCache(folder / "w" / "vectors" / model_key())
    cache.append([text_hash(text) for text in angles], np.array(vectors, dtype=np.float32))
    benchmark = folder / "bench.csv"
    lines = [f"{text},{number}" for number, text in enumerate(BENCHMARK)]
    benchmark.write_text("\n".join(["question,n", *lines, "one,cell,too many"]) + "\n", "utf-8")
    return folder / "w", benchmark


def excluded(path: Path) -> list[str]:
    """The examples that are excluded now."""
    with Workspace.open(path) as workspace:
        dataset: Dataset = workspace.dataset("tickets")
        rows = workspace.store.read(
            "SELECT example_id FROM current_example WHERE dataset_id = $dataset AND excluded "
            "ORDER BY example_id",
            {"dataset": dataset.dataset_id},
        )
        return rows["example_id"].to_list()
