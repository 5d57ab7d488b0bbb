"""The store: decisions are numbered once, survive, and fold into what an example says now."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.errors import StoreFailed, WorkspaceBusy
from curation.records import About, Action, Task
from curation.store import Store
from curation.store.migrate import migrations
from curation.workspace import Workspace
from tests.factories import add_examples, operation, tickets


def state(workspace: Workspace, example_id: str) -> dict[str, object]:
    return workspace.store.read(
        "SELECT current, status, excluded, disputed, decided_by, comment, revision "
        "FROM current_example WHERE example_id = $id",
        {"id": example_id},
    ).row(0, named=True)


def test_every_operation_gets_a_receipt_and_a_number(tmp_path: Path) -> None:
    workspace, dataset, (a, b, *_) = tickets(tmp_path)
    first = operation(dataset, a, Action.RELABEL, "return")
    second = operation(dataset, b, Action.KEEP, "return")
    assert [r.seq for r in workspace.store.decide([first, second])] == [1, 2]
    assert state(workspace, a)["current"] == "return"
    assert state(workspace, b)["status"] == "kept"


def test_the_same_operation_is_stored_once(tmp_path: Path) -> None:
    workspace, dataset, (a, *_) = tickets(tmp_path)
    twice = operation(dataset, a, Action.RELABEL, "return")
    assert [r.seq for r in workspace.store.decide([twice, twice])] == [1, 1]
    workspace.close()
    with Workspace.open(tmp_path) as again:
        assert [r.seq for r in again.store.decide([twice])] == [1]
        assert again.store.value("SELECT count(*) FROM decision") == 1


@pytest.mark.parametrize(
    ("example", "action", "value", "why"),
    [
        ("nobody", Action.KEEP, "refund", "not in the dataset"),
        ("e004", Action.KEEP, None, "no output yet"),
        ("e001", Action.UNDO, "never", "never stored"),
        ("e001", Action.COMMENT, "\ud800", "not valid Unicode"),
    ],
)
def test_what_cannot_be_stored_is_refused_in_words(
    tmp_path: Path, example: str, action: Action, value: str | None, why: str
) -> None:
    workspace, dataset, _ = tickets(tmp_path)
    good = operation(dataset, "e002", Action.KEEP, "return")
    refused, kept = workspace.store.decide([operation(dataset, example, action, value), good])
    assert refused.seq is None
    assert why in refused.refused
    assert kept.seq == 1


def test_undo_takes_back_just_one_decision(tmp_path: Path) -> None:
    workspace, dataset, (a, b, *_) = tickets(tmp_path)
    first = operation(dataset, a, Action.RELABEL, "return")
    second = operation(dataset, a, Action.EXCLUDE)
    workspace.store.decide([first, second])
    assert state(workspace, a)["status"] == "excluded"
    workspace.store.decide([operation(dataset, a, Action.UNDO, second.op_id)])
    assert state(workspace, a) | {"status": "relabelled", "current": "return"} == state(
        workspace, a
    )
    wrong, again = workspace.store.decide(
        [
            operation(dataset, b, Action.UNDO, first.op_id),
            operation(dataset, a, Action.UNDO, second.op_id),
        ]
    )
    assert "belongs to another example" in wrong.refused
    assert "undone already" in again.refused


def test_two_people_on_one_example_are_both_kept_and_shown_as_disputed(tmp_path: Path) -> None:
    workspace, dataset, (a, *_) = tickets(tmp_path)
    workspace.store.decide([operation(dataset, a, Action.RELABEL, "return", by="ann")])
    assert state(workspace, a)["disputed"] is False
    workspace.store.decide([operation(dataset, a, Action.KEEP, "refund", by="bob")])
    found = state(workspace, a)
    assert (found["current"], found["decided_by"], found["disputed"]) == ("refund", "bob", True)
    workspace.store.decide([operation(dataset, a, Action.KEEP, "refund", by="ann")])
    assert state(workspace, a)["disputed"] is False


def test_keeping_a_duplicate_says_nothing_of_its_label(tmp_path: Path) -> None:
    workspace, dataset, (a, b, *_) = tickets(tmp_path)
    workspace.store.decide(
        [
            operation(dataset, a, Action.KEEP, about=About.DUPLICATE),
            operation(dataset, b, Action.EXCLUDE, about=About.DUPLICATE),
        ]
    )
    assert state(workspace, a)["status"] == "unreviewed"
    assert state(workspace, b)["excluded"] is True


Step = tuple[str, str, str]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob"]),
        st.sampled_from(["keep", "relabel", "exclude", "skip", "comment", "undo"]),
        st.sampled_from(["refund", "return", "other"]),
    ),
    max_size=12,
)


def reference_fold(steps: list[Step], undone: set[int]) -> tuple[str, str]:
    """The fold said again, naively: current output and status of an example given as refund."""
    current, status, skipped = "refund", "unreviewed", False
    for number, (_, action, value) in enumerate(steps):
        if number in undone or action in ("undo", "comment"):
            continue
        if action == "skip":
            skipped = True
        elif action == "exclude":
            status = "excluded"
        else:
            current, status = value, {"keep": "kept", "relabel": "relabelled"}[action]
    return current, "skipped" if status == "unreviewed" and skipped else status


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_the_fold_equals_its_plain_definition(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    workspace, dataset, (a, *_) = tickets(tmp_path_factory.mktemp("fold"))
    sent, undone = [], set()
    for number, (person, action, value) in enumerate(steps):
        target = next((n for n in range(number - 1, -1, -1) if _can_undo(steps, n, undone)), None)
        if action == "undo" and target is not None:
            undone.add(target)
            sent.append(
                operation(dataset, a, Action.UNDO, str(target), by=person, op_id=str(number))
            )
        elif action != "undo":
            output = value if action in ("keep", "relabel") else None
            sent.append(operation(dataset, a, Action(action), output, by=person, op_id=str(number)))
    assert all(receipt.seq for receipt in workspace.store.decide(sent))
    found = state(workspace, a)
    assert (found["current"], found["status"]) == reference_fold(steps, undone)
    workspace.close()


def _can_undo(steps: list[Step], number: int, undone: set[int]) -> bool:
    return steps[number][1] != "undo" and number not in undone


def test_many_threads_lose_and_repeat_nothing(tmp_path: Path) -> None:
    workspace, dataset, (a, *_) = tickets(tmp_path)

    def work(person: int) -> None:
        for number in range(25):
            op_id = f"{person}-{number}"
            workspace.store.decide([operation(dataset, a, Action.SKIP, op_id=op_id)])

    threads = [threading.Thread(target=work, args=(person,)) for person in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = workspace.store.read("SELECT seq, op_id FROM decision ORDER BY seq")
    assert stored["seq"].to_list() == list(range(1, 201))
    assert stored["op_id"].n_unique() == 200
    assert workspace.verify() == []


def test_an_error_in_a_transaction_rolls_it_back(tmp_path: Path) -> None:
    workspace, _dataset, _ = tickets(tmp_path)

    def fail(cursor: object) -> None:
        cursor.execute("DELETE FROM example")  # type: ignore[attr-defined]
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        workspace.store.write(fail)
    assert workspace.store.value("SELECT count(*) FROM example") == 4
    assert workspace.create_dataset("next", Task.CHAT).name == "next"


def test_a_journal_that_is_ahead_is_replayed(tmp_path: Path) -> None:
    workspace, dataset, (a, b, *_) = tickets(tmp_path)
    workspace.store.decide([operation(dataset, a, Action.RELABEL, "return")])
    workspace.store.decide([operation(dataset, b, Action.EXCLUDE)])
    workspace.store.write(lambda cursor: cursor.execute("DELETE FROM decision WHERE seq = 1"))
    assert workspace.verify() == ["Decision 1 is in the journal, not in the database."]
    workspace.close()
    with Workspace.open(tmp_path) as again:
        assert again.store.replayed == 1
        assert again.verify() == []
        assert state(again, a)["current"] == "return"


def test_a_shortened_journal_is_refused(tmp_path: Path) -> None:
    workspace, dataset, (a, *_) = tickets(tmp_path)
    workspace.store.decide([operation(dataset, a, Action.SKIP)])
    workspace.close()
    (tmp_path / "decisions.jsonl").write_text("")
    with pytest.raises(StoreFailed, match="has 1 decisions") as caught:
        Workspace.open(tmp_path)
    assert "Restore decisions.jsonl" in caught.value.hint


def test_after_a_failed_sync_nothing_more_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, dataset, (a, *_) = tickets(tmp_path)
    workspace.store.decide([operation(dataset, a, Action.SKIP)])
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(5, "I/O error")))
        with pytest.raises(StoreFailed, match="could not be synced"):
            workspace.store.decide([operation(dataset, a, Action.SKIP)])
    with pytest.raises(StoreFailed):
        workspace.store.decide([operation(dataset, a, Action.SKIP)])
    workspace.close()
    with Workspace.open(tmp_path) as again:
        assert again.verify() == []


CHILD = """
import sys
from pathlib import Path
from curation.records import Action
from curation.workspace import Workspace
from tests.factories import operation
workspace = Workspace.open(Path(sys.argv[1]))
dataset = workspace.dataset("tickets")
for number in range(10_000):
    receipts = workspace.store.decide([operation(dataset, "e001", Action.SKIP, op_id=str(number))])
    print(receipts[0].op_id, flush=True)
"""


@pytest.mark.parametrize("acknowledged_before_the_kill", [1, 40, 150])
def test_a_killed_process_loses_no_acknowledged_decision(
    tmp_path: Path, acknowledged_before_the_kill: int
) -> None:
    workspace, _, _ = tickets(tmp_path)
    workspace.close()
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert child.stdout is not None
    seen = [child.stdout.readline().strip() for _ in range(acknowledged_before_the_kill)]
    os.kill(child.pid, signal.SIGKILL)
    seen += child.stdout.read().split()
    child.wait()
    child.stdout.close()
    with Workspace.open(tmp_path) as again:
        stored = set(again.store.read("SELECT op_id FROM decision")["op_id"])
        assert set(seen) <= stored
        assert again.verify() == []


def test_a_second_process_is_told_who_holds_the_workspace(tmp_path: Path) -> None:
    workspace, _, _ = tickets(tmp_path)
    script = f"from curation.workspace import Workspace; Workspace.open({str(tmp_path)!r})"
    second = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert WorkspaceBusy.__name__ in second.stderr
    assert f"in use by process {os.getpid()}" in second.stderr
    workspace.close()


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "tamis.duckdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreFailed, match="cannot be opened"):
        Workspace.open(tmp_path)


def test_a_workspace_of_a_newer_tamis_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    workspace, _, _ = tickets(tmp_path)
    newer = "INSERT INTO migration VALUES (9999, 'from the future', now())"
    workspace.store.write(lambda cursor: cursor.execute(newer))
    workspace.close()
    with pytest.raises(StoreFailed, match="newer Tamis") as caught:
        Workspace.open(tmp_path)
    assert "Update Tamis" in caught.value.hint


def test_migrations_are_numbered_without_gaps_and_applied_once(tmp_path: Path) -> None:
    assert [number for number, _, _ in migrations()] == list(range(1, len(migrations()) + 1))
    tickets(tmp_path)[0].close()
    with Workspace.open(tmp_path) as again:
        applied = again.store.read("SELECT number FROM migration ORDER BY number")
    assert applied["number"].to_list() == [number for number, _, _ in migrations()]


def test_reads_see_no_file_outside_the_workspace(tmp_path: Path) -> None:
    workspace, _, _ = tickets(tmp_path)
    with pytest.raises(Exception, match=r"disabled|Permission"):
        workspace.store.read("SELECT * FROM read_text('/etc/passwd')")


def test_multi_label_outputs_are_stored_in_one_spelling(tmp_path: Path) -> None:
    with Workspace.create(tmp_path) as workspace:
        dataset = workspace.create_dataset("reviews", Task.MULTI_LABEL)
        add_examples(workspace, dataset, [("nice cup", ["b", "a", "a"])])
        rows = workspace.store.read("SELECT current FROM current_example")
        assert rows.equals(pl.DataFrame({"current": ['["a","b"]']}))


def test_store_closes_twice_without_harm(tmp_path: Path) -> None:
    store = Store(tmp_path / "a.duckdb", tmp_path / "j.jsonl")
    store.close()
    store.close()
    with pytest.raises(StoreFailed, match="closed"):
        store.write(lambda cursor: cursor.execute("SELECT 1"))
