"""Between the review card and the store: cards out, operations in."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import jsonschema
import polars as pl

from curation.clusters import clusters, opponents
from curation.detectors.schema import validator_of
from curation.records import (
    About,
    Action,
    Dataset,
    Json,
    Operation,
    Task,
    encode_output,
)
from curation.workspace import Workspace
from labeling import kinds

NEIGHBOURS_SHOWN = 5
OTHER_SIDES_SHOWN = 3
_UNDOABLE = 10
_ACTIONS = set(Action) - {Action.SEPARATE}  # which is about a pair


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What became of the operations a browser sent."""

    acknowledged: list[str] = field(default_factory=list)
    rejected: list[dict[str, str]] = field(default_factory=list)


class Sitting:
    """One person at one queue: what was decided since the page was opened, and the last answer.

    Decided examples leave the queue even where its filter would still match them; undone ones
    come back.
    """

    def __init__(self, key: str, workspace: Workspace) -> None:
        self.key = key
        self.decided: set[str] = set()
        self.reopened: list[str] = []
        """Undone examples, the last one first; shown again whatever the filter says."""
        self.answer = Acknowledgement()
        self.contradicted: list[str] = []
        """In words: decisions just stored that another person's decision contradicts."""
        self._workspace = workspace

    def store(self, operations: Sequence[Mapping[str, Any]]) -> None:
        """Store what the browser sent and remember the answer to it."""
        known = set(self.answer.acknowledged)
        self.answer = record(self._workspace, operations)
        fresh = set(self.answer.acknowledged) - known
        new = [sent for sent in operations if sent.get("op_id") in fresh]
        self.contradicted = contradictions(self._workspace, new)
        for sent in new:
            if sent["action"] == Action.COMMENT:
                continue
            if sent["action"] == Action.UNDO:
                self.decided.discard(sent["example_id"])
                self.reopened.insert(0, sent["example_id"])
            else:
                self.decided.add(sent["example_id"])
        self.reopened = [key for key in dict.fromkeys(self.reopened) if key not in self.decided]


def record(workspace: Workspace, operations: Sequence[Mapping[str, Any]]) -> Acknowledgement:
    """Store what a review card sent; everything acknowledged is on disk when this returns.

    Operations come from a browser and are checked one by one: a bad one is rejected with words
    and the others are stored. Each names its dataset and annotator, because a browser may still
    hold some from before it turned to another dataset.
    """
    datasets = {dataset.dataset_id: dataset for dataset in workspace.datasets()}
    labels: dict[str, set[str]] = {}
    good: list[Operation] = []
    rejected: list[dict[str, str]] = []
    for sent in operations:
        operation = _operation(sent)
        if operation is None or operation.dataset_id not in datasets:
            refusal = "It is not a decision on a dataset of this workspace."
        else:
            dataset = datasets[operation.dataset_id]
            if dataset.dataset_id not in labels:
                labels[dataset.dataset_id] = set(workspace.labels(dataset)["name"])
            refusal = _check(dataset, labels[dataset.dataset_id], operation)
        if operation is None or refusal:
            rejected.append({"op_id": str(sent.get("op_id", "")), "reason": refusal})
        else:
            good.append(_canonical(datasets[operation.dataset_id].task, operation))
    receipts = workspace.store.decide(good)
    rejected += [{"op_id": r.op_id, "reason": r.refused} for r in receipts if r.refused]
    return Acknowledgement([r.op_id for r in receipts if r.seq is not None], rejected)


def contradictions(workspace: Workspace, operations: Sequence[Mapping[str, Any]]) -> list[str]:
    """For stored decisions on examples that are disputed now: who decided otherwise, in words."""
    if not operations:
        return []
    found = workspace.store.read(
        "SELECT c.source_row, s.file_name, d.annotator, arg_max(d.action, d.seq) AS action, "
        "arg_max(d.value, d.seq) AS value "
        "FROM current_example AS c JOIN source AS s USING (dataset_id, source_id) "
        "JOIN standing_decision AS d USING (dataset_id, example_id) "
        "WHERE c.disputed AND c.example_id IN (SELECT unnest($ids)) "
        "AND c.dataset_id IN (SELECT unnest($datasets)) AND d.annotator <> $me "
        "AND d.about = 'output' AND d.action IN ('keep', 'relabel', 'edit', 'exclude') "
        "GROUP BY ALL ORDER BY ALL",
        {
            "ids": [sent["example_id"] for sent in operations],
            "datasets": [sent["dataset_id"] for sent in operations],
            "me": operations[0]["annotator"],
        },
    )
    return [
        f"{file}, row {row}: {person} decided otherwise ({action}{f' {value}' if value else ''}). "
        "Both decisions are kept; yours is the later one and holds."
        for row, file, person, action, value in found.iter_rows()
    ]


def cards(workspace: Workspace, dataset: Dataset, ids: Sequence[str]) -> list[Json]:
    """Everything the review card shows of the given examples, in the given order."""
    if not ids:
        return []
    params = {"dataset": dataset.dataset_id, "ids": list(ids)}
    found = workspace.store.read(
        "SELECT c.*, s.file_name FROM current_example AS c JOIN source AS s "
        "USING (dataset_id, source_id) WHERE c.dataset_id = $dataset "
        "AND c.example_id IN (SELECT unnest($ids))",
        params,
    )
    flags = _by_example(workspace, _FLAGS, params)
    neighbours = _by_example(workspace, _NEIGHBOURS, params)
    others = _other_sides(workspace, dataset, flags)
    sizes = _cluster_sizes(workspace, dataset, ids)
    labels = workspace.labels(dataset)
    names: list[str] = labels["name"].to_list()
    guidelines = dict(labels.iter_rows())
    shown = {}
    for row in found.iter_rows(named=True):
        key = row["example_id"]
        near = neighbours.get(key, [])
        card = _card(row, flags.get(key, []), _beside(others.get(key, []), near))
        card["choices"] = _choices(names, card, near) if dataset.task.has_labels else []
        card["cluster_size"] = sizes.get(key, 1)
        card["guideline"] = guidelines.get(row["current"] or "", "") or dataset.guidelines
        shown[key] = card
    return [shown[key] for key in ids if key in shown]


def _other_sides(
    workspace: Workspace, dataset: Dataset, flags: Mapping[str, list[Json]]
) -> dict[str, list[Json]]:
    """What contradicts the examples that are flagged as conflicts, most similar first."""
    asked = [
        key
        for key, found in flags.items()
        if any(flag["kind"] == "conflict" and flag["flagged"] for flag in found)
    ]
    if not asked:
        return {}
    found = opponents(workspace, dataset, asked)
    said = workspace.store.read(
        "SELECT example_id AS other_id, text, current AS output FROM current_example "
        "WHERE dataset_id = $dataset AND example_id IN (SELECT unnest($ids))",
        {"dataset": dataset.dataset_id, "ids": found["other_id"].unique().to_list()},
    )
    sides: dict[str, list[Json]] = {}
    joined = found.join(said, on="other_id", maintain_order="left").drop("other_id")
    for row in joined.iter_rows(named=True):
        sides.setdefault(row.pop("example_id"), []).append({**row, "contradicts": True})
    return sides


def _beside(others: list[Json], near: list[Json]) -> list[Json]:
    """What stands beside an example: what contradicts it, then the nearest of the rest."""
    first = others[:OTHER_SIDES_SHOWN]
    known = {side["text"] for side in first}
    return (first + [one for one in near if one["text"] not in known])[:NEIGHBOURS_SHOWN]


def undoable(workspace: Workspace, dataset: Dataset, annotator: str) -> list[Json]:
    """The annotator's last standing decisions on outputs, newest last."""
    found = workspace.store.read(
        "SELECT seq, op_id, example_id, action, value FROM standing_decision "
        "WHERE dataset_id = $dataset AND annotator = $annotator AND about = 'output' "
        "ORDER BY seq DESC LIMIT $limit",
        {"dataset": dataset.dataset_id, "annotator": annotator, "limit": _UNDOABLE},
    )
    return found.sort("seq").drop("seq").to_dicts()


_FLAGS = """
    SELECT example_id, kind, score, suggested, confidence, given_confidence, flagged, reason
    FROM flag WHERE dataset_id = $dataset AND example_id IN (SELECT unnest($ids))
    ORDER BY flagged DESC, score NULLS LAST, kind
"""
_NEIGHBOURS = """
    WITH near AS (
        SELECT example_id, unnest(other_ids) AS other_id, unnest(similarities) AS similarity
        FROM neighbour WHERE dataset_id = $dataset AND example_id IN (SELECT unnest($ids))
    )
    SELECT near.example_id, c.text, c.current AS output, near.similarity
    FROM near JOIN current_example AS c ON c.dataset_id = $dataset AND c.example_id = near.other_id
    ORDER BY near.similarity DESC, near.other_id
"""


def _by_example(workspace: Workspace, sql: str, params: Json) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for row in workspace.store.read(sql, params).iter_rows(named=True):
        found.setdefault(row.pop("example_id"), []).append(row)
    return found


def _cluster_sizes(workspace: Workspace, dataset: Dataset, ids: Sequence[str]) -> dict[str, int]:
    sized = clusters(workspace, dataset).with_columns(size=pl.len().over("cluster"))
    return dict(
        sized.filter(pl.col("example_id").is_in(list(ids))).select("example_id", "size").iter_rows()
    )


def _card(row: Json, flags: list[Json], neighbours: list[Json]) -> Json:
    label = next((flag for flag in flags if flag["kind"] == "label"), None) or {}
    raised = [flag for flag in flags if flag["flagged"]]
    return {
        "example_id": row["example_id"],
        "revision": row["revision"],
        "text": row["text"],
        "given": row["given"],
        "current": row["current"],
        "status": row["status"],
        "suggested": label.get("suggested"),
        "confidence": label.get("confidence"),
        "given_confidence": label.get("given_confidence"),
        "flagged": bool(raised),
        "findings": _findings(raised, label),
        "neighbours": neighbours,
        "messages": json.loads(row["messages"]) if row["messages"] else None,
        "metadata": json.loads(row["metadata"]),
        "comment": row["comment"],
        "source": f"{row['file_name']}, row {row['source_row']}",
    }


def _findings(raised: list[Json], label: Json) -> list[Json]:
    """What was found, the worst first; of an example without flags what speaks for its label."""
    if not raised and label.get("reason"):
        return [{"title": "Not flagged", "reason": label["reason"], "ask": ""}]
    return [
        {
            "title": kinds.title(flag["kind"]),
            "reason": flag["reason"],
            "ask": kinds.ask(flag["kind"]),
        }
        for flag in raised
    ]


def _choices(names: list[str], card: Json, neighbours: list[Json]) -> list[str]:
    """Labels by likelihood: suggested, given, then by votes of the neighbours, then by name."""
    first: list[str] = []
    votes: Counter[str] = Counter()
    for output in (card["suggested"], card["current"], card["given"]):
        first += [label for label in _labels_of(output, names) if label not in first]
    for neighbour in neighbours:
        votes.update(_labels_of(neighbour["output"], names))
    rest = sorted((n for n in names if n not in first), key=lambda name: (-votes[name], name))
    return first + rest


def _labels_of(output: str | None, names: list[str]) -> list[str]:
    if output is None:
        return []
    if output in names:
        return [output]
    try:
        decoded = json.loads(output)
    except ValueError:
        return []
    return [label for label in decoded if label in names] if isinstance(decoded, list) else []


_TEXTS = ("op_id", "dataset_id", "example_id", "annotator")


def _operation(sent: Mapping[str, Any]) -> Operation | None:
    """The operation a browser sent, or None where its shape is wrong."""
    if sent.get("action") not in _ACTIONS:
        return None
    if not all(isinstance(sent.get(name), str) and sent[name] for name in _TEXTS):
        return None
    optional = {name: sent.get(name) for name in ("value", "comment")}
    if not all(text is None or isinstance(text, str) for text in optional.values()):
        return None
    numbers = {name: sent.get(name, 0) for name in ("revision", "elapsed_ms")}
    if not all(isinstance(number, int | float) for number in numbers.values()):
        return None
    return Operation(
        op_id=sent["op_id"],
        dataset_id=sent["dataset_id"],
        example_id=sent["example_id"],
        annotator=sent["annotator"],
        action=Action(sent["action"]),
        value=optional["value"],
        comment=optional["comment"],
        about=About.OUTPUT,
        revision=int(numbers["revision"]),
        elapsed_ms=int(numbers["elapsed_ms"]),
    )


def _canonical(task: Task, operation: Operation) -> Operation:
    """Spell a JSON output in the one way that outputs are stored and compared."""
    carries_output = operation.action in (Action.KEEP, Action.RELABEL, Action.EDIT)
    if not carries_output or task in (Task.SINGLE_LABEL, Task.CHAT):
        return operation
    return replace(operation, value=encode_output(task, json.loads(operation.value or "null")))


def _check(dataset: Dataset, labels: set[str], operation: Operation) -> str:
    """Why an output cannot be the value of a decision in this dataset; empty where it can."""
    if operation.action not in (Action.KEEP, Action.RELABEL, Action.EDIT):
        return ""
    value = operation.value
    if value is None:
        return "There is no output to keep: choose one, or exclude the example."
    try:
        return _CHECKS[dataset.task](dataset, labels, value)
    except ValueError as error:
        return f"This is not valid JSON: {error}."


def _check_label(_: Dataset, labels: set[str], value: str) -> str:
    return "" if value in labels else f"'{value}' is not a label of this dataset."


def _check_label_list(_: Dataset, labels: set[str], value: str) -> str:
    chosen: Any = json.loads(value)
    if not isinstance(chosen, list) or not all(isinstance(label, str) for label in chosen):
        return "The labels must be a list."
    unknown = sorted(set(chosen) - labels)
    return f"'{unknown[0]}' is not a label of this dataset." if unknown else ""


def _check_answer(_: Dataset, __: set[str], value: str) -> str:
    return "" if value.strip() else "An answer cannot be empty: exclude the example instead."


def _check_extraction(dataset: Dataset, _: set[str], value: str) -> str:
    output: Any = json.loads(value)
    if dataset.output_schema is None:
        return ""
    validator = validator_of(dataset.output_schema)
    error = jsonschema.exceptions.best_match(validator.iter_errors(output))
    return f"{error.json_path}: {error.message}" if error else ""


_CHECKS = {
    Task.SINGLE_LABEL: _check_label,
    Task.MULTI_LABEL: _check_label_list,
    Task.CHAT: _check_answer,
    Task.EXTRACTION: _check_extraction,
}
