"""How well planted errors in JSON outputs are found, and how often a right one is accused.

    python benchmarks/detectors_json.py
    python benchmarks/detectors_json.py FILE --text-column input --output-column output

Without FILE: the right rows of sample_data/orders.jsonl and four sets made from a seed. A FILE
(JSONL or Parquet) counts as right throughout. One row in ten is spoilt, in several ways for each
kind (json_errors.py); near copies and near twins are added, some of them contradicting. Precision
is the share of flagged rows that have any planted error; false alarms are flagged rows that have
none, for every 1,000 rows that have none. The hand-planted rows of orders.jsonl come last.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import re
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from json_data import GENERATED, SAMPLES, Row, generated, orders
from json_errors import FORMS, places

from curation import duplicates
from curation.detectors import Evidence, detectors_of
from curation.detectors.json_values import parse
from curation.records import PairKind, Task

KINDS = ("not-json", "ungrounded", "odd-value", "conflict", "twin-output")
_SPOILT = 0.1


@dataclass
class Planted:
    """A set with errors: its rows, what was planted in which, and its pairs."""

    rows: list[tuple[str, str]]
    faults: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Row → kind and form."""
    pairs: list[tuple[int, int, float, str]] = field(default_factory=list)

    def evidence(self) -> Evidence:
        """What the detectors get."""
        ids = [f"e{row:07}" for row in range(len(self.rows))]
        texts, given = zip(*self.rows, strict=True)
        examples = pl.DataFrame(
            {"example_id": ids, "source_row": range(1, len(ids) + 1), "text": texts, "given": given}
        ).with_columns(messages=pl.lit(None, pl.String))
        pairs = pl.DataFrame(
            [(ids[a], ids[b], alike, kind) for a, b, alike, kind in self.pairs],
            schema=duplicates.PAIR_SCHEMA,
            orient="row",
        )
        outputs = examples.select("example_id", output="given")
        return Evidence(
            task=Task.EXTRACTION,
            examples=examples,
            pairs=pairs,
            conflicts=duplicates.conflicts(pairs, outputs, 0.9),
        )


def plant(rows: list[Row], seed: int) -> Planted:
    """Spoil one row in ten and add near copies and near twins, right and wrong ones."""
    rng = random.Random(seed)
    planted = Planted([(text, json.dumps(output, ensure_ascii=False)) for text, output in rows])
    order = rng.sample(range(len(rows)), len(rows))
    spoilers = [(kind, form) for kind, forms in FORMS.items() for form in forms]
    for turn in range(round(_SPOILT * len(rows))):
        kind, form = spoilers[turn % len(spoilers)]
        for at in order:
            spoilt = FORMS[kind][form](rng, rows, at)
            if spoilt is not None:
                planted.rows[at] = rows[at][0], spoilt
                planted.faults[at] = kind, form
                order.remove(at)
                break
    for turn, at in enumerate(order[: round(_SPOILT * len(rows))]):
        (_copy if turn % 2 else _twin)(rng, rows, at, planted, wrong=turn % 4 < 2)
    return planted


def _copy(rng: random.Random, rows: list[Row], at: int, planted: Planted, *, wrong: bool) -> None:
    """The same row in other words: contradicting, or with its keys in another order."""
    text, output = rows[at]
    changed = copy.deepcopy(output)
    if wrong:
        if not (holder_step := _changeable(rng, changed)):
            return
        holder, step = holder_step
        holder[step] = not holder[step] if isinstance(holder[step], bool) else None
    elif isinstance(changed, dict):
        changed = dict(reversed(changed.items()))
    _add(planted, at, f"Hello! {text}", changed, PairKind.NEAR, "conflict" if wrong else "")


def _changeable(rng: random.Random, output: Any) -> tuple[Any, Any] | None:
    found = [(h, s) for h, s in places(output) if isinstance(h[s], (bool, str))]
    return rng.choice(found) if found else None


def _twin(rng: random.Random, rows: list[Row], at: int, planted: Planted, *, wrong: bool) -> None:
    """The same row with another number in input and output; wrong: two of its texts swapped."""
    text, output = rows[at]
    changed = copy.deepcopy(output)
    numbers = [
        (holder, step)
        for holder, step in places(changed)
        if type(holder[step]) is int
        and holder[step] > 1
        and len(re.findall(rf"(?<![\w.,-]){holder[step]}(?![\w.,-])", text)) == 1
    ]
    if not numbers:
        return
    holder, step = rng.choice(numbers)
    new = holder[step] + rng.randint(11, 90)
    text = re.sub(rf"(?<![\w.,-]){holder[step]}(?![\w.,-])", str(new), text)
    holder[step] = new
    if wrong:
        swaps = [
            (a, b)
            for a in places(changed)
            for b in places(changed)
            if a[0] is b[0]
            and isinstance(a[0], dict)
            and isinstance(a[0][a[1]], str)
            and isinstance(b[0][b[1]], str)
            and a[0][a[1]] in text
            and b[0][b[1]] in text
            and a[0][a[1]] != b[0][b[1]]
        ]
        flips = [(h, s) for h, s in places(changed) if isinstance(h[s], bool)]
        if swaps:
            (inner, a), (_, b) = rng.choice(swaps)
            inner[a], inner[b] = inner[b], inner[a]
        elif flips:
            inner, a = rng.choice(flips)
            inner[a] = not inner[a]
        else:
            return
    _add(planted, at, text, changed, PairKind.NEAR_TWIN, "twin-output" if wrong else "")


def _add(planted: Planted, at: int, text: str, output: Any, kind: PairKind, fault: str) -> None:
    row = len(planted.rows)
    planted.rows.append((text, json.dumps(output, ensure_ascii=False)))
    planted.pairs.append((at, row, 0.97, kind.value))
    if fault:  # either side of such a pair may be the wrong one, and both are to be shown
        planted.faults[at] = planted.faults[row] = fault, fault


@dataclass
class Tally:
    """Counts of one kind over sets and seeds."""

    planted: int = 0
    found: int = 0
    flagged: int = 0
    right: int = 0
    clean: int = 0

    def row(self, name: str) -> str:
        """One line of the table."""
        precision = f"{self.right / self.flagged:.3f}" if self.flagged else "–"
        recall = f"{self.found / self.planted:.3f}" if self.planted else "–"
        false = self.flagged - self.right
        alarms = f"{1000 * false / self.clean:.2f}" if self.clean else "–"
        return f"| {name} | {self.planted} | {self.found} | {precision} | {recall} | {alarms} |"


def measure(
    planted: Planted,
    tallies: dict[str, Tally],
    forms: Counter[tuple[str, str, bool]],
    examples: list[str],
) -> None:
    """Run every detector and add to the tallies."""
    evidence = planted.evidence()
    for detector in detectors_of(Task.EXTRACTION):
        if detector.kind not in KINDS:
            continue
        flagged = {finding.row: finding for finding in detector.find(evidence)}
        wanted = {row for row, fault in planted.faults.items() if fault[0] == detector.kind}
        tally = tallies[detector.kind]
        tally.planted += len(wanted)
        tally.found += len(wanted & flagged.keys())
        tally.flagged += len(flagged)
        tally.right += len(planted.faults.keys() & flagged.keys())
        tally.clean += len(planted.rows) - len(planted.faults)
        for row in wanted:
            forms[(*planted.faults[row], row in flagged)] += 1
        for row in flagged.keys() - planted.faults.keys():
            text, given = planted.rows[row]
            examples.append(f"{detector.kind}: {flagged[row].reason}\n    {text}\n    {given}")


def hand_planted() -> str:
    """The table of what was planted by hand in sample_data/orders.jsonl."""
    marks = [json.loads(line) for line in (SAMPLES / "orders.truth.jsonl").open()]
    rows, numbers = [], []
    for number, line in enumerate((SAMPLES / "orders.jsonl").open(), start=1):
        row = json.loads(line)
        if "message" in row:
            order = row["order"]
            rows.append((row["message"], order if isinstance(order, str) else json.dumps(order)))
            numbers.append(number)
    faulty = {m["source_row"] for m in marks if m["kind"] in ("schema", "ungrounded", "conflict")}
    faulty |= {m["source_row"] for m in marks if m["truth"] == "not-json"}
    evidence = Planted(rows).evidence()
    head = "| detector | flagged | at fault | of ungrounded | of schema |"
    lines = [head, "|---|--:|--:|--:|--:|"]
    for detector in detectors_of(Task.EXTRACTION):
        if detector.kind in KINDS[:3]:
            found = {numbers[finding.row] for finding in detector.find(evidence)}
            shares = [
                f"{len(found & of)} of {len(of)}"
                for kind in ("ungrounded", "schema")
                for of in [{m["source_row"] for m in marks if m["kind"] == kind}]
            ]
            cells = [detector.kind, str(len(found)), str(len(found & faulty)), *shares]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def read(path: Path, text: str, output: str) -> list[Row]:
    """The rows of a JSONL or Parquet file that have both; outputs may be JSON in a string."""
    if path.suffix == ".parquet":
        records: list[dict[str, Any]] = pl.read_parquet(path, columns=[text, output]).to_dicts()
    else:
        records = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
    rows = []
    for record in records:
        value = record.get(output)
        value = parse(value) if isinstance(value, str) else value
        if record.get(text) and isinstance(value, (dict, list)):
            rows.append((record[text], value))
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--output-column", default="output")
    parser.add_argument("--rows", type=int, default=1000, help="of each generated set")
    parser.add_argument("--seeds", type=int, default=5, help="how many, counted from 1")
    parser.add_argument("--forms", action="store_true", help="found by form of error, false alarms")
    options = parser.parse_args()
    tallies: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    forms: Counter[tuple[str, str, bool]] = Counter()
    alarms: list[str] = []
    started = time.monotonic()
    for seed in range(1, options.seeds + 1):
        if options.file:
            rows = read(options.file, options.text_column, options.output_column)
            sets = {options.file.stem: rows}
        else:
            sets = {"orders": orders()}
            sets |= {name: generated(name, options.rows, seed) for name in GENERATED}
        for name, rows in sets.items():
            measure(plant(rows, seed), tallies[name], forms, alarms)
    for name, by_kind in tallies.items():
        print(f"\n### {name}\n")
        print("| kind | planted | found | precision | recall | false alarms per 1,000 |")
        print("|---|--:|--:|--:|--:|--:|")
        for kind in KINDS:
            print(by_kind[kind].row(kind))
    if not options.file:
        print(f"\n### Planted by hand in orders.jsonl\n\n{hand_planted()}")
    if options.forms:
        print("\n### By form\n")
        for kind, form in dict.fromkeys((kind, form) for kind, form, _ in sorted(forms)):
            found, missed = forms[kind, form, True], forms[kind, form, False]
            print(f"- {kind}, {form}: {found} of {found + missed}")
        print("\n### False alarms\n\n" + "\n".join(alarms[:40]))
    print(f"\n{time.monotonic() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
