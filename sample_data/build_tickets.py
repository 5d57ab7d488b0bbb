"""Build support_tickets.csv and its truth file from the hand-written sources.

Run ``python sample_data/build_tickets.py``; the same sources always give the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "sources" / "tickets"
CSV_PATH = HERE / "support_tickets.csv"
TRUTH_PATH = HERE / "support_tickets.truth.jsonl"

SEED = 20260311
HEADER = ("ticket_id", "channel", "created", "text", "label")
CHANNELS = ("email", "email", "email", "chat", "chat", "phone")
FIRST_DAY = date(2026, 1, 2)
DAYS = 175

WRONG_LABELS = 75
EXACT_COPIES = 30
MISSING_LABELS = 12
BROKEN = {
    "too-many-fields": 3,
    "too-few-fields": 2,
    "empty-text": 2,
    "bad-encoding": 2,
    "nul-character": 1,
}
BROKEN_COLUMN = {"empty-text": "text", "bad-encoding": "text", "nul-character": "text"}

CONFUSABLE = {
    "cancel_order": ("return_item", "subscription_change"),
    "change_address": ("delivery_delay", "login_problem"),
    "damaged_item": ("return_item", "missing_item"),
    "delivery_delay": ("missing_item", "change_address"),
    "discount_code": ("gift_card", "payment_failed"),
    "gift_card": ("discount_code", "payment_failed"),
    "invoice_request": ("refund_status", "payment_failed"),
    "login_problem": ("payment_failed", "change_address"),
    "missing_item": ("damaged_item", "delivery_delay"),
    "payment_failed": ("refund_status", "discount_code"),
    "product_question": ("return_item", "damaged_item"),
    "refund_status": ("return_item", "payment_failed"),
    "return_item": ("refund_status", "damaged_item"),
    "subscription_change": ("cancel_order", "discount_code"),
}


@dataclass(eq=False)
class Row:
    """One row to be; ``number`` is its data row in the written file, from 1."""

    text: str
    label: str
    planted: bool = False
    broken: str | None = None
    number: int = 0


@dataclass
class Plant:
    """One planted problem, or one pair that only looks like one."""

    kind: str
    row: Row
    other: Row | None = None
    column: str | None = None
    truth: str | None = None
    note: str | None = None

    def as_json(self) -> str:
        """Return the truth file's line for this plant."""
        entry = {
            "kind": self.kind,
            "source_row": self.row.number,
            "other_row": None if self.other is None else self.other.number,
            "column": self.column,
            "truth": self.truth,
            "note": self.note,
        }
        return json.dumps(entry, ensure_ascii=False)


@dataclass
class Builder:
    """The rows and plants gathered so far."""

    rng: random.Random
    rows: list[Row] = field(default_factory=list)
    plants: list[Plant] = field(default_factory=list)

    def add(self, text: str, label: str, *, planted: bool = True) -> Row:
        """Add a row, turning a written ``\\n`` into a line break."""
        row = Row(text.replace("\\n", "\n"), label, planted)
        self.rows.append(row)
        return row

    def find(self, text: str, label: str) -> Row:
        """Return the unplanted source row with this text and label, and reserve it."""
        wanted = text.replace("\\n", "\n")
        for row in self.rows:
            if row.text == wanted and row.label == label and not row.planted:
                row.planted = True
                return row
        raise LookupError(f"no free source line under {label}: {text}")

    def take(self, count: int, needs: str = "", without: str = "") -> list[Row]:
        """Draw and reserve free rows whose text has ``needs`` and none of ``without``."""
        free = [
            row
            for row in self.rows
            if not row.planted and needs in row.text and not set(without) & set(row.text)
        ]
        drawn = self.rng.sample(free, count)
        for row in drawn:
            row.planted = True
        return drawn


def read_tsv(name: str) -> list[list[str]]:
    """Return the fields of every line of a tab-separated source file."""
    lines = (SOURCES / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line]


def loose_copy(text: str, style: int) -> str:
    """Return the text with only its case, spacing or final punctuation changed."""
    if style == 0:
        return text.upper()
    if style == 1:
        return text.replace(" ", "  ", 3) + " "
    return text.rstrip(".!?").lower() if text[-1] in ".!?" else text.lower() + "."


def add_handwritten(builder: Builder) -> None:
    """Add the label files, then the pairs and texts that were planted by hand."""
    for path in sorted(SOURCES.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            builder.add(line, path.stem, planted=False)
    for label, original, edited in read_tsv("near.tsv"):
        source = builder.find(original, label)
        builder.plants.append(
            Plant("near", builder.add(edited, label), other=source, column="text")
        )
    for label_a, text_a, label_b, text_b in read_tsv("near_twins.tsv"):
        first, second = builder.add(text_a, label_a), builder.add(text_b, label_b)
        note = "alike but not duplicates; both labels are right"
        builder.plants.append(Plant("near-twin", first, other=second, column="text", note=note))
    for right, original, copy, wrong in read_tsv("conflicts.tsv"):
        source = builder.find(original, right)
        row = builder.add(copy, wrong)
        note = f"carries {wrong}"
        builder.plants.append(
            Plant("conflict", row, other=source, column="label", truth=right, note=note)
        )
    for label, kind, exact, text in read_tsv("personal_data.tsv"):
        row = builder.add(text, label)
        builder.plants.append(Plant("personal-data", row, column="text", truth=kind, note=exact))


def plant_drawn(builder: Builder) -> None:
    """Plant what needs no handwriting: broken rows, copies, wrong and missing labels."""
    needs = {"too-many-fields": ",", "too-few-fields": " ", "bad-encoding": "'"}
    for kind, count in BROKEN.items():
        without = '"\n' if kind == "too-many-fields" else ',"\n'
        for row in builder.take(count, needs.get(kind, " "), without):
            row.broken = kind
            column = BROKEN_COLUMN.get(kind)
            note = f"right label {row.label}"
            builder.plants.append(Plant("broken-row", row, column=column, truth=kind, note=note))
    for index, row in enumerate(builder.take(EXACT_COPIES, without="\n")):
        loose = index % 3 == 0
        text = loose_copy(row.text, index // 3 % 3) if loose else row.text
        note = "same up to case, spaces or final punctuation" if loose else "same text"
        builder.plants.append(
            Plant("exact", builder.add(text, row.label), other=row, column="text", note=note)
        )
    for index, row in enumerate(builder.take(WRONG_LABELS)):
        right, alike = row.label, CONFUSABLE[row.label]
        if index % 2 == 0:
            row.label, note = builder.rng.choice(alike), "confusable"
        else:
            rest = [label for label in CONFUSABLE if label != right and label not in alike]
            row.label, note = builder.rng.choice(rest), "unrelated"
        note = f"{note}: carries {row.label}"
        builder.plants.append(Plant("label", row, column="label", truth=right, note=note))
    for row in builder.take(MISSING_LABELS):
        builder.plants.append(Plant("missing-label", row, column="label", truth=row.label))
        row.label = ""


def encode(row: Row, fields: list[str]) -> bytes:
    """Return the row's bytes in the CSV, broken as planned."""
    if row.broken == "too-many-fields":  # the text's own comma is left unquoted
        return (",".join(fields) + "\n").encode()
    if row.broken == "too-few-fields":
        fields = fields[:-1]
    elif row.broken == "empty-text":
        fields[3] = ""
    elif row.broken == "nul-character":
        fields[3] = fields[3].replace(" ", "\0", 1)
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(fields)
    data = buffer.getvalue().encode()
    if row.broken == "bad-encoding":  # an apostrophe saved as Windows-1252
        data = data.replace(b"'", b"\x92", 1)
    return data


def main() -> None:
    """Write the CSV and its truth file."""
    rng = random.Random(SEED)
    builder = Builder(rng)
    add_handwritten(builder)
    plant_drawn(builder)
    rng.shuffle(builder.rows)
    parts = [(",".join(HEADER) + "\n").encode()]
    for number, row in enumerate(builder.rows, start=1):
        row.number = number
        created = (FIRST_DAY + timedelta(days=rng.randrange(DAYS))).isoformat()
        ticket_id = f"T-{10000 + number}"
        parts.append(encode(row, [ticket_id, rng.choice(CHANNELS), created, row.text, row.label]))
    CSV_PATH.write_bytes(b"".join(parts))
    plants = sorted(builder.plants, key=lambda plant: (plant.kind, plant.row.number))
    truth = "".join(plant.as_json() + "\n" for plant in plants)
    TRUTH_PATH.write_text(truth, encoding="utf-8", newline="\n")
    print(f"{len(builder.rows)} rows, {len(plants)} plants")


if __name__ == "__main__":
    main()
