"""All similar pairs of a dataset: of all its examples, or of those that are new."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curation.duplicates.keys import AS_EVER, Form, exact_key
from curation.duplicates.lexical import lexical_vectors
from curation.errors import TamisError, WrongUse
from curation.records import PairKind, Progress
from curation.similarity import Rows, Search, Vectors, pairs_recall, similar_rows
from curation.twins import difference, read

PAIR_SCHEMA = {
    "example_id": pl.String,
    "other_id": pl.String,
    "similarity": pl.Float32,
    "kind": pl.String,
}
"""What every pair has. `similarity` is the cosine of the embeddings, 1 for exact copies."""
FOUND_SCHEMA = {**PAIR_SCHEMA, "lexical": pl.Float32}
"""What `search_pairs` finds: `lexical` tells how alike the two are written (lexical_vectors)."""
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
_Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Known:
    """What an earlier search with the same settings found."""

    pairs: pl.DataFrame
    """FOUND_SCHEMA."""
    texts: pl.Series
    """Ids of the examples that were compared, one for each text."""
    exact: bool
    """Whether nothing can have been missed."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found."""

    pairs: pl.DataFrame
    """FOUND_SCHEMA, example_id < other_id, sorted."""
    texts: pl.Series
    """Ids of the examples that were compared, one for each text; for the next `Known`."""
    searches: pl.DataFrame
    """SEARCHES_SCHEMA."""

    @property
    def known(self) -> Known:
        """For the next search, once more examples have come."""
        return Known(self.pairs, self.texts, bool((self.searches["method"] == "exact").all()))


@dataclass(frozen=True, slots=True)
class _Texts:
    """The distinct texts of a dataset; those that were compared before come first."""

    ids: pl.Series
    sides: tuple[pl.Series, ...]
    """What is compared of each text: the question, the answer, or both."""
    vectors: tuple[Vectors, ...]
    """An embedding for each side, row by row."""
    first_new: int
    form: Form
    own_keys: tuple[pl.Series, ...]
    """Each side in the form that makes it another text."""

    @property
    def keys(self) -> tuple[pl.Series, ...]:
        """Each side with case and punctuation folded, whatever the form."""
        if self.form == AS_EVER:
            return self.own_keys
        return tuple(
            pl.Series("key", [exact_key(text) for text in side], dtype=pl.String)
            for side in self.sides
        )


class _Channel:
    """One way in which texts can be alike: the cosine of one vector for each side."""

    def __init__(
        self, name: str, sides: Sequence[Vectors], same: Sequence[Rows], first_new: int
    ) -> None:
        """`same`, where there are two sides: equal numbers mean that the side is the same text."""
        self.name, self.sides, self.same, self.first_new = name, sides, same, first_new

    @cached_property
    def joint(self) -> Vectors:
        """A vector whose cosine is the mean over the sides, and so no less than the lowest."""
        if len(self.sides) == 1:
            return self.sides[0]
        scale = np.float32(len(self.sides) ** -0.5)
        return np.concatenate([side * scale for side in self.sides], axis=1)

    def search(self, floor: float) -> Iterator[tuple[int, Rows, Rows]]:
        """Yield (rows done, left, right) of pairs that may reach the floor on every side."""
        slack = _ROUNDING if len(self.sides) > 1 else 0.0
        for done, left, right, _ in similar_rows(self.joint, floor - slack, self.first_new):
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
        """A row of SEARCHES_SCHEMA: what share of the pairs at the threshold was found."""
        rows = len(self.joint)
        search = Search.of_pairs(rows, 0 if exact else self.first_new)
        if exact or rows < 2:
            search = Search("exact", rows, 0, 1.0, None)
        else:
            cells = Search("cells", rows, search.cells or Search.of_pairs(rows).cells, None, None)
            search = pairs_recall(cells, self.joint, threshold, found)
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
    are exact: which example stands for a group of copies depends on the group alone, and where a
    new one takes over (its id is smaller), it counts as a new text.

    What is surely found and what may be missed says `similar_rows`; where it may, the share that
    was found is measured at each of the `thresholds`, and at `lexical_threshold` for spelling.
    Raises WrongUse where the arguments do not fit, and TamisError where more than MAX_PAIRS pairs
    reach the floor.
    """
    sides = (vectors,) if answers is None else (vectors, answers)
    found, channels, exact = _search(examples, sides, floor, progress, form, known, lexical=True)
    asked = {"embedding": thresholds, "lexical": [lexical_threshold or floor]}
    near = found.pairs.filter(pl.col("kind") != PairKind.EXACT.value)
    measured = []
    for channel in channels:
        value = "similarity" if channel.name == "embedding" else "lexical"
        for threshold in sorted({max(one, floor) for one in asked[channel.name]} or {floor}):
            reached = near.filter(pl.col(value) >= threshold)
            rows = _rows_of(found.texts, reached)
            measured.append(channel.recall((rows[0], rows[1]), threshold, exact=exact))
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
) -> tuple[Found, list[_Channel], bool]:
    if any(len(side) != examples.height for side in vectors) or (
        examples["example_id"].n_unique() != examples.height
    ):
        raise WrongUse(
            f"{examples.height} examples need as many vectors ({len(vectors[0])}) and distinct ids."
        )
    if not 0 < floor <= 1:
        raise WrongUse(f"The lowest similarity must lie above 0 and up to 1, not at {floor}.")
    exact_pairs, texts = _distinct(examples, vectors, form, known)
    channels = _channels(texts, lexical=lexical)
    old = _kept(known, texts)
    new = _near_pairs(texts, channels, floor, old.height, progress)
    pairs = pl.concat([exact_pairs, old, new]).sort("example_id", "other_id")
    exact = (known is None or known.exact or not texts.first_new) and (
        Search.of_pairs(len(texts.ids), texts.first_new).method == "exact"
    )
    return Found(pairs, texts.ids, pl.DataFrame(schema=SEARCHES_SCHEMA)), channels, exact


def _distinct(
    examples: pl.DataFrame, vectors: tuple[Vectors, ...], form: Form, known: Known | None
) -> tuple[pl.DataFrame, _Texts]:
    """Exact pairs, and one example for each text: the one with the smallest id."""
    names = ["text", "answer"][: len(vectors)]
    rows = examples.select("example_id", *names).with_row_index("row")
    rows = rows.drop_nulls(names).sort("example_id")
    for name in names:
        keys = [exact_key(text, form) for text in rows[name]]
        rows = rows.with_columns(pl.Series(f"{name}_key", keys, dtype=pl.String))
    rows = rows.with_columns(
        first=pl.col("example_id").first().over([f"{name}_key" for name in names])
    )
    exact = rows.filter(pl.col("example_id") != pl.col("first")).select(
        example_id="first",
        other_id="example_id",
        similarity=pl.lit(1.0, pl.Float32),
        kind=pl.lit(PairKind.EXACT.value),
        lexical=pl.lit(1.0, pl.Float32),
    )
    searched = pl.Series([], dtype=pl.String) if known is None else known.texts
    texts = (
        rows.filter(pl.col("example_id") == pl.col("first"))
        .with_columns(new=~pl.col("example_id").is_in(searched.implode()))
        .sort("new", "example_id")
    )
    chosen = texts["row"].to_numpy()
    return exact, _Texts(
        ids=texts["example_id"],
        sides=tuple(texts[name] for name in names),
        vectors=tuple(side[chosen] for side in vectors),
        first_new=texts.height - int(texts["new"].sum()),
        form=form,
        own_keys=tuple(texts[f"{name}_key"] for name in names),
    )


def _channels(texts: _Texts, *, lexical: bool) -> list[_Channel]:
    both = len(texts.sides) > 1
    keys = texts.keys if both or lexical else ()
    same = [key.rank("dense").to_numpy().astype(np.int64) for key in keys] if both else []
    channels = [_Channel("embedding", texts.vectors, same, texts.first_new)]
    if lexical:
        spelled = [lexical_vectors(key.to_list()) for key in keys]
        channels.append(_Channel("lexical", spelled, same, texts.first_new))
    return channels


def _kept(known: Known | None, texts: _Texts) -> pl.DataFrame:
    """The known pairs of two texts for which the same examples still stand."""
    if known is None:
        return pl.DataFrame(schema=FOUND_SCHEMA)
    old = texts.ids.head(texts.first_new).implode()
    return known.pairs.filter(
        (pl.col("kind") != PairKind.EXACT.value)
        & pl.col("example_id").is_in(old)
        & pl.col("other_id").is_in(old)
    ).select(*FOUND_SCHEMA)


def _near_pairs(
    texts: _Texts, channels: list[_Channel], floor: float, count: int, progress: _Report | None
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
    # Old texts come first whatever their ids are.
    swap = pl.col("example_id") > pl.col("other_id")
    return pl.DataFrame(
        {
            "example_id": texts.ids.gather(left),
            "other_id": texts.ids.gather(right),
            "similarity": values[0],
            "kind": np.where(twins, PairKind.NEAR_TWIN.value, PairKind.NEAR.value),
            "lexical": values[1] if len(values) > 1 else None,
        },
        schema=FOUND_SCHEMA,
    ).with_columns(
        example_id=pl.when(swap).then("other_id").otherwise("example_id"),
        other_id=pl.when(swap).then("example_id").otherwise("other_id"),
    )


def are_twins(sides: Sequence[pl.Series], left: Rows, right: Rows, form: Form = AS_EVER) -> _Mask:
    """For each pair of rows: whether a difference on any side speaks against its being a duplicate.

    `sides` are what is compared of each row: strings, row by row.
    """
    twins = np.zeros(len(left), dtype=np.bool_)
    involved = np.unique(np.concatenate([left, right]))
    for side in sides:
        words = dict(zip(involved.tolist(), side.gather(involved), strict=True))
        readings = {row: read(text) for row, text in words.items()}
        folded = {} if form == AS_EVER else {r: exact_key(text) for r, text in words.items()}
        for place, (a, b) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
            if not twins[place]:
                kept_apart = bool(folded) and words[a] != words[b] and folded[a] == folded[b]
                twins[place] = (
                    kept_apart and exact_key(words[a], form) != exact_key(words[b], form)
                ) or (difference(readings[a], readings[b]) is not None)
    return twins


def _rows_of(texts: pl.Series, pairs: pl.DataFrame) -> Rows:
    """Rows of both ends of the pairs among the texts, int64 [2, pairs], the smaller first."""
    places = pl.DataFrame({"id": texts}).with_row_index("place")
    ends = [
        pairs.select(id=side).join(places, on="id", how="left", maintain_order="left")["place"]
        for side in ("example_id", "other_id")
    ]
    return np.sort(np.stack([end.to_numpy().astype(np.int64) for end in ends]), axis=0)
