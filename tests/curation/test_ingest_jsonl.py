"""JSON Lines: one object a line, and strict about what readers of JSON disagree about."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation.errors import UnreadableFile
from curation.ingest import open_table
from curation.ingest.table import Row
from curation.records import QuarantinedRow

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: str | bytes) -> Path:
        path = tmp_path / "data.jsonl"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def rows_of(path: Path, **options: Any) -> list[Row | QuarantinedRow]:
    return list(open_table(path, **options).rows)


def fault(write: Write, line: str | bytes, **options: Any) -> QuarantinedRow:
    """The quarantine of a line that stands between two good ones."""
    line = line.encode() if isinstance(line, str) else line
    before, middle, after = rows_of(write(b'{"a":1}\n' + line + b'\n{"a":3}\n'), **options)
    assert before == Row(1, {"a": 1})
    assert after == Row(3, {"a": 3})
    assert isinstance(middle, QuarantinedRow)
    assert middle.source_row == 2
    return middle


def test_cells_are_json_values_and_blank_lines_no_rows(write: Write) -> None:
    path = write('\ufeff{"a": "é", "b": [1, null]}\r\n\n  \n{"a": 2.5}')
    assert rows_of(path) == [Row(1, {"a": "é", "b": [1, None]}), Row(2, {"a": 2.5})]


def test_line_separators_inside_a_text_do_not_end_the_line(write: Write) -> None:
    assert rows_of(write('{"a": "x\u2028y\u0085z"}\n')) == [Row(1, {"a": "x\u2028y\u0085z"})]


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ('{"a": "cut', None, "not valid JSON: unterminated string starting at character 7"),
        ('{"a": 1} {"a": 2}', None, "not valid JSON: extra data at character 10"),
        ('["a", 1]', None, "is a list, not an object"),
        ('"text"', None, "is a text, not an object"),
        ("null", None, "is null, not an object"),
        ("7", None, "is a number, not an object"),
        ('{"a": 1, "a": 2}', None, "names the key 'a' twice"),
        ('{"a": {"b": 1, "b": 2}}', None, "names the key 'b' twice"),
        ('{"a": 1, "b": NaN}', "b", "holds nan"),
        ('{"a": [-Infinity]}', "a", "holds -inf"),
        ('{"a": 1e999}', "a", "holds inf"),
        ('{"a": ' + "1" * 5000 + "}", None, "4,300 digits"),
        ('{"a": "x\\ud800y"}', "a", "half of a surrogate pair at position 2"),
        ('{"a": 1, "b": {"c": "\\uDC00"}}', "b", "half of a surrogate pair"),
        ('{"\\ud800": 1}', None, "a key that has half of a surrogate pair"),
        ('{"a": "x\\u0000y"}', "a", "NUL character at position 2"),
        (b'{"a": "caf\xe9"}', None, "byte 0xe9 at byte 11"),
        ('{"a": ' + "[" * 65 + "]" * 65 + "}", "a", "deeper than 64 levels"),
        ('{"a": ' + "[" * 200_000 + "]" * 200_000 + "}", None, "deeper than 64 levels"),
    ],
)
def test_a_broken_line_costs_itself_only(
    write: Write, line: str | bytes, column: str | None, reason: str
) -> None:
    found = fault(write, line)
    assert reason in found.reason
    assert found.column == column


def test_emoji_written_as_a_whole_pair_and_depth_below_the_cap_pass(write: Write) -> None:
    deep = "[" * 60 + "]" * 60
    path = write('{"a": "\\ud83d\\ude00", "b": "\\\\u0000", "c": ' + deep + "}\n")
    (row,) = rows_of(path)
    assert isinstance(row, Row)
    assert (row.cells["a"], row.cells["b"]) == ("😀", "\\u0000")


def test_a_long_cell_names_its_column_but_a_long_line_of_short_cells_passes(write: Write) -> None:
    found = fault(write, json.dumps({"a": "x", "b": ["y" * 60, "y" * 60]}), cell_limit=100)
    assert (found.column, "120 characters" in found.reason) == ("b", True)
    (row,) = rows_of(write(json.dumps({"a": "x" * 90, "b": "y" * 90})), cell_limit=100)
    assert isinstance(row, Row)


def test_a_file_of_many_cells_below_the_limit_is_read(write: Write) -> None:
    (row,) = rows_of(write(json.dumps({"a": "\u0001" * 600_000, "b": "[" * 600_000})))
    assert isinstance(row, Row)


@pytest.mark.parametrize("content", ['[\n{"a": 1},\n{"a": 2}\n]\n', '{\n "a": 1\n}', '[{"a": 1}]'])
def test_one_document_is_not_json_lines(write: Write, content: str) -> None:
    with pytest.raises(UnreadableFile, match="one JSON document") as caught:
        open_table(write(content))
    assert "jq" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf\n"])
def test_an_empty_file_says_so(write: Write, content: bytes) -> None:
    with pytest.raises(UnreadableFile, match="is empty"):
        open_table(write(content))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
json_lines = json_values.map(json.dumps) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=10
).map(lambda text: text.replace("\n", "") + "x")


@given(lines=st.lists(json_lines, min_size=1, max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_line_is_one_row(write: Write, lines: list[str]) -> None:
    rows = rows_of(write("\n".join(['{"text":"a"}', *lines])))
    numbers = [row.number if isinstance(row, Row) else row.source_row for row in rows]
    assert numbers == list(range(1, len(lines) + 2))
    for row, line in zip(rows[1:], lines, strict=True):
        if isinstance(row, Row):
            assert row.cells == json.loads(line)
