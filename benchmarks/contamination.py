"""How much of a planted benchmark `tamis contamination` finds, by what was done to its rows.

    python benchmarks/contamination.py gsm8k_train.jsonl --column question

The first rows of the file are the training data. The benchmark consists of some of them, changed
in five ways, and of rows that are not among them. What is found of the latter is no false alarm by
itself: files have twins of their own.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from curation.comparison import KINDS
from curation.contamination import contamination
from curation.importing import import_file
from curation.ingest import ColumnMapping, open_table
from curation.ingest.table import Row
from curation.records import Task
from curation.workspace import Workspace

TRAIN, PLANTED = 1500, 100


def shouted(text: str, _: str) -> str:
    """Another case, other punctuation."""
    return re.sub(r"[?!;]|\.$", " ", text.upper())


def misspelt(text: str, _: str) -> str:
    """Two letters of the longest word change places."""
    word = max(re.findall(r"[A-Za-z]+", text), key=len)
    middle = len(word) // 2
    wrong = word[: middle - 1] + word[middle] + word[middle - 1] + word[middle + 1 :]
    return text.replace(word, wrong, 1)


def recounted(text: str, _: str) -> str:
    """One number is another one."""
    return re.sub(r"\d+", lambda number: str(int(number[0]) + 3), text, count=1)


def quoted(text: str, other: str) -> str:
    """The text in the middle of another one."""
    half = len(other) // 2
    return f"{other[:half]} {text} {other[half:]}"


WAYS: dict[str, Callable[[str, str], str]] = {
    "copied": lambda text, _: text,
    "case and punctuation": shouted,
    "a typing error": misspelt,
    "another number": recounted,
    "inside a longer text": quoted,
}


def main() -> None:
    """Plant, search, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--column", default="text")
    options = parser.parse_args()
    cells = [
        row.cells[options.column] for row in open_table(options.file).rows if isinstance(row, Row)
    ]
    texts = list(dict.fromkeys(cells))
    train, unseen = texts[:TRAIN], texts[TRAIN:]
    able = [text for text in train if re.search(r"\d", text) and len(text.split()) >= 8]
    chosen = random.Random(0).sample(able, PLANTED * len(WAYS))
    planted = []
    for number, (way, change) in enumerate(WAYS.items()):
        for text in chosen[number * PLANTED : (number + 1) * PLANTED]:
            planted.append((way, change(text, unseen[len(planted)])))
    clean = unseen[len(planted) :][: 4 * PLANTED]
    planted += [("not in the training data", text) for text in clean]
    with tempfile.TemporaryDirectory() as home:
        for name, rows in (("train", train), ("bench", [text for _, text in planted])):
            lines = "".join(json.dumps({"text": text, "label": "a"}) + "\n" for text in rows)
            (Path(home) / f"{name}.jsonl").write_text(lines, "utf-8")
        with Workspace.create(Path(home) / "w") as workspace:
            dataset = workspace.create_dataset("train", Task.SINGLE_LABEL)
            mapping = ColumnMapping(text="text", label="label")
            import_file(workspace, dataset, Path(home) / "train.jsonl", mapping)
            found = contamination(workspace, dataset, Path(home) / "bench.jsonl", ["text"])
    best = dict(
        found.found.unique("reference_row", keep="first", maintain_order=True)
        .select("reference_row", "kind")
        .iter_rows()
    )
    counts = Counter((way, best.get(row)) for row, (way, _) in enumerate(planted, start=1))
    print(f"| planted | rows | found | {' | '.join(KINDS)} |\n|---|---:|---:|" + "---:|" * 4)
    for way in dict.fromkeys(way for way, _ in planted):
        of_way = [counts[way, kind] for kind in KINDS]
        rows = sum(name == way for name, _ in planted)
        print(f"| {way} | {rows} | {sum(of_way)} | {' | '.join(map(str, of_way))} |")


if __name__ == "__main__":
    main()
