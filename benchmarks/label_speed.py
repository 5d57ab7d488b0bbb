"""Time and memory of finding label errors as the number of examples grows.

    python benchmarks/label_speed.py clinc150.jsonl --baseline

Each size runs in a process of its own, on one thread unless told otherwise: the search for
neighbours and `label_issues`, embeddings given. The rows are made from FILE (see `synthesise`) and
kept in a folder; making them, and finding the copies among them, is not measured.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Only the children import what is heavy: a child's peak memory starts at that of its parent.

FOLDER = Path(__file__).resolve().parents[1] / "build" / "benchmarks"
SIZES = [10_000, 30_000, 100_000, 300_000]
COLUMNS = ("method", "rows", "wall s", "CPU s", "peak MB", "before MB", "search %", "cleanlab %")
_DROPPED, _JITTER, _COPIES, _COPY_JITTER, _NOISE = 0.2, 0.5, 0.05, 0.1, 0.1


def main() -> None:
    """Prepare and measure every size in turn, then print."""
    options = parse()
    if options.child == "prepare":
        synthesise(options)
        return
    if options.child:
        print(json.dumps(measured(options.child, made(options, options.rows[0]))))
        return
    jobs = [("tamis", rows) for rows in options.rows]
    if options.baseline:
        jobs.append(("logistic-regression", options.baseline))
    results = []
    for method, rows in jobs:
        if not (made(options, rows) / "vectors.npy").exists():
            child(options, "prepare", rows)
        results.append({"method": method, "rows": rows} | json.loads(child(options, method, rows)))
        print(results[-1], file=sys.stderr, flush=True)
    print(json.dumps(results, indent=2) if options.json else table(results))


def parse() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", type=Path)
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES)
    parser.add_argument("--classes", type=int, default=150)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--baseline",
        type=int,
        nargs="?",
        const=100_000,
        metavar="ROWS",
        help="five-fold logistic regression too, at this many rows",
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for the rows that are made")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


def made(options: argparse.Namespace, rows: int) -> Path:
    """The folder of the synthetic rows of one size."""
    folder: Path = options.folder
    return folder / f"speed-{options.file.stem}-{options.classes}-{rows}"


def child(options: argparse.Namespace, what: str, rows: int) -> str:
    """Standard output of this file run in a process of its own."""
    threads = str(options.threads)
    return subprocess.run(
        [
            *(sys.executable, __file__, str(options.file), "--child", what, "--rows", str(rows)),
            *("--text-column", options.text_column, "--label-column", options.label_column),
            *("--classes", str(options.classes), "--folder", str(options.folder)),
        ],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
    ).stdout


def synthesise(options: argparse.Namespace) -> None:
    """Make rows like those of the file, with 10 % of confusable label errors, and their copies.

    Rows are drawn from the file's most frequent labels with replacement. Each word is left out
    with probability 0.2 (one always stays); each vector is moved by a random vector of length 0.5
    and brought back to length one, which leaves two rows of one origin at a cosine of about 0.8.
    Then 5 % of the rows become copies of the row before, at a cosine of about 0.995.
    """
    import numpy as np
    import polars as pl
    from label_data import read
    from noise import plant_noise

    from curation.duplicates import COPY_SIMILARITY, copy_groups, find_pairs

    base = read(options.file, options.text_column, options.label_column, options.folder)
    count = options.rows[0]
    generator = np.random.default_rng(0)
    frequent = np.argsort(-np.bincount(base.truth), kind="stable")[: options.classes]
    rows = generator.choice(np.flatnonzero(np.isin(base.truth, frequent)), size=count)
    truth = np.unique(base.truth[rows], return_inverse=True)[1].astype(np.int64)
    words = [base.examples["text"][row].split() for row in rows.tolist()]
    texts = [" ".join(_some(each, generator.random(len(each)))) for each in words]
    vectors = _moved(base.vectors[rows], _JITTER, generator)
    copies = 1 + np.flatnonzero(generator.random(count - 1) < _COPIES)
    vectors[copies] = _moved(vectors[copies - 1], _COPY_JITTER, generator)
    truth[copies] = truth[copies - 1]
    for row in copies.tolist():
        texts[row] = texts[row - 1]
    noisy = plant_noise(truth, vectors, kind="confusable", rate=_NOISE, seed=1)
    examples = pl.DataFrame({"example_id": [f"{row:08d}" for row in range(count)], "text": texts})
    groups = copy_groups(examples, find_pairs(examples, vectors, COPY_SIMILARITY))
    folder = made(options, count)
    folder.mkdir(parents=True, exist_ok=True)
    given = pl.Series([f"label {label:03d}" for label in noisy.tolist()])
    examples.with_columns(given=given).write_parquet(folder / "examples.parquet")
    np.savez(folder / "numbers.npz", labels=noisy, groups=groups)
    np.save(folder / "vectors.npy", vectors)


def _some(words: list[str], lots: Any) -> list[str]:
    """The words whose lot in [0, 1) is not that of the dropped, or the first."""
    return [word for word, lot in zip(words, lots, strict=True) if lot >= _DROPPED] or words[:1]


def _moved(vectors: Any, length: float, generator: Any) -> Any:
    """Unit vectors float32 [n, d] moved by random ones of about this length, then unit again."""
    import numpy as np

    shift = generator.standard_normal(vectors.shape, dtype=np.float32)
    moved = vectors + np.float32(length / math.sqrt(vectors.shape[1])) * shift
    return moved / np.linalg.norm(moved, axis=1, keepdims=True)


def measured(method: str, folder: Path) -> dict[str, float]:
    """Seconds, peak memory, and the seconds in the search and in cleanlab, of one method."""
    import label_methods
    import numpy as np
    import polars as pl
    from cleanlab import count, dataset, rank
    from cleanlab import filter as filters

    from curation import label_issues

    examples = pl.read_parquet(folder / "examples.parquet")
    vectors, numbers = np.load(folder / "vectors.npy"), np.load(folder / "numbers.npz")
    labels, groups = numbers["labels"], numbers["groups"]
    search, within = Timer(), Timer()
    put_on_clock(search, "curation.similarity", label_methods, label_issues)
    put_on_clock(within, "cleanlab.", label_methods, count, dataset, filters, rank)
    before, cpu, wall = _peak(), sum(os.times()[:4]), time.perf_counter()
    label_methods.METHODS[method](examples, labels, vectors, groups)
    wall = time.perf_counter() - wall
    return {
        "wall_s": wall,
        "cpu_s": sum(os.times()[:4]) - cpu,
        "peak_mb": _peak(),
        "before_mb": before,
        "search_share": search.seconds / wall,
        "cleanlab_share": within.seconds / wall,
    }


def put_on_clock(timer: Timer, home: str, *modules: Any) -> None:
    """Time every call of a function whose home begins so, by the names it has in these modules."""
    import inspect

    for module in modules:
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__.startswith(home):
                setattr(module, name, timer.around(function))


class Timer:
    """Wall seconds spent in the functions wrapped by `around`; one within another counts once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._running = False

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, on the clock."""
        import functools

        @functools.wraps(function)
        def timed(*arguments: Any, **options: Any) -> Any:
            if self._running:
                return function(*arguments, **options)
            self._running, started = True, time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self._running = False
                self.seconds += time.perf_counter() - started

        return timed


def _peak() -> float:
    """Peak resident memory of this process so far, in MB (ru_maxrss is in kB on Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def table(results: list[dict[str, Any]]) -> str:
    """Everything measured as Markdown, then the growth and the ratio to the baseline."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * (len(COLUMNS) - 1)]
    for each in results:
        shares = f"{each['search_share']:.0%} | {each['cleanlab_share']:.0%}"
        numbers = f"{each['wall_s']:.1f} | {each['cpu_s']:.1f} | {each['peak_mb']:,.0f}"
        lines.append(
            f"| {each['method']} | {each['rows']:,} | {numbers} | {each['before_mb']:,.0f} "
            f"| {shares} |"
        )
    ours = [each for each in results if each["method"] == "tamis"]
    if len(ours) > 1:
        lines += ["", f"CPU time grows as rows to the power {exponent(ours):.2f}"]
        lines[-1] += f", between the last two sizes {exponent(ours[-2:]):.2f}."
    for peer in (each for each in results if each["method"] != "tamis"):
        for same in (each for each in ours if each["rows"] == peer["rows"]):
            ratio = peer["cpu_s"] / same["cpu_s"]
            lines += [
                "",
                f"At {peer['rows']:,} rows {peer['method']} takes {ratio:.1f} times the CPU.",
            ]
    return "\n".join(lines)


def exponent(results: list[dict[str, Any]]) -> float:
    """Slope of the least-squares line through log CPU seconds over log rows."""
    across = [math.log(each["rows"]) for each in results]
    up = [math.log(each["cpu_s"]) for each in results]
    middle, height = sum(across) / len(across), sum(up) / len(up)
    spread = sum((x - middle) ** 2 for x in across)
    return sum((x - middle) * (y - height) for x, y in zip(across, up, strict=True)) / spread


if __name__ == "__main__":
    main()
