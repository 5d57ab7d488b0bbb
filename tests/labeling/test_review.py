"""Between card and store: what a browser sends is checked, stored once, and answered."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from curation.records import Dataset, Task
from curation.workspace import Workspace
from labeling import review
from labeling.queue import Filter, count, next_ids
from tests.factories import add_examples, add_flags, tickets
from tests.labeling.duplicates_kit import make


def sent(
    dataset: Dataset, example_id: str, action: str, value: str | None = None
) -> dict[str, Any]:
    return {
        "op_id": uuid.uuid4().hex,
        "dataset_id": dataset.dataset_id,
        "annotator": "ann",
        "example_id": example_id,
        "revision": 0,
        "action": action,
        "value": value,
        "comment": None,
        "elapsed_ms": 1200,
    }


def one_dataset(path: Path, task: Task, output: object, **more: Any) -> tuple[Workspace, Dataset]:
    workspace = Workspace.create(path)
    dataset = workspace.create_dataset("d", task, **more)
    add_examples(workspace, dataset, [("an input", output), ("another", output)])
    return workspace, dataset


def test_what_is_acknowledged_is_stored(tmp_path: Path) -> None:
    workspace, dataset, (a, b, *_) = tickets(tmp_path)
    operations = [sent(dataset, a, "relabel", "return"), sent(dataset, b, "exclude")]
    answer = review.record(workspace, operations)
    assert answer.acknowledged == [op["op_id"] for op in operations]
    assert answer.rejected == []
    assert review.record(workspace, operations) == answer
    assert workspace.store.value("SELECT count(*) FROM decision") == 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"action": "delete"}, "not a decision"),
        ({"value": 7}, "not a decision"),
        ({"example_id": ""}, "not a decision"),
        ({"revision": "x"}, "not a decision"),
        ({"dataset_id": "other"}, "not a decision on a dataset"),
        ({"value": "<b>new</b>"}, "is not a label of this dataset"),
        ({"action": "keep", "value": None}, "no output to keep"),
        ({"example_id": "gone"}, "not in the dataset"),
    ],
)
def test_a_bad_operation_is_rejected_in_words_and_the_rest_is_stored(
    tmp_path: Path, change: dict[str, Any], why: str
) -> None:
    workspace, dataset, (a, b, *_) = tickets(tmp_path)
    bad = {**sent(dataset, a, "relabel", "return"), **change}
    good = sent(dataset, b, "keep", "return")
    answer = review.record(workspace, [bad, good])
    assert answer.acknowledged == [good["op_id"]]
    assert answer.rejected[0]["op_id"] == bad["op_id"]
    assert why in answer.rejected[0]["reason"]


def test_a_label_set_is_stored_in_one_spelling(tmp_path: Path) -> None:
    workspace, dataset = one_dataset(tmp_path, Task.MULTI_LABEL, ["price", "size"])
    review.record(workspace, [sent(dataset, "e001", "relabel", '[ "size","price","size"]')])
    assert workspace.store.value("SELECT value FROM decision") == '["price","size"]'
    answer = review.record(workspace, [sent(dataset, "e002", "relabel", '["colour"]')])
    assert "'colour' is not a label" in answer.rejected[0]["reason"]


def test_an_answer_may_be_edited_but_not_emptied(tmp_path: Path) -> None:
    workspace, dataset = one_dataset(tmp_path, Task.CHAT, "an answer")
    answer = review.record(
        workspace, [sent(dataset, "e001", "edit", "better"), sent(dataset, "e002", "edit", " \n")]
    )
    assert len(answer.acknowledged) == 1
    assert "cannot be empty" in answer.rejected[0]["reason"]


def test_an_edited_output_must_be_json_that_fits_the_schema(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    workspace, dataset = one_dataset(tmp_path, Task.EXTRACTION, {"n": 1}, output_schema=schema)
    answer = review.record(
        workspace,
        [
            sent(dataset, "e001", "edit", '{ "n": 2 }'),
            sent(dataset, "e001", "edit", '{"n": "2"}'),
            sent(dataset, "e001", "edit", "{n: 2}"),
        ],
    )
    assert workspace.store.value("SELECT value FROM decision") == '{"n":2}'
    assert [r["reason"].split(":")[0] for r in answer.rejected] == [
        "$.n",
        "This is not valid JSON",
    ]


def test_a_card_shows_all_that_a_decision_needs(tmp_path: Path) -> None:
    workspace, dataset, (a, b, c, _) = tickets(tmp_path)
    flag = {"example_id": a, "suggested": "return", "score": 0.02}
    add_flags(workspace, dataset, [flag, {"example_id": b, "flagged": False, "reason": "fine"}])
    workspace.store.write(
        lambda cursor: cursor.execute(
            "INSERT INTO neighbour VALUES ($1, $2, $3, $4)",
            [dataset.dataset_id, a, [b, c], [0.9, 0.8]],
        )
    )
    first, second = review.cards(workspace, dataset, [a, b])
    assert (first["given"], first["suggested"], first["confidence"]) == ("refund", "return", 0.9)
    assert [finding["title"] for finding in first["findings"]] == ["Doubtful label"]
    assert first["choices"] == ["return", "refund"]
    assert [(n["text"], n["output"]) for n in first["neighbours"]] == [
        ("send it back", "return"),
        ("my lamp is broken", "refund"),
    ]
    assert first["source"] == "rows.csv, row 1"
    assert not second["flagged"]
    assert second["findings"] == [{"title": "Not flagged", "reason": "fine", "ask": ""}]


def test_a_card_names_each_finding_and_what_to_look_at_the_worst_first(tmp_path: Path) -> None:
    workspace, dataset, (a, b, *_) = tickets(tmp_path)
    reasons = {"mismatch": 0.4, "label": 0.02, "outlier": 0.3, "older-kind": None}
    flags: list[dict[str, object]] = [
        {"example_id": a, "kind": kind, "score": score, "reason": f"why {kind}"}
        for kind, score in reasons.items()
    ]
    add_flags(workspace, dataset, flags)
    flagged, untouched = review.cards(workspace, dataset, [a, b])
    assert [tuple(finding.values()) for finding in flagged["findings"]] == [
        ("Doubtful label", "why label", "Which label is right?"),
        ("Unlike all others", "why outlier", "Does this example belong in the dataset?"),
        ("Answer to another question", "why mismatch", "Does the answer belong to this question?"),
        ("Older kind", "why older-kind", ""),
    ]
    assert untouched["findings"] == []


def test_a_card_shows_the_other_side_of_a_conflict_first(tmp_path: Path) -> None:
    workspace, dataset = make(tmp_path)
    sides: list[dict[str, object]] = [
        {"example_id": key, "kind": "conflict", "reason": "…"} for key in ("e006", "e007")
    ]
    add_flags(workspace, dataset, sides)

    def beside(key: str) -> list[dict[str, Any]]:
        return review.cards(workspace, dataset, [key])[0]["neighbours"]

    other = {"text": "my card is lost!", "output": "loss", "similarity": 1.0, "contradicts": True}
    assert beside("e006") == [other]
    assert [side["output"] for side in beside("e007")] == ["card"]
    review.record(workspace, [sent(dataset, "e007", "relabel", "card")])
    assert beside("e006") == [], "they agree now"


def test_a_sitting_does_not_show_an_example_again_until_it_is_undone(tmp_path: Path) -> None:
    workspace, dataset, (a, *_) = tickets(tmp_path)
    everything = Filter()
    sitting = review.Sitting("k", workspace)
    skip = sent(dataset, a, "skip")
    sitting.store([skip])
    assert a not in next_ids(workspace, dataset, everything, 20, without=sitting.decided)
    assert count(workspace, dataset, everything, without=sitting.decided) == 3
    sitting.store([skip, sent(dataset, a, "undo", skip["op_id"])])
    assert a in next_ids(workspace, dataset, everything, 20, without=sitting.decided)


def test_a_decision_against_a_colleague_is_said_at_once_and_both_are_kept(tmp_path: Path) -> None:
    workspace, dataset, (a, *_) = tickets(tmp_path)
    review.record(workspace, [{**sent(dataset, a, "relabel", "return"), "annotator": "bob"}])
    sitting = review.Sitting("k", workspace)
    keep = sent(dataset, a, "keep", "refund")
    sitting.store([keep])
    (words,) = sitting.contradicted
    assert words.startswith("rows.csv, row 1: bob decided otherwise (relabel return).")
    sitting.store([keep])
    assert sitting.contradicted == []
    assert workspace.store.value("SELECT count(*) FROM standing_decision") == 2


def test_an_undone_example_comes_back_first_with_what_it_says_now(tmp_path: Path) -> None:
    workspace, dataset, (a, *_) = tickets(tmp_path)
    review.record(workspace, [{**sent(dataset, a, "relabel", "return"), "annotator": "bob"}])
    sitting = review.Sitting("k", workspace)
    keep = sent(dataset, a, "keep", "refund")
    sitting.store([keep])
    sitting.store([keep, sent(dataset, a, "undo", keep["op_id"])])
    assert sitting.reopened == [a]
    assert review.cards(workspace, dataset, sitting.reopened)[0]["current"] == "return"
    sitting.store([sent(dataset, a, "keep", "return")])
    assert sitting.reopened == []


def test_the_last_ten_decisions_can_be_undone(tmp_path: Path) -> None:
    workspace, dataset, (a, *_) = tickets(tmp_path)
    operations = [sent(dataset, a, "skip") for _ in range(12)]
    review.record(workspace, operations)
    recent = review.undoable(workspace, dataset, "ann")
    assert [op["op_id"] for op in recent] == [op["op_id"] for op in operations[-10:]]
    assert review.undoable(workspace, dataset, "bob") == []
