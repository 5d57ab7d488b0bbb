"""Writing many rows: `export_dataset` beside DuckDB's bare `COPY … TO` of the same rows.

The file given is imported as a chat dataset, each row as often as it takes to reach the size asked
for (a number is added to the question, so that no two are alike), and the search for duplicates is
recorded as done: it is not what is measured here. Each writer then has a process of its own, on
the same workspace, one after the other; afterwards the export is compared with its copy by
`difference` and checked by `verify_export`.

COPY reads the rows and writes them. What can be set beside it is the phase "checking and writing",
though that has its rows in memory and COPY checks nothing; the whole also splits the rows, hashes
and proves what was written, and records it.

    python benchmarks/export.py gsm8k_train.jsonl --rows 300000
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from curation.importing import import_file
from curation.pipeline import step_keys
from curation.records import Task
from curation.workspace import Workspace
from exports.export import export_dataset
from exports.options import ExportOptions
from exports.verify import verify_export
from exports.versions import difference

NAME = "questions"

Run = Callable[[Path, Callable[[str], None]], int]
Measured = dict[str, Any]


def enlarge(file: Path, rows: int, out: Path) -> None:
    """Write `rows` different questions with their answers to `out`."""
    pairs = pl.read_ndjson(file).select("question", "answer")
    times = -(-rows // pairs.height)
    many = pl.concat([pairs] * times).head(rows).with_row_index("number")
    asked = pl.format("{} (Case {}.)", "question", "number")
    many.select(asked.alias("question"), "answer").write_ndjson(out)


def prepare(file: Path, rows: int, home: Path) -> None:
    """A workspace with so many examples whose duplicates count as searched."""
    source = home / "questions.jsonl"
    enlarge(file, rows, source)
    with Workspace.create(home / "workspace") as workspace:
        dataset = workspace.create_dataset(NAME, Task.CHAT)
        import_file(workspace, dataset, source)
        key = step_keys(workspace, dataset)["duplicates"]
        workspace.store.write(
            lambda cursor: cursor.execute(
                "INSERT INTO step (dataset_id, name, input_key, seconds, finished_at) "
                "VALUES ($1, 'duplicates', $2, 0, now())",
                [dataset.dataset_id, key],
            )
        )


def tamis(home: Path, begin: Callable[[str], None]) -> int:
    """Split, check, write and prove; the number of rows written."""
    begin("opening")
    with Workspace.open(home / "workspace") as workspace:
        dataset = workspace.dataset(NAME)
        result = export_dataset(
            workspace,
            dataset,
            ExportOptions(),
            home / "export",
            progress=lambda at: begin(at.message or "closing"),
        )
    return sum(result.counts.values())


def duckdb_copy(home: Path, begin: Callable[[str], None]) -> int:
    """The same messages by one SQL statement: neither splits, nor checks, nor a manifest."""
    begin("copying")
    out = home / "copy.jsonl"
    database = home / "workspace" / "tamis.duckdb"
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute(
            "COPY (SELECT [{'role': 'user', 'content': text}, "
            "{'role': 'assistant', 'content': current}] AS messages FROM current_example) "
            f"TO '{out}' (FORMAT json)"
        )
    begin("counting")
    with out.open("rb") as lines:
        return sum(1 for _ in lines)


def diff(home: Path, begin: Callable[[str], None]) -> int:
    """Two exports of the same rows compared; the number of examples that changed."""
    begin("comparing")
    return difference(home / "export", home / "again").changes.height


def verify(home: Path, begin: Callable[[str], None]) -> int:
    """The export checked from its folder alone; the number of problems."""
    begin("verifying")
    return len(verify_export(home / "export"))


def alone(run: Callable[..., Any], *given: Any) -> Any:
    """`run` in a process of its own, whose peak memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(run, given)


def measure(run: Run, home: Path) -> Measured:
    """What `run` counts, its peak memory in GB, wall and CPU seconds as a whole and by phase."""
    began: list[tuple[str, float, float]] = []

    def begin(phase: str) -> None:
        began.append((phase, time.perf_counter(), time.process_time()))

    count = run(home, begin)
    begin("")
    phases = {
        phase: {"wall_s": next_wall - wall, "cpu_s": next_cpu - cpu}
        for (phase, wall, cpu), (_, next_wall, next_cpu) in pairwise(began)
    }
    return {
        "count": count,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "phases": phases,
        **{unit: sum(phase[unit] for phase in phases.values()) for unit in ("wall_s", "cpu_s")},
    }


def main() -> None:
    """Prepare, write both ways, verify, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path, help=".jsonl with question and answer")
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tamis-export-") as folder:
        home = Path(folder)
        alone(prepare, asked.file, asked.rows, home)
        found = {run.__name__: alone(measure, run, home) for run in (duckdb_copy, tamis)}
        shutil.copytree(home / "export", home / "again")
        found |= {run.__name__: alone(measure, run, home) for run in (diff, verify)}
    copy = found["duckdb_copy"]["phases"]["copying"]["wall_s"]
    ratios = {
        "writing": found["tamis"]["phases"]["checking and writing"]["wall_s"] / copy,
        "whole": found["tamis"]["wall_s"] / copy,
    }
    if asked.json:
        print(json.dumps({**found, "ratios": ratios}, indent=2))
        return
    show(found)
    said = ", ".join(f"{name} {ratio:.1f}" for name, ratio in ratios.items())
    print(f"wall times beside COPY: {said}")


def show(found: dict[str, Measured]) -> None:
    """Print a line for each run and each of its phases; `count` is of rows, changes, problems."""
    print(f"{'':24}{'count':>10}{'wall s':>9}{'CPU s':>9}{'peak GB':>9}")
    for name, facts in found.items():
        print(
            f"{name:24}{facts['count']:10,.0f}{facts['wall_s']:9.2f}{facts['cpu_s']:9.2f}"
            f"{facts['peak_gb']:9.2f}"
        )
        for phase, spent in facts["phases"].items():
            print(f"  {phase:22}{'':10}{spent['wall_s']:9.2f}{spent['cpu_s']:9.2f}")


if __name__ == "__main__":
    main()
