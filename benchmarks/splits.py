"""How far splits of heavy-tailed groups lie from the whole, beside scikit-learn's.

    python -m benchmarks.splits [--seeds 100] [--large]

2,301 rows in 700 groups of 1 to about 170, six labels of unequal share, 10 % test: the largest
label-share error of any split in percentage points, over seeds. Then five folds, the same measure;
what happens to the test rows when a quarter more rows arrive; several labels a row; and with
`--large` the time for 300,000 rows in 100,000 groups with 150 labels.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np
import polars as pl
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold

from curation.records import Task
from exports.churn import churn
from exports.split import plan_splits
from exports.split_report import largest_errors, split_report, strata_report
from exports.split_rules import SplitFractions, SplitRules
from tests.exports.export_examples import frame, heavy_tailed

SINGLE, MULTI = Task.SINGLE_LABEL, Task.MULTI_LABEL
Splitter = Callable[[pl.DataFrame, int], pl.DataFrame]


def tamis(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Train and a tenth for test."""
    return plan_splits(rows, SINGLE, SplitRules(SplitFractions(0.9, 0, 0.1), seed))


def tamis_three(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Train, and a tenth each for validation and test."""
    return plan_splits(rows, SINGLE, SplitRules(seed=seed))


def stratified_group_k_fold(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The first of ten folds is test."""
    splitter = StratifiedGroupKFold(10, shuffle=True, random_state=seed)
    test = next(splitter.split(rows["text"], rows["output"], rows["group"]))[1]
    return _assignment(rows, test)


def group_shuffle_split(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """A tenth of the groups is test."""
    splitter = GroupShuffleSplit(1, test_size=0.1, random_state=seed)
    test = next(splitter.split(rows["text"], groups=rows["group"]))[1]
    return _assignment(rows, test)


def _assignment(rows: pl.DataFrame, test: np.ndarray) -> pl.DataFrame:
    split = np.full(rows.height, "train", object)
    split[test] = "test"
    return rows.select("example_id", split=pl.Series(split.tolist(), dtype=pl.String))


SPLITTERS: dict[str, Splitter] = {
    "Tamis, test": tamis,
    "Tamis, validation and test": tamis_three,
    "StratifiedGroupKFold": stratified_group_k_fold,
    "GroupShuffleSplit": group_shuffle_split,
}


def errors_of(splitter: Splitter, seeds: int) -> list[float]:
    """The largest label-share error of each seed, in points."""
    found = []
    for seed in range(seeds):
        rows = heavy_tailed(seed)
        found.append(_worst(split_report(rows, splitter(rows, seed), SINGLE)))
    return found


def _worst(report: pl.DataFrame) -> float:
    return float(max(report["error"].to_list()))


def fold_errors(seeds: int) -> dict[str, list[tuple[float, float, float]]]:
    """Of five folds, by seed: the largest label-share error in points, how sizes differ, the floor.

    The floor is the error that a single group forces on a fold of that size, whatever is beside it.
    """
    found: dict[str, list[tuple[float, float, float]]] = {"Tamis": [], "StratifiedGroupKFold": []}
    for seed in range(seeds):
        rows = heavy_tailed(seed)
        plan = plan_splits(rows, SINGLE, SplitRules(SplitFractions(0.9, 0, 0.1), seed, folds=5))
        inside = rows.drop("group").join(plan.drop_nulls("fold"), on="example_id")
        splitter = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        theirs = np.empty(inside.height, np.int64)
        parts = splitter.split(inside["text"], inside["output"], inside["group"])
        for fold, (_, chosen) in enumerate(parts):
            theirs[chosen] = fold
        for name, fold in (("Tamis", inside["fold"].to_numpy()), ("StratifiedGroupKFold", theirs)):
            found[name].append((*_fold_error(inside["output"], fold), _floor(inside, fold)))
    return found


def _fold_error(labels: pl.Series, fold: np.ndarray) -> tuple[float, float]:
    codes = labels.rank("dense").to_numpy() - 1
    table = np.zeros((fold.max() + 1, codes.max() + 1))
    np.add.at(table, (fold, codes), 1)
    shares = table / table.sum(axis=1, keepdims=True)
    sizes = table.sum(axis=1)
    error = 100 * np.abs(shares - table.sum(axis=0) / table.sum()).max()
    return float(error), float((sizes.max() - sizes.min()) / sizes.mean())


def _floor(rows: pl.DataFrame, fold: np.ndarray) -> float:
    """The largest share of a label that one group alone makes in its fold, over the whole's."""
    placed = rows.select("group", label="output", fold=pl.Series(fold))
    counts = placed.group_by("fold", "group", "label").len("rows")
    sizes = placed.group_by("fold").len("size")
    shares = placed.group_by("label").agg(share=pl.len() / rows.height)
    alone = counts.join(sizes, on="fold").join(shares, on="label")
    return float(
        100 * alone.select((pl.col("rows") / pl.col("size") - pl.col("share")).max()).item()
    )


def growth(seeds: int) -> dict[str, float]:
    """Share of earlier test rows that are test no more once a quarter more rows have come."""
    lost: dict[str, list[float]] = {"Tamis": [], "StratifiedGroupKFold": []}
    for seed in range(seeds):
        rows = heavy_tailed(seed, rows=2903, groups=880)
        number = pl.col("group").str.slice(1).cast(pl.Int64)
        old = rows.filter(number % 5 != 0)
        plan = tamis_three(old, seed)
        grown = plan_splits(rows, SINGLE, SplitRules(seed=seed), plan)
        lost["Tamis"].append(_lost(plan, grown))
        splits = [stratified_group_k_fold(part, seed) for part in (old, rows)]
        lost["StratifiedGroupKFold"].append(_lost(*splits))
    return {name: float(np.mean(values)) for name, values in lost.items()}


def _lost(before: pl.DataFrame, after: pl.DataFrame) -> float:
    moved = churn(before, after).rows.filter(before="test").height
    return moved / before.filter(split="test").height


def several_labels(seed: int) -> pl.DataFrame:
    """The worst error by split and field on 3,000 rows with up to six of nine labels."""
    random = np.random.default_rng(seed)
    chances = random.dirichlet(np.full(9, 1.0)) * 2.5
    outputs = [
        [f"label {k}" for k in np.flatnonzero(random.random(9) < chances)] for _ in range(3000)
    ]
    rows = frame(outputs, MULTI, group=[f"g{g}" for g in random.integers(0, 1500, 3000)])
    return largest_errors(strata_report(rows, plan_splits(rows, MULTI, SplitRules()), MULTI))


def large() -> None:
    """Time and error on 300,000 rows in 100,000 groups with 150 labels."""
    rows = heavy_tailed(0, rows=300_000, groups=100_000, labels=150)
    begin = time.perf_counter()
    plan = plan_splits(rows, SINGLE, SplitRules())
    seconds = time.perf_counter() - begin
    error = _worst(split_report(rows, plan, SINGLE))
    print(f"300,000 rows: {seconds:.1f} s, largest error {error:.2f} points")
    begin = time.perf_counter()
    plan_splits(rows, SINGLE, SplitRules(folds=10))
    print(f"  with ten folds: {time.perf_counter() - begin:.1f} s")


def main() -> None:
    """Print a table a part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--large", action="store_true")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)  # of labels with fewer rows than folds
    print("largest label-share error, points: median, worst, seeds above 0.5, seconds a split")
    for name, splitter in SPLITTERS.items():
        begin = time.perf_counter()
        errors = np.array(errors_of(splitter, chosen.seeds))
        seconds = (time.perf_counter() - begin) / chosen.seeds
        worse = int((errors > 0.5).sum())
        print(f"{name:27} {np.median(errors):7.2f} {errors.max():7.2f} {worse:4} {seconds:7.3f}")
    print("five folds, the same measure: median, worst; sizes apart: the same; floor: median")
    for name, found in fold_errors(chosen.seeds).items():
        (error, apart, floor), (most, farthest, _) = np.median(found, 0), np.max(found, 0)
        print(f"{name:27} {error:7.2f} {most:7.2f} {apart:7.1%} {farthest:7.1%} {floor:7.2f}")
    print("share of test rows lost as 2,300 rows grow by a quarter")
    for name, share in growth(min(chosen.seeds, 20)).items():
        print(f"{name:27} {share:7.1%}")
    print("several labels a row", several_labels(0))
    if chosen.large:
        large()


if __name__ == "__main__":
    main()
