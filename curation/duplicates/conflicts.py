"""Nearly the same input, another output."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from curation.duplicates.graph import TextGraph, text_graph
from curation.records import PairKind


def conflicts(
    pairs: pl.DataFrame, outputs: pl.DataFrame, threshold: float, lexical: float | None = None
) -> pl.DataFrame:
    """Duplicates whose outputs differ: PAIR_SCHEMA with `output` and `other_output`, sorted.

    `outputs` has `example_id` and `output` (string; null: none, which conflicts with nothing).
    Only exact and near pairs that are `alike` count. Each exact copy is
    paired with the first copy, by id, that says otherwise; near texts are compared through their
    first copy that has an output. So every contradiction shows, and every copy concerned, without
    all the copies being paired with one another.
    """
    graph = text_graph(pairs)
    said = pl.DataFrame({"example_id": graph.ids}).join(
        outputs.select("example_id", "output"),
        on="example_id",
        how="left",
        maintain_order="left",
    )
    return conflicts_in(graph, said["output"], threshold, lexical)


def conflicts_in(
    graph: TextGraph, outputs: pl.Series, threshold: float, lexical: float | None = None
) -> pl.DataFrame:
    """As `conflicts`, from the graph of the pairs; `outputs` (String) in the order of its ids."""
    numbered = pl.concat([_of_copies(graph, outputs), _of_near(graph, outputs, threshold, lexical)])
    ids = graph.ids
    return (
        numbered.select(
            example_id=ids.gather(numbered["one"]),
            other_id=ids.gather(numbered["other"]),
            similarity="similarity",
            kind="kind",
            output=outputs.gather(numbered["one"]),
            other_output=outputs.gather(numbered["other"]),
        )
        .unique(["example_id", "other_id"])
        .sort("example_id", "other_id")
    )


def _of_copies(graph: TextGraph, outputs: pl.Series) -> pl.DataFrame:
    """Each copy with the first that says otherwise: numbers `one < other`, `similarity, kind`."""
    several = np.flatnonzero((np.bincount(graph.text_of) > 1)[graph.text_of])
    given = pl.DataFrame(
        {"number": several, "text": graph.text_of[several], "output": outputs.gather(several)}
    ).drop_nulls("output")
    voices = given.unique(["text", "output"], keep="first", maintain_order=True)
    return (
        given.join(voices, on="text", suffix="_other", maintain_order="left_right")
        .filter(pl.col("output") != pl.col("output_other"))
        .unique("number", keep="first", maintain_order=True)
        .select(
            one=pl.min_horizontal("number", "number_other"),
            other=pl.max_horizontal("number", "number_other"),
            similarity=pl.lit(1.0, pl.Float32),
            kind=pl.lit(PairKind.EXACT.value),
        )
    )


def _of_near(
    graph: TextGraph, outputs: pl.Series, threshold: float, lexical: float | None
) -> pl.DataFrame:
    """Near texts through their first copies that have an output; columns as of `_of_copies`."""
    voice = np.full(len(graph.ids), -1, dtype=np.int64)
    given = np.flatnonzero(outputs.is_not_null())[::-1]
    voice[graph.text_of[given]] = given  # of several the last one stays, which is the first copy
    kept = graph.edges(threshold, lexical)
    one, other = voice[graph.left[kept]], voice[graph.right[kept]]
    known = (one >= 0) & (other >= 0)
    one, other, similarity = one[known], other[known], graph.similarity[kept][known]
    differ = (outputs.gather(one) != outputs.gather(other)).to_numpy()
    return pl.DataFrame(
        {
            "one": np.minimum(one, other)[differ],
            "other": np.maximum(one, other)[differ],
            "similarity": similarity[differ],
        }
    ).with_columns(kind=pl.lit(PairKind.NEAR.value))


def groups_among(
    graph: TextGraph, ids: pl.Series, threshold: float, lexical: float | None = None
) -> pl.DataFrame:
    """Examples that hang together through duplicates among themselves: `example_id, group`.

    One row for each of `ids` (String, distinct); `group` is the smallest of the ids in it.
    """
    places = pl.DataFrame({"example_id": graph.ids}).with_row_index("place")
    found = pl.DataFrame({"example_id": ids}).join(places, on="example_id", how="left")
    known = found.drop_nulls("place")
    texts = graph.text_of[known["place"].to_numpy()]
    among = np.zeros(len(graph.ids), dtype=np.bool_)
    among[texts] = True
    kept = graph.edges(threshold, lexical) & among[graph.left] & among[graph.right]
    ends = graph.left[kept], graph.right[kept]
    edges = coo_array((np.ones(len(ends[0])), ends), shape=(len(among),) * 2)
    part = connected_components(edges, directed=False)[1][texts]
    parts = known.select("example_id", part=pl.Series(part, dtype=pl.Int64))
    return (
        found.join(parts, on="example_id", how="left")
        .select(
            "example_id",
            group=pl.when(pl.col("part").is_null())
            .then("example_id")
            .otherwise(pl.col("example_id").min().over("part")),
        )
        .sort("example_id")
    )
