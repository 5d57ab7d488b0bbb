"""What rows are stratified, kept together and ordered by."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from curation.errors import WrongUse
from curation.records import Task
from exports.strata import read_times, same_values, strata_rows
from tests.exports.export_examples import frame

SINGLE = Task.SINGLE_LABEL


def _with(name: str, values: list[Any]) -> pl.DataFrame:
    metadata = [json.dumps({} if value is None else {name: value}) for value in values]
    return frame(["a"] * len(values), metadata=metadata)


def _values(rows: pl.DataFrame, field: str, task: Task = SINGLE) -> list[str]:
    found = strata_rows(rows, task, (field,)).filter(field=field)
    assert found["example_id"].to_list() == rows["example_id"].to_list()
    return found["value"].to_list()


class TestStrata:
    def test_labels_always_count(self) -> None:
        assert strata_rows(frame(["a", "b"]), SINGLE).rows() == [
            ("e0", "label", "a"),
            ("e1", "label", "b"),
        ]

    def test_several_labels_count_with_their_number(self) -> None:
        rows = frame([["a", "b"], [], ["a"]], Task.MULTI_LABEL)
        found = strata_rows(rows, Task.MULTI_LABEL).filter(field="number of labels")
        assert found["value"].to_list() == ["2", "0", "1"]

    def test_many_different_numbers_are_binned_by_quartiles(self) -> None:
        found = _values(_with("words", [*range(12), None, "11"]), "words")
        # 13 numbers by rank: 0 to 3, 4 to 6, 7 to 9, 10 to 11.
        assert found[0] == found[3] == "from 0 to 3"
        assert found[4] == "from 4 to 6"
        assert found[9] == "from 7 to 9"
        assert found[11] == found[13] == "from 10 to 11"
        assert found[12] == "(missing)"

    def test_fractions_are_named_as_such(self) -> None:
        assert _values(_with("score", [n / 2 for n in range(12)]), "score")[0] == "from 0.0 to 1.0"

    def test_few_different_numbers_are_kinds(self) -> None:
        assert set(_values(_with("stars", [1, 2] * 10), "stars")) == {"1", "2"}

    def test_rare_values_count_as_one(self) -> None:
        found = _values(_with("channel", ["mail"] * 10 + ["fax", "chat", None]), "channel")
        assert found == ["mail"] * 10 + ["(rare values)"] * 2 + ["(missing)"]

    def test_length_is_that_of_the_text(self) -> None:
        rows = frame(["a"] * 12, text=["x" * n for n in range(12)])
        assert _values(rows, "length")[11] == "from 9 to 11"

    def test_a_metadata_field_called_length_goes_first(self) -> None:
        assert _values(_with("length", ["short"] * 10), "length") == ["short"] * 10

    def test_source_files(self) -> None:
        rows = frame(["a"] * 20).with_columns(source_file=pl.Series(["x.csv", "y.csv"] * 10))
        assert set(_values(rows, "source_file")) == {"x.csv", "y.csv"}

    def test_an_unknown_field_is_named_with_those_that_are_known(self) -> None:
        with pytest.raises(WrongUse, match="stratify names 'chanel'") as it:
            strata_rows(_with("channel", ["mail"]), SINGLE, ("chanel",))
        assert it.value.hint == "Fields: channel."


class TestTogether:
    def test_rows_of_one_value(self) -> None:
        found = same_values(_with("author", ["Ada", "Bob", None, "Ada", " "]), ("author",))
        assert found.select("example_id", "value").rows() == [
            ("e0", "Ada"),
            ("e1", "Bob"),
            ("e3", "Ada"),
        ]

    def test_turns_that_begin_another_conversation(self) -> None:
        def turns(*texts: str) -> str:
            roles = ("user", "assistant")
            return json.dumps(
                [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]
            )

        messages = [
            turns("Hi", "Hello"),
            turns("Hi", "Hello", "My bike squeaks", "Oil it"),
            turns("Other", "Thing"),
            turns("Hi", "Hello", "My bike squeaks"),  # its answer is missing
            None,
        ]
        rows = frame(["x"] * 5, Task.CHAT, messages=messages)
        found = same_values(rows, ("conversation",))
        shared = found.filter(pl.len().over("value") > 1)
        assert set(shared["example_id"]) == {"e0", "e1", "e3"}

    def test_a_metadata_field_called_conversation_goes_first(self) -> None:
        found = same_values(_with("conversation", [7, 7, 8]), ("conversation",))
        assert found["value"].to_list() == ["7", "7", "8"]


class TestTimes:
    def test_dates_with_and_without_a_zone(self) -> None:
        rows = _with("at", ["1970-01-01T01:00:00+01:00", "1970-01-02", "1970-01-01T00:00:01Z"])
        assert read_times(rows, "at")["time"].to_list() == [0, 86400, 1]

    def test_what_cannot_be_read_is_named_row_by_row(self) -> None:
        rows = _with("at", ["2026-03-01", "2026-03-02", "soon", None, 7, True])
        found = read_times(rows, "at").filter(pl.col("problem").is_not_null())
        assert dict(found.select("example_id", "problem").iter_rows()) == {
            "e2": "the metadata field 'at' says 'soon', which is neither an ISO date such as "
            "2026-03-31 nor a number",
            "e3": "the metadata field 'at' is missing",
            "e4": "the metadata field 'at' says 7, a number where most rows have another kind of "
            "time",
            "e5": "the metadata field 'at' says True, which is neither an ISO date such as "
            "2026-03-31 nor a number",
        }
        assert found["time"].null_count() == 4

    def test_numbers_and_numbers_as_text(self) -> None:
        assert read_times(_with("year", [1999, "2001.5"]), "year")["time"].to_list() == [
            1999,
            2001.5,
        ]
