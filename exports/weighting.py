"""Labels of unequal frequency: a cap on the rows of each, and weights that even them out."""

from __future__ import annotations

from collections import Counter

import polars as pl

from exports.keyed import keyed_hash


def over_cap(labels: pl.DataFrame, train: pl.DataFrame, cap: int, seed: int) -> pl.DataFrame:
    """The train rows that are too many: `example_id`, `label` (the one that is full).

    `labels` has `example_id`, `label`, one row per label; `train` has `example_id` and `old`
    (Boolean). Rows are taken in the order of a keyed hash of their id, those of earlier exports
    first, so that new data push no old row out; a row is dropped where one of its labels already
    has `cap` rows. Rows without a label are never too many.
    """
    keys = [keyed_hash(example, seed, "cap") for example in train["example_id"]]
    named = (
        train.with_columns(key=pl.Series(keys, dtype=pl.UInt64))
        .join(labels.group_by("example_id").agg("label"), on="example_id")
        .sort(~pl.col("old"), "key", "example_id")
    )
    taken: Counter[str] = Counter()
    dropped: list[tuple[str, str]] = []
    for example, names in named.select("example_id", "label").iter_rows():
        full = sorted(name for name in names if taken[name] >= cap)
        if full:
            dropped.append((example, full[0]))
        else:
            taken.update(names)
    schema = {"example_id": pl.String, "label": pl.String}
    return pl.DataFrame(dropped, schema=schema, orient="row")


def sample_weights(labels: pl.DataFrame, train: pl.Series) -> pl.DataFrame:
    """A weight for each train row: `example_id`, `weight` (Float64, mean 1), sorted by id.

    A row weighs the mean over its labels of 1 / (train rows with that label), scaled to mean 1; no
    label counts as a label of its own. With one label a row this is n / (labels × rows of the
    label), the balanced weights of King and Zeng (Political Analysis 9, 2001), under which all
    labels weigh the same. `labels` has `example_id`, `label`; `train` holds the ids.
    """
    return (
        train.alias("example_id")
        .to_frame()
        .join(labels, on="example_id", how="left")
        .with_columns(inverse=1 / pl.len().over("label"))
        .group_by("example_id")
        .agg(weight=pl.col("inverse").sort().mean())
        .sort("example_id")
        .with_columns(pl.col("weight") / pl.col("weight").mean())
    )
