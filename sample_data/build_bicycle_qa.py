"""Build bicycle_qa.jsonl: hand-written pairs with problems planted among them.

The pairs are in sources/bicycle_qa.jsonl and the hand-written material of the problems is in
sources/bicycle_qa_plants.jsonl. The same bytes come out of each run.
"""

from __future__ import annotations

import random

from planting import SOURCES, Mark, Record, Row, disguise, read_jsonl, write_set

SEED = 20240817
LOOPS = 24
MIN_DONOR_LENGTH = 80

# Kinds that replace the answer of an existing row by the text in the plant.
REPLACED = {"empty-output", "refusal", "template-token", "personal-data"}
# Codes of broken rows that concern the whole line and not one column.
WHOLE_LINE = {"not-json", "not-an-object"}


def cut(answer: str) -> str:
    """Cut an answer in mid-sentence, at about two thirds of its words."""
    words = answer.split(" ")
    end = max(2, len(words) * 2 // 3)
    while words[end - 1][-1:] in ".?!:;,":
        end -= 1
    return " ".join(words[:end])


def plant(rows: list[Row], plants: list[Record]) -> list[Mark]:
    """Add and change rows as the plants say; return one mark for each problem."""
    rng = random.Random(SEED)
    by_question = {row.record["question"]: row for row in rows}
    involved = {entry["of"] for entry in plants if "of" in entry}
    donors = [
        dict(row.record)
        for row in rows
        if row.record["question"] not in involved and len(row.record["answer"]) >= MIN_DONOR_LENGTH
    ]
    rng.shuffle(donors)
    marks: list[Mark] = []
    for number, entry in enumerate(plants):
        kind = str(entry["kind"])
        if kind == "broken-row":
            broken = Row({}, str(entry["line"]))
            rows.append(broken)
            column = None if entry["truth"] in WHOLE_LINE else "question"
            marks.append(Mark(kind, broken, column=column, truth=entry["truth"]))
        elif kind == "near-twin":
            marks.append(add_twins(rows, entry))
        elif kind in {"exact", "near", "conflict"}:
            marks.append(add_copy(rows, by_question[entry["of"]], entry, number))
        else:
            marks.append(spoil(by_question[entry["of"]], entry, donors))
    return marks


def add_twins(rows: list[Row], entry: Record) -> Mark:
    """Add two pairs that look alike and are both right."""
    topic = entry["topic"]
    first = Row({"topic": topic, "question": entry["question"], "answer": entry["answer"]})
    second = Row(
        {"topic": topic, "question": entry["other_question"], "answer": entry["other_answer"]}
    )
    rows += [first, second]
    return Mark("near-twin", first, second, "question", note="not duplicates: both are right")


def add_copy(rows: list[Row], base: Row, entry: Record, number: int) -> Mark:
    """Add a copy of a row: disguised, lightly edited, or with a contradicting answer."""
    kind = str(entry["kind"])
    if kind == "exact":
        copy = Row(
            {
                "topic": base.record["topic"],
                "question": disguise(base.record["question"], number),
                "answer": disguise(base.record["answer"], number),
            }
        )
    else:
        copy = Row(
            {
                "topic": base.record["topic"],
                "question": entry["question"],
                "answer": entry.get("answer", base.record["answer"]),
            }
        )
    rows.append(copy)
    if kind == "conflict":
        return Mark(kind, copy, base, "answer", base.record["answer"])
    return Mark(kind, copy, base, "question")


def spoil(row: Row, entry: Record, donors: list[Record]) -> Mark:
    """Replace the answer of a row by a bad one."""
    kind = str(entry["kind"])
    right = str(row.record["answer"])
    mark = Mark(kind, row, column="answer", truth=right)
    if kind in REPLACED:
        row.record["answer"] = entry["answer"]
        if kind == "personal-data":
            mark.truth, mark.note = entry["truth"], entry["exact"]
    elif kind == "mismatch":
        donor = next(d for d in donors if d["topic"] != row.record["topic"])
        donors.remove(donor)
        row.record["answer"] = donor["answer"]
        mark.note = f"answers: {donor['question']}"
    elif kind == "truncated":
        row.record["answer"] = cut(right)
    elif kind == "echo":
        row.record["answer"] = row.record["question"]
    elif kind == "repetition":
        row.record["answer"] = " ".join([str(entry["answer"])] * LOOPS)
    else:
        raise ValueError(f"unknown kind: {kind}")
    return mark


def main() -> None:
    """Write the data and its truth file."""
    rows = [Row(record) for record in read_jsonl(SOURCES / "bicycle_qa.jsonl")]
    marks = plant(rows, read_jsonl(SOURCES / "bicycle_qa_plants.jsonl"))
    write_set("bicycle_qa", rows, marks, SEED, id_prefix="bike")


if __name__ == "__main__":
    main()
