"""Held-out examples and how answers to them are scored.

An export carries this file beside `test.jsonl`; inspect-ai, lm-evaluation-harness and promptfoo all
score with it, so their numbers can be set side by side. It needs Python alone.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

TEST = Path(__file__).with_name("test.jsonl")
METRICS = {
    "single-label": ("exact",),
    "multi-label": ("exact", "f1", "valid_json"),
    "extraction": ("exact", "f1", "valid_json"),
    "chat": ("f1",),
}
"""What is scored for each task, the most telling first; each from 0 to 1."""
_BRACES = {ord(brace): f"{{{{ '{brace}' }}}}" for brace in "{}"}


def scores(task: str, answer: str, target: str) -> dict[str, float]:
    """The metrics of a task for one answer.

    - A label is right where it is the same text, white space around it aside.
    - Labels are a JSON list and right as a set; F1 is that of the two sets.
    - An extraction is right where it is the same JSON value; F1 is that of its fields, each a path
      and a value, places in a list aside.
    - A chat's F1 is that of the words of the two texts, which says little of their meaning.
    """
    if task == "single-label":
        return {"exact": float(answer.strip() == target.strip())}
    if task == "chat":
        return {"f1": _f1(Counter(_words(answer)), Counter(_words(target)))}
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        return dict.fromkeys(METRICS[task], 0.0)
    wanted = json.loads(target)
    if task == "multi-label":
        if not isinstance(said, list) or not all(isinstance(label, str) for label in said):
            return {"exact": 0.0, "f1": 0.0, "valid_json": 1.0}
        labels = Counter(set(said)), Counter(set(wanted))
        return {"exact": float(labels[0] == labels[1]), "f1": _f1(*labels), "valid_json": 1.0}
    return {
        "exact": float(_canonical(said) == _canonical(wanted)),
        "f1": _f1(Counter(_fields(said)), Counter(_fields(wanted))),
        "valid_json": 1.0,
    }


def macro_f1(pairs: Iterable[tuple[str, str]]) -> float:
    """The mean, over all labels of the targets, of the F1 of (answer, target) pairs."""
    listed = [(answer.strip(), target.strip()) for answer, target in pairs]
    labels = {target for _, target in listed}
    right = Counter(answer for answer, target in listed if answer == target)
    said = Counter(answer for answer, _ in listed)
    wanted = Counter(target for _, target in listed)
    return sum(2 * right[label] / (said[label] + wanted[label]) for label in labels) / len(labels)


def process_results(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
    """The scores of one answer, as lm-evaluation-harness asks for them."""
    task = doc["metadata"]["task"]
    found: dict[str, Any] = dict(scores(task, results[0], doc["target"]))
    if task == "single-label":
        found["macro_f1"] = (results[0], doc["target"])
    return found


def ask(context: Mapping[str, Any]) -> list[dict[str, str]]:
    """The conversation of an example, as promptfoo asks for it.

    It renders what it gets as a template, so that braces are written as templates that give them.
    """
    row = _rows()[context["vars"]["id"]]
    return [
        {"role": turn["role"], "content": turn["content"].translate(_BRACES)}
        for turn in row["input"]
    ]


def get_assert(output: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """The scores of one answer, as promptfoo asks for them; a chat always passes."""
    row = _rows()[context["vars"]["id"]]
    task = row["metadata"]["task"]
    found = scores(task, output if isinstance(output, str) else json.dumps(output), row["target"])
    score = found[METRICS[task][0]]
    passed = task == "chat" or score == 1
    said = ", ".join(f"{name} {value:.2f}" for name, value in found.items())
    return {"pass": passed, "score": score, "reason": said, "namedScores": found}


@lru_cache(maxsize=1)
def _rows() -> dict[str, Any]:
    with TEST.open(encoding="utf-8") as file:
        return {row["id"]: row for row in map(json.loads, file)}


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _f1(said: Counter[Any], wanted: Counter[Any]) -> float:
    total = said.total() + wanted.total()
    return 2 * (said & wanted).total() / total if total else 1.0


def _canonical(value: Any) -> str:
    """A JSON value as text: the order of keys aside, 1 and 1.0 alike, 1 and true not."""
    return json.dumps(_whole(value), sort_keys=True)


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _fields(value: Any, path: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict) and value:
        return [pair for key in value for pair in _fields(value[key], f"{path}/{json.dumps(key)}")]
    if isinstance(value, list) and value:
        return [pair for inner in value for pair in _fields(inner, f"{path}[]")]
    return [(path, _canonical(value))]
