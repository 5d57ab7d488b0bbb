"""How well planted label errors are found again, beside logistic regression in the same run.

    python benchmarks/label_issues.py FILE --text-column text --label-column label --noise 0.1

FILE is a CSV, JSONL or Parquet file whose labels count as the truth: its own errors count against
every method alike.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from cleanlab.rank import get_label_quality_scores
from noise import plant_noise
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from curation.duplicates import find_pairs
from curation.embeddings import load_encoder
from curation.label_issues import COPY_SIMILARITY, copy_groups, label_flags
from curation.similarity import nearest_neighbours

READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    ".csv": pl.read_csv,
    ".jsonl": pl.read_ndjson,
    ".parquet": pl.read_parquet,
}


def main() -> None:
    """Measure both methods for every seed and print a table, or JSON."""
    options = parse()
    frame = READERS[options.file.suffix](options.file)
    examples = pl.DataFrame(
        {
            "example_id": [f"{row:08d}" for row in range(frame.height)],
            "text": frame[options.text_column],
        }
    )
    names = frame[options.label_column].unique().sort().to_list()
    truth = np.searchsorted(names, frame[options.label_column].to_list()).astype(np.int64)
    vectors = load_encoder().encode(examples["text"].to_list())
    groups = copy_groups(examples, find_pairs(examples, vectors, COPY_SIMILARITY))
    results: list[dict[str, Any]] = []
    for seed in range(1, options.seeds + 1):
        noisy = plant_noise(truth, vectors, kind=options.kind, rate=options.noise, seed=seed)
        given = examples.with_columns(given=pl.Series([names[label] for label in noisy]))
        for method in (ours, baseline):
            started = time.process_time()
            doubt, flagged = method(given, noisy, vectors, groups)
            row: dict[str, Any] = {"method": method.__name__, "seed": seed}
            row["cpu_seconds"] = time.process_time() - started
            results.append(row | measure(doubt, flagged, noisy != truth))
    if options.json:
        print(json.dumps({**vars(options), "file": str(options.file), "results": results}))
    else:
        show(results)


def parse() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", type=Path)
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--noise", type=float, default=0.1)
    parser.add_argument("--kind", choices=("confusable", "uniform"), default="confusable")
    parser.add_argument("--seeds", type=int, default=1, help="how many, counted from 1")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def ours(given: pl.DataFrame, _: Any, vectors: Any, groups: Any) -> tuple[Any, Any]:
    """Doubt float64 [n] and flags bool [n]; the search for neighbours is part of the time."""
    flags = label_flags(given, vectors, groups, nearest_neighbours(vectors, 10), seed=0)
    return -flags["score"].to_numpy(), flags["flagged"].to_numpy()


def baseline(_: pl.DataFrame, labels: Any, vectors: Any, __: Any) -> tuple[Any, Any]:
    """Five-fold logistic regression on the embeddings, ranked by the same margin."""
    from cleanlab.filter import find_label_issues

    chances = cross_val_predict(
        LogisticRegression(C=10, max_iter=300),
        vectors,
        labels,
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
        method="predict_proba",
    )
    scores = get_label_quality_scores(labels, chances, method="normalized_margin")
    return -scores, find_label_issues(labels, chances, n_jobs=1)


def measure(doubt: Any, flagged: Any, wrong: Any) -> dict[str, float]:
    """Ranking (AUROC, average precision, precision of the first 100) and flags against truth."""
    first = np.argsort(-doubt, kind="stable")[:100]
    hits = int((flagged & wrong).sum())
    return {
        "auroc": float(roc_auc_score(wrong, doubt)),
        "average_precision": float(average_precision_score(wrong, doubt)),
        "precision_at_100": float(wrong[first].mean()),
        "flagged": int(flagged.sum()),
        "flag_precision": hits / max(1, int(flagged.sum())),
        "flag_recall": hits / max(1, int(wrong.sum())),
    }


def show(results: list[dict[str, Any]]) -> None:
    """A table, one line per method and seed."""
    with pl.Config(tbl_cols=-1, tbl_rows=-1, float_precision=3, tbl_width_chars=160):
        print(pl.DataFrame(results))


if __name__ == "__main__":
    main()
