"""Which example goes to train, validation or test.

Groups of near-duplicates never straddle two splits, every split looks like the whole, an example
stays where an earlier export put it, and nothing near a test example enters train.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from curation.errors import NothingToExport, WrongUse
from curation.records import Task
from exports.folds import assign_folds
from exports.keyed import keyed_hash
from exports.placing import numbered_strata, place_balanced, place_by_time
from exports.split_rules import (
    HELD_OUT,
    NEAR_TEST,
    NO_TIME,
    NOT_VERIFIED,
    OVER_CAP,
    SPLITS,
    SplitFractions,
    SplitRules,
)
from exports.strata import label_rows, read_times, same_values, strata_rows
from exports.weighting import over_cap, sample_weights

__all__ = [
    "ASSIGNMENT_SCHEMA",
    "HELD_OUT",
    "PLAN_SCHEMA",
    "SPLITS",
    "SplitFractions",
    "keyed_hash",
    "label_rows",
    "plan_splits",
]

ASSIGNMENT_SCHEMA = {"example_id": pl.String, "split": pl.String}
PLAN_SCHEMA = {
    "example_id": pl.String,
    "group": pl.String,
    "split": pl.String,
    "reason": pl.String,
    "detail": pl.String,
    "fold": pl.Int64,
    "weight": pl.Float64,
}


def plan_splits(
    rows: pl.DataFrame, task: Task, rules: SplitRules, frozen: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Place every row: PLAN_SCHEMA, sorted by `example_id`.

    `rows` needs `example_id`, `output` and `group`; rules may ask for `verified` (Boolean),
    `metadata` (String, a JSON object), `text`, `source_file` and `messages` (String|null, JSON
    turns). `frozen` is an earlier assignment, `example_id` and `split`.

    `group` is the group of near-duplicates, or what `keep_together` has made of several. A row that
    is in no split is `held-out`, with a `reason` and a `detail` in words. `fold` counts from 0 in
    train and validation, and `weight` is that of train rows; null where the rules ask for none.

    - A test row stays in test; all other rows of its group are held out: too near a test example.
    - Rows that were in train or validation stay there, and so does whatever joins their groups.
      Where a new row links the two, the group goes to train: a train row that became a validation
      row would make a model look better than it is. Without a validation split, its rows go to
      train. With `rebalance` such groups start where they were and may change between the two;
      they never become test rows.
    - New groups are placed so that the splits, with all that is in them, have their shares.

    The order of the rows does not matter. Raises NothingToExport without rows, and WrongUse where
    an id occurs twice, a rule cannot be kept, or a wanted split or fold cannot be filled.
    """
    if rows.is_empty():
        raise NothingToExport("No example is left for an export.", "Label or keep some first.")
    _refuse_repeated_ids(rows)
    _refuse_rules(rules, task)
    known = _known(rows, rules, frozen)
    strata = numbered_strata(strata_rows(rows, task, rules.stratify))
    plan = _hold_out_unverified(_settle(known, rules), rules)
    plan = _hold_out_unverified(_place_free(plan, strata, rules), rules)
    if rules.cap_per_label is not None:
        plan = _cap(plan, label_rows(rows, task), rules.cap_per_label, rules.seed)
    _refuse_empty_splits(plan, rules, old=known["earlier"].count() > 0)
    return _finish(plan, rows, task, strata, rules)


def _refuse_repeated_ids(rows: pl.DataFrame) -> None:
    repeated = rows.filter(pl.col("example_id").is_duplicated())
    if not repeated.is_empty():
        raise WrongUse(
            f"The example id {repeated['example_id'].sort()[0]!r} occurs more than once.",
            "Each example may be exported once.",
        )


def _refuse_rules(rules: SplitRules, task: Task) -> None:
    asked = {"cap_per_label": rules.cap_per_label, "sample_weights": rules.sample_weights}
    for name, value in asked.items():
        if value and not task.has_labels:
            raise WrongUse(
                f"The split rule {name} needs labels, which a {task} dataset has not.",
                f"Leave {name} out.",
            )


def _known(rows: pl.DataFrame, rules: SplitRules, frozen: pl.DataFrame | None) -> pl.DataFrame:
    """What decides on each row.

    `example_id`, `group`, `verified`; `earlier` (String|null), its split before; `old`
    (String|null), train or validation where its group was there before; `tested` (String|null), the
    first test example of its group; and by time `time`, `problem`.
    """
    earlier = pl.DataFrame(schema=ASSIGNMENT_SCHEMA) if frozen is None else frozen
    earlier = (
        earlier.filter(pl.col("split").is_in(SPLITS))
        .select("example_id", earlier="split")
        .unique("example_id", keep="first", maintain_order=True)
    )
    verified = "verified" if "verified" in rows.columns else pl.lit(value=False).alias("verified")
    was = {split: (pl.col("earlier") == split).any().over("group") for split in SPLITS}
    validation = "validation" if rules.fractions.validation else "train"
    tested = pl.when(pl.col("earlier") == "test").then("example_id").min().over("group")
    known = (
        united_groups(rows, rules.keep_together)
        .join(rows.select("example_id", verified), on="example_id")
        .join(earlier, on="example_id", how="left")
        .with_columns(
            tested=tested,
            old=pl.when(was["train"])
            .then(pl.lit("train"))
            .when(was["validation"])
            .then(pl.lit(validation)),
        )
        .sort("example_id")
    )
    if rules.by_time is None:
        return known
    return known.join(read_times(rows, rules.by_time), on="example_id")


def united_groups(rows: pl.DataFrame, keep_together: Sequence[str]) -> pl.DataFrame:
    """Groups joined by what rows share: `example_id`, `group` (the first name among those joined).

    Connected components over the groups of `rows` and the values of the fields. Raises WrongUse for
    a field that no row has.
    """
    groups = rows.select("example_id", "group")
    shared = same_values(rows, keep_together)
    if shared.is_empty():
        return groups
    links = groups.join(shared, on="example_id").select(
        group=pl.col("group"), value=pl.struct("field", "value").rank("dense").cast(pl.Int64) - 1
    )
    names = groups["group"].unique().sort()
    group = names.search_sorted(links["group"]).to_numpy().astype(np.int64)
    value = links["value"].to_numpy() + len(names)
    size = int(value.max()) + 1
    graph = coo_array((np.ones(len(group), np.int8), (group, value)), shape=(size, size))
    parts = connected_components(graph, directed=False)[1][: len(names)]
    joined = pl.DataFrame({"group": names, "part": parts})
    united = joined.select("group", united=pl.col("group").min().over("part"))
    return groups.join(united, on="group").select("example_id", group="united")


def _settle(known: pl.DataFrame, rules: SplitRules) -> pl.DataFrame:
    """Add `split`, `reason` and `detail` of the rows that need no search; null for the others."""
    near = pl.col("tested").is_not_null() & (pl.col("earlier") != "test").fill_null(value=True)
    stays = pl.col("old").is_not_null() & (not rules.rebalance)
    was = pl.when(pl.col("earlier").is_not_null()).then(pl.format("; was in {}", "earlier"))
    told = pl.format("in one group with the test example {}{}", "tested", was.otherwise(pl.lit("")))
    timeless = pl.lit(value=False)
    problem = pl.lit(None, pl.String)
    if rules.by_time is not None:
        timeless, problem = pl.col("problem").is_not_null(), pl.col("problem")
    held_out = pl.lit(HELD_OUT)
    tests = pl.col("earlier") == "test"
    cases = [
        (tests, pl.lit("test"), None, None),
        (near, held_out, pl.lit(NEAR_TEST), told),
        (stays, pl.col("old"), None, None),
        (timeless, held_out, pl.lit(NO_TIME), problem),
    ]
    split = reason = detail = pl.lit(None, pl.String)
    for case, where, why, words in reversed(cases):
        split = pl.when(case).then(where).otherwise(split)
        reason = pl.when(case).then(why).otherwise(reason)
        detail = pl.when(case).then(words).otherwise(detail)
    return known.with_columns(split=split, reason=reason, detail=detail)


def _hold_out_unverified(plan: pl.DataFrame, rules: SplitRules) -> pl.DataFrame:
    strict = pl.col("split").is_in(rules.verified_only()) & ~pl.col("verified")
    told = pl.format("the {} split takes only rows that a person has verified", "split")
    return _hold_out(plan, strict, NOT_VERIFIED, told)


def _hold_out(plan: pl.DataFrame, which: pl.Expr, reason: str, detail: pl.Expr) -> pl.DataFrame:
    new = {"split": pl.lit(HELD_OUT), "reason": pl.lit(reason), "detail": detail}
    return plan.with_columns(
        pl.when(which).then(value).otherwise(pl.col(name)).alias(name)
        for name, value in new.items()
    )


def _place_free(plan: pl.DataFrame, strata: pl.DataFrame, rules: SplitRules) -> pl.DataFrame:
    free = plan.filter(pl.col("split").is_null())
    if free.is_empty():
        return plan
    held = plan.filter(pl.col("split").is_in(SPLITS)).select("example_id", "split")
    if rules.by_time is None:
        groups = place_balanced(free, held, strata, rules)
    else:
        groups = place_by_time(free, held, rules)
    placed = free.select("example_id", "group").join(groups, on="group")
    return plan.update(placed.select("example_id", "split"), on="example_id")


def _cap(plan: pl.DataFrame, labels: pl.DataFrame, cap: int, seed: int) -> pl.DataFrame:
    train = plan.filter(split="train").select(
        "example_id", old=(pl.col("earlier") == "train").fill_null(value=False)
    )
    dropped = over_cap(labels, train, cap, seed)
    told = pl.format("the label {} has {} other rows in train", "label", pl.lit(cap))
    joined = plan.join(dropped, on="example_id", how="left", maintain_order="left")
    return _hold_out(joined, pl.col("label").is_not_null(), OVER_CAP, told).drop("label")


def _refuse_empty_splits(plan: pl.DataFrame, rules: SplitRules, *, old: bool) -> None:
    filled = set(plan["split"])
    shares = zip(SPLITS, rules.fractions.parts(), strict=True)
    empty = [name for name, share in shares if share and name not in filled]
    if not empty:
        return
    names = " and ".join(filter(None, (", ".join(empty[:-1]), empty[-1])))
    hints = [f"Add examples, or set the fraction of {names} to 0."]
    if empty == ["train"]:
        hints = ["Add examples, or make the other splits smaller."]
    if any(name in rules.verified_only() for name in empty):
        hints.append(
            "Only rows that a person has verified may enter, and "
            f"{plan['verified'].sum():,} of the examples are: review more."
        )
    if old and not rules.rebalance and "test" not in empty:
        hints.append("Or let rows of earlier exports move again (rebalance).")
    raise WrongUse(
        f"The {names} split{'s'[: len(empty) - 1]} would be empty: the {plan.height:,} examples "
        f"form {plan['group'].n_unique():,} group(s) that must stay whole"
        + (", and rows of earlier exports stay where they are." if old else "."),
        " ".join(hints),
    )


def _finish(
    plan: pl.DataFrame, rows: pl.DataFrame, task: Task, strata: pl.DataFrame, rules: SplitRules
) -> pl.DataFrame:
    """Add folds and weights: PLAN_SCHEMA."""
    folds = pl.DataFrame(schema={"example_id": pl.String, "fold": pl.Int64})
    weights = pl.DataFrame(schema={"example_id": pl.String, "weight": pl.Float64})
    if rules.folds:
        inside = plan.filter(pl.col("split").is_in(("train", "validation")))
        folds = assign_folds(inside, strata, rules)
    if rules.sample_weights:
        train = plan.filter(split="train")["example_id"]
        weights = sample_weights(label_rows(rows, task), train)
    return (
        plan.join(folds, on="example_id", how="left")
        .join(weights, on="example_id", how="left")
        .select(list(PLAN_SCHEMA))
        .sort("example_id")
    )
