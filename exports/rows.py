"""The rows of an export: each that trainers can use in the file of its split."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from curation.records import Task
from exports.formats import Format, PromptTemplate
from exports.formats.beside import put_on
from exports.formats.containers import open_writer
from exports.layouts import Layouts
from exports.manifest import UNUSABLE
from exports.split_rules import SPLITS
from exports.tokens import SplitTokens, TokenStats
from exports.tokens.counters import Estimate

ROWS_AT_ONCE = 32_768


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the rows.

    `placed`: `example_id`, `split` of those in the files. `unusable`: LEFT_OUT_SCHEMA of the
    others. `tokens`: an estimate for each split that has rows.
    """

    placed: pl.DataFrame
    unusable: pl.DataFrame
    tokens: TokenStats


def write_rows(
    rows: pl.DataFrame,
    form: Format,
    task: Task,
    labels: Sequence[str],
    template: PromptTemplate | None,
    folder: Path,
) -> Written:
    """Write each usable row to the file of its split, in their order and in bounded memory.

    `rows` has `split` beside what `Format.examples` and the columns `form.beside` need. A split all
    of whose rows are unusable has an empty file.
    """
    layouts = Layouts(form, task, labels, template, rows)
    found = []
    with ExitStack() as stack:
        writers = {
            split: stack.enter_context(open_writer(folder / form.target.file(split), form, task))
            for split in rows["split"].unique()
        }
        for batch in rows.iter_slices(ROWS_AT_ONCE):
            laid_out = layouts.lay_out(batch)
            lines = put_on(laid_out["line"], batch, form.beside)
            placed = batch.select("example_id", "split")
            for split, write in writers.items():
                write(lines.filter((placed["split"] == split) & lines.is_not_null()))
            found.append(pl.concat([placed, laid_out.drop("line")], how="horizontal"))
    return _written(pl.concat(found))


def _written(rows: pl.DataFrame) -> Written:
    usable = pl.col("problems").is_null()
    used = rows.filter(usable)
    counter = Estimate()
    tokens = {
        split: SplitTokens.of(part["tokens"], part["longest"], part["learnt"])
        for split in SPLITS
        if (part := used.filter(split=split)).height
    }
    return Written(
        used.select("example_id", "split"),
        rows.filter(~usable).select(
            "example_id", reason=pl.lit(UNUSABLE), detail=pl.col("problems")
        ),
        TokenStats(counter.name, counter.is_exact, None, tokens),
    )
