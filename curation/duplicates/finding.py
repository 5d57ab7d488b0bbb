"""All similar pairs of a dataset: of all its examples, or of those that are new."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from curation.duplicates.guard import are_twins
from curation.duplicates.keys import AS_EVER, Form
from curation.duplicates.lexical import lexical_vectors
from curation.duplicates.texts import FOUND_SCHEMA, PAIR_SCHEMA, Texts, distinct, folded
from curation.errors import TamisError, WrongUse
from curation.records import PairKind, Progress
from curation.similarity import Rows, Search, Vectors, pairs_recall, similar_rows

SEARCHES_SCHEMA = {
    "channel": pl.String,
    "method": pl.String,
    "rows": pl.Int64,
    "cells": pl.Int64,
    "threshold": pl.Float64,
    "recall": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}
"""How pairs were looked for: a row per channel (`embedding`, `lexical`) and threshold at which the
share of pairs found was measured; `method` is `exact` or `cells` (see similarity.Search)."""

MAX_PAIRS = 10_000_000
"""More near pairs than people or memory can bear; a sign that the floor is too low for the data."""

_AT_ONCE = 8192
_ROUNDING = 1e-5
_Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Known:
    """What an earlier search with the same settings found."""

    pairs: pl.DataFrame
    """FOUND_SCHEMA."""
    texts: pl.Series
    """Ids of the examples that were compared, one for each text."""
    exact: bool
    """Whether nothing can have been missed."""


_NOTHING = Known(pl.DataFrame(schema=FOUND_SCHEMA), pl.Series([], dtype=pl.String), exact=True)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found."""

    pairs: pl.DataFrame
    """FOUND_SCHEMA, example_id < other_id, sorted."""
    texts: pl.Series
    """Ids of the examples that were compared, one for each text; for the next `Known`."""
    searches: pl.DataFrame
    """SEARCHES_SCHEMA."""
    exact: bool
    """Whether nothing can have been missed."""

    @property
    def known(self) -> Known:
        """For the next search, once more examples have come."""
        return Known(self.pairs, self.texts, self.exact)


class _Channel:
    """One way in which texts can be alike: the cosine of one vector for each side."""

    def __init__(
        self, name: str, sides: Sequence[Vectors], same: Sequence[Rows], of: Texts
    ) -> None:
        """`same`, where there are two sides: equal numbers mean that the side is the same text."""
        self.name, self.sides, self.same = name, sides, same
        self.first_new, self.copy_of = of.first_new, of.copy_of

    @cached_property
    def joint(self) -> Vectors:
        """A vector whose cosine is the mean over the sides, and so no less than the lowest."""
        if len(self.sides) == 1:
            return self.sides[0]
        scale = np.float32(len(self.sides) ** -0.5)
        return np.concatenate([side * scale for side in self.sides], axis=1)

    def search(self, floor: float) -> Iterator[tuple[int, Rows, Rows]]:
        """Yield (rows done, left, right) of pairs that reach the floor on every side, no copies."""
        slack = _ROUNDING if len(self.sides) > 1 else 0.0
        for done, one, other, _ in similar_rows(self.joint, floor - slack, self.first_new):
            apart = self.copy_of[one] != self.copy_of[other]
            left, right = one[apart], other[apart]
            kept = self.value(left, right) >= np.float32(floor)
            yield done, left[kept], right[kept]

    def value(self, left: Rows, right: Rows) -> Vectors:
        """The cosine of each pair, of the side where it is lowest; float32 [pairs], at most 1."""
        lowest = np.ones(len(left), dtype=np.float32)
        for number, side in enumerate(self.sides):
            for top in range(0, len(left), _AT_ONCE):
                part = slice(top, top + _AT_ONCE)
                cosine = np.einsum("ij,ij->i", side[left[part]], side[right[part]])
                if self.same:
                    equal = self.same[number][left[part]] == self.same[number][right[part]]
                    cosine[equal] = 1
                lowest[part] = np.minimum(lowest[part], cosine)
        return lowest

    def recall(
        self, found: tuple[Rows, Rows], threshold: float, *, exact: bool
    ) -> dict[str, object]:
        """A row of SEARCHES_SCHEMA: what share of the pairs at the threshold was found.

        `found` are the pairs as numbers of `copy_of`.
        """
        rows = len(self.joint)
        search = Search.of_pairs(rows, 0 if exact else self.first_new)
        if exact or rows < 2:
            search = Search("exact", rows, 0, 1.0, None)
        else:
            cells = Search("cells", rows, search.cells or Search.of_pairs(rows).cells, None, None)
            search = pairs_recall(cells, self.joint, threshold, found, copy_of=self.copy_of)
        low, high = search.interval or (search.recall, search.recall)
        return {
            "channel": self.name,
            "method": search.method,
            "rows": rows,
            "cells": search.cells,
            "threshold": threshold,
            "recall": search.recall,
            "low": low,
            "high": high,
        }


def find_pairs(
    examples: pl.DataFrame, vectors: Vectors, floor: float, progress: _Report | None = None
) -> pl.DataFrame:
    """The pairs of `search_pairs` that are exact copies or whose cosine is at least `floor`.

    Returns PAIR_SCHEMA, sorted.
    """
    found = _search(examples, (vectors,), floor, progress, AS_EVER, None, lexical=False)
    return found[0].pairs.select(*PAIR_SCHEMA)


def search_pairs(
    examples: pl.DataFrame,
    vectors: Vectors,
    floor: float,
    progress: _Report | None = None,
    *,
    answers: Vectors | None = None,
    form: Form = AS_EVER,
    known: Known | None = None,
    thresholds: Sequence[float] = (),
    lexical_threshold: float | None = None,
) -> Found:
    """All pairs of examples that are exact copies, or alike in meaning or in spelling.

    `examples` has `example_id` and `text` (strings, ids unique; null: not compared); `vectors` is
    float32 [n, d], row for row theirs, L2-normalised. With `answers`, vectors too, `examples` has
    `answer`, and two examples are as alike as the less similar of their texts and their answers.
    `form`: what makes a text another text; see the head of this package for which pairs stand for
    a group of exact copies. A pair is found where either cosine, of the embeddings or of the
    `lexical_vectors`, is at least `floor`; it has both. Kind `near-twin`: the texts are alike, but
    the guard (`why_not_duplicate`) found a difference that matters.

    With `known`, of a search with the same settings, only new texts are compared, with each other
    and with the old ones. The result is that of one search of all examples, as long as searches
    are exact. Where a text that was compared then is gone, everything is compared anew.

    What is surely found and what may be missed says `similar_rows`; where it may, the share that
    was found is measured at each of the `thresholds`, and at `lexical_threshold` for spelling.
    Raises WrongUse where the arguments do not fit, and TamisError where more than MAX_PAIRS pairs
    reach the floor.
    """
    sides = (vectors,) if answers is None else (vectors, answers)
    found, texts, channels = _search(examples, sides, floor, progress, form, known, lexical=True)
    asked = {"embedding": thresholds, "lexical": [lexical_threshold or floor]}
    near = found.pairs.filter(pl.col("kind") != PairKind.EXACT.value)
    measured = []
    for channel in channels:
        value = "similarity" if channel.name == "embedding" else "lexical"
        for threshold in sorted({max(one, floor) for one in asked[channel.name]} or {floor}):
            reached = near.filter(pl.col(value) >= threshold)
            ends = texts.numbers(reached)
            measured.append(channel.recall(ends, threshold, exact=found.exact))
    return replace(found, searches=pl.DataFrame(measured, schema=SEARCHES_SCHEMA))


def _search(
    examples: pl.DataFrame,
    vectors: tuple[Vectors, ...],
    floor: float,
    progress: _Report | None,
    form: Form,
    known: Known | None,
    *,
    lexical: bool,
) -> tuple[Found, Texts, list[_Channel]]:
    if any(len(side) != examples.height for side in vectors) or (
        examples["example_id"].n_unique() != examples.height
    ):
        raise WrongUse(
            f"{examples.height} examples need as many vectors ({len(vectors[0])}) and distinct ids."
        )
    if not 0 < floor <= 1:
        raise WrongUse(f"The lowest similarity must lie above 0 and up to 1, not at {floor}.")
    if known is None or not known.texts.is_in(examples["example_id"].implode()).all():
        known = _NOTHING
    copies, texts = distinct(examples, vectors, form, known.texts)
    channels = _channels(texts, lexical=lexical)
    old = known.pairs.filter(pl.col("kind") != PairKind.EXACT.value).select(*FOUND_SCHEMA)
    new = _near_pairs(texts, channels, floor, old.height, progress)
    pairs = pl.concat([copies, folded([old, new], copies)]).sort("example_id", "other_id")
    exact = known.exact and Search.of_pairs(len(texts.ids), texts.first_new).method == "exact"
    return Found(pairs, texts.ids, pl.DataFrame(schema=SEARCHES_SCHEMA), exact), texts, channels


def _channels(texts: Texts, *, lexical: bool) -> list[_Channel]:
    both = len(texts.sides) > 1
    keys = texts.keys if both or lexical else ()
    same = [key.rank("dense").to_numpy().astype(np.int64) for key in keys] if both else []
    channels = [_Channel("embedding", texts.vectors, same, texts)]
    if lexical:
        spelled = [lexical_vectors(key.to_list()) for key in keys]
        channels.append(_Channel("lexical", spelled, same, texts))
    return channels


def _near_pairs(
    texts: Texts, channels: list[_Channel], floor: float, count: int, progress: _Report | None
) -> pl.DataFrame:
    """Near pairs and near-twins of a new text with any other; `count` are known already."""
    found: list[tuple[Rows, Rows]] = []
    total = len(texts.ids)
    for number, channel in enumerate(channels):
        for done, left, right in channel.search(floor):
            found.append((left, right))
            count += len(left)
            if count > MAX_PAIRS:
                raise TamisError(
                    f"More than {MAX_PAIRS:,} pairs of examples are at least {floor} similar.",
                    "The texts share a template: raise the lowest similarity (pair_floor).",
                )
            if progress is not None:
                share = (number * total + done) // len(channels)
                progress(Progress("duplicates", share, total))
    keys = [left * total + right for left, right in found]
    left, right = np.divmod(
        np.unique(np.concatenate(keys or [np.empty(0, np.int64)])), max(1, total)
    )
    twins = are_twins(texts.sides, left, right, texts.form)
    values = [channel.value(left, right) for channel in channels]
    return pl.DataFrame(
        {
            "example_id": texts.ids.gather(left),
            "other_id": texts.ids.gather(right),
            "similarity": values[0],
            "kind": np.where(twins, PairKind.NEAR_TWIN.value, PairKind.NEAR.value),
            "lexical": values[1] if len(values) > 1 else None,
        },
        schema=FOUND_SCHEMA,
    )
