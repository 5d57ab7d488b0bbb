"""Finding all pairs of similar vectors: `curation.similarity` beside what others use.

Every method gets the same vectors and a process of its own, one after the other, on the same
machine: the vectors of the texts given, enlarged where more rows are asked for by copies with
noise, so that there are many near-duplicates. Recall is against the blocked product of everything,
for above 50,000 rows on a random sample of 5,000 of them. Example:

    python benchmarks/duplicates.py questions.csv intents.jsonl --rows 20000,50000

Of the others, those that are installed take part. Versions this was written for:
    faiss-cpu==1.15.1  usearch==2.26.6  semhash==0.5.0
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from curation.similarity import nearest_neighbours, similar_rows

Vectors = NDArray[np.float32]
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
Method = Callable[[Vectors, float], Pairs]
Cost = dict[str, Any]

READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    ".csv": pl.read_csv,
    ".jsonl": pl.read_ndjson,
    ".parquet": pl.read_parquet,
}
WHOLE = 50_000
SAMPLE = 5_000


def tamis() -> Method:
    """What the product does."""

    def search(vectors: Vectors, floor: float) -> Pairs:
        return _joined((left, right) for _, left, right, _ in similar_rows(vectors, floor))

    return search


def product() -> Method:
    """Everything with everything after it, by matrix products of float32 blocks."""

    def search(vectors: Vectors, floor: float) -> Pairs:
        return _joined(_within(vectors, floor))

    return search


def faiss_flat() -> Method:
    """FAISS, exact range search."""
    import faiss  # type: ignore[import-not-found]

    def search(vectors: Vectors, floor: float) -> Pairs:
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        return _ranges(*index.range_search(vectors, floor)[::2])

    return search


def faiss_ivf(probes: int) -> Method:
    """FAISS, inverted file of √n lists, range search in some of them."""
    import faiss

    def search(vectors: Vectors, floor: float) -> Pairs:
        lists = round(len(vectors) ** 0.5)
        quantizer = faiss.IndexFlatIP(vectors.shape[1])
        index = faiss.IndexIVFFlat(quantizer, vectors.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
        index.train(vectors)
        index.add(vectors)
        index.nprobe = probes
        return _ranges(*index.range_search(vectors, floor)[::2])

    return search


def usearch() -> Method:
    """USearch's HNSW graph with the settings and the 100 neighbours that SemHash takes."""
    from usearch.index import Index  # type: ignore[import-not-found]

    def search(vectors: Vectors, floor: float) -> Pairs:
        index = Index(
            ndim=vectors.shape[1],
            metric="cos",
            connectivity=16,
            expansion_add=128,
            expansion_search=64,
        )
        index.add(None, vectors)
        found = index.search(vectors, 100)
        close = np.asarray(found.distances) <= 1 - floor
        close &= np.arange(100) < np.asarray(found.counts)[:, None]
        left, place = np.nonzero(close)
        return left, np.asarray(found.keys)[left, place].astype(np.int64)

    return search


def semhash() -> Method:
    """SemHash as it comes, on these vectors; it names one pair per duplicate."""
    from semhash import SemHash  # type: ignore[import-not-found]

    def search(vectors: Vectors, floor: float) -> Pairs:
        names = [str(row) for row in range(len(vectors))]
        hashed = SemHash.from_embeddings(vectors, names, model=None)
        filtered = hashed.self_deduplicate(threshold=floor).filtered
        pairs = [(int(found.record), int(found.duplicate_of)) for found in filtered]
        both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return both[:, 0], both[:, 1]

    return search


def paraphrase_mining() -> Method:
    """sentence-transformers' utility, with its defaults but for the number of pairs."""
    from sentence_transformers import util

    def search(vectors: Vectors, floor: float) -> Pairs:
        import torch

        found = util.paraphrase_mining_embeddings(
            torch.from_numpy(vectors), max_pairs=10_000_000, top_k=100
        )
        rows = np.array([pair[1:] for pair in found if pair[0] >= floor], dtype=np.int64)
        both = rows.reshape(-1, 2)
        return both[:, 0], both[:, 1]

    return search


def one_cell() -> Method:
    """k-means of √n cells and products within each, as SemDeDup does (Abbas et al. 2023)."""
    import faiss

    def search(vectors: Vectors, floor: float) -> Pairs:
        cells = round(len(vectors) ** 0.5)
        kmeans = faiss.Kmeans(vectors.shape[1], cells, niter=10, spherical=True, seed=0)
        kmeans.train(vectors)
        home = kmeans.index.search(vectors, 1)[1][:, 0]
        order = np.argsort(home, kind="stable")
        members = np.split(order, np.searchsorted(home[order], np.arange(1, cells)))
        return _joined(
            (rows[left], rows[right])
            for rows in members
            for left, right in _within(vectors[rows], floor)
        )

    return search


METHODS: dict[str, tuple[Callable[[], Method], int | None]] = {
    "tamis": (tamis, None),
    "blocked product": (product, 200_000),
    "FAISS flat": (faiss_flat, 50_000),
    "FAISS IVF 4 probes": (lambda: faiss_ivf(4), None),
    "FAISS IVF 16 probes": (lambda: faiss_ivf(16), None),
    "USearch HNSW": (usearch, 200_000),
    "SemHash": (semhash, 200_000),
    "paraphrase_mining": (paraphrase_mining, 50_000),
    "k-means one cell": (one_cell, None),
}
"""Each with the most rows that it is run on."""


def _within(vectors: Vectors, floor: float) -> Iterator[Pairs]:
    """Pairs of rows by comparing each with all from its block on."""
    for top in range(0, len(vectors), 1024):
        left, right = _close(vectors[top : top + 1024], vectors[top:], floor)
        yield left + top, right + top


def _close(one: Vectors, other: Vectors, floor: float) -> Pairs:
    """Places of the products that reach the floor."""
    places = np.flatnonzero(one @ other.T >= np.float32(floor))
    left, right = np.divmod(places, max(1, len(other)))
    return left, right


def _true_pairs(vectors: Vectors, floor: float, sample: NDArray[np.int64]) -> Iterator[Pairs]:
    """Pairs of a row of the sample and any other."""
    for top in range(0, len(sample), 1024):
        rows = sample[top : top + 1024]
        left, right = _close(vectors[rows], vectors, floor)
        yield rows[left], right


def _joined(found: Iterable[Pairs]) -> Pairs:
    left, right = zip((np.empty(0, np.int64),) * 2, *found, strict=True)
    return np.concatenate(left), np.concatenate(right)


def _ranges(limits: NDArray[np.int64], found: NDArray[np.int64]) -> Pairs:
    """Pairs from FAISS's range search: where each query's answers begin, and the answers."""
    ends = limits.astype(np.int64)
    counts = ends[1:] - ends[:-1]
    return np.repeat(np.arange(len(counts)), counts), found.astype(np.int64)


def keys(pairs: Pairs, count: int) -> NDArray[np.int64]:
    """One number per pair of different rows, whichever comes first; sorted, each once."""
    left, right = np.minimum(*pairs), np.maximum(*pairs)
    return np.unique((left * count + right)[left < right])


def measure(name: str, path: Path, floor: float, ready: Any, results: Any) -> None:
    """Run one method in this process and put what it cost into `results`."""
    try:
        search = METHODS[name][0]()
    except ImportError as error:
        results.put(f"not installed: {error.name}")
        return
    vectors = np.load(path)
    search(vectors[:2000], floor)  # libraries load parts of themselves on the first call
    ready.set()
    time.sleep(0.1)  # for the parent to see how much memory is held before
    wall, cpu = time.perf_counter(), time.process_time()
    pairs = search(vectors, floor)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    ready.clear()
    np.save(path.with_suffix(".found.npy"), keys(pairs, len(vectors)))
    results.put({"cpu_seconds": cpu, "wall_seconds": wall})


def run(name: str, path: Path, floor: float) -> Cost | str:
    """One method in a process of its own: its cost, or why it has none."""
    spawn = multiprocessing.get_context("spawn")
    ready, results = spawn.Event(), spawn.SimpleQueue()
    child = spawn.Process(target=measure, args=(name, path, floor, ready, results))
    child.start()
    process, before, most = psutil.Process(child.pid), 0, 0
    while child.is_alive():
        if ready.is_set():
            with contextlib.suppress(psutil.NoSuchProcess):
                held = process.memory_info().rss
                before, most = before or held, max(most, held)
        child.join(0.01)
    cost = "failed" if child.exitcode or results.empty() else results.get()
    return cost if isinstance(cost, str) else {**cost, "peak_mb": (most - before) / 1e6}


def compare(vectors: Vectors, floor: float, methods: list[str]) -> dict[str, Any]:
    """Cost and recall of each method on these vectors."""
    count = len(vectors)
    random = np.random.default_rng(0)
    sample = np.sort(random.choice(count, count if count <= WHOLE else SAMPLE, replace=False))
    truth = keys(_joined(_true_pairs(vectors, floor, sample)), count)
    rows: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npy"
        np.save(path, vectors)
        for name in methods:
            most = METHODS[name][1]
            if most is not None and count > most:
                rows[name] = f"not run above {most:,} rows"
                print_row(name, rows[name])
                continue
            cost = run(name, path, floor)
            if isinstance(cost, dict):
                found = np.load(path.with_suffix(".found.npy"))
                cost["recall"] = float(np.isin(truth, found).mean()) if len(truth) else None
                cost["pairs"] = len(found)
            rows[name] = cost
            print_row(name, cost)
    return {"rows": count, "floor": floor, "true_pairs_checked": len(truth), "methods": rows}


def neighbours(vectors: Vectors, k: int) -> dict[str, float]:
    """Cost of `nearest_neighbours` and the share of true neighbours it finds, on 1,000 rows."""
    wall, cpu = time.perf_counter(), time.process_time()
    _, values = nearest_neighbours(vectors, k)
    cost = {
        "cpu_seconds": time.process_time() - cpu,
        "wall_seconds": time.perf_counter() - wall,
    }
    rows = np.random.default_rng(0).choice(len(vectors), min(1000, len(vectors)), replace=False)
    likeness = vectors[rows] @ vectors.T
    likeness[np.arange(len(rows)), rows] = -np.inf
    least = np.partition(likeness, -k, axis=1)[:, -k]
    return {**cost, "recall": float((values[rows] >= least[:, None] - 1e-6).mean())}


def read(path: Path, column: str) -> Vectors:
    """Vectors of the distinct texts of a file, or those of an .npy file."""
    if path.suffix == ".npy":
        return np.asarray(np.load(path), dtype=np.float32)
    from curation.embeddings import load_encoder

    texts = READERS[path.suffix](path)[column].drop_nulls().unique(maintain_order=True)
    return load_encoder().encode(texts.to_list())


def enlarge(vectors: Vectors, count: int, seed: int) -> Vectors:
    """So many rows: those given, and copies of them with noise when they are too few, shuffled.

    The noise of a copy is the difference of two other rows, so that it lies in the directions in
    which texts differ, at a length up to .8: cosines with the original from 1 down to .78.
    """
    random = np.random.default_rng(seed)
    known = len(vectors)
    if count <= known:
        return vectors[random.choice(known, count, replace=False)]
    parts = [vectors]
    for top in range(known, count, 50_000):
        size = min(50_000, count - top)
        own, one, other = random.integers(known, size=(3, size))
        noise = _unit(vectors[one] - vectors[other])
        parts.append(_unit(vectors[own] + noise * random.uniform(0, 0.8, size=(size, 1))))
    return np.concatenate(parts)[random.permutation(count)]


def _unit(vectors: NDArray[Any]) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: Vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return units


def print_row(name: str, cost: Cost | str) -> None:
    """One line of the table."""
    if isinstance(cost, str):
        print(f"{name:22} {cost}", flush=True)
        return
    shown = "-" if cost["recall"] is None else f"{cost['recall']:.5f}"
    print(
        f"{name:22}{cost['cpu_seconds']:9.2f}{cost['wall_seconds']:9.2f}{cost['peak_mb']:9.0f}"
        f"{shown:>10}{cost['pairs']:12,}",
        flush=True,
    )


def print_growth(written: list[dict[str, Any]]) -> None:
    """The power of the rows with which the CPU seconds of Tamis grow, first size to last."""
    sizes = [(one["rows"], one["methods"].get("tamis")) for one in written]
    (few, least), (many, most) = sizes[0], sizes[-1]
    if few < many and isinstance(least, dict) and isinstance(most, dict):
        power = np.log(most["cpu_seconds"] / least["cpu_seconds"]) / np.log(many / few)
        print(f"\nTamis from {few:,} to {many:,} rows: CPU time grows with the power {power:.2f}")


def main() -> None:
    """Embed the files, enlarge, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", type=Path, nargs="+", help=".csv, .jsonl, .parquet; or .npy")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--rows", default="20000,50000", help="several, separated by commas")
    parser.add_argument("--floor", type=float, default=0.9)
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--neighbours", type=int, default=10, help="0: leave them out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="also write everything to this file")
    asked = parser.parse_args()
    methods = asked.methods.split(",")
    vectors = _unit(np.concatenate([read(path, asked.text_column) for path in asked.files]))
    written = []
    for count in map(int, asked.rows.split(",")):
        rows = enlarge(vectors, count, asked.seed)
        print(f"\n{count:,} rows of {rows.shape[1]}, pairs from cosine {asked.floor}")
        print(f"{'':22}{'CPU s':>9}{'wall s':>9}{'MB more':>9}{'recall':>10}{'pairs':>12}")
        written.append(compare(rows, asked.floor, methods))
        if asked.neighbours:
            near = neighbours(rows, asked.neighbours)
            written[-1]["neighbours"] = near
            print(
                f"{asked.neighbours} neighbours: "
                + ", ".join(f"{a} {b:.3f}" for a, b in near.items())
            )
    print_growth(written)
    if asked.json:
        asked.json.write_text(json.dumps(written, indent=2))


if __name__ == "__main__":
    main()
