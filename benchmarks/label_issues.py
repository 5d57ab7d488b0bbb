"""How well planted label errors are found again, beside two peers, in one command.

    python benchmarks/label_issues.py banking77.csv clinc150.jsonl

Each FILE is a CSV, JSONL or Parquet file whose labels count as the truth: its own errors count
against every method alike. For every seed, file, kind of noise and rate each method gets the same
vectors and the same labels, on one thread. Results are kept, one JSON object a line, and what is
kept is not measured again unless the method has changed: a run that was stopped goes on, and

    python benchmarks/label_issues.py banking77.csv clinc150.jsonl --methods tamis --again

measures one method anew. Seeds come first, so the first fifth of the work has seen every cell.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from pathlib import Path
from typing import Any

import polars as pl
from label_data import Labelled, read
from label_measures import means, measure, worst_differences
from label_methods import METHODS, version
from label_results import FOLDER, Record, append, known
from noise import KINDS, plant_noise
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

KEY = ("file", "digest", "kind", "rate", "seed", "method")


def main() -> None:
    """Measure what is not yet known, then print everything known of these files."""
    options = parse()
    files = [
        read(path, options.text_column, options.label_column, options.results.parent)
        for path in options.files
    ]
    if not options.only_tables:
        run(files, options)
    show([record for record in known(options.results, KEY).values() if is_of(record, files)])


def parse() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--rates", nargs="+", type=float, default=[0.05, 0.10, 0.20])
    parser.add_argument("--seeds", type=int, default=5, help="how many, counted from 1")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--again", action="store_true", help="measure what is known once more")
    parser.add_argument("--only-tables", action="store_true", help="measure nothing")
    parser.add_argument(
        "--results",
        type=Path,
        default=FOLDER / "label_results.jsonl",
        help="JSONL; vectors beside it",
    )
    return parser.parse_args()


def run(files: list[Labelled], options: argparse.Namespace) -> None:
    """Append one line to the results for every cell and method that has none of this version."""
    versions = {name: version(name) for name in options.methods}
    done = {} if options.again else known(options.results, KEY)
    cells = itertools.product(
        range(1, options.seeds + 1), files, options.kinds, options.rates, options.methods
    )
    for seed, file, kind, rate, method in cells:
        key = (file.name, file.digest, kind, rate, seed, method)
        if key in done and done[key]["version"] == versions[method]:
            continue
        record = dict(zip(KEY, key, strict=True)) | {"version": versions[method]}
        record |= measure_cell(file, kind, rate, seed, method)
        append(options.results, record)
        print(
            f"{file.name} {kind} {rate} seed {seed} {method}: "
            f"AP {record['average_precision']:.3f}, {record['cpu_seconds']:.1f} CPU s",
            file=sys.stderr,
            flush=True,
        )


def measure_cell(file: Labelled, kind: Any, rate: float, seed: int, method: str) -> Record:
    """The measures and the CPU seconds, of children too, of one method in one cell."""
    noisy = plant_noise(file.truth, file.vectors, kind=kind, rate=rate, seed=seed)
    given, groups = file.given(noisy), file.groups
    with threadpool_limits(limits=1):
        before = sum(os.times()[:4])
        doubt, flagged = METHODS[method](given, noisy, file.vectors, groups)
        spent = sum(os.times()[:4]) - before
    return {"cpu_seconds": spent, **measure(doubt, flagged, noisy != file.truth)}


def is_of(record: Record, files: list[Labelled]) -> bool:
    """Whether a record is about one of the files as they are now."""
    return any((record["file"], record["digest"]) == (each.name, each.digest) for each in files)


def show(records: list[Record]) -> None:
    """Tables in Markdown: the means, and where ours is compared, its worst seeds."""
    if not records:
        sys.exit("Nothing has been measured of these files yet.")
    results = pl.DataFrame(records)
    print(f"Mean over the seeds:\n\n{means(results)}")
    ours, *peers = METHODS
    for peer in peers:
        if {ours, peer} <= set(results["method"]):
            print(f"\n{ours} less {peer}, in the worst seed:\n")
            print(worst_differences(results, ours, peer))
    for name, versions in (
        results.group_by("method", maintain_order=True)
        .agg(pl.col("version").unique(maintain_order=True))
        .iter_rows()
    ):
        print(f"\n{name}: {'; '.join(versions)}")


if __name__ == "__main__":
    main()
