"""A page with nothing but the review card and a store of its own; driven by test_card.py.

Query parameters: `run` names the store, `task` the task, `n` how many examples there are; with
`fields` there are widgets of Streamlit's own above the card. The store fails while RUN.broken is
there, and refuses one label.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import streamlit as st

from curation.errors import StoreFailed
from labeling.card.card import CardData, CardItem, FindingInfo, outbox, review_card

LABELS = {
    "card_arrival": "Where is my new card; it has not come by post",
    "card_delivery_estimate": "How long a card takes to arrive",
    "lost_or_stolen_card": "The card is gone and must be blocked",
    "card_not_working": "The card is refused or damaged",
    "activate_my_card": "How to switch a new card on",
    "transfer_not_received": "Money sent has not reached the other account",
    "pending_transfer": "A transfer is shown as pending",
    "cash_withdrawal_charge": "A fee for taking out cash",
    "exchange_rate": "Which rate is used abroad",
    "refuse_me": "The store refuses this label",
    "top_up_failed": "Adding money did not work",
}
TEXTS = [
    "I ordered my card two weeks ago and it still has not turned up. Is there a way to track it?",
    "Why was I charged 2.50 for taking cash out at the station?",
    "<img src=x onerror=\"document.title='hacked'\"><script>alert('hacked')</script> & more",
    "My transfer to Anna shows as done, but she says nothing has arrived.",
    "حوّلت المبلغ أمس ولم يصل حتى الآن",
]
ANSWERS = [
    "You can follow the delivery under Cards → Track. After ten working days we send a new one.",
    "Most cash machines are free. This one belongs to another bank, which asks for a fee.",
]
NEIGHBOURS = [
    ("Still waiting for my card to arrive, when will it be here?", "card_arrival", 0.93),
    ("My new card has not come yet", "card_arrival", 0.91),
    ("How long does delivery of a card take?", "card_delivery_estimate", 0.86),
    ("Track my card please", "card_arrival", 0.84),
    ("The money I sent has not arrived", "transfer_not_received", 0.71),
]
PAGE_SIZE = 20

Operation = dict[str, Any]


def _store(run: str) -> Path:
    return Path(os.environ["CARD_STORE"]) / f"{run}.jsonl"


def _stored(run: str) -> list[Operation]:
    path = _store(run)
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _append(run: str, operations: list[Operation]) -> None:
    with _store(run).open("a") as file:
        file.writelines(json.dumps(op) + "\n" for op in operations)
        file.flush()
        os.fsync(file.fileno())


def _outputs(task: str, i: int) -> tuple[str | None, str | None]:
    """Given and suggested output of example `i`."""
    if task == "single-label":
        return "transfer_not_received", "card_arrival"
    if task == "multi-label":
        return '["transfer_not_received"]', '["card_arrival","card_delivery_estimate"]'
    if task == "chat":
        return ANSWERS[i % 2], None
    return f'{{"amount":2.50,"id":1234567890123456789{i},"tags":["cash","fee"]}}', None


def _findings(task: str) -> list[FindingInfo]:
    if task.endswith("label"):
        title, why = "Doubtful label", "The model trusts “card_arrival” 13 times as much."
    else:
        title, why = "Unusual length", "The answer is shorter than 98 % of the others."
    return [
        {"title": title, "reason": why, "ask": "What is right?"},
        {"title": "Conflict", "reason": "Row 7 says otherwise.", "ask": "Which of the two?"},
    ]


def _card(task: str, i: int, revision: int, comment: str | None) -> CardItem:
    given, suggested = _outputs(task, i)
    text = f"{TEXTS[i % len(TEXTS)]} ({i})"
    if i == 3:
        text += "\n\n" + "\n".join(f"Line {n} of a long complaint." for n in range(80))
    labelled = task.endswith("label")
    return {
        "example_id": f"example-{i}",
        "revision": revision,
        "text": text,
        "given": given,
        "current": given,
        "suggested": suggested,
        "given_confidence": 0.06 if labelled else None,
        "confidence": 0.81 if labelled else None,
        "flagged": True,
        "findings": _findings(task)[: 2 - i % 2],
        "choices": list(LABELS)[:9] if labelled else [],
        "neighbours": [
            {"text": t, "output": json.dumps([o]) if task == "multi-label" else o, "similarity": s}
            for t, o, s in NEIGHBOURS
        ],
        "cluster_size": 4 if i % 3 == 0 else 1,
        "guideline": "Use card_arrival when a card was ordered and has not come.\n"
        "Use transfer_not_received only for money.",
        "messages": [
            {"role": "system", "content": "You are a bank's assistant. Be short and kind."},
            {"role": "user", "content": text},
        ]
        if task == "chat"
        else None,
        "metadata": {"channel": "app", "country": "PT", "received": "2026-03-04"},
        "comment": comment,
        "source": f"tickets.csv row {i + 1}",
    }


def _standing(operations: list[Operation]) -> list[Operation]:
    """The decisions that no later undo has taken back."""
    undone = {op["value"] for op in operations if op["action"] == "undo"}
    acts = [op for op in operations if op["action"] not in ("undo", "comment")]
    return [op for op in acts if op["op_id"] not in undone]


def _data(run: str, task: str, examples: range, key: str) -> CardData:
    operations = _stored(run)
    standing = _standing(operations)
    decided = {op["example_id"] for op in standing}
    open_examples = [i for i in examples if f"example-{i}" not in decided]
    revisions = {op["example_id"]: seq for seq, op in enumerate(operations, 1)}
    comments = {op["example_id"]: op["comment"] for op in operations if op["action"] == "comment"}
    sent = {op["op_id"] for op in outbox(key)}
    return {
        "dataset_id": run,
        "task": task,
        "annotator": "ada",
        "labels": [{"name": k, "description": v} for k, v in LABELS.items()],
        "queue": [
            _card(task, i, revisions.get(f"example-{i}", 0), comments.get(f"example-{i}"))
            for i in open_examples[:PAGE_SIZE]
        ],
        "acknowledged": [op["op_id"] for op in operations if op["op_id"] in sent],
        "rejected": [
            {"op_id": op["op_id"], "reason": "this label was removed from the set"}
            for op in outbox(key)
            if op["value"] == "refuse_me"
        ],
        "remaining": len(open_examples),
        "reviewed": len(decided),
        "undoable": [
            {k: op[k] for k in ("op_id", "example_id", "action", "value")}  # type: ignore[misc]
            for op in standing[-10:]
        ],
    }


def _save(run: str, key: str) -> None:
    if _store(run).with_suffix(".broken").exists():
        raise StoreFailed("The disk is full.", "Make room on it.")
    known = {op["op_id"] for op in _stored(run)}
    new = [dict(op) for op in outbox(key) if op["op_id"] not in known]
    _append(run, [op for op in new if op["value"] != "refuse_me"])


def main() -> None:
    """Show the card, and what stands above it."""
    st.set_page_config(layout="wide")
    run = st.query_params["run"]
    task = st.query_params.get("task", "single-label")
    examples = range(int(st.query_params["n"]))
    key, shown = "card", True
    if st.query_params.get("fields"):
        st.text_input("Another field")
        shown = not st.checkbox("Hide the card")
        if st.checkbox("Last ones first"):
            key, examples = "reversed", examples[::-1]
    if shown:
        data = _data(run, task, examples, key)
        review_card(key=key, data=data, on_outbox=lambda: _save(run, key))


main()
