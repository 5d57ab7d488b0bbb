"""Whether scoring again in the course of a review finds more errors for the same work.

    python benchmarks/label_refresh.py banking77.csv clinc150.jsonl

A reviewer who is always right goes down the list, the most doubtful first, until a fifth of the
rows are seen. With `refresh` the labels are scored again after every 2 % of the rows, the seen ones
verified with their true label; without, the first order stands. Results are kept as in
label_issues.py.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from label_data import Labelled, read
from label_measures import markdown
from label_methods import NEIGHBOURS, fingerprint
from label_results import FOLDER, Record, append, known
from noise import KINDS, plant_noise
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from curation.label_issues import label_issues
from curation.similarity import nearest_neighbours

KEY = ("file", "digest", "kind", "rate", "seed")
STEP, MARKS = 0.02, {5: "10", 10: "20"}
"""Share of the rows between two scorings; the steps after which is counted, and their per cent."""
Labels = NDArray[np.int64]
Scores = Callable[[Labels, NDArray[np.bool_]], NDArray[np.float64]]


def main() -> None:
    """Simulate what is not yet known, then print the means over the seeds."""
    options = parse()
    version = fingerprint("curation.label_issues", "curation.similarity")
    files = [
        read(path, options.text_column, options.label_column, options.results.parent)
        for path in options.files
    ]
    judges = [(file, scorer(file)) for file in files]
    for seed, (file, scores) in itertools.product(range(1, options.seeds + 1), judges):
        for kind in options.kinds:
            key = (file.name, file.digest, kind, options.rate, seed)
            record: Record = dict(zip(KEY, key, strict=True)) | {"version": version}
            if known(options.results, KEY).get(key, {}).get("version") == version:
                continue
            noisy = plant_noise(file.truth, file.vectors, kind=kind, rate=options.rate, seed=seed)
            first = scores(noisy, np.zeros(len(noisy), dtype=np.bool_))
            for name, anew in (("fixed", None), ("refresh", scores)):
                found = review(file.truth, noisy, first, anew, seed)
                record |= {f"{name}_{percent}": share for percent, share in found.items()}
            append(options.results, record)
            print(record, file=sys.stderr, flush=True)
    show(
        [record for record in known(options.results, KEY).values() if record["version"] == version]
    )


def parse() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--rate", type=float, default=0.10)
    parser.add_argument("--seeds", type=int, default=5, help="how many, counted from 1")
    parser.add_argument("--results", type=Path, default=FOLDER / "label_refresh.jsonl")
    return parser.parse_args()


def scorer(file: Labelled) -> Scores:
    """Scores float64 [n] of label_issues from labels int [n] and which are verified, bool [n]."""
    neighbours = nearest_neighbours(file.vectors, NEIGHBOURS)

    def scores(labels: Labels, verified: NDArray[np.bool_]) -> NDArray[np.float64]:
        examples = file.given(labels).with_columns(verified=pl.Series(verified))
        with threadpool_limits(limits=1):
            flags = label_issues(examples, file.vectors, file.groups, neighbours, seed=0).flags
        return flags["score"].to_numpy()

    return scores


def review(
    truth: Labels, noisy: Labels, first: NDArray[np.float64], anew: Scores | None, seed: int
) -> dict[str, float]:
    """Share of the errors that were seen, by the per cent of the rows that were (MARKS).

    `first` float64 [n] are the scores to begin with, `anew` gives those after each step. Rows of
    equal score come in an order that the seed decides.
    """
    labels, seen, scores = noisy.copy(), np.zeros(len(truth), dtype=np.bool_), first
    wrong = noisy != truth
    lots = np.random.default_rng(seed).permutation(len(truth))
    found: dict[str, float] = {}
    for step in range(1, max(MARKS) + 1):
        waiting = np.lexsort((lots, scores, seen))
        rows = waiting[: round(step * STEP * len(truth)) - int(seen.sum())]
        labels[rows], seen[rows] = truth[rows], True
        if step in MARKS:
            found[MARKS[step]] = float((wrong & seen).sum() / wrong.sum())
        if anew and step < max(MARKS):
            scores = anew(labels, seen)
    return found


def show(records: list[Record]) -> None:
    """Means over the seeds, in Markdown."""
    columns = [f"{name}_{percent}" for percent in MARKS.values() for name in ("fixed", "refresh")]
    print("Share of the errors found after 10 % and 20 % of the rows, mean over the seeds:\n")
    table = (
        pl.DataFrame(records)
        .group_by("file", "kind", "rate", maintain_order=True)
        .agg(pl.len().alias("seeds"), pl.col(columns).mean())
        .sort("file", maintain_order=True)
    )
    names = {
        column: column.replace("fixed", "once").replace("_", ", ") + " %" for column in columns
    }
    print(markdown(table.rename(names)))


if __name__ == "__main__":
    main()
