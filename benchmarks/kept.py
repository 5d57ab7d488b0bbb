"""Raw texts to the set that is kept: Tamis beside SemHash as it comes, with the same static model.

The texts of the files, enlarged where more are asked for by copies with one word left out or two
words swapped, so that there are many near-duplicates. Each tool has a process of its own, one after
the other; loading the model is not counted, embedding is. SemHash keeps one of a cluster by cosine
alone; Tamis also reads every pair, so that texts which differ in meaning are both kept. What the
same search costs without that is shown too. Example:

    python benchmarks/kept.py questions.csv intents.jsonl --rows 100000

Versions this was written for: semhash==0.5.0  model2vec==0.10.0
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.duplicates import READERS

THRESHOLD = 0.9
MODEL = "all-MiniLM-L6-v2:static"


def enlarge(texts: list[str], rows: int, seed: int = 0) -> list[str]:
    """So many texts: those given, and light edits of them, shuffled."""
    choose = random.Random(seed)
    made = list(texts)
    while len(made) < rows:
        words = choose.choice(texts).split()
        place = choose.randrange(len(words))
        if choose.random() < 0.5 or len(words) < 3:
            words = words[:place] + words[place + 1 :] or words
        else:
            other = choose.randrange(len(words))
            words[place], words[other] = words[other], words[place]
        made.append(" ".join(words))
    choose.shuffle(made)
    return made[:rows]


def tamis(texts: list[str]) -> Callable[[], int]:
    """Embed, find copies and similar pairs, read each pair, cluster, keep one of each."""
    from curation.duplicates import cluster, find_pairs
    from curation.embeddings import load_encoder

    encoder = load_encoder(MODEL)
    examples = pl.DataFrame({"text": texts}).with_row_index("example_id")
    examples = examples.with_columns(pl.col("example_id").cast(pl.String).str.zfill(8))

    def run() -> int:
        pairs = find_pairs(examples, encoder.encode(texts), THRESHOLD)
        members = cluster(pairs, THRESHOLD)
        return len(texts) - members.height + members["cluster"].n_unique()

    return run


def cosine_alone(texts: list[str]) -> Callable[[], int]:
    """The search and the clusters of Tamis, but as SemHash has it: without reading the pairs."""
    from curation.duplicates import PAIR_SCHEMA, cluster, exact_key
    from curation.embeddings import load_encoder
    from curation.similarity import similar_rows

    encoder = load_encoder(MODEL)

    def run() -> int:
        first: dict[str, str] = {}
        for text in texts:
            first.setdefault(exact_key(text), text)
        vectors = encoder.encode(list(first.values()))
        found = list(similar_rows(vectors, THRESHOLD))
        names = pl.Series([f"{number:08}" for number in range(len(first))])
        ends = [np.concatenate([block[side] for block in found]) for side in (1, 2, 3)]
        pairs = pl.DataFrame(
            {
                "example_id": names.gather(ends[0]),
                "other_id": names.gather(ends[1]),
                "similarity": ends[2],
                "kind": pl.repeat("near", len(ends[0]), eager=True),
            },
            schema=PAIR_SCHEMA,
        )
        members = cluster(pairs, THRESHOLD)
        return len(first) - members.height + members["cluster"].n_unique()

    return run


def semhash(texts: list[str]) -> Callable[[], int]:
    """SemHash as its documentation shows it, with the table of our static tier."""
    from model2vec import StaticModel
    from semhash import SemHash

    from curation.embeddings import load_encoder

    ours = load_encoder(MODEL)
    model = StaticModel(ours.table, ours.tokenizer, normalize=True, max_length=None)

    def run() -> int:
        found = SemHash.from_records(records=texts, model=model)
        return len(found.self_deduplicate(threshold=THRESHOLD).selected)

    return run


def measured(make: Callable[[list[str]], Callable[[], int]], texts: list[str]) -> dict[str, float]:
    """Kept rows, seconds and peak memory of one tool in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (make, texts))


def _measure(make: Callable[[list[str]], Callable[[], int]], texts: list[str]) -> dict[str, float]:
    run = make(texts)
    wall, cpu = time.perf_counter(), time.process_time()
    kept = run()
    return {
        "kept": kept,
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def main() -> None:
    """Read, enlarge, run both, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+", help=".csv, .jsonl, .parquet")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    asked = parser.parse_args()
    texts = [
        text
        for file in asked.files
        for text in READERS[file.suffix](file)[asked.text_column].drop_nulls().to_list()
    ]
    many = enlarge(texts, asked.rows)
    found = {make.__name__: measured(make, many) for make in (tamis, cosine_alone, semhash)}
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    print(f"{'':14}{'kept':>10}{'wall s':>9}{'CPU s':>9}{'peak GB':>9}")
    for name, facts in found.items():
        print(
            f"{name:14}{facts['kept']:10,.0f}{facts['wall_s']:9.1f}{facts['cpu_s']:9.1f}"
            f"{facts['peak_gb']:9.2f}"
        )
    theirs = found["semhash"]
    for name in ("tamis", "cosine_alone"):
        cpu, wall = (theirs[kind] / found[name][kind] for kind in ("cpu_s", "wall_s"))
        memory = found[name]["peak_gb"] / theirs["peak_gb"]
        print(
            f"{name}: CPU {cpu:.1f} x less, wall {wall:.1f} x less, memory {memory:.2f} x SemHash"
        )


if __name__ == "__main__":
    main()
