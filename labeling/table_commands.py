"""The commands that give a table of results, such as flags and duplicates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from curation import quality
from curation.clusters import alike, pair_rows
from curation.errors import WrongUse
from curation.labels import flag_rows
from curation.records import Dataset
from curation.workspace import Workspace
from labeling import separations, triage
from labeling.terminal import (
    HERE,
    DatasetOption,
    JsonOption,
    OutOption,
    WorkspaceOption,
    print_line,
    report,
    save,
)

PerhapsOutOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", help=".csv, .jsonl or .parquet file; without it, on the terminal."),
]


def flags(dataset: DatasetOption, out: OutOption, workspace: WorkspaceOption = HERE) -> None:
    """Write the flags: one row per example and kind, worst first."""
    with Workspace.open(workspace) as opened:
        save(flag_rows(opened, _scored(opened, dataset)), out)


def duplicates(dataset: DatasetOption, out: OutOption, workspace: WorkspaceOption = HERE) -> None:
    """Write the similar pairs: exact, near (merged) and near-twin (alike, never merged)."""
    with Workspace.open(workspace) as opened:
        target = opened.dataset(dataset)
        save(pair_rows(opened, target).filter(alike(target)), out)


def set_apart(
    *,
    dataset: DatasetOption,
    take_back: Annotated[
        str | None, typer.Option(help="The act to take back: they may be duplicates again.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who takes it back.")] = None,
    out: PerhapsOutOption = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """What people said are no duplicates, the latest first; and to take it back."""
    with Workspace.open(workspace) as opened:
        target = opened.dataset(dataset)
        if take_back is not None:
            if not (by or "").strip():
                raise WrongUse("A decision needs a name.", "Say who you are: --by NAME")
            count = separations.take_back(opened, target, str(by), take_back)
            print_line(f"{count:,} {'pair' if count == 1 else 'pairs'} may be duplicates again.")
            return
        found = separations.separations(opened, target)
        ids = found["example_ids"].explode().unique().to_list()
        states = triage.states_of(opened, target, ids)
    texts = [[states[key]["text"] for key in act] for act in found["example_ids"].to_list()]
    found = found.with_columns(pl.Series("texts", texts, dtype=pl.List(pl.String)))
    shown = ["act", "annotator", "decided_at", "pairs", "texts"]
    _give(found, shown, out, as_json=as_json, empty="Nothing is set apart.")


def slices(
    *,
    dataset: DatasetOption,
    out: PerhapsOutOption = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Groups of examples whose labels fail together, strongest first, with their examples' ids."""
    with Workspace.open(workspace) as opened:
        found = quality.slices(opened, _scored(opened, dataset, labels=True))
    shown = ["name", "by", "size", "disagree", "expected", "reason"]
    _give(found, shown, out, as_json=as_json, empty="No group of examples stands out.")


def overlaps(
    *,
    dataset: DatasetOption,
    out: PerhapsOutOption = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Pairs of labels that are given for one another, most overlapping first; single-label."""
    with Workspace.open(workspace) as opened:
        found = quality.overlaps(opened, _scored(opened, dataset, labels=True))
    _give(found, found.columns, out, as_json=as_json, empty="No two labels stand out.")


def label_quality(
    *,
    dataset: DatasetOption,
    out: PerhapsOutOption = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """How far each label can be trusted, an estimate; the worst first."""
    with Workspace.open(workspace) as opened:
        found = quality.label_quality(opened, _scored(opened, dataset, labels=True))
    shown = ["label", "examples", "label_quality", "reason"]
    _give(found, shown, out, as_json=as_json, empty="No label has been judged.")


def _scored(workspace: Workspace, name: str, *, labels: bool = False) -> Dataset:
    """The dataset, once it was analysed; raises WrongUse where it was not or has no labels."""
    dataset = workspace.dataset(name)
    if labels and not dataset.task.has_labels:
        raise WrongUse(
            f"Dataset '{name}' is a {dataset.task} dataset: it has no labels to compare.",
            f"What is wrong with its outputs: tamis flags --dataset {name} --out FILE",
        )
    if quality.last_scored(workspace, dataset) is None:
        raise WrongUse(
            f"Dataset '{name}' was never analysed, so nothing is known of it yet.",
            f"Analyse it: tamis analyze --dataset {name}",
        )
    return dataset


def _give(
    found: pl.DataFrame, shown: list[str], out: Path | None, *, as_json: bool, empty: str
) -> None:
    """The whole table into a file or as JSON; for people on the terminal, its columns `shown`."""
    if out is not None:
        save(found, out)
    else:
        report(found if as_json else found.select(shown), as_json=as_json, empty=empty)


COMMANDS = (flags, duplicates, set_apart, slices, overlaps, label_quality)
