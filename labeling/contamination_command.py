"""The command that looks for a benchmark in the training data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from curation.contamination import Contamination
from curation.contamination import contamination as search
from curation.errors import UnreadableFile, WrongUse
from curation.workspace import Workspace
from labeling.progress import progress_on_stderr
from labeling.table_commands import PerhapsOutOption
from labeling.tables import write_table
from labeling.terminal import HERE, DatasetOption, JsonOption, WorkspaceOption, print_line, report

SHOWN = 20
_FAULTS = 5


def contamination(
    *,
    file: Annotated[
        Path, typer.Argument(help="A benchmark: CSV, JSONL, Parquet, or a training file.")
    ],
    dataset: DatasetOption,
    column: Annotated[
        list[str] | None,
        typer.Option(help="Column of the file to look for; may be repeated; else guessed."),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Lowest cosine of near-duplicates; else the dataset's.")
    ] = None,
    out: PerhapsOutOption = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Is anything of this file in the dataset? Exits with 1 where there is, with 0 where not."""
    with Workspace.open(workspace) as opened:
        target = opened.dataset(dataset)
        with progress_on_stderr(file.name) as progress:
            try:
                found = search(
                    opened, target, file, column or (), threshold=threshold, progress=progress
                )
            except UnreadableFile as error:  # to exit with 1 would say that something was found
                raise WrongUse(str(error), error.hint) from error
    if out is not None:
        write_table(found.found, out)
    if as_json:
        print_line(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        _tell(found, out)
    if found.contaminated:
        raise typer.Exit(1)


def _tell(found: Contamination, out: Path | None) -> None:
    print_line(found.in_words())
    for fault in found.unreadable[:_FAULTS]:
        print_line(
            f"Not searched: row {fault.source_row}, {fault.column or 'all'}: {fault.reason}."
        )
    if len(found.unreadable) > _FAULTS:
        print_line(f"Not searched: {len(found.unreadable) - _FAULTS:,} rows more.")
    if out is not None:
        print_line(f"{len(found.found)} rows: {out}")
    elif found.contaminated:
        shown = ["reference_row", "source_file", "source_row", "side", "kind", "similarity", "text"]
        report(found.found.select(shown).head(SHOWN), as_json=False)
        if len(found.found) > SHOWN:
            print_line(f"… {len(found.found) - SHOWN:,} rows more: --out FILE writes them all.")


COMMANDS = (contamination,)
