"""How well are faulty answers found? Planted errors with known truth, and untouched rows.

Run: python benchmarks/detectors.py --task chat [FILE …] [--share 0.05] [--seed 0]

FILE is JSONL with `question` and `answer`, taken to be right; without one, it is the rows of
sample_data/bicycle_qa.jsonl in which nothing is planted. Each kind is planted by itself in a
share of the rows of a copy, and of further copies until there are about 200. Precision counts
every finding elsewhere as wrong, also what an untouched file really holds. The last column is the
findings per 1,000 rows of the untouched file.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from detectors_plants import PLANTS, Exchange, Plant, conversation

from curation.detectors import DETECTORS, Detector, Evidence
from curation.ingest.cells import parse_json
from curation.records import Task

SAMPLE = Path(__file__).resolve().parent.parent / "sample_data" / "bicycle_qa.jsonl"
_FEWEST_PLANTED = 200
LISTED = ("truncated", "refusal", "echo", "repetition", "template-token")


def main() -> None:
    """Print a Markdown table for each file, and one for what the sample's truth file lists."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--task", choices=["chat"], required=True)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--share", type=float, default=0.05, help="share of rows spoilt")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    sets = {"bicycle_qa, clean rows": [row for number, row in sample() if number not in planted()]}
    for path in asked.files:
        sets[path.name] = [row for _, row in exchanges(path)]
    for name, rows in sets.items():
        print(f"\n## {name}: {len(rows):,} rows, {asked.share:.0%} spoilt for each kind\n")
        print_table(rows, asked.share, asked.seed)
    print("\n## bicycle_qa as it is, against its truth file\n")
    print_listed()


def exchanges(path: Path) -> Iterator[tuple[int, Exchange]]:
    """(row from 1, exchange) of every line that is a question with an answer."""
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        try:
            record = parse_json(line.decode())
        except ValueError:
            continue
        if not isinstance(record, dict):
            continue
        question, answer = record.get("question"), record.get("answer")
        if isinstance(question, str) and isinstance(answer, str) and question and answer.strip():
            yield number, Exchange(question, answer)


def sample() -> list[tuple[int, Exchange]]:
    """The rows of the sample."""
    return list(exchanges(SAMPLE))


def truth() -> list[dict[str, object]]:
    """What is planted in the sample."""
    lines = SAMPLE.with_suffix(".truth.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def planted() -> set[object]:
    """Rows of the sample in which something is planted."""
    return {entry["source_row"] for entry in truth()}


def found(detector: Detector, rows: Sequence[Exchange]) -> set[int]:
    """Rows in which a detector finds its fault."""
    columns = {
        "example_id": [f"e{row}" for row in range(len(rows))],
        "source_row": list(range(1, len(rows) + 1)),
        "text": [row.question for row in rows],
        "given": [row.answer for row in rows],
        "messages": [row.messages and json.dumps(row.messages) for row in rows],
    }
    examples = pl.DataFrame(columns, schema_overrides={"messages": pl.String, "given": pl.String})
    return {finding.row for finding in detector.find(Evidence(Task.CHAT, examples))}


def spoilt(
    rows: Sequence[Exchange], plants: Sequence[Plant], share: float, rng: random.Random
) -> tuple[list[Exchange], set[int]]:
    """A copy of the rows with a share of them spoilt, the forms in turn; and which."""
    copy, where = list(rows), set[int]()
    for at, plant in zip(rng.sample(range(len(rows)), len(rows)), cycle(plants), strict=False):
        if len(where) >= share * len(rows):
            break
        changed = plant(rng, rows[at], rows)
        if changed is not None:
            copy[at] = changed
            where.add(at)
    return copy, where


def print_table(rows: Sequence[Exchange], share: float, seed: int) -> None:
    """One line a kind."""
    print("| kind | planted | found | precision | recall | false alarms per 1,000 |")
    print("|---|---:|---:|---:|---:|---:|")
    for detector in DETECTORS:
        if detector.kind not in PLANTS:
            continue
        clean = in_conversations(rows) if detector.kind == "turns" else rows
        wrong = flagged = right = 0
        for draw in range(max(1, round(_FEWEST_PLANTED / (share * len(rows))))):
            rng = random.Random(f"{seed} {draw} {detector.kind}")
            copy, where = spoilt(clean, PLANTS[detector.kind], share, rng)
            seen = found(detector, copy)
            wrong, flagged, right = (
                wrong + len(where),
                flagged + len(seen),
                right + len(seen & where),
            )
        alarms = 1000 * len(found(detector, clean)) / len(clean)
        print(
            f"| {detector.kind} | {wrong} | {right} | {right / max(flagged, 1):.2f} | "
            f"{right / max(wrong, 1):.2f} | {alarms:.1f} |"
        )


def in_conversations(rows: Sequence[Exchange]) -> list[Exchange]:
    """As many conversations, each of two to four of the exchanges."""
    return [conversation([*rows, *rows][at : at + 2 + at % 3]) for at in range(len(rows))]


def print_listed() -> None:
    """What is found of the sample's own planted rows, and what else."""
    rows = sample()
    print("| kind | listed | found | other findings |")
    print("|---|---:|---:|---:|")
    for detector in DETECTORS:
        if detector.kind in LISTED:
            listed = {entry["source_row"] for entry in truth() if entry["kind"] == detector.kind}
            flagged = {rows[at][0] for at in found(detector, [row for _, row in rows])}
            right = len(listed & flagged)
            print(f"| {detector.kind} | {len(listed)} | {right} | {len(flagged) - right} |")


if __name__ == "__main__":
    main()
