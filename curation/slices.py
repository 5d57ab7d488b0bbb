"""Slices: groups of examples in which the given labels fail together, for a person to look at.

Errors that follow a rule (everything from one vendor, or with one word, labelled wrong in the same
way) look right one by one. In each group the labels that are expected to be others are counted,
and compared with what the same given labels show over all examples. Expected by two witnesses:

- the suggested label, which comes from all other examples;
- for metadata, the vote of the nearest neighbours *from other values*. Whoever is always wrong in
  the same way is echoed by the own examples, but not by those of others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import isinf
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import binom, false_discovery_control, hypergeom

from curation.groupings import (
    RANGE,
    Grouping,
    by_keyword,
    by_metadata,
    by_topic,
    grouped,
    with_parts,
)
from curation.records import Task, canonical_json, decode_output, encode_output
from curation.similarity import Rows

SLICE_SCHEMA: dict[str, pl.DataType] = {
    "slice_id": pl.String(),
    "by": pl.String(),
    "name": pl.String(),
    "given": pl.String(),
    "suggested": pl.String(),
    "size": pl.Int64(),
    "disagree": pl.Int64(),
    "expected": pl.Float64(),
    "excess": pl.Float64(),
    "ratio": pl.Float64(),
    "p_value": pl.Float64(),
    "q_value": pl.Float64(),
    "reason": pl.String(),
    "example_ids": pl.List(pl.String()),
}
"""`by`: metadata, keyword or topic. `given`, `suggested`: the commonest disagreement.
`ratio`: null where nothing disagrees outside the slice."""

_FALSE_DISCOVERIES = 0.05
_FEWEST_DISAGREE = 5
_LEAST_RATIO = 2.0
_ALIKE = 0.8
_MOST_SLICES = 50
_FEWEST_ROWS = 10
_FEWEST_ROWS_COMPARED = 20
_FEWEST_VOTERS = 3
_MOST_FACETS_COMPARED = 50
_SHOWN = 80
_DIGITS = 6


def find_slices(
    examples: pl.DataFrame, task: Task, *, neighbours: Rows | None = None
) -> pl.DataFrame:
    """Slices in which given and expected labels disagree unusually often, strongest first.

    `examples` [n] has `example_id, text, given, suggested` (String, as `records.encode_output`),
    `metadata` (String, a JSON object), and may have `cluster` (int, of `groupings.topics`) and
    `verified` (Boolean: a person stands behind the label; such rows count as members, never as
    disagreements). Rows without `given` or `suggested` are left out. `neighbours` int64 [n, k]
    are row numbers of the nearest other examples; without them only suggestions are evidence.
    Metadata values are tried whole, and together with each given label.

    One row of SLICE_SCHEMA per slice. `expected` adds up, over its rows, the share of all examples
    with the same given label that disagree, so that a label that is hard everywhere makes no slice
    (of several labels: the one with the highest share). `p_value`: if the disagreements of each
    label fell on its examples at random, those in a slice of one label would be hypergeometric
    (exact). In one of several they would be a sum of such counts, whose tail is at most that of
    the binomial with the same mean, if they are more than it by one (Vatutin & Mikhailov 1982;
    Hoeffding 1956): this bound. `q_value` is corrected for all slices tried (Benjamini & Hochberg
    1995). `ratio` is the Mantel–Haenszel risk ratio (1959) of the slice against all other examples
    with the same labels.

    Kept are slices of at least five disagreements, q ≤ 0.05 and a ratio of at least two; at most
    50. Left out are those that repeat a stronger one: nearly the same members (Jaccard ≥ 0.8), or
    four fifths of the disagreements in it without being twice as dense. Deterministic; time and
    memory are linear in the examples.
    """
    table = _table(examples, task)
    trials = [trial for trial in _trials(table, task, neighbours) if trial.grouping.groups.height]
    scores = [
        _score(trial).with_columns(trial=pl.lit(number)) for number, trial in enumerate(trials)
    ]
    if not sum(score.height for score in scores):
        return pl.DataFrame(schema=SLICE_SCHEMA)
    tried = pl.concat(scores)
    found = tried.with_columns(
        q_value=pl.Series(false_discovery_control(tried["p_value"].to_numpy()))
    ).filter(
        pl.col("q_value") <= _FALSE_DISCOVERIES,
        pl.col("disagree") >= _FEWEST_DISAGREE,
        pl.col("ratio") >= _LEAST_RATIO,
    )
    rows = [
        _described(score, members, trials[score["trial"]], task)
        for score, members in _distinct(found, trials, examples.height)
    ]
    return pl.DataFrame(rows, schema=SLICE_SCHEMA)


@dataclass(frozen=True, slots=True)
class _Trial:
    """Groups, and what one witness says of every example that takes part.

    `evidence` has `row, example_id, given, suggested, judged, wrong, stratum`: `suggested` by this
    witness, `judged` unless verified, `wrong` where judged and not as given.
    """

    grouping: Grouping
    evidence: pl.DataFrame
    others_only: bool = False


def _table(examples: pl.DataFrame, task: Task) -> pl.DataFrame:
    """`examples` with a row number, `verified`, and sets of labels in their one spelling."""
    table = examples.with_row_index("row").with_columns(
        pl.col("text", "given", "suggested", "metadata").cast(pl.String)
    )
    if "verified" not in table.columns:
        table = table.with_columns(verified=pl.lit(value=False))
    if task is not Task.MULTI_LABEL:
        return table
    spelled = {
        side: [encode_output(task, decode_output(task, labels)) for labels in table[side]]
        for side in ("given", "suggested")
    }
    return table.with_columns(pl.DataFrame(spelled, dict.fromkeys(spelled, pl.String)))


def _trials(table: pl.DataFrame, task: Task, neighbours: Rows | None) -> Iterator[_Trial]:
    taking_part = pl.col("given").is_not_null() & pl.col("suggested").is_not_null()
    evidence = _evidence(table.filter(taking_part), task)
    values = by_metadata(table["metadata"], _FEWEST_ROWS)
    text = table.select(pl.when(taking_part).then("text")).to_series()
    keywords = by_keyword(text, _FEWEST_ROWS)
    yield _Trial(_with_each_label(values, evidence, task), evidence)
    yield _Trial(keywords, evidence)
    if "cluster" in table.columns:
        topic = table.select(pl.when(taking_part).then("cluster")).to_series()
        yield _Trial(by_topic(topic, keywords, _FEWEST_ROWS), evidence)
    if neighbours is not None and neighbours.size:
        yield from _compared_with_others(table, task, values, neighbours)


def _evidence(table: pl.DataFrame, task: Task) -> pl.DataFrame:
    judged = ~pl.col("verified").fill_null(value=False)
    evidence = table.select(
        "row",
        "example_id",
        "given",
        "suggested",
        judged=judged,
        wrong=judged & (pl.col("given") != pl.col("suggested")),
    )
    return evidence.with_columns(stratum=_strata(evidence, task))


def _strata(evidence: pl.DataFrame, task: Task) -> pl.Series:
    """What each example is compared within: its label, of several the one most often in doubt."""
    if task is not Task.MULTI_LABEL:
        return evidence["given"]
    labels = [decode_output(task, given) or [""] for given in evidence["given"]]
    each = evidence.select(
        "row", "judged", "wrong", label=pl.Series(labels, dtype=pl.List(pl.String))
    ).explode("label")
    share = pl.col("wrong").sum().over("label") / pl.col("judged").sum().over("label")
    hardest = (
        each.with_columns(share=share.fill_nan(0))
        .sort("row", "share", "label", descending=[False, True, False])
        .unique("row", keep="first", maintain_order=True)
    )
    return hardest["label"]


def _with_each_label(values: Grouping, evidence: pl.DataFrame, task: Task) -> Grouping:
    """The groups, and each of them with each given label."""
    labels = [f"labelled {_in_words(given, task)}" for given in evidence["given"]]
    parts = evidence.select("row", part=pl.Series(labels, dtype=pl.String))
    return with_parts(values, parts, _FEWEST_ROWS)


def _compared_with_others(
    table: pl.DataFrame, task: Task, values: Grouping, neighbours: Rows
) -> Iterator[_Trial]:
    """Metadata by facet, each example judged by its nearest neighbours from other values only.

    At most 50 facets, those of the fewest values: people and sources have habits, and they are
    few. Ranges of numbers have none; what is long has long neighbours.
    """
    names = table["given"].drop_nulls().unique().sort()
    codes = table["given"].cast(pl.Enum(names)).to_physical().cast(pl.Int64)
    given = codes.fill_null(-1).to_numpy()
    shared = values.members.join(values.groups, on="group")
    shared = shared.filter(~pl.col("facet").str.starts_with(RANGE))
    large = shared.filter(pl.len().over("group") >= _FEWEST_ROWS_COMPARED)
    facets = large.group_by("facet").agg(values=pl.col("group").n_unique())
    for facet in facets.sort("values", "facet")["facet"].head(_MOST_FACETS_COMPARED):
        parts = shared.filter(facet=facet)
        value = np.full(table.height, -1, dtype=np.int64)
        value[parts["row"].to_numpy()] = parts["group"].to_numpy()
        vote, voters = _vote_of_others(given, value, neighbours)
        told = (given >= 0) & (value >= 0) & (voters >= _FEWEST_VOTERS)
        judged = table.filter(told).with_columns(suggested=names.gather(vote[told]))
        evidence = _evidence(judged, task)
        grouping = grouped(values.by, large.filter(facet=facet).select("row", "facet", "name"))
        yield _Trial(_with_each_label(grouping, evidence, task), evidence, others_only=True)


def _vote_of_others(given: Rows, value: Rows, neighbours: Rows) -> tuple[Rows, Rows]:
    """The commonest label among labelled neighbours of another value, and how many those are.

    Of labels equally common the example's own counts, then the nearest neighbour's.
    """
    labels = given[neighbours]
    votes = (labels >= 0) & (value[neighbours] != value[:, None])
    counts = np.zeros(labels.shape, dtype=np.int64)
    for rank in range(labels.shape[1]):
        counts += votes[:, rank, None] & (labels == labels[:, rank, None])
    rating = np.where(votes, 2 * counts + (labels == given[:, None]), -1)
    best = rating.argmax(axis=1)
    return labels[np.arange(len(labels)), best], votes.sum(axis=1)


def _score(trial: _Trial) -> pl.DataFrame:
    """`group, trials, disagree, expected, ratio, p_value` of every group that is large enough."""
    judged = trial.evidence.filter("judged")
    overall = judged.group_by("stratum").agg(all=pl.len(), all_wrong=pl.col("wrong").sum())
    inside = (
        trial.grouping.members.join(judged.select("row", "stratum", "wrong"), on="row")
        .group_by("group", "stratum")
        .agg(count=pl.len(), wrong=pl.col("wrong").sum())
        .join(overall, on="stratum")
        .sort("group", "stratum")  # sums of floats depend on the order
    )
    share = pl.col("count") / pl.col("all")
    scores = (
        inside.group_by("group", maintain_order=True)
        .agg(
            trials=pl.col("count").sum().cast(pl.Int64),
            disagree=pl.col("wrong").sum().cast(pl.Int64),
            labels=pl.len(),
            all=pl.col("all").first().cast(pl.Int64),
            all_wrong=pl.col("all_wrong").first().cast(pl.Int64),
            expected=(share * pl.col("all_wrong")).sum().round(9),
            inward=(pl.col("wrong") * (1 - share)).sum().round(9),
            outward=((pl.col("all_wrong") - pl.col("wrong")) * share).sum().round(9),
        )
        .filter(pl.col("trials") >= _FEWEST_ROWS)
    )
    return scores.select(
        "group",
        "disagree",
        "expected",
        ratio=(pl.col("inward") / pl.col("outward")).fill_nan(0),
        p_value=_chances(scores),
    )


def _chances(scores: pl.DataFrame) -> pl.Series:
    """P(as many disagreements or more) of each group, Float64; exact where it has one stratum."""
    count, wrong, mean, labels, every, every_wrong = (
        scores[name].to_numpy()
        for name in ("trials", "disagree", "expected", "labels", "all", "all_wrong")
    )
    exact = hypergeom.sf(wrong - 1, every, every_wrong, count)
    bound = binom.sf(wrong - 1, count, mean / count)
    return pl.Series(np.where(labels == 1, exact, bound), dtype=pl.Float64)


def _distinct(
    found: pl.DataFrame, trials: list[_Trial], rows: int
) -> list[tuple[dict[str, Any], pl.DataFrame]]:
    """Score and evidence of the strongest slices, none of which repeats a stronger one."""
    kept: list[tuple[dict[str, Any], pl.DataFrame]] = []
    held = _members(found, trials)
    taken = np.zeros((2, _MOST_SLICES, rows), dtype=np.bool_)
    strongest = found.sort("p_value", pl.col("expected") - pl.col("disagree"), "trial", "group")
    for score in strongest.iter_rows(named=True):
        members = held[score["trial"], score["group"]]
        own, wrong = (part["row"].to_numpy() for part in (members, members.filter("wrong")))
        sizes = np.array([[part.height, other["disagree"]] for other, part in kept]).reshape(-1, 2)
        if not _repeats(taken[:, : len(kept)], sizes, own, wrong):
            taken[0, len(kept), own] = True
            taken[1, len(kept), wrong] = True
            kept.append((score, members))
        if len(kept) == _MOST_SLICES:
            break
    return kept


def _members(found: pl.DataFrame, trials: list[_Trial]) -> dict[tuple[object, ...], pl.DataFrame]:
    """The evidence on the members of each slice found, by trial and group."""
    parts = [
        trial.grouping.members.join(found.filter(trial=number), on="group", how="semi")
        .join(trial.evidence, on="row")
        .with_columns(trial=pl.lit(number))
        .sort("group", "row")
        for number, trial in enumerate(trials)
    ]
    return pl.concat(parts).partition_by("trial", "group", as_dict=True)


def _repeats(taken: NDArray[np.bool_], counts: Rows, own: Rows, wrong: Rows) -> bool:
    """Whether the rows `own`, of which `wrong` disagree, say nothing new after stronger slices.

    Theirs are `taken` [2, slices, n], as many as `counts` [slices, 2]. Nothing new are nearly the
    same rows, or disagreements in the same place that are not twice as dense.
    """
    sizes, disagree = counts.T
    both = taken[0][:, own].sum(axis=1)
    same = both >= _ALIKE * (sizes + len(own) - both)
    inside = taken[1][:, wrong].sum(axis=1) >= _ALIKE * len(wrong)
    denser = len(wrong) * sizes >= _LEAST_RATIO * len(own) * disagree
    return bool(np.any(same | (inside & ~denser)))


def _described(
    score: dict[str, Any], members: pl.DataFrame, trial: _Trial, task: Task
) -> dict[str, Any]:
    """A row of SLICE_SCHEMA."""
    by = trial.grouping.by
    facet, name = trial.grouping.groups.filter(group=score["group"]).row(0)[1:]
    kinds = members.filter("wrong").group_by("given", "suggested").len()
    commonest = kinds.sort("len", "given", "suggested", descending=[True, False, False])
    given, suggested, count = commonest.row(0)
    if count == 1:
        given = suggested = None
    kind = pl.col("wrong") & pl.col("given").eq(given) & pl.col("suggested").eq(suggested)
    ordered = members.sort(kind, "wrong", descending=True, nulls_last=True, maintain_order=True)
    content = members["example_id"].to_list() if by == "topic" else [facet, name]
    identity = canonical_json([by, trial.others_only, content])
    shown = name if len(name) <= _SHOWN else name[: _SHOWN - 1] + "…"
    return {
        "slice_id": hashlib.blake2b(identity.encode(), digest_size=12).hexdigest(),
        "by": by,
        "name": shown,
        "given": given,
        "suggested": suggested,
        "size": members.height,
        "disagree": score["disagree"],
        "expected": round(score["expected"], _DIGITS),
        "excess": round(score["disagree"] - score["expected"], _DIGITS),
        "ratio": None if isinf(score["ratio"]) else round(score["ratio"], _DIGITS),
        "p_value": score["p_value"],
        "q_value": score["q_value"],
        "reason": _reason(trial, shown, members.height, score, commonest, task),
        "example_ids": ordered["example_id"].to_list(),
    }


def _reason(
    trial: _Trial,
    name: str,
    size: int,
    score: dict[str, Any],
    kinds: pl.DataFrame,
    task: Task,
) -> str:
    """What was seen, as a sentence. `kinds` counts the disagreements, the commonest first."""
    given, suggested, count = kinds.row(0)
    kind = f"{_in_words(suggested, task)} where {_in_words(given, task)} is given"
    if count == score["disagree"]:
        seen = kind
    else:
        seen = "another label than the one given"
        seen += f" ({count} times {kind})" if count > 1 else ""
    where = f"of the {name}" if trial.grouping.by == "topic" else f"with {name}"
    witness = "the model expects"
    if trial.others_only:
        witness = "the nearest examples, compared with examples from other values only, have"
    usual = f"{score['expected']:.0f}" if score["expected"] >= 1 else "less than one"
    return (
        f"In {score['disagree']} of {size} examples {where} {witness} {seen}; "
        f"by the labels alone one would expect {usual}."
    )


def _in_words(output: str, task: Task) -> str:
    """A stored output as people write it."""
    return (
        ", ".join(decode_output(task, output)) or "no label" if task is Task.MULTI_LABEL else output
    )
