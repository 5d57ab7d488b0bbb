"""What is known of each row that splits may be ruled by: labels, lengths, files, metadata."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from curation.errors import WrongUse
from curation.records import Task, canonical_json, decode_output, text_hash
from exports.split_rules import CONVERSATION, LENGTH, SOURCE_FILE

STRATA_SCHEMA = {"example_id": pl.String, "field": pl.String, "value": pl.String}
LABEL = "label"
LABEL_COUNT = "number of labels"
MISSING, RARE = "(missing)", "(rare values)"

_BINS = 4
_MOST_COUNTED = 10
"""Up to so many different numbers are kinds (stars 1 to 5), beyond it quantities."""
_FEWEST = 10
"""Values of a metadata field with fewer rows count as one: a tenth of them is no whole row."""
_MOST_VALUES = 100


def labels_of(output: str | None, task: Task) -> list[str]:
    """The labels of one stored output; empty for tasks without labels and for broken outputs."""
    if output is None or not task.has_labels:
        return []
    if task is Task.SINGLE_LABEL:
        return [output]
    try:
        labels = decode_output(task, output)
    except (ValueError, RecursionError):
        return []
    return [str(label) for label in labels] if isinstance(labels, list) else []


def label_rows(rows: pl.DataFrame, task: Task) -> pl.DataFrame:
    """One row per example and label: `example_id`, `label` (both String)."""
    if not task.has_labels:
        return pl.DataFrame(schema={"example_id": pl.String, "label": pl.String})
    labels = [labels_of(output, task) for output in rows["output"]]
    return (
        rows.select("example_id", label=pl.Series(labels, dtype=pl.List(pl.String)))
        .explode("label")
        .drop_nulls("label")
        .unique(maintain_order=True)
    )


def strata_rows(rows: pl.DataFrame, task: Task, stratify: Sequence[str] = ()) -> pl.DataFrame:
    """What each split shall hold its share of, in STRATA_SCHEMA: one row per example and value.

    Labels always count, as strata of their own, and with several labels also how many a row has;
    then the fields of `stratify`. Numbers of more than 10 kinds are binned by quartiles; of other
    fields the 100 most frequent values with at least 10 rows count, the rest together. `rows` needs
    `example_id` and `output`, and `text`, `source_file` or `metadata` where a field asks for it.
    Raises WrongUse for a field that no row has.
    """
    labels = label_rows(rows, task).select("example_id", field=pl.lit(LABEL), value="label")
    frames = [labels]
    if task is Task.MULTI_LABEL:
        counts = [str(len(set(labels_of(output, task)))) for output in rows["output"]]
        frames.append(_stratum(rows, LABEL_COUNT, pl.Series(counts, dtype=pl.String)))
    for name, values in _fields(rows, stratify, "stratify").items():
        frames.append(_stratum(rows, name, _binned(values)))
    return pl.concat(frames)


def _stratum(rows: pl.DataFrame, name: str, values: pl.Series) -> pl.DataFrame:
    return rows.select("example_id", field=pl.lit(name), value=values)


def _binned(values: list[Any]) -> pl.Series:
    """Values as the names of strata: quartiles of numbers, or the values that are not rare."""
    numbers = [as_number(value) for value in values if value is not None]
    known = [number for number in numbers if number is not None]
    if len(known) == len(numbers) and len(set(known)) > _MOST_COUNTED:
        return _quartiles(pl.Series([as_number(value) for value in values], dtype=pl.Float64))
    texts = pl.Series([_as_text(value) for value in values], dtype=pl.String).fill_null(MISSING)
    frame = texts.to_frame("value")
    counts = frame.group_by("value").len().filter(pl.col("len") >= _FEWEST)
    common = counts.sort("len", "value", descending=[True, False])["value"][:_MOST_VALUES]
    kept = pl.col("value").is_in(common.implode()) | (pl.col("value") == MISSING)
    return frame.select(pl.when(kept).then("value").otherwise(pl.lit(RARE))).to_series()


def _quartiles(numbers: pl.Series) -> pl.Series:
    """`from LEAST to MOST` of the quartile by rank that each number falls in; ties share one."""
    whole = (numbers.drop_nulls() % 1 == 0).all() and numbers.abs().max() < 2**53  # type: ignore[operator]
    frame = (numbers.cast(pl.Int64) if whole else numbers).to_frame("number")
    rank = pl.col("number").rank("min") - 1
    quartile = rank * _BINS // pl.col("number").count()
    least, most = (edge.over(quartile) for edge in (pl.col("number").min(), pl.col("number").max()))
    name = pl.format("from {} to {}", least, most)
    return frame.select(
        pl.when(pl.col("number").is_null()).then(pl.lit(MISSING)).otherwise(name)
    ).to_series()


def same_values(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """What holds rows together, in STRATA_SCHEMA: rows of one field and value are to share a split.

    Rows without a value are not held by it. Raises WrongUse for a field that no row has.
    """
    frames = [pl.DataFrame(schema=STRATA_SCHEMA)]
    for name, values in _fields(rows, names, "keep_together").items():
        texts = pl.Series([_as_text(value) for value in values], dtype=pl.String)
        frames.append(_stratum(rows, name, texts).drop_nulls())
        if name == CONVERSATION and not any(value is not None for value in values):
            frames.append(_conversations(rows))
    return pl.concat(frames)


def _conversations(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows cut from one conversation: the turns before the last answer of one begin the other's."""
    contexts: set[str] = set()
    found: list[tuple[str, str]] = []
    for example, messages in rows.select("example_id", "messages").iter_rows():
        heads, answered = _heads(messages)
        contexts.update(heads[-2:-1] if answered else heads[-1:])
        found += [(example, head) for head in heads]
    held = [(example, CONVERSATION, head) for example, head in found if head in contexts]
    return pl.DataFrame(held, schema=STRATA_SCHEMA, orient="row")


def _heads(messages: str | None) -> tuple[list[str], bool]:
    """Hashes of the first turn, of the first two and so on; whether the last turn is an answer."""
    turns = _parsed(messages)
    turns = turns if isinstance(turns, list) else []
    heads: list[str] = []
    for turn in turns:
        heads.append(text_hash(canonical_json([*heads[-1:], turn])))
    return heads, bool(turns) and isinstance(turns[-1], dict) and turns[-1].get(
        "role"
    ) == "assistant"


def read_times(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """When each row was made: `example_id`, `time` (Float64|null), `problem` (String|null).

    A time is an ISO 8601 date or date and time (UTC where it names no zone), or a number, also as
    text; it is in seconds since 1970, or the number. Where both kinds occur, the more frequent one
    is read and the other is a problem: they cannot be compared. Raises WrongUse for a field that no
    row has, or in which no row has a time.
    """
    values = _fields(rows, (name,), "by_time")[name]
    read = [_as_time(value) for value in values]
    if not any(kind for kind, _ in read):
        said = next(value for value in values if value is not None)
        raise WrongUse(
            f"The split rule by_time names {name!r}, in which no example has a time; one says "
            f"{said!r}.",
            "A time is an ISO date such as 2026-03-31, or a number.",
        )
    numbers = sum(kind == "number" for kind, _ in read)
    kind = "number" if 2 * numbers >= sum(kind != "" for kind, _ in read) else "date"
    problems = [
        None if found == kind else _problem(name, value, found)
        for value, (found, _) in zip(values, read, strict=True)
    ]
    times = [time if found == kind else None for found, time in read]
    return rows.select(
        "example_id",
        time=pl.Series(times, dtype=pl.Float64),
        problem=pl.Series(problems, dtype=pl.String),
    )


def _problem(name: str, value: Any, kind: str) -> str:
    if value is None:
        return f"the metadata field {name!r} is missing"
    said = f"the metadata field {name!r} says {value!r}"
    if kind == "":
        return f"{said}, which is neither an ISO date such as 2026-03-31 nor a number"
    return f"{said}, a {kind} where most rows have another kind of time"


def _as_time(value: Any) -> tuple[str, float | None]:
    number = as_number(value)
    if number is not None:
        return "number", number
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            return "", None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return "date", (aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    return "", None


def as_number(value: Any) -> float | None:
    """A finite number, given as such or as text; None for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else canonical_json(value)


def _fields(rows: pl.DataFrame, names: Sequence[str], rule: str) -> dict[str, list[Any]]:
    """The value of every row by field; None where it has none. Raises WrongUse."""
    if not names:
        return {}
    metadata = list(_metadata(rows))
    found: dict[str, list[Any]] = {}
    for name in names:
        values = [_filled(fields.get(name)) for fields in metadata]
        if any(value is not None for value in values):
            found[name] = values
        elif rule == "stratify" and name == LENGTH:
            found[name] = rows["text"].str.len_chars().to_list()
        elif rule != "by_time" and name == SOURCE_FILE and name in rows.columns:
            found[name] = rows[name].to_list()
        elif rule == "keep_together" and name == CONVERSATION and "messages" in rows.columns:
            found[name] = values
        else:
            known = sorted({key for fields in metadata for key in fields})
            raise WrongUse(
                f"The split rule {rule} names {name!r}, a metadata field that no example has.",
                f"Fields: {', '.join(known)}." if known else "These examples have no metadata.",
            )
    return found


def _metadata(rows: pl.DataFrame) -> Iterator[dict[str, Any]]:
    texts = rows["metadata"] if "metadata" in rows.columns else [None] * rows.height
    for text in texts:
        value = _parsed(text)
        yield value if isinstance(value, dict) else {}


def _parsed(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return None


def _filled(value: Any) -> Any:
    """A value that says something; None for blank text and for what is not a number."""
    if isinstance(value, str) and not value.strip():
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
