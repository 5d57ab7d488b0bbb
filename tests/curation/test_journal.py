"""The journal: what is appended is there, in order, provably unchanged."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import JournalDamaged
from curation.journal import Journal

PAYLOADS = [{"op_id": "a", "value": "ü\n\u2028"}, {"op_id": "b"}, {"op_id": "c"}]


def written(path: Path) -> Journal:
    journal = Journal(path)
    journal.append(PAYLOADS[:2])
    journal.append(PAYLOADS[2:])
    return journal


def test_entries_come_back_in_order_after_reopening(tmp_path: Path) -> None:
    written(tmp_path / "j.jsonl").close()
    journal = Journal(tmp_path / "j.jsonl")
    assert [entry.payload for entry in journal.entries()] == PAYLOADS
    assert [entry.seq for entry in journal.entries()] == [1, 2, 3]
    assert [entry.seq for entry in journal.entries(after=2)] == [3]
    assert journal.append([{"op_id": "d"}]) == [4]
    assert journal.verify() == 4


@given(st.binary(min_size=1, max_size=60).filter(lambda data: b"\n" not in data))
def test_a_torn_last_line_is_set_aside_and_nothing_else_lost(
    tmp_path_factory: pytest.TempPathFactory, torn: bytes
) -> None:
    path = tmp_path_factory.mktemp("torn") / "j.jsonl"
    written(path).close()
    with path.open("ab") as file:
        file.write(torn)
    journal = Journal(path)
    assert journal.recovered == torn
    assert torn in path.with_suffix(".torn").read_bytes()
    assert journal.append([{"op_id": "d"}]) == [4]
    assert journal.verify() == 4
    journal.close()


@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_changed_value_is_named_by_its_line(tmp_path: Path, line: int) -> None:
    path = tmp_path / "j.jsonl"
    written(path).close()
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(b'"op_id":"', b'"op_id":"X')
    path.write_bytes(b"".join(lines))
    with pytest.raises(JournalDamaged, match=f"line {line + 1}: its content"):
        Journal(path).verify()


def test_a_removed_line_breaks_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    written(path).close()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[2])
    with pytest.raises(JournalDamaged, match="line 2: it does not follow"):
        Journal(path).verify()


def test_a_blanked_payload_still_verifies(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    written(path).close()
    entries = [json.loads(line) for line in path.read_bytes().splitlines()]
    entries[1]["payload"] = None
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    assert Journal(path).verify() == 3


def test_a_full_disk_leaves_the_journal_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = written(tmp_path / "j.jsonl")
    real = os.write

    def half(file: int, data: memoryview) -> int:
        real(file, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", half)
        with pytest.raises(OSError, match="No space"):
            journal.append([{"op_id": "lost"}])
    assert not journal.broken
    assert journal.append([{"op_id": "d"}]) == [4]
    assert journal.verify() == 4


def test_a_failed_sync_marks_the_journal_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = written(tmp_path / "j.jsonl")

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        journal.append([{"op_id": "unknown"}])
    assert journal.broken
