"""CSV: every row keeps its number, and a broken row costs nothing but itself."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation.errors import UnreadableFile, WrongUse
from curation.ingest import open_table
from curation.ingest.table import Row
from curation.records import QuarantinedRow

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: str | bytes, name: str = "data.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def good(path: Path, **options: object) -> dict[int, list[str]]:
    rows = open_table(path, **options).rows  # type: ignore[arg-type]
    return {row.number: list(row.cells.values()) for row in rows if isinstance(row, Row)}


def bad(path: Path, **options: object) -> dict[int, QuarantinedRow]:
    rows = open_table(path, **options).rows  # type: ignore[arg-type]
    return {row.source_row: row for row in rows if isinstance(row, QuarantinedRow)}


def test_rows_are_numbered_from_1_and_cells_kept_as_written(write: Write) -> None:
    path = write('text,label\n a ,x\n"say ""hi"",\nplease",y\n')
    assert open_table(path).columns == ("text", "label")
    assert good(path) == {1: [" a ", "x"], 2: ['say "hi",\nplease', "y"]}


def test_too_many_and_too_few_fields_keep_their_numbers(write: Write) -> None:
    path = write("text,label\na,x\nb,c,x\nd\ne,y\n")
    assert good(path) == {1: ["a", "x"], 4: ["e", "y"]}
    faults = bad(path)
    assert "3 fields (line 3) where the header has 2 columns: 'x' is one too" in faults[2].reason
    assert faults[2].raw == "b,c,x"
    assert "1 field (line 4)" in faults[3].reason
    assert "nothing stands for 'label' after 'd'" in faults[3].reason


def test_invalid_utf8_costs_its_row_only_and_names_the_byte(write: Write) -> None:
    path = write("text,label\ncafé,x\n".encode() + b"caf\xe9,x\nb,y\n")
    assert good(path) == {1: ["café", "x"], 3: ["b", "y"]}
    fault = bad(path)[2]
    assert fault.column == "text"
    assert "byte 0xe9" in fault.reason
    assert "UTF-8" in fault.reason
    assert fault.raw == "caf\\xe9,x"


def test_nul_names_its_column_and_leaves_none_in_the_raw_text(write: Write) -> None:
    fault = bad(write("text,label\na,x\nb,y\0z\n"))[2]
    assert fault.column == "label"
    assert "NUL" in fault.reason
    assert fault.raw == "b,y\\x00z"


def test_encoded_surrogates_are_not_utf8(write: Write) -> None:
    assert bad(write(b"text,label\n\xed\xa0\x80,x\n"))[1].column == "text"


@pytest.mark.parametrize(
    "rest",
    ["b,y\nc,z\n", 'b,y\n"c",z\n', 'b,y\nsay "c",z\n', 'b,y\n"c, d",z\n', "b,y\nc,z"],
    ids=["to the end", "quoted cell", "quote inside", "quoted comma", "no last newline"],
)
def test_an_unclosed_quote_is_named_where_it_opens_and_swallows_nothing(
    write: Write, rest: str
) -> None:
    path = write('text,label\na,x\n"never closed,x\n' + rest)
    assert list(good(path)) == [1, 3, 4]
    fault = bad(path)[2]
    assert "quote in line 3 that is never closed" in fault.reason
    assert fault.raw == '"never closed,x'


def test_a_quote_closed_rows_later_by_accident_swallows_nothing(write: Write) -> None:
    path = write('text,label\n"open,x\nb,y\nc,z"\nd,w\n')
    assert list(bad(path)) == [1]
    assert good(path) == {2: ["b", "y"], 3: ["c", 'z"'], 4: ["d", "w"]}


def test_many_unclosed_quotes_are_each_one_row(write: Write) -> None:
    path = write("text,label\n" + '"a,x\nb,y\n' * 200)
    assert sorted(bad(path)) == list(range(1, 401, 2))
    assert sorted(good(path)) == list(range(2, 401, 2))


def test_text_after_a_closing_quote_is_refused(write: Write) -> None:
    path = write('text,label\n"he said "hi" loudly",x\nb,y\n')
    assert "after a closing double quote in line 2" in bad(path)[1].reason
    assert good(path) == {2: ["b", "y"]}


def test_a_quote_inside_an_unquoted_cell_is_text(write: Write) -> None:
    assert good(write('text,label\n5" pipe,x\n')) == {1: ['5" pipe', "x"]}


def test_a_long_cell_names_its_column_and_both_lengths(write: Write) -> None:
    path = write("text,label\n" + "a" * 101 + ",x\n" + "b" * 100 + ",y\n")
    assert list(good(path, cell_limit=100)) == [2]
    fault = bad(path, cell_limit=100)[1]
    assert fault.column == "text"
    assert "101 characters, more than the 100" in fault.reason


def test_a_cell_of_almost_a_megabyte_is_read(write: Write) -> None:
    assert good(write("text,label\n" + "a" * 1_000_000 + ",x\n")) == {1: ["a" * 1_000_000, "x"]}


def test_a_cell_of_many_megabytes_is_one_quarantined_row_with_a_bounded_raw(write: Write) -> None:
    path = write("text,label\n" + "a" * (5 << 20) + ",x\nb,y\n")
    assert list(good(path)) == [2]
    assert len(bad(path)[1].raw) < 1.1 * (1 << 20)


def test_a_repeated_header_is_not_an_example(write: Write) -> None:
    path = write("text,label\na,x\ntext,label\nb,y\n")
    assert list(good(path)) == [1, 3]
    assert "repeats the header" in bad(path)[2].reason


def test_blank_lines_are_not_rows(write: Write) -> None:
    assert list(good(write("\ntext,label\n\na,x\n\n\nb,y\n\n"))) == [1, 2]


def test_a_bom_and_carriage_returns_leave_no_trace(write: Write) -> None:
    path = write(b"\xef\xbb\xbftext,label\r\na,x\r\n")
    assert open_table(path).columns == ("text", "label")
    assert good(path) == {1: ["a", "x"]}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_guessed(write: Write, delimiter: str) -> None:
    path = write(f'text{delimiter}label\n"well, ok; so | fine"{delimiter}x\n')
    assert good(path) == {1: ["well, ok; so | fine", "x"]}


def test_the_delimiter_can_be_overridden(write: Write) -> None:
    path = write("a,b;c,d\n1,2;3,4\n")
    assert open_table(path, delimiter=",").columns == ("a", "b;c", "d")
    assert open_table(path, delimiter=";").columns == ("a,b", "c,d")
    assert open_table(path, delimiter="tab").columns == ("a,b;c,d",)
    with pytest.raises(WrongUse, match="cannot separate"):
        open_table(path, delimiter=";;")


def test_an_index_without_a_name_gets_one(write: Write) -> None:
    assert open_table(write(",text,label\n0,a,x\n")).columns == ("column 1", "text", "label")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n", "is empty"),
        (b"text,label\n", "no data rows"),
        (b"text,label,text\na,b,c\n", "2 columns named 'text'"),
        (b",,\na,b,c\n", "no header"),
        (b"caf\xe9,label\na,b\n", "header line .* is not UTF-8"),
        (b'"text,label\na,b\n', "header line .* quote"),
        ("text,label\na,b\n".encode("utf-16"), "UTF-16"),
        (("text,label\n" + "hello,b\n" * 9).encode("utf-16-le"), "UTF-16"),
        (b"PK\x03\x04rest", "ZIP archive or an Excel workbook"),
        (b"PAR1rest", "Parquet"),
    ],
)
def test_unusable_files_say_why(write: Write, content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        list(open_table(write(content)).rows)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("https://example.org/data.csv", "web address"),
        (Path("s3://bucket/data.csv"), "web address"),
        ("file:///etc/passwd", "web address"),
        ("/nowhere/data.csv", "does not exist"),
        ("/", "is a folder"),
    ],
)
def test_only_files_of_this_machine_are_read(path: str | Path, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        open_table(path)


def test_an_unknown_suffix_lists_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "data.xlsx").write_bytes(b"x")
    with pytest.raises(UnreadableFile) as caught:
        open_table(tmp_path / "data.xlsx")
    assert ".jsonl" in caught.value.hint


cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_a_writer_writes_is_read_back(write: Write, rows: list[tuple[str, str]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([("text", "label"), *rows])
    path = write(buffer.getvalue())
    whole, broken = good(path, delimiter=","), bad(path, delimiter=",")
    expected = {
        number: list(row)
        for number, row in enumerate(rows, start=1)
        if "\0" not in "".join(row) and row != ("text", "label")
    }
    assert whole == expected
    assert sorted([*whole, *broken]) == list(range(1, len(rows) + 1))


lines = st.binary(min_size=1, max_size=10).map(
    lambda line: bytes(byte for byte in line if byte not in b'"\r\n') or b"x"
)


@given(lines=st.lists(lines, min_size=1, max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_line_of_any_bytes_is_one_row(write: Write, lines: list[bytes]) -> None:
    path = write(b"text,label\n" + b"\n".join(lines))
    numbers = [*good(path, delimiter=","), *bad(path, delimiter=",")]
    assert sorted(numbers) == list(range(1, len(lines) + 1))


pieces = st.lists(st.sampled_from(['"', '""', ",", "\n", "a", "é", "word,x\n"]), max_size=25)


@given(pieces=pieces)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_arrangement_of_quotes_loses_a_letter(write: Write, pieces: list[str]) -> None:
    path = write("text,label\nfirst,x\n" + "".join(pieces))
    whole, broken = good(path, delimiter=","), bad(path, delimiter=",")
    assert sorted([*whole, *broken]) == list(range(1, len(whole) + len(broken) + 1))
    read = "".join("".join(row) for row in whole.values())
    read += "".join(row.raw for row in broken.values())
    for letter in "aéw":
        assert read.count(letter) == "".join(pieces).count(letter)
