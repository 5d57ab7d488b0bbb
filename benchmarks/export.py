"""Writing many rows: `export_dataset` beside DuckDB's bare `COPY … TO` of the same rows.

The file given is imported as a chat dataset, each row as often as it takes to reach the size asked
for (a number is added to the question, so that no two are alike), and the search for duplicates is
recorded as done: it is not what is measured here. Each writer then has a process of its own, on
the same workspace, one after the other; the export is checked with `verify_export` afterwards.

    python benchmarks/export.py gsm8k_train.jsonl --rows 300000
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

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

NAME = "questions"


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


def tamis(home: Path) -> int:
    """Split, check, write and prove; the number of rows written."""
    with Workspace.open(home / "workspace") as workspace:
        dataset = workspace.dataset(NAME)
        result = export_dataset(workspace, dataset, ExportOptions(), home / "export")
        return sum(result.counts.values())


def duckdb_copy(home: Path) -> int:
    """The same messages by one SQL statement: neither splits, nor checks, nor a manifest."""
    out = home / "copy.jsonl"
    database = home / "workspace" / "tamis.duckdb"
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute(
            "COPY (SELECT [{'role': 'user', 'content': text}, "
            "{'role': 'assistant', 'content': current}] AS messages FROM current_example) "
            f"TO '{out}' (FORMAT json)"
        )
    with out.open("rb") as lines:
        return sum(1 for _ in lines)


def measured(run: Callable[[Path], int], home: Path) -> dict[str, float]:
    """Rows, wall and CPU seconds and peak memory in GB of `run` in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (run, home))


def _measure(run: Callable[[Path], int], home: Path) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    rows = run(home)
    return {
        "rows": rows,
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
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
        prepare(asked.file, asked.rows, home)
        found = {run.__name__: measured(run, home) for run in (duckdb_copy, tamis)}
        problems = verify_export(home / "export")
    ratio = found["tamis"]["wall_s"] / found["duckdb_copy"]["wall_s"]
    if asked.json:
        print(json.dumps({**found, "ratio": ratio, "problems": len(problems)}, indent=2))
        return
    print(f"{'':12}{'rows':>10}{'wall s':>9}{'CPU s':>9}{'peak GB':>9}")
    for name, facts in found.items():
        print(
            f"{name:12}{facts['rows']:10,.0f}{facts['wall_s']:9.1f}{facts['cpu_s']:9.1f}"
            f"{facts['peak_gb']:9.2f}"
        )
    print(f"ratio of wall times {ratio:.1f}; problems found by verify: {len(problems)}")


if __name__ == "__main__":
    main()
