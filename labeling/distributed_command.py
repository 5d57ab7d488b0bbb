"""The command that searches sharded Parquet for duplicates on many machines."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from curation.distributed.run import CLUSTERS, KEPT, PAIRS, VECTORS, Request, run
from curation.distributed.shards import Columns
from curation.records import Settings
from labeling.progress import progress_on_stderr
from labeling.terminal import JsonOption, print_line


def distributed(
    *,
    pattern: Annotated[
        str, typer.Option("--input", help="Parquet files, as a pattern in quotes: 'in/*.parquet'.")
    ],
    out: Annotated[Path, typer.Option("--output", help="New folder for the results.")],
    text: Annotated[str, typer.Option("--text", help="Column with the text.")] = "text",
    id_column: Annotated[
        str | None, typer.Option("--id", help="Column with ids; else shard and row number.")
    ] = None,
    vectors: Annotated[
        str | None, typer.Option("--vectors", help="Column with ready vectors; else computed.")
    ] = None,
    model: Annotated[
        str, typer.Option("--model", help="Model that computes the vectors.")
    ] = Settings().model,
    threshold: Annotated[
        float, typer.Option("--threshold", help="Cosine from which texts are duplicates.")
    ] = Settings().near_threshold,
    lexical_threshold: Annotated[
        float,
        typer.Option(
            "--lexical-threshold", help="Likeness of spelling that makes duplicates; over 1: none."
        ),
    ] = Settings().lexical_threshold,
    workers: Annotated[
        int | None,
        typer.Option("--workers", help="Of the cluster on this machine; else its cores."),
    ] = None,
    address: Annotated[
        str | None, typer.Option("--address", help="Of a running Ray cluster; else one is started.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Find the duplicates in sharded Parquet with Ray, and write the rows that stay."""
    columns = Columns(text, id_column, vectors)
    request = Request(pattern, out, columns, model, threshold, lexical_threshold, workers, address)
    with progress_on_stderr("distributed") as progress:
        found = run(request, progress)
    if as_json:
        print_line(json.dumps(asdict(found)))
        return
    print_line(
        f"{found.rows} rows: {found.clusters} clusters of duplicates, {found.removed} rows "
        f"removed, {found.kept} kept."
    )
    print_line(f"What stays: {out / KEPT}. Why: {out / CLUSTERS}, {out / PAIRS}.")
    if vectors is None:
        print_line(f"Vectors, for `tamis import … --vectors {out}`: {out / VECTORS}.")
