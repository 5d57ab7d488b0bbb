"""Are the pairs found with int8 vectors, once rechecked, those of the float32 model?

Takes the texts of the given files, of long ones the sentences, and edited copies of them (a word
left out, doubled, moved, misspelt, another number), embeds them both ways, compares every text with
every other, and runs `curation.recheck` on the candidates. A run that was stopped goes on where it
was: vectors are kept in the folder --cache. Example:

    OMP_NUM_THREADS=1 TAMIS_THREADS=1 nice python benchmarks/recheck.py banking77.csv \\
        clinc150.jsonl gsm8k_train.jsonl --rows 60000
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from itertools import chain, islice
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.embedding import READERS
from curation.embeddings import DEFAULT_MODEL, VectorCache, Vectors, load_encoder, vectors_of
from curation.recheck import MARGIN, recheck
from curation.records import PairKind, Progress

COLUMNS = ("text", "question", "answer")
SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
LONG = 200
UNEDITED = 5 / 6
BLOCK = 1024
TOLERANCE = 1e-6
"""How far two ways of adding up the same float32 products may lie apart."""


def gather(files: list[Path], rows: int, seed: int) -> list[str]:
    """So many distinct texts: the files' own, sentences of long ones, edits of some of them."""
    given = (
        text
        for file in files
        for frame in [READERS[file.suffix](file)]
        for column in COLUMNS
        if column in frame.columns
        for text in frame[column].drop_nulls()
    )
    parts = (SENTENCE_END.split(text) if len(text) > LONG else [text] for text in given)
    originals = list(islice(dict.fromkeys(chain.from_iterable(parts)), round(rows * UNEDITED)))
    chance, texts = random.Random(seed), dict.fromkeys(originals)
    while len(texts) < rows:  # two edits may make the same text: more are made until it is enough
        texts[edit(chance.choice(originals), chance)] = None
    return list(texts)


def edit(text: str, chance: random.Random) -> str:
    """The text with one small change."""
    words = text.split() or ["nothing"]
    place = chance.randrange(len(words))
    word = words[place]
    kind = chance.randrange(5)
    if kind == 0:
        del words[place]
    elif kind == 1:
        words.insert(place, word)
    elif kind == 2:
        words.insert(chance.randrange(len(words)), words.pop(place))
    elif kind == 3:
        cut = chance.randrange(len(word))
        words[place] = word[:cut] + chance.choice("etaoin") + word[cut + 1 :]
    else:
        words[place] = str(chance.randrange(100))
    return " ".join(words)


def embedded(name: str, texts: list[str], folder: Path) -> Vectors:
    """The texts' vectors, from the cache or computed."""
    encoder = load_encoder(name)
    started = time.monotonic()

    def progress(state: Progress) -> None:
        share, seconds = state.done / max(1, state.total), time.monotonic() - started
        sys.stderr.write(f"\r{name}: {share:.1%} after {seconds:.0f} s ")

    return vectors_of(texts, encoder, VectorCache(folder / encoder.key), progress)


def pairs_at(vectors: Vectors, floor: float) -> pl.DataFrame:
    """Every pair of rows with a cosine of at least `floor`: example_id, other_id, similarity."""
    found = [
        pl.DataFrame({"left": left, "right": right, "similarity": cosine})
        for start in range(0, len(vectors), BLOCK)
        for left, right, cosine in [_block(vectors, start, floor)]
    ]
    return pl.concat(found).select(
        example_id=pl.col("left").cast(pl.String).str.zfill(7),
        other_id=pl.col("right").cast(pl.String).str.zfill(7),
        similarity=pl.col("similarity").clip(upper_bound=1),
        kind=pl.lit(PairKind.NEAR.value),
    )


def _block(vectors: Vectors, start: int, floor: float) -> tuple[Vectors, Vectors, Vectors]:
    cosines = vectors[start : start + BLOCK] @ vectors[start:].T
    left, right = np.nonzero(cosines >= np.float32(floor))
    upper = left < right
    left, right = left[upper], right[upper]
    return left + start, right + start, cosines[left, right]


def main() -> None:
    """Gather, embed, compare, print one line for each floor; exit 1 where the pairs differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", nargs="+", type=Path, help=".csv, .jsonl or .parquet")
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--floors", type=float, nargs="+", default=[0.8, 0.85, 0.9, 0.95])
    parser.add_argument("--cache", type=Path, default=Path("recheck-vectors"))
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    texts = gather(asked.files, asked.rows, asked.seed)
    int8 = embedded(f"{asked.model}:fast", texts, asked.cache)
    exact = embedded(asked.model, texts, asked.cache)
    examples = pl.DataFrame({"text": texts}).select(
        "text", example_id=pl.int_range(pl.len()).cast(pl.String).str.zfill(7)
    )
    lowest = min(asked.floors)
    candidates, true = pairs_at(int8, lowest - MARGIN), pairs_at(exact, lowest)
    ends = [true[side].cast(pl.Int64).to_numpy() for side in ("example_id", "other_id")]
    rounded = np.concatenate(
        [
            np.einsum("nd,nd->n", *(int8[side[some : some + BLOCK * 32]] for side in ends))
            for some in range(0, true.height, BLOCK * 32)
        ]
    )
    off = np.abs(true["similarity"].to_numpy() - rounded)
    row_of = {text: row for row, text in enumerate(texts)}
    asked_for: list[int] = []

    def encode(some: list[str] | tuple[str, ...]) -> Vectors:
        asked_for.append(len(some))
        return exact[[row_of[text] for text in some]]

    print(
        f"\n{len(texts)} texts; int8 cosines of {true.height} pairs are off by at most "
        f"{off.max():.5f}, 99.9 % by at most {np.quantile(off, 0.999):.5f}, on average "
        f"{off.mean():.5f}; least cosine of a text's two vectors "
        f"{np.einsum('nd,nd->n', int8, exact).min():.6f}"
    )
    print(
        f"{'floor':>6}{'pairs':>10}{'int8 alone':>12}{'candidates':>12}{'missing':>9}{'added':>7}"
    )
    differ = 0
    for floor in asked.floors:
        some = candidates.filter(pl.col("similarity") >= floor - MARGIN)
        wanted = true.filter(pl.col("similarity") >= floor)
        alone = some.filter(pl.col("similarity") >= floor).join(
            wanted, on=["example_id", "other_id"], how="semi"
        )
        found = recheck(some, examples, encode, floor)  # type: ignore[arg-type]
        missing = wanted.filter(pl.col("similarity") >= floor + TOLERANCE).join(
            found, on=["example_id", "other_id"], how="anti"
        )
        added = found.filter(pl.col("similarity") >= floor + TOLERANCE).join(
            wanted, on=["example_id", "other_id"], how="anti"
        )
        differ += missing.height + added.height
        print(
            f"{floor:6}{wanted.height:10}{alone.height / max(1, wanted.height):12.4f}"
            f"{some.height:12}{missing.height:9}{added.height:7}"
            f"   {asked_for[-1] / len(texts):.1%} of the texts embedded again"
        )
    raise SystemExit(differ > 0)


if __name__ == "__main__":
    main()
