"""Throughput of the three tiers of `curation.embeddings` against `SentenceTransformer.encode`.

All run in this process on the same texts, in alternating order, after a warm-up, each on an encoder
loaded anew; the best run of each counts, since other load on the machine can only slow a run down.
`model2vec`, where it is installed, is Model2Vec's own encoder on the table of the static tier. The
ratios and the cosine are against the first that is named. Examples:

    python benchmarks/embedding.py questions.csv --text-column text --limit 4000
    python benchmarks/embedding.py questions.csv --run model2vec static
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

from curation.embeddings import DEFAULT_MODEL, Tier, Vectors, load_encoder
from curation.encoders.models import load_model

READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    ".csv": pl.read_csv,
    ".jsonl": pl.read_ndjson,
    ".parquet": pl.read_parquet,
}
Encode = Callable[[list[str]], Vectors]
NAMES = ("encode", *map(str, Tier), "model2vec")


def timed(encode: Encode, texts: list[str]) -> tuple[Vectors, float, float]:
    """The vectors, wall seconds and CPU seconds of one run."""
    encode(texts[:50])
    wall, cpu = time.perf_counter(), time.process_time()
    vectors = encode(texts)
    return vectors, time.perf_counter() - wall, time.process_time() - cpu


def loader(model: str, name: str) -> Callable[[], Encode]:
    """What loads an encoder and gives the function that is timed."""

    def plain() -> Encode:
        loaded = load_model(model)
        return lambda texts: np.asarray(loaded.encode(texts, show_progress_bar=False))

    def model2vec() -> Encode:
        from model2vec import StaticModel

        ours: Any = load_encoder(f"{model}:{Tier.STATIC}")
        theirs = StaticModel(ours.table, ours.tokenizer, normalize=True, max_length=None)
        return lambda texts: np.asarray(theirs.encode(texts))

    def tier() -> Encode:
        return load_encoder(model if name == Tier.FULL else f"{model}:{name}").encode

    return {"encode": plain, "model2vec": model2vec}.get(name, tier)


def compare(
    loads: dict[str, Callable[[], Encode]], texts: list[str], rounds: int
) -> dict[str, dict[str, float]]:
    """Texts per wall and CPU second, both against the first of them, and the least cosine."""
    first = next(iter(loads))
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in loads}
    vectors: dict[str, Vectors] = {}
    for turn in range(rounds):
        for name in sorted(loads, reverse=bool(turn % 2)):
            vectors[name], wall, cpu = timed(loads[name](), texts)
            seconds[name].append((wall, cpu))
    best = {name: np.min(pairs, axis=0) for name, pairs in seconds.items()}
    plain = vectors[first] / np.linalg.norm(vectors[first], axis=1, keepdims=True)
    return {
        name: {
            "texts_per_wall_second": len(texts) / best[name][0],
            "texts_per_cpu_second": len(texts) / best[name][1],
            "wall_ratio": best[first][0] / best[name][0],
            "cpu_ratio": best[first][1] / best[name][1],
            # Vectors of another length live in another space.
            "min_cosine": float(np.einsum("nd,nd->n", plain, vectors[name]).min())
            if vectors[name].shape == plain.shape
            else float("nan"),
        }
        for name in loads
    }


def show(result: dict[str, dict[str, float]]) -> None:
    """Print a table."""
    names = ["texts/s wall", "texts/s CPU", "× wall", "× CPU", "least cosine"]
    print(f"{'':10}" + "".join(f"{name:>14}" for name in names))
    for name, found in result.items():
        rates, ratios = list(found.values())[:2], list(found.values())[2:4]
        print(
            f"{name:10}"
            + "".join(f"{rate:14.0f}" for rate in rates)
            + "".join(f"{ratio:14.2f}" for ratio in ratios)
            + f"{found['min_cosine']:14.7f}"
        )


def main() -> None:
    """Read the file, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", type=Path, help=".csv, .jsonl or .parquet")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--limit", type=int, help="use so many texts, chosen at random")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--run", nargs="+", choices=NAMES, default=NAMES[:-1])
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    asked = parser.parse_args()
    column: Any = READERS[asked.file.suffix](asked.file)[asked.text_column]
    texts = column.sample(min(asked.limit or len(column), len(column)), seed=0).to_list()
    loads = {name: loader(asked.model, name) for name in asked.run}
    result = compare(loads, texts, asked.rounds)
    if asked.json:
        print(json.dumps(result, indent=2))
    else:
        show(result)


if __name__ == "__main__":
    main()
