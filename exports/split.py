"""Which example goes to train, validation or test.

Groups of near-duplicates never straddle two splits, every split looks like the whole, a test
example stays a test example in every later version, and nothing near one enters train.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import astuple, dataclass

import numpy as np
import polars as pl

from curation.errors import NothingToExport, WrongUse
from curation.records import Task, decode_output
from exports.balance import Groups, Ints, balance

SPLITS = ("train", "validation", "test")
HELD_OUT = "held-out"
_TRAIN, _VALIDATION, _TEST = range(3)
_PARTS = 1000

ASSIGNMENT_SCHEMA = {"example_id": pl.String, "split": pl.String}


@dataclass(frozen=True, slots=True)
class SplitFractions:
    """Wanted share of the rows in each split, in whole thousandths; 0 leaves a split out.

    Raises WrongUse where a share is negative or finer than 0.001, train is 0, or the sum is not 1.
    """

    train: float = 0.8
    validation: float = 0.1
    test: float = 0.1

    def __post_init__(self) -> None:
        values = astuple(self)
        fine = all(math.isfinite(value) and value >= 0 for value in values)
        if not fine or not math.isclose(sum(values), 1, abs_tol=1e-6) or not self.train:
            raise WrongUse(
                f"The split fractions {self.train}, {self.validation} and {self.test} cannot be "
                "used: each must be at least 0, train above 0, and their sum 1.",
                "For example 0.8, 0.1 and 0.1.",
            )
        if any(0 < value < 1 / _PARTS for value in values):
            raise WrongUse(
                f"A split fraction is below {1 / _PARTS}.", "Use 0 to leave a split out."
            )

    def parts(self) -> Ints:
        """Whole thousandths: int64 [3] in the order of SPLITS; they add up to 1000."""
        validation, test = round(self.validation * _PARTS), round(self.test * _PARTS)
        return np.array([_PARTS - validation - test, validation, test], np.int64)


def keyed_hash(text: str, seed: int, purpose: str) -> int:
    """64 bits that depend on text, seed and purpose alone, on any machine."""
    digest = hashlib.blake2b(
        text.encode(), digest_size=8, key=str(seed).encode(), person=purpose.encode()
    )
    return int.from_bytes(digest.digest())


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
    labels = [labels_of(output, task) for output in rows["output"]]
    return (
        rows.select("example_id", label=pl.Series(labels, dtype=pl.List(pl.String)))
        .explode("label")
        .drop_nulls("label")
        .unique(maintain_order=True)
    )


def assign_splits(
    rows: pl.DataFrame,
    task: Task,
    fractions: SplitFractions,
    seed: int,
    frozen: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Place every row: `example_id`, `split` (String), sorted by `example_id`.

    `rows` needs `example_id`, `output` and `group`; `frozen` is an earlier assignment. A group
    starts where the keyed hash of its name puts it, so that new data moves few old rows; moves and
    swaps of whole groups then repair the share of each label. With `frozen`:

    - a test row stays in test; all other rows of its group become `held-out`: too near a test
      example to be trained on;
    - rows that were in train or validation start there and never become test rows;
    - only new groups can enlarge test.

    The order of the rows does not matter. Raises NothingToExport without rows, and WrongUse where
    an id occurs twice or a wanted split cannot be filled.
    """
    if rows.is_empty():
        raise NothingToExport("No example is left for an export.", "Label or keep some first.")
    _refuse_repeated_ids(rows)
    known = _known_splits(rows, frozen)
    shares = fractions.parts()
    fixed = known.filter("is_test").select("example_id", split=pl.lit("test"))
    near = known.filter(pl.col("tests") > 0, ~pl.col("is_test"))
    held_out = near.select("example_id", split=pl.lit(HELD_OUT))
    free = known.filter(pl.col("tests") == 0)
    placed = _place(free, fixed, label_rows(rows, task), shares, seed)
    assignment = pl.concat([fixed, held_out, placed]).sort("example_id")
    _refuse_empty_splits(assignment, shares, known["group"].n_unique())
    return assignment


def _refuse_repeated_ids(rows: pl.DataFrame) -> None:
    repeated = rows.filter(pl.col("example_id").is_duplicated())
    if not repeated.is_empty():
        raise WrongUse(
            f"The example id {repeated['example_id'].sort()[0]!r} occurs more than once.",
            "Each example may be exported once.",
        )


def _refuse_empty_splits(assignment: pl.DataFrame, shares: Ints, groups: int) -> None:
    filled = set(assignment["split"])
    empty = [
        name for name, share in zip(SPLITS, shares, strict=True) if share and name not in filled
    ]
    if empty:
        raise WrongUse(
            f"The {' and the '.join(empty)} split would be empty: the {assignment.height} examples "
            f"form {groups} group(s) of near-duplicates that cannot be divided any further.",
            f"Add examples, or set the fraction of {' and '.join(empty)} to 0.",
        )


def _known_splits(rows: pl.DataFrame, frozen: pl.DataFrame | None) -> pl.DataFrame:
    """`example_id`, `group`, `earlier` (String|null), `is_test`, `tests` (number in the group)."""
    if frozen is None:
        frozen = pl.DataFrame(schema=ASSIGNMENT_SCHEMA)
    earlier = (
        frozen.filter(pl.col("split").is_in(SPLITS))
        .select("example_id", earlier="split")
        .unique("example_id", keep="first", maintain_order=True)
    )
    return (
        rows.select("example_id", "group")
        .join(earlier, on="example_id", how="left")
        .with_columns(is_test=(pl.col("earlier") == "test").fill_null(value=False))
        .with_columns(tests=pl.col("is_test").sum().over("group"))
    )


def _place(
    free: pl.DataFrame, fixed: pl.DataFrame, labels: pl.DataFrame, shares: Ints, seed: int
) -> pl.DataFrame:
    """Balance the groups of `free` around the rows of `fixed`: `example_id`, `split`."""
    groups = (
        free.group_by("group")
        .agg(
            was_train=(pl.col("earlier") == "train").any(),
            was_validation=(pl.col("earlier") == "validation").any(),
        )
        .with_columns(old=pl.col("was_train") | pl.col("was_validation"))
        .with_columns(
            hash=pl.col("group").map_elements(
                lambda group: keyed_hash(group, seed, "split"), return_dtype=pl.UInt64
            )
        )
        # New groups move before old ones, so that few rows change their split between versions.
        .sort("old", "hash", "group")
        .with_row_index("number")
    )
    names = labels["label"].unique().sort()
    where = free.join(groups.select("group", "number"), on="group").select("example_id", "number")
    counts = _count(where, labels, names, groups.height)
    held = _count(fixed.select("example_id", number=pl.lit(_TEST)), labels, names, len(SPLITS))
    allowed = np.tile(shares > 0, (groups.height, 1))
    allowed[groups["old"].to_numpy(), _TEST] = False
    task = Groups(counts, _start(groups, shares), allowed)
    split = pl.Series("split", SPLITS, pl.String).gather(balance(task, held, shares))
    return where.join(groups.select("number", split=split), on="number").select(
        "example_id", "split"
    )


def _start(groups: pl.DataFrame, shares: Ints) -> Ints:
    point = groups["hash"].to_numpy() / 2.0**64 * shares.sum()
    hashed = np.where(point < shares[_TEST], _TEST, np.where(point < shares[1:].sum(), 1, 0))
    earlier = np.where(groups["was_train"].to_numpy() | (shares[_VALIDATION] == 0), _TRAIN, 1)
    return np.where(groups["old"].to_numpy(), earlier, hashed).astype(np.int64)


def _count(where: pl.DataFrame, labels: pl.DataFrame, names: pl.Series, height: int) -> Ints:
    """Rows by place and label, the last column counting all rows: int64 [height, labels + 1]."""
    counts = np.zeros((height, len(names) + 1), np.int64)
    np.add.at(counts[:, -1], where["number"].to_numpy(), 1)
    found = where.join(labels, on="example_id")
    np.add.at(counts, (found["number"].to_numpy(), names.search_sorted(found["label"])), 1)
    return counts


def split_report(rows: pl.DataFrame, assignment: pl.DataFrame, task: Task) -> pl.DataFrame:
    """How far each split's label shares lie from those of all exported rows.

    Columns: `split`, `label` (String; null for tasks without labels), `rows` (Int64), `share` and
    `overall` (Float64, of 1; several labels on one row each count), `error` (Float64, absolute
    difference in percentage points). Held-out rows do not count. The largest error is
    `report["error"].max()`.
    """
    placed = assignment.filter(pl.col("split").is_in(SPLITS))
    labels = label_rows(rows, task) if task.has_labels else _without_labels(rows)
    found = placed.join(labels, on="example_id")
    size = placed.group_by("split").agg(size=pl.len())
    overall = found.group_by("label").agg(overall=pl.len() / placed.height)
    counted = found.group_by("split", "label").agg(rows=pl.len().cast(pl.Int64))
    return (
        size.join(overall, how="cross")
        .join(counted, on=["split", "label"], how="left", nulls_equal=True)
        .with_columns(pl.col("rows").fill_null(0))
        .with_columns(share=pl.col("rows") / pl.col("size"))
        .with_columns(error=(pl.col("share") - pl.col("overall")).abs() * 100)
        .sort(pl.col("split").cast(pl.Enum(SPLITS)), "label")
        .select("split", "label", "rows", "share", "overall", "error")
    )


def _without_labels(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select("example_id", label=pl.lit(None, pl.String))
