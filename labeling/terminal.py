"""What the commands share: their common options, and how results are printed or written."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from labeling.tables import write_table

WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace", "-w", envvar="TAMIS_WORKSPACE", help="Workspace folder.", show_default="."
    ),
]
DatasetOption = Annotated[str, typer.Option("--dataset", "-d", help="Name of the dataset.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Results as JSON, for machines.")]
OutOption = Annotated[Path, typer.Option("--out", "-o", help=".csv, .jsonl or .parquet file.")]
HERE = Path()


def print_line(text: str) -> None:
    """One line of results."""
    sys.stdout.write(text + "\n")


def report(frame: pl.DataFrame, *, as_json: bool, empty: str = "") -> None:
    """A result table on stdout, for people or as one JSON line."""
    if as_json:
        print_line(json.dumps(frame.to_dicts(), default=str, ensure_ascii=False))
    elif frame.is_empty():
        print_line(empty) if empty else None
    else:
        table = Table(*[name.replace("_", " ") for name in frame.columns])
        for row in frame.iter_rows():
            table.add_row(*[Text("" if value is None else str(value)) for value in row])
        Console(width=None if sys.stdout.isatty() else 160).print(table)


def save(frame: pl.DataFrame, out: Path) -> None:
    """Write a result table and say where it is."""
    write_table(frame, out)
    print_line(f"{len(frame)} rows: {out}")
