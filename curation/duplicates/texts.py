"""The distinct texts among examples, and pairs of them folded to pairs of what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from curation.duplicates.keys import AS_EVER, Form, exact_key
from curation.records import PairKind
from curation.similarity import Rows, Vectors

PAIR_SCHEMA = {
    "example_id": pl.String,
    "other_id": pl.String,
    "similarity": pl.Float32,
    "kind": pl.String,
}
"""What every pair has. `similarity` is the cosine of the embeddings, 1 for exact copies."""
FOUND_SCHEMA = {**PAIR_SCHEMA, "lexical": pl.Float32}
"""What `search_pairs` finds: `lexical` tells how alike the two are written (lexical_vectors)."""


@dataclass(frozen=True, slots=True)
class Texts:
    """All that are written differently; those that were compared before come first."""

    ids: pl.Series
    """One example for each."""
    heads: pl.Series
    """Of each the first of its exact copies, by id: texts that say the same share it."""
    sides: tuple[pl.Series, ...]
    """What is compared of each text: the question, the answer, or both."""
    vectors: tuple[Vectors, ...]
    """An embedding for each side, row by row."""
    first_new: int
    form: Form
    own_keys: tuple[pl.Series, ...]
    """Each side in the form that makes it another text."""

    @property
    def copy_of(self) -> Rows:
        """Number of each one's head, int64 [texts]."""
        found: Rows = self.heads.rank("dense").to_numpy().astype(np.int64)
        return found

    def numbers(self, pairs: pl.DataFrame) -> tuple[Rows, Rows]:
        """`copy_of` of both ends of pairs of heads, the smaller first, int64 [pairs] each."""
        heads = self.heads.unique().sort()
        places = pl.DataFrame({"head": heads}).with_row_index("number", offset=1)
        left, right = (
            pairs.select(head=side)
            .join(places, on="head", how="left", maintain_order="left")["number"]
            .to_numpy()
            .astype(np.int64)
            for side in ("example_id", "other_id")
        )
        return left, right

    @property
    def keys(self) -> tuple[pl.Series, ...]:
        """Each side with case and punctuation folded, whatever the form."""
        if self.form == AS_EVER:
            return self.own_keys
        return tuple(
            pl.Series("key", [exact_key(text) for text in side], dtype=pl.String)
            for side in self.sides
        )


def distinct(
    examples: pl.DataFrame, vectors: tuple[Vectors, ...], form: Form, known: pl.Series
) -> tuple[pl.DataFrame, Texts]:
    """Exact pairs (FOUND_SCHEMA), a star around the smallest id of each key; and the texts.

    `examples` has `example_id`, `text`, and `answer` where there are two sides of vectors. `known`:
    ids of the texts that were compared before, which stand for all that are written alike.
    """
    names = ["text", "answer"][: len(vectors)]
    rows = examples.select("example_id", *names).with_row_index("row").drop_nulls(names)
    rows = rows.with_columns(new=~pl.col("example_id").is_in(known.implode()))
    rows = rows.sort("new", "example_id")
    for name in names:
        keys = [exact_key(text, form) for text in rows[name]]
        rows = rows.with_columns(pl.Series(f"{name}_key", keys, dtype=pl.String))
    of = [f"{name}_key" for name in names]
    rows = rows.with_columns(first=pl.col("example_id").min().over(of))
    copies = rows.filter(pl.col("example_id") != pl.col("first"))
    texts = rows.filter(pl.struct(names).is_first_distinct())
    chosen = texts["row"].to_numpy()
    return exact_pairs(copies.select("first", "example_id")), Texts(
        ids=texts["example_id"],
        heads=texts["first"],
        sides=tuple(texts[name] for name in names),
        vectors=tuple(side[chosen] for side in vectors),
        first_new=texts.height - int(texts["new"].sum()),
        form=form,
        own_keys=tuple(texts[key] for key in of),
    )


def exact_pairs(copies: pl.DataFrame) -> pl.DataFrame:
    """FOUND_SCHEMA from `first` and `example_id`, a copy of it."""
    one = pl.lit(1.0, pl.Float32)
    return copies.select(
        example_id="first",
        other_id="example_id",
        similarity=one,
        kind=pl.lit(PairKind.EXACT.value),
        lexical=one,
    )


def folded(pairs: Sequence[pl.DataFrame], exact: pl.DataFrame) -> pl.DataFrame:
    """Near pairs and near-twins between the first examples of the keys, each pair once.

    `pairs` (FOUND_SCHEMA) may name any example of a key, `exact` ties each to the first. Of several
    pairs that become one, the highest similarities count; one that the guard kept apart keeps all
    apart. Those between two copies are left out.
    """
    found = pl.concat(pairs)
    first = exact.select("other_id", first="example_id")
    for side in ("example_id", "other_id"):
        moved = found.select(other_id=side).join(
            first, on="other_id", how="left", maintain_order="left"
        )
        found = found.with_columns(moved.select(pl.coalesce("first", "other_id").alias(side)))
    found = found.filter(pl.col("example_id") != pl.col("other_id")).with_columns(
        example_id=pl.min_horizontal("example_id", "other_id"),
        other_id=pl.max_horizontal("example_id", "other_id"),
    )
    twin = pl.lit(PairKind.NEAR_TWIN.value)
    return (
        found.group_by("example_id", "other_id")
        .agg(
            pl.col("similarity").max(),
            kind=pl.when((pl.col("kind") == twin).any())
            .then(twin)
            .otherwise(pl.lit(PairKind.NEAR.value)),
            lexical=pl.col("lexical").max(),
        )
        .select(*FOUND_SCHEMA)
    )
