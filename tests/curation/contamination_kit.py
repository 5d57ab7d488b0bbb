"""Examples, and a benchmark of which most rows stand among them in one way or another."""

from __future__ import annotations

import json
from pathlib import Path

from curation.importing import import_file
from curation.ingest import ColumnMapping
from curation.records import Dataset, Task
from curation.workspace import Workspace

CHAIN = "how do I replace the chain of a bicycle with nine gears at home?"
RECIPE = "Soak the beans overnight, drain them, and cook them slowly for two hours with bay leaves."
LONG = (
    "Good evening everyone, I have been reading this forum for years and finally have a question "
    f"of my own. {CHAIN} I have all the tools, and my neighbour would lend me a hand on Sunday."
)
EXAMPLES = [
    "Where is my parcel? I ordered it on Monday and nothing has arrived.",
    "I bought an e-gift card for my niece and she never received the email.",
    "We are at number 112 now, not 12, please correct your records.",
    LONG,
    RECIPE,
    "The lamp flickers whenever the washing machine is running.",
    "Where is my parcel? I ordered it on Monday and nothing has arrived!",
]
BENCHMARK = {
    "exact": EXAMPLES[0],
    "case": "WHERE IS MY PARCEL I ordered it on monday, and nothing has arrived",
    "near": "I bought an e-gift card for my neice and she has never received the email",
    "twin": "We are at number 12 now, not 112, please correct your records.",
    "inside": CHAIN,
    "around": f"Which dish is this? {RECIPE} Choose: soup, stew, salad, or none of these.",
    "clean": "Name the longest river of South America.",
}
ROW = {name: number for number, name in enumerate(BENCHMARK, start=1)}
"""The row of the benchmark in which each planted text stands."""


def write_benchmark(path: Path) -> Path:
    """The benchmark as JSON lines; the row after the last text has none."""
    rows = [{"question": text, "answer": "42"} for text in BENCHMARK.values()]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"answer": "1"}]), "utf-8")
    return path


def make_tickets(workspace: Workspace, folder: Path) -> Dataset:
    """The examples with a label each."""
    path = folder / "tickets.jsonl"
    rows = [{"text": text, "label": "ab"[number % 2]} for number, text in enumerate(EXAMPLES)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    dataset = workspace.create_dataset("tickets", Task.SINGLE_LABEL)
    import_file(workspace, dataset, path)
    return dataset


def make_chats(workspace: Workspace, folder: Path) -> Dataset:
    """One asks the first question in its second turn, one answers with the recipe."""
    chats = [
        [("user", "Hello"), ("assistant", "How can I help?"), ("user", EXAMPLES[0])],
        [("system", "You cook."), ("user", "How do I cook beans?"), ("assistant", RECIPE)],
    ]
    path = folder / "chats.jsonl"
    lines = []
    for chat in chats:
        turns = [{"role": role, "content": content} for role, content in chat]
        if chat[-1][0] == "user":
            turns.append({"role": "assistant", "content": "It left our house on Tuesday."})
        lines.append(json.dumps({"messages": turns}) + "\n")
    path.write_text("".join(lines), "utf-8")
    dataset = workspace.create_dataset("chats", Task.CHAT)
    import_file(workspace, dataset, path, ColumnMapping(messages="messages"))
    return dataset
