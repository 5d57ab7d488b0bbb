"""Build product_reviews.jsonl: multi-label reviews with problems planted among them.

The texts are in sources/product_reviews.txt. The same bytes come out of each run.
"""

from __future__ import annotations

from planting import SOURCES, Mark, Row, disguise, write_set

SEED = 20240818
LABELS = (
    "quality",
    "price",
    "delivery",
    "packaging",
    "size",
    "design",
    "service",
    "durability",
)
BROKEN = {
    "not-json": '{"review": "The tray is fine", "topics": ["quality"',
    "wrong-type": '{"review": ["Nice cups", "ugly box"], "topics": ["design", "packaging"]}',
}


def topics_of(text: str) -> list[str]:
    """Read a list of topics, ``-`` for none, in the order of the labels."""
    names = [] if text.strip() == "-" else [name.strip() for name in text.split(",")]
    unknown = set(names) - set(LABELS)
    if unknown:
        raise ValueError(f"unknown topics: {sorted(unknown)}")
    return sorted(names, key=LABELS.index)


def apply(instruction: str, row: Row, rows: list[Row], number: int) -> Mark:
    """Plant one problem with a review."""
    kind, _, value = instruction.partition(": ")
    topics = list(row.record["topics"])
    if kind in {"exact", "near"}:
        text = disguise(row.record["review"], number) if kind == "exact" else value
        copy = Row({"review": text, "topics": topics})
        rows.append(copy)
        return Mark(kind, copy, row, "review")
    if kind == "label":
        row.record["topics"] = topics_of(value)
        return Mark(kind, row, column="topics", truth=topics)
    if kind == "missing":
        del row.record["topics"]
        return Mark("missing-label", row, column="topics", truth=topics)
    raise ValueError(f"unknown instruction: {instruction}")


def main() -> None:
    """Write the data and its truth file."""
    rows: list[Row] = []
    marks: list[Mark] = []
    text = (SOURCES / "product_reviews.txt").read_text(encoding="utf-8")
    last = Row({})
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if line.startswith("  "):
            marks.append(apply(line.strip(), last, rows, len(marks)))
        else:
            labels, _, review = line.partition(" | ")
            last = Row({"review": review, "topics": topics_of(labels)})
            rows.append(last)
    for code, broken in BROKEN.items():
        row = Row({}, broken)
        rows.append(row)
        column = "review" if code == "wrong-type" else None
        marks.append(Mark("broken-row", row, column=column, truth=code))
    write_set("product_reviews", rows, marks, SEED)


if __name__ == "__main__":
    main()
