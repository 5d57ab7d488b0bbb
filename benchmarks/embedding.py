"""Throughput of `curation.embeddings.Encoder` against plain `SentenceTransformer.encode`.

Both run in this process on the same loaded model, in alternating order, after a warm-up; the best
run of each counts, since other load on the machine can only slow a run down. Example:

    python benchmarks/embedding.py questions.csv --text-column text --limit 4000
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from curation.embeddings import DEFAULT_MODEL, Encoder, Vectors, load_encoder

READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    ".csv": pl.read_csv,
    ".jsonl": pl.read_ndjson,
    ".parquet": pl.read_parquet,
}


def timed(run: Callable[[], Vectors]) -> tuple[Vectors, float, float]:
    """The vectors, wall seconds and CPU seconds of one run."""
    wall, cpu = time.perf_counter(), time.process_time()
    vectors = run()
    return vectors, time.perf_counter() - wall, time.process_time() - cpu


def compare(encoder: Encoder, texts: list[str], rounds: int) -> dict[str, Any]:
    """Texts per wall and CPU second of both, their ratios, and the least cosine between them."""
    runs: dict[str, Callable[[], Vectors]] = {
        "encode": lambda: np.asarray(encoder.model.encode(texts, show_progress_bar=False)),
        "tamis": lambda: encoder.encode(texts),
    }
    encoder.encode(texts[:200])
    encoder.model.encode(texts[:200], show_progress_bar=False)
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    vectors: dict[str, Vectors] = {}
    for turn in range(rounds):
        for name in sorted(runs, reverse=bool(turn % 2)):
            vectors[name], wall, cpu = timed(runs[name])
            seconds[name].append((wall, cpu))
    best = {name: np.min(pairs, axis=0) for name, pairs in seconds.items()}
    plain = vectors["encode"] / np.linalg.norm(vectors["encode"], axis=1, keepdims=True)
    return {
        "texts": len(texts),
        "rounds": rounds,
        "texts_per_second": {
            name: {"wall": len(texts) / best[name][0], "cpu": len(texts) / best[name][1]}
            for name in runs
        },
        "ratio": {
            "wall": best["encode"][0] / best["tamis"][0],
            "cpu": best["encode"][1] / best["tamis"][1],
        },
        "min_cosine": float(np.einsum("ij,ij->i", plain, vectors["tamis"]).min()),
    }


def main() -> None:
    """Read the file, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", type=Path, help=".csv, .jsonl or .parquet")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--limit", type=int, help="use the first N texts only")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    asked = parser.parse_args()
    texts = READERS[asked.file.suffix](asked.file)[asked.text_column].head(asked.limit).to_list()
    result = compare(load_encoder(asked.model), texts, asked.rounds)
    if asked.json:
        print(json.dumps(result, indent=2))
        return
    print(f"{'':8}{'texts/s wall':>14}{'texts/s CPU':>14}")
    for name, rate in result["texts_per_second"].items():
        print(f"{name:8}{rate['wall']:14.1f}{rate['cpu']:14.1f}")
    print(f"{'ratio':8}{result['ratio']['wall']:14.2f}{result['ratio']['cpu']:14.2f}")
    print(f"least cosine {result['min_cosine']:.7f} over {result['texts']} texts")


if __name__ == "__main__":
    main()
