"""The commands that set one thing against another: two models, two exports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from exports.model_comparison import compare as compare_models
from exports.versions import difference
from labeling import compare_words as words
from labeling.table_commands import PerhapsOutOption
from labeling.tables import write_table
from labeling.terminal import JsonOption, print_line, report
from labeling.uploads import read_schema


def compare(
    export: Annotated[Path, typer.Argument(help="The export whose test split was answered.")],
    base: Annotated[Path, typer.Argument(help="JSONL with the answers of the base model.")],
    tuned: Annotated[Path, typer.Argument(help="JSONL with those of the fine-tuned model.")],
    *,
    column: Annotated[
        str | None, typer.Option(help="Column with the answers, in both files; else guessed.")
    ] = None,
    schema: Annotated[
        Path | None, typer.Option(help="JSON Schema file of the output; extraction.")
    ] = None,
    ignore_case: Annotated[
        bool, typer.Option("--ignore-case", help="Upper and lower case are the same.")
    ] = False,
    out: PerhapsOutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two models on a test split. --out gets the examples that they answer differently."""
    found = compare_models(
        export, base, tuned, column=column, schema=read_schema(schema), ignore_case=ignore_case
    )
    if out is not None:
        write_table(found.differing, out)
    if as_json:
        print_line(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        for line in words.about(found):
            print_line(line)
        print_line("In percent, with 95 % intervals:")
        for table in (words.measures(found), words.classes(found), words.usage(found)):
            report(table, as_json=False)
        print_line(words.test(found))
        where = "--out FILE" if out is None else str(out)
        print_line(f"{found.differing.height:,} examples are answered differently ({where}).")


def diff(
    old: Annotated[Path, typer.Argument(help="An export.")],
    new: Annotated[Path, typer.Argument(help="A later export of the same dataset.")],
    *,
    out: PerhapsOutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what changed between two exports. --out gets every example that is not unchanged."""
    found = difference(old, new)
    if out is not None:
        write_table(found.changes, out)
    if as_json:
        print_line(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        report(words.counts(found), as_json=False)
        _titled("Labels that became others:", found.relabelled)
        _titled("Examples that went to another split:", found.moved)
        _titled("Examples of each label, where that changed:", words.changed(found.labels))
        _titled("Figures of the manifests that differ:", words.changed(found.figures))
        _titled("Options that differ:", found.options)
        if out is not None:
            print_line(f"{found.changes.height:,} examples that are not unchanged: {out}")


def _titled(title: str, table: pl.DataFrame) -> None:
    if not table.is_empty():
        print_line(title)
        report(table, as_json=False)


COMMANDS = (compare, diff)
