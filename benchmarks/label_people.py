"""How well the errors of single people are found, where many have judged the same texts.

    pip download --no-deps --no-binary :all: vaderSentiment==3.3.2   # then unpack both archives
    python benchmarks/label_people.py hutto_ICWSM_2014

FOLDER holds four sets of sentences that ten people and more rated from −4 to 4 (Hutto & Gilbert
2014; MIT licence). Ratings become three labels: negative (≤ −1), positive (≥ 1) and neutral. The
truth is what at least 60 % of the raters say, other sentences are left out; the given label is the
rating of one rater, drawn with a fixed seed. Sentences are as the file has them, at most 6,000.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import polars as pl
from label_data import Labelled, Labels
from label_measures import RANKING, measure
from label_methods import METHODS
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from curation.embeddings import load_encoder

SETS = ("amazonReviewSnippets", "movieReviewSnippets", "nytEditorialSnippets", "tweets")
NAMES = ["negative", "neutral", "positive"]
MOST = 6000
LEAST_AGREEMENT = 0.6
SEED = 7


def main() -> None:
    """Measure every method on every set and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    encoder = load_encoder()
    print("| set | rows | errors | method | " + " | ".join(RANKING) + " |")
    print("|---|---:|---:|---|" + "---:|" * len(RANKING))
    for name in SETS:
        texts, truth, given = rated(folder, name)
        examples = pl.DataFrame(
            {"example_id": [f"{row:08d}" for row in range(len(texts))], "text": texts}
        )
        labelled = Labelled(name, "", examples, NAMES, truth, encoder.encode(texts))
        wrong = given != truth
        for method, find in METHODS.items():
            with threadpool_limits(1):
                verdict = find(labelled.given(given), given, labelled.vectors, labelled.groups)
            figures = measure(*verdict, wrong)
            cells = " | ".join(f"{figures[each]:.3f}" for each in RANKING)
            print(
                f"| {name} | {len(texts)} | {wrong.mean():.1%} | {method} | {cells} |", flush=True
            )


def rated(folder: Path, name: str) -> tuple[list[str], Labels, Labels]:
    """Texts, the label that most raters give, and the label of one rater."""
    generator = np.random.default_rng(SEED)
    texts, truth, given = [], [], []
    lines = [
        (folder / f"{name}_{part}.txt").read_text("utf-8", errors="replace").splitlines()
        for part in ("GroundTruth", "anonDataRatings")
    ]
    for sentence, ratings in zip(*lines, strict=True):
        labels = np.sign(np.trunc(json.loads(ratings.split("\t")[3]))).astype(np.int64) + 1
        votes = np.bincount(labels, minlength=3)
        if votes.max() >= LEAST_AGREEMENT * votes.sum():
            texts.append(sentence.split("\t")[2])
            truth.append(int(votes.argmax()))
            given.append(int(generator.choice(labels)))
    return texts[:MOST], np.array(truth[:MOST]), np.array(given[:MOST])


if __name__ == "__main__":
    main()
