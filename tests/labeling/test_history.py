"""The history of an example: every decision, those taken back as well."""

from pathlib import Path

import pytest

from curation.records import Action, Task
from labeling.history import decisions_of, shown_output
from tests.factories import operation, tickets


def test_every_decision_is_listed_oldest_first_and_says_what_was_taken_back(tmp_path: Path) -> None:
    workspace, dataset, (a, b, *_) = tickets(tmp_path)
    workspace.store.decide(
        [
            operation(dataset, a, Action.KEEP, "refund", op_id="first"),
            operation(dataset, b, Action.EXCLUDE),
            operation(dataset, a, Action.UNDO, "first"),
            operation(dataset, a, Action.RELABEL, "return", by="bob", comment="clear"),
        ]
    )
    found = decisions_of(workspace, dataset, a)
    columns = ["annotator", "action", "value", "comment", "taken_back"]
    assert found.select(columns).rows() == [
        ("ann", "keep", "refund", None, True),
        ("ann", "undo", None, None, False),
        ("bob", "relabel", "return", "clear", False),
    ]
    assert found["decided_at"].is_sorted()


def test_an_example_without_decisions_has_an_empty_history(tmp_path: Path) -> None:
    workspace, dataset, (a, *_) = tickets(tmp_path)
    assert decisions_of(workspace, dataset, a).is_empty()


@pytest.mark.parametrize(
    ("task", "stored", "shown"),
    [
        (Task.SINGLE_LABEL, "refund", "refund"),
        (Task.MULTI_LABEL, '["a","b"]', "a, b"),
        (Task.MULTI_LABEL, "[]", "none"),
        (Task.CHAT, '["a"]', '["a"]'),
        (Task.CHAT, None, ""),
    ],
)
def test_outputs_as_people_read_them(task: Task, stored: str | None, shown: str) -> None:
    assert shown_output(task, stored) == shown
