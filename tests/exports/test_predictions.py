"""Files of answers: how rows find their examples; what is refused, with file, line and column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation.errors import WrongUse
from exports.predictions import Predictions, read_predictions

IDS = ["e1", "e2"]


def read(folder: Path, *rows: Any, column: str | None = None) -> Predictions:
    """Rows that are not texts as lines of JSON."""
    file = folder / "answers.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return read_predictions(file, IDS, column=column)


@pytest.mark.parametrize("key", ["example_id", "id"])
def test_rows_find_their_examples_by_id_in_any_order(tmp_path: Path, key: str) -> None:
    found = read(tmp_path, {key: "e2", "prediction": "b"}, {key: "e1", "prediction": "a"})
    assert found.rows["prediction"].to_list() == ["a", "b"]
    assert (found.matched_by, found.column) == (key, "prediction")


def test_without_ids_rows_stand_in_the_order_of_the_examples(tmp_path: Path) -> None:
    found = read(tmp_path, {"text": "a"}, "", {"text": "b"})
    assert found.rows.rows() == [("e1", "a"), ("e2", "b")]
    assert (found.matched_by, found.column) == ("line order", "text")


def test_the_answer_is_guessed_in_a_fixed_order_unless_it_is_named(tmp_path: Path) -> None:
    row = {"text": "question", "completion": "c", "output": "o", "mine": "m"}
    assert read(tmp_path, row, row).column == "output"
    assert read(tmp_path, row, row, column="mine").rows["prediction"].to_list() == ["m", "m"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["b", "a"], '["b","a"]'),
        ({"z": 1, "a": [True]}, '{"a":[true],"z":1}'),
        (3, "3"),
        (None, None),
        ([{"role": "assistant", "content": "hi"}], "hi"),
        ("\ud800", "?"),
    ],
)
def test_answers_of_any_kind_become_text(tmp_path: Path, value: Any, text: str | None) -> None:
    row = {"output": value}
    assert read(tmp_path, row, row).rows["prediction"][0] == text


def test_what_an_answer_took_is_read_where_it_is_given(tmp_path: Path) -> None:
    found = read(tmp_path, {"output": "a", "latency_ms": 12, "cost": 0.5}, {"output": "b"})
    assert found.rows.columns == ["example_id", "prediction", "latency_ms", "cost"]
    assert found.rows["latency_ms"].to_list() == [12.0, None]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "has no rows"),
        ([{"output": "a"}], "has 1 rows and no column example_id or id; the test split has 2"),
        ([{"output": "a"}, "{"], "line 2 is not a JSON object"),
        ([{"output": "a"}, "[1]"], "line 2 is not a JSON object"),
        ([{"output": "a"}, '{"output": NaN}'], "line 2 is not a JSON object"),
        ([{"answer": "a"}], "line 1 has no column prediction or output .* it has 'answer'"),
        ([{"output": "a"}, {"text": "b"}], "line 2 has no column output"),
        ([{"id": "e1", "output": "a"}, {"id": "e9", "output": "a"}], "line 2, column id: 'e9' is"),
        ([{"id": "e1", "output": "a"}, {"id": "e1", "output": "a"}], "stands on line 1 already"),
        ([{"id": "e1", "output": "a"}, {"output": "a"}], "line 2, column id: there is no id"),
        ([{"id": "e1", "output": "a"}], "column id: 1 of 2 examples .* have no answer, 'e2'"),
        ([{"id": [1], "output": "a"}], "line 1, column id: the id is not a text"),
        ([{"output": "a", "cost": "1"}] * 2, 'line 1, column cost: "1" is not a number from 0'),
        ([{"output": "a", "cost": True}] * 2, "column cost: true is not a number"),
        ([{"output": "a", "cost": -1}] * 2, "column cost: -1 is not a number"),
        ([{"output": "a"}, '{"output": 1e999}'], "line 2, column output: "),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(
    tmp_path: Path, rows: list[Any], said: str
) -> None:
    with pytest.raises(WrongUse, match=said) as caught:
        read(tmp_path, *rows)
    assert "answers.jsonl" in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="cannot be read: No such file"):
        read_predictions(tmp_path / "none.jsonl", IDS)
    (tmp_path / "picture.jsonl").write_bytes(b"\x89PNG\xff\n")
    with pytest.raises(WrongUse, match="line 1 is not a JSON object"):
        read_predictions(tmp_path / "picture.jsonl", IDS)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["id", "output", "cost"]), st.from_type(int | str | float | None)
        ),
        max_size=3,
    )
)  # type: ignore[arg-type]
def test_any_rows_are_read_or_refused(tmp_path: Path, rows: list[Any]) -> None:
    try:
        found = read(tmp_path, *rows)
    except WrongUse:
        return
    assert found.rows["example_id"].to_list() == IDS
