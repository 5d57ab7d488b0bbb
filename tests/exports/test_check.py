"""The check of training files: every planted defect is named, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.errors import UnreadableFile, WrongUse
from exports.check import RULES, TARGETS, Report, check_file, ledger, repair, rules_table
from exports.check.report import KEPT
from tests.exports.defects import DEFECTS, VALID, Case
from tests.exports.defects.kit import Row, chats, dumped, jsonl, labelled, tool_chats, turn
from tests.exports.defects.publish import HERE, file_of, index, readme, write


def check(data: bytes, folder: Path, target: str = "any", name: str = "data.jsonl") -> Report:
    path = folder / name
    path.write_bytes(data)
    return check_file(path, target)


class TestCases:
    @pytest.mark.parametrize("case", DEFECTS, ids=lambda case: case.name)
    def test_every_defect_is_found_where_it_is_and_nothing_else(
        self, case: Case, tmp_path: Path
    ) -> None:
        report = check_file(write(case, tmp_path), case.target)
        assert (case.code, case.row) in {(fault.code, fault.row) for fault in report.faults}
        allowed = {case.code, *case.also}
        assert {fault.code for fault in report.faults} <= allowed
        if case.code != "crlf":  # every line of that file ends so
            assert {fault.row for fault in report.faults} == {case.row}

    @pytest.mark.parametrize("case", VALID, ids=lambda case: case.name)
    def test_valid_files_have_no_fault_and_a_known_shape(self, case: Case, tmp_path: Path) -> None:
        report = check_file(write(case, tmp_path), case.target)
        assert report.faults == ()
        assert report.shape != "unknown"
        assert report.rows == case.data.count(b"\n") + (not case.data.endswith(b"\n"))

    def test_every_rule_that_needs_no_huge_file_has_a_case(self) -> None:
        huge = {"line-too-large", "file-too-large", "too-many-keys"}
        elsewhere = {"bom-missing", "label-repeated", "leakage-prompt"}
        assert set(RULES) - {case.code for case in DEFECTS} == huge | elsewhere

    def test_the_published_files_are_those_that_the_generator_makes(self) -> None:
        assert (HERE / "index.json").read_text(encoding="utf-8") == index()
        assert (HERE / "README.md").read_text(encoding="utf-8") == readme()
        for case in (*DEFECTS, *VALID):
            if not case.is_large:
                assert (HERE / file_of(case)).read_bytes() == case.data


class TestMoreRules:
    def test_azure_wants_the_mark_that_others_refuse(self, tmp_path: Path) -> None:
        report = check(jsonl(chats()), tmp_path, "azure")
        assert report.counts == {"bom-missing": 1}
        assert (report.errors, report.warnings) == (0, 1)

    def test_a_prompt_of_another_split_with_another_answer(self, tmp_path: Path) -> None:
        rows = labelled()
        (tmp_path / "train.jsonl").write_bytes(jsonl(rows))
        other = {**rows[0], "label": "brake"}
        report = check(
            jsonl([other, {"text": "New?", "label": "wheel"}]), tmp_path, name="test.jsonl"
        )
        assert [(fault.code, fault.row) for fault in report.faults] == [("leakage-prompt", 1)]

    def test_files_of_other_data_in_the_folder_are_no_splits_of_it(self, tmp_path: Path) -> None:
        (tmp_path / "chat-train.jsonl").write_bytes(jsonl(labelled()))
        assert check(jsonl(labelled()), tmp_path, name="tickets-test.jsonl").faults == ()

    def test_a_label_twice_in_a_row(self, tmp_path: Path) -> None:
        rows = [{"text": "a", "labels": ["x", "x"]}, {"text": "b", "labels": ["y"]}]
        assert check(jsonl(rows), tmp_path).counts == {"label-repeated": 1}

    def test_data_used_as_keys(self, tmp_path: Path) -> None:
        rows = [{"text": f"t{at}", "label": "xy"[at % 2], f"k{at}": 1} for at in range(5_100)]
        assert check(jsonl(rows), tmp_path).counts["too-many-keys"] == 1

    def test_a_file_over_the_limit_of_its_target(self, tmp_path: Path) -> None:
        path = tmp_path / "data.jsonl"
        with path.open("wb") as file:
            file.write(jsonl(chats()))
            file.truncate(520 * 10**6)  # sparse: one more line, of NUL bytes
        found = {fault.code for fault in check_file(path, "openai").faults}
        assert found == {"line-too-large", "file-too-large"}

    def test_a_line_that_is_too_long_is_skipped_and_the_next_is_read(self, tmp_path: Path) -> None:
        rows = jsonl(chats()).splitlines(keepends=True)
        long = b'{"messages": "' + b"x" * (65 * 2**20) + b'"}\n'
        report = check(b"".join([*rows[:2], long, *rows[2:]]), tmp_path)
        assert [(fault.code, fault.row) for fault in report.faults] == [("line-too-large", 3)]
        assert report.rows == 13

    def test_formats_are_targets_too(self, tmp_path: Path) -> None:
        assert check(jsonl(chats()), tmp_path, "openai-chat").target == "openai"

    def test_the_limit_of_length_can_be_chosen(self, tmp_path: Path) -> None:
        path = tmp_path / "data.jsonl"
        path.write_bytes(jsonl(chats()))
        assert check_file(path, max_tokens=5).counts["too-long"] == 12


class TestReport:
    def test_few_faults_are_kept_and_all_are_counted(self, tmp_path: Path) -> None:
        rows = [{"prompt": f"q{at}", "completion": ""} for at in range(50)]
        report = check(jsonl(rows), tmp_path)
        assert len(report.faults) == KEPT
        assert report.counts == {"blank-answer": 50}
        assert list(report.places["blank-answer"]) == list(range(1, 51))
        assert f"… {50 - KEPT} more of [blank-answer]" in report.as_text()

    def test_it_names_row_place_reason_and_remedy(self, tmp_path: Path) -> None:
        bad: Row = {"messages": [turn("User", "Hi"), turn("assistant", "Hello")]}
        report = check(jsonl([*chats(3), bad]), tmp_path)
        [fault] = report.faults
        assert (fault.row, fault.column, fault.severity) == (4, "messages[0].role", "error")
        assert "'User'" in fault.message
        assert "meant is 'user'" in fault.message
        assert fault.hint == RULES["role-unknown"].hint
        assert json.loads(json.dumps(report.as_json()))["counts"] == {"role-unknown": 1}

    def test_what_it_quotes_cannot_harm_a_terminal(self, tmp_path: Path) -> None:
        bad: Row = {"messages": [turn("\x1b]0;x\x07\ud800", "Hi"), turn("assistant", "Hello")]}
        report = check(jsonl([*chats(3), bad]).replace(b"\xed\xa0\x80", b"\\ud800"), tmp_path)
        text = report.as_text()
        assert "\x1b" not in text
        text.encode()

    def test_no_file_and_no_target(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableFile):
            check_file(tmp_path / "none.jsonl")
        with pytest.raises(UnreadableFile):
            check_file(tmp_path)
        with pytest.raises(WrongUse, match="nowhere"):
            check(b"{}", tmp_path, "nowhere")

    def test_the_table_has_every_rule_and_only_known_consumers(self) -> None:
        assert all(f"`{code}`" in rules_table() for code in RULES)
        assert {name for rule in RULES.values() for name in rule.chokes} <= set(TARGETS)


_WORD = st.one_of(
    st.sampled_from(["user", "assistant", "system", "tool", "", "a", "\ud800", "<|im_end|>", "\0"]),
    st.text(max_size=5),
)
_KEY = st.sampled_from(
    [
        *("messages", "role", "content", "prompt", "completion", "chosen", "rejected", "text"),
        *("label", "labels", "tools", "tool_calls", "function", "name", "arguments", "weight"),
        *("conversations", "from", "value", "contents", "parts", "functionCall", "input", "id"),
        *("tool_call_id", "schemaVersion", "toolUse", "type", "output", "instruction", "{}", "\0"),
    ]
)
_VALUE = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _WORD),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEY, inner, max_size=4)),
    max_leaves=12,
)


class TestAnyBytes:
    @given(data=st.binary(max_size=400))
    @settings(max_examples=150, deadline=None)
    def test_no_bytes_make_it_fail(self, data: bytes, tmp_path_factory: Any) -> None:
        report = check(data, tmp_path_factory.mktemp("any"), "bedrock-nova")
        report.as_text().encode()
        assert report.rows <= data.count(b"\n") + 1

    @given(rows=st.lists(st.dictionaries(_KEY, _VALUE, max_size=4), max_size=4))
    @settings(max_examples=300, deadline=None)
    def test_no_rows_make_it_fail(self, rows: list[Row], tmp_path_factory: Any) -> None:
        data = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        folder = tmp_path_factory.mktemp("rows")
        (folder / "train.jsonl").write_bytes(data)
        for target in ("any", "bedrock-nova", "bedrock-claude"):
            report = check(data, folder, target, "test.jsonl")
            report.as_text().encode()
            json.dumps(report.as_json())
        assert report.rows == len(rows)


class TestLedger:
    def test_it_lists_every_row_that_a_consumer_loses_and_why(self, tmp_path: Path) -> None:
        rows = chats()
        twice: Row = {"messages": [*rows[2]["messages"][:1], *rows[2]["messages"]]}
        long: Row = {"messages": [turn("user", "Tell."), turn("assistant", "word " * 3_000)]}
        data = jsonl([rows[0], twice, long, *rows[3:]])
        lost = ledger(check(data, tmp_path, "llama-factory"), "llama-factory")
        assert lost.select("row", "effect", "code").rows() == [
            (2, "drops the row", "user-repeated"),
            (3, "truncates the row", "too-long"),
        ]
        assert "turn 2 is the user's again" in lost["reason"][0]
        [long_row] = ledger(check(data, tmp_path, "axolotl"), "axolotl").rows(named=True)
        assert (long_row["row"], long_row["effect"]) == (3, "drops the row")

    def test_it_is_complete_beyond_the_faults_that_are_kept(self, tmp_path: Path) -> None:
        rows = [{"messages": [turn("user", f"q{at}")]} for at in range(50)]
        assert ledger(check(jsonl(rows), tmp_path), "openai").height == 50

    def test_nothing_is_lost_of_a_valid_file(self, tmp_path: Path) -> None:
        report = check(jsonl(tool_chats()), tmp_path)
        assert all(ledger(report, name).is_empty() for name in TARGETS)


class TestRepair:
    def test_marks_line_ends_blank_lines_and_copies(self, tmp_path: Path) -> None:
        rows = [dumped(row) for row in chats(3)]
        source, out = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
        source.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join([rows[0], b"", rows[1], rows[0]]))
        done = repair(source, out, drop_duplicates=True)
        assert done.done == {"bom": 1, "crlf": 2, "blank-line": 1, "duplicate-row": 1}
        assert out.read_bytes() == rows[0] + b"\n" + rows[1] + b"\n"
        assert check_file(out).faults == ()

    def test_copies_stay_unless_asked(self, tmp_path: Path) -> None:
        source, out = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
        source.write_bytes(jsonl([*chats(2), *chats(2)]))
        assert repair(source, out).rows == 4
        assert out.read_bytes() == source.read_bytes()

    def test_nothing_is_overwritten(self, tmp_path: Path) -> None:
        source, out = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
        source.write_bytes(jsonl(chats(2)))
        out.write_text("mine")
        with pytest.raises(WrongUse):
            repair(source, out)
        assert out.read_text() == "mine"
