"""Parquet: typed cells become JSON values, and one bad cell costs its row only."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.errors import UnreadableFile
from curation.ingest import ColumnMapping, open_table, read_examples
from curation.ingest.table import Row
from curation.records import QuarantinedRow, Task


def written(folder: Path, columns: dict[str, Any]) -> Path:
    path = folder / "data.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def test_types_become_json_and_dates_iso_text(tmp_path: Path) -> None:
    day = dt.datetime(2026, 3, 27, 9, 30, tzinfo=dt.UTC)
    path = written(
        tmp_path,
        {
            "text": ["a"],
            "at": [day],
            "day": [day.date()],
            "price": [Decimal("1.10")],
            "many": [[1, 2]],
            "inner": [{"x": float("nan"), "y": True}],
            "bytes": [b"\xff"],
        },
    )
    (row,) = open_table(path).rows
    assert isinstance(row, Row)
    assert row.cells == {
        "text": "a",
        "at": "2026-03-27T09:30:00+00:00",
        "day": "2026-03-27",
        "price": "1.10",
        "many": [1, 2],
        "inner": {"x": None, "y": True},
        "bytes": "/w==",
    }


def test_invalid_utf8_nul_infinity_and_length_name_row_and_column(tmp_path: Path) -> None:
    data = [b"ok", b"caf\xe9", b"n\0l", b"fine", b"long" * 30, "é".encode()]
    text = pa.Array.from_buffers(pa.string(), len(data), pa.array(data, pa.binary()).buffers())
    score = pa.array([1.0, 2.0, 3.0, float("inf"), None, float("nan")])
    path = written(tmp_path, {"text": text, "score": score})
    rows = list(open_table(path, cell_limit=100).rows)
    good = {row.number: row.cells for row in rows if isinstance(row, Row)}
    bad = {row.source_row: row for row in rows if isinstance(row, QuarantinedRow)}
    assert good == {1: {"text": "ok", "score": 1.0}, 6: {"text": "é", "score": None}}
    assert [(n, row.column) for n, row in bad.items()] == [
        (2, "text"), (3, "text"), (4, "score"), (5, "text"),
    ]  # fmt: skip
    for number, words in {2: "UTF-8", 3: "NUL", 4: "holds inf", 5: "120 characters"}.items():
        assert words in bad[number].reason


def test_whole_numbers_with_gaps_stay_whole_labels(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pl.DataFrame({"text": ["a", "b", "c"], "label": [1.0, None, 2.5]}).write_parquet(path)
    (batch,) = read_examples(path, Task.SINGLE_LABEL, ColumnMapping(text="text", label="label"))
    assert batch.examples["given"].to_list() == ["1", None, "2.5"]


def test_damaged_empty_and_ambiguous_files_say_why(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    path.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(UnreadableFile, match="not a readable Parquet file"):
        open_table(path)
    with pytest.raises(UnreadableFile, match="no data rows"):
        list(open_table(written(tmp_path, {"text": pa.array([], pa.string())})).rows)
    pq.write_table(pa.Table.from_arrays([pa.array(["a"])] * 2, ["t", "t"]), path)
    with pytest.raises(UnreadableFile, match="2 columns named 't'"):
        open_table(path)
