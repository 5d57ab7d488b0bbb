"""What is merged as a duplicate: edits that keep a sentence's meaning, and edits that change it.

Four shares for each kind of edit (see `edits.py`): merged on the cosine alone, by the guard alone
(`curation.twins`), by both, and as Tamis does: where the guard agrees and the cosine or the
spelling (`lexical_vectors`) is close enough. With --merge also the share of the texts, as they
are, that would be merged into another one. Without files, on the sample data. Example:

    python benchmarks/merging.py questions.csv --text-column text --per-kind 300
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import edits
import numpy as np
import polars as pl

from curation.duplicates import cluster, exact_key, lexical_vectors, search_pairs
from curation.embeddings import DEFAULT_MODEL, load_encoder
from curation.records import Settings
from curation.twins import why_not_duplicate

SAMPLES = Path(__file__).resolve().parents[1] / "sample_data"
COLUMNS = ("text", "question", "message", "review", "input")
GROUPS = {"keeps the meaning": edits.HARMLESS, "synonym": edits.SYNONYMS, "changes": edits.CHANGING}


@dataclass(frozen=True)
class Row:
    """The shares of the pairs of one kind that are merged."""

    group: str
    kind: str
    pairs: int
    cosine: float
    guard: float
    both: float
    tamis: float


SHARES = ("cosine", "guard", "both", "tamis")


def read_texts(path: Path, column: str | None) -> list[str]:
    """The texts of a .csv, .jsonl or plain text file (a text a line), each once."""
    with path.open(encoding="utf-8", errors="replace", newline="") as lines:
        if path.suffix == ".jsonl":
            rows = [json.loads(line) for line in lines if _is_json(line)]
        elif path.suffix == ".csv":
            rows = list(csv.DictReader(lines))
        else:
            rows = [{"text": line.strip()} for line in lines]
    names = (column,) if column else COLUMNS
    texts = [next((row[name] for name in names if row.get(name)), None) for row in rows]
    return sorted({text for text in texts if isinstance(text, str) and _is_usable(text)})


def _is_usable(text: str) -> bool:
    """Not longer than the model reads, and without the half characters that no encoder takes."""
    return 0 < len(text) < 1000 and not re.search(r"[\ud800-\udfff]", text)


def _is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def measure(
    pairs: list[edits.Pair], cosines: list[float], threshold: float, lexical: float
) -> list[float]:
    """SHARES of the pairs that are merged; exact copies always are."""
    same = [exact_key(a) == exact_key(b) for a, b in pairs]
    near = [cosine >= threshold for cosine in cosines]
    free = [why_not_duplicate(a, b) is None for a, b in pairs]
    sides = [lexical_vectors([exact_key(pair[side]) for pair in pairs]) for side in (0, 1)]
    spelled = (np.einsum("ij,ij->i", *sides) >= lexical).tolist()
    either = [x or y for x, y in zip(near, spelled, strict=True)]
    chosen = [near, free] + [
        [x and y for x, y in zip(c, free, strict=True)] for c in (near, either)
    ]
    return [fmean(s or c for s, c in zip(same, one, strict=True)) for one in chosen]


def merged_shares(
    texts: list[str], threshold: float, lexical: float, model: str
) -> dict[str, float]:
    """Share of the texts that are merged into another one, without and with spelling."""
    ids = [f"{row:09}" for row in range(len(texts))]
    examples = pl.DataFrame({"example_id": ids, "text": texts})
    floor = min(threshold, lexical)
    found = search_pairs(examples, load_encoder(model).encode(texts), floor)
    shares = {}
    for name, least in (("cosine", None), ("tamis", lexical)):
        clusters = cluster(found.pairs, threshold, lexical=least)
        shares[name] = (clusters.height - clusters["cluster"].n_unique()) / len(texts)
    return shares


def table(
    texts: list[str], per_kind: int, seed: int, threshold: float, lexical: float, model: str
) -> list[Row]:
    """One row for each kind that can be applied to the texts."""
    drawn = {
        (group, kind): edits.edited(texts, kind, per_kind, seed)
        for group, kinds in GROUPS.items()
        for kind in kinds
    }
    sides = sorted({text for pairs in drawn.values() for pair in pairs for text in pair})
    vectors = load_encoder(model).encode(sides)
    place = {text: row for row, text in enumerate(sides)}
    rows = []
    for (group, kind), pairs in drawn.items():
        if pairs:
            left, right = (vectors[[place[pair[side]] for pair in pairs]] for side in (0, 1))
            cosines = np.einsum("ij,ij->i", left, right).tolist()
            shares = measure(pairs, cosines, threshold, lexical)
            rows.append(Row(group, kind, len(pairs), *shares))
    return rows


def summary(rows: list[Row]) -> dict[str, dict[str, float]]:
    """The mean over the kinds of each group, and over all their pairs."""
    found: dict[str, dict[str, float]] = {}
    for group in GROUPS:
        own = [row for row in rows if row.group == group]
        pairs = sum(row.pairs for row in own)
        for name in SHARES if own else ():
            shares = [getattr(row, name) for row in own]
            weighted = sum(s * row.pairs for s, row in zip(shares, own, strict=True)) / pairs
            found.setdefault(group, {})[name] = fmean(shares)
            found[group][f"{name}, by pairs"] = weighted
    return found


def show(rows: list[Row]) -> None:
    """Print the table, the means and the overlap of the word lists."""
    print(f"{'':24}{'pairs':>7}{'cosine':>9}{'guard':>9}{'both':>9}{'Tamis':>9}   (share merged)")
    for group, means in summary(rows).items():
        print(group)
        for row in (row for row in rows if row.group == group):
            shares = f"{row.cosine:9.3f}{row.guard:9.3f}{row.both:9.3f}{row.tamis:9.3f}"
            print(f"  {row.kind:22}{row.pairs:7}{shares}")
        for unit, suffix in (("mean of the kinds", ""), ("all pairs", ", by pairs")):
            shares = "".join(f"{means[name + suffix]:9.3f}" for name in SHARES)
            print(f"  = {unit:27}{shares}")
    print("words that the guard lists too, of those in the lists of the edits:")
    print(
        "  " + ", ".join(f"{name} {both}/{all_}" for name, (both, all_) in edits.shared().items())
    )


def main() -> None:
    """Read, edit, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", type=Path, nargs="*", help=".csv, .jsonl or a text a line")
    parser.add_argument("--text-column")
    parser.add_argument("--per-kind", type=int, default=200)
    parser.add_argument("--threshold", type=float, default=0.90)
    parser.add_argument("--lexical", type=float, default=Settings().lexical_threshold)
    parser.add_argument("--merge", action="store_true", help="merge the texts themselves, too")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    asked = parser.parse_args()
    samples = [SAMPLES / "support_tickets.csv", SAMPLES / "bicycle_qa.jsonl"]
    for path in asked.files or samples:
        texts = read_texts(path, asked.text_column)
        rows = table(texts, asked.per_kind, asked.seed, asked.threshold, asked.lexical, asked.model)
        merged = None
        if asked.merge:
            merged = merged_shares(texts, asked.threshold, asked.lexical, asked.model)
        if asked.json:
            kinds = [vars(row) for row in rows]
            print(
                json.dumps(
                    {"file": path.name, "kinds": kinds, "means": summary(rows), "merged": merged}
                )
            )
        else:
            print(f"\n{path.name}: {len(texts):,} texts, cosine ≥ {asked.threshold}")
            show(rows)
            if merged is not None:
                shares = ", ".join(f"{name} {share:.4f}" for name, share in merged.items())
                print(f"merged into another one, of the texts as they are: {shares}")


if __name__ == "__main__":
    main()
