"""Nearly the same input, another output."""

from __future__ import annotations

import polars as pl

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
    return conflicts_in(text_graph(pairs), outputs, threshold, lexical)


def conflicts_in(
    graph: TextGraph, outputs: pl.DataFrame, threshold: float, lexical: float | None = None
) -> pl.DataFrame:
    """As `conflicts`, from the graph of the pairs."""
    kept = graph.edges(threshold, lexical)
    given = (
        pl.DataFrame({"example_id": graph.ids, "text": graph.text_of})
        .join(outputs.select("example_id", "output"), on="example_id", maintain_order="left")
        .filter(pl.col("output").is_not_null())
    )
    voices = given.unique("text", keep="first", maintain_order=True)
    outputs_of_text = given.unique(["text", "output"], keep="first", maintain_order=True)
    copies = (
        given.join(outputs_of_text, on="text", suffix="_other", maintain_order="left_right")
        .filter(pl.col("output") != pl.col("output_other"))
        .unique("example_id", keep="first", maintain_order=True)
        .with_columns(similarity=pl.lit(1.0, pl.Float32), kind=pl.lit(PairKind.EXACT.value))
    )
    near = (
        pl.DataFrame(
            {
                "left": graph.left[kept],
                "right": graph.right[kept],
                "similarity": graph.similarity[kept],
            }
        )
        .join(voices, left_on="left", right_on="text")
        .join(voices, left_on="right", right_on="text", suffix="_other")
        .with_columns(kind=pl.lit(PairKind.NEAR.value))
    )
    columns = ["example_id", "example_id_other", "similarity", "kind", "output", "output_other"]
    both = pl.concat([copies.select(columns), near.select(columns)])
    swap = pl.col("example_id") > pl.col("example_id_other")
    return (
        both.filter(pl.col("output") != pl.col("output_other"))
        .select(
            example_id=pl.min_horizontal("example_id", "example_id_other"),
            other_id=pl.max_horizontal("example_id", "example_id_other"),
            similarity="similarity",
            kind="kind",
            output=pl.when(swap).then("output_other").otherwise("output"),
            other_output=pl.when(swap).then("output").otherwise("output_other"),
        )
        .unique(["example_id", "other_id"])
        .sort("example_id", "other_id")
    )
