"""The commands about exports: export, exports, check, tokens, verify."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from curation.contamination import Contamination, contamination
from curation.errors import WrongUse
from curation.records import Dataset, Json
from curation.workspace import Workspace
from exports.check import check_file
from exports.export import chosen_options, export_again, export_dataset, exports_of
from exports.formats import PromptTemplate
from exports.options import ExportOptions
from exports.recheck import recheck_leaks
from exports.split_rules import SplitFractions
from exports.tokens import count_export, load_counter, load_prices, training_costs
from exports.verify import verify_export
from exports.writer import ExportResult, missed_shares
from labeling.progress import progress_on_stderr
from labeling.terminal import HERE, DatasetOption, JsonOption, WorkspaceOption, print_line, report


def export(
    *,
    dataset: DatasetOption,
    out: Annotated[Path, typer.Option("--out", "-o", help="New folder for the files.")],
    format_name: Annotated[
        str | None,
        typer.Option("--format", "-f", help="A wrong name lists those that fit the task."),
    ] = None,
    validation: Annotated[float | None, typer.Option(help="Share of the validation split.")] = None,
    test: Annotated[float | None, typer.Option(help="Share of the test split.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed, another split.")] = None,
    folds: Annotated[
        int | None, typer.Option(help="So many folds of train and validation.")
    ] = None,
    keep_together: Annotated[
        list[str] | None,
        typer.Option(help="Field whose values stay in one split; '' for none."),
    ] = None,
    stratify: Annotated[
        list[str] | None,
        typer.Option(help="Field to balance besides the label, such as length; '' for none."),
    ] = None,
    by_time: Annotated[
        str | None,
        typer.Option(help="Metadata field with a time: the newest rows test; '' for none."),
    ] = None,
    verified_test: Annotated[
        bool | None,
        typer.Option("--verified-test/--any-test", help="Test takes only reviewed rows."),
    ] = None,
    cap_per_label: Annotated[
        int | None, typer.Option(help="At most so many train rows of a label; 0: no cap.")
    ] = None,
    sample_weights: Annotated[
        bool | None,
        typer.Option("--sample-weights/--no-weights", help="Weights that even labels out."),
    ] = None,
    rebalance: Annotated[
        bool, typer.Option("--rebalance", help="Old rows may move between train and validation.")
    ] = False,
    prompt_user: Annotated[
        str | None,
        typer.Option(help="What the user says; {input} is the text, {labels} the label set."),
    ] = None,
    prompt_system: Annotated[
        str | None, typer.Option(help="System prompt; with both empty the task's own words.")
    ] = None,
    reference: Annotated[
        list[Path] | None,
        typer.Option(help="A benchmark to compare with, for the leak certificate."),
    ] = None,
    provenance: Annotated[
        bool | None,
        typer.Option("--provenance/--no-provenance", help="With the source of every row."),
    ] = None,
    disapprove_excluded: Annotated[
        bool | None,
        typer.Option(
            "--disapprove-excluded/--drop-excluded", help="Excluded answers count as bad ones."
        ),
    ] = None,
    description: Annotated[str | None, typer.Option(help="For the dataset card.")] = None,
    licence: Annotated[str | None, typer.Option(help="Such as cc-by-4.0.")] = None,
    base_model: Annotated[
        str | None, typer.Option(help="The model that the training configuration names.")
    ] = None,
    again: Annotated[
        int | None, typer.Option(help="Write this earlier version once more, byte for byte.")
    ] = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Write train, validation and test files with a manifest. No near-duplicate crosses a split.

    What is not said is as in the dataset's last export.
    """
    rules = {
        "seed": seed,
        "folds": folds,
        "keep_together": _fields(keep_together),
        "stratify": _fields(stratify),
        "by_time": by_time,
        "verified_test": verified_test,
        "cap_per_label": cap_per_label,
        "sample_weights": sample_weights,
        "rebalance": rebalance,
    }
    chosen = {
        "format": format_name,
        "provenance": provenance,
        "disapprove_excluded": disapprove_excluded,
        "description": description,
        "licence": licence,
        "base_model": base_model,
    }
    with Workspace.open(workspace) as opened, progress_on_stderr("export") as progress:
        target = opened.dataset(dataset)
        if again is not None:
            result = export_again(opened, _version(opened, target, again), out)
        else:
            options = _changed(chosen_options(opened, target), chosen, rules)
            options = _split(options, validation, test)
            options = _worded(options, prompt_user, prompt_system)
            found = _compared(opened, target, reference or [])
            result = export_dataset(
                opened, target, options, out, references=found, progress=progress
            )
    print_line(json.dumps(result.manifest) if as_json else describe(result))


def exports(
    *, dataset: DatasetOption, workspace: WorkspaceOption = HERE, as_json: JsonOption = False
) -> None:
    """The versions that were exported, newest first; any can be written again (export --again)."""
    with Workspace.open(workspace) as opened:
        found = exports_of(opened, opened.dataset(dataset))
    manifests = [json.loads(text) for text in found["manifest"]]
    rows = [sum(split["rows"] for split in one["splits"].values()) for one in manifests]
    shown = found.select(
        "version",
        pl.col("created_at").dt.strftime("%Y-%m-%d %H:%M").alias("when"),
        "format",
        pl.Series("rows", rows, dtype=pl.Int64),
        pl.col("decision_seq").alias("decision"),
        "folder",
    )
    report(shown, as_json=as_json, empty=f"None yet: tamis export --dataset {dataset} --out DIR")


def check(
    *,
    file: Annotated[Path, typer.Argument(help="A training file, one JSON object a line.")],
    target: Annotated[
        str, typer.Option(help="A trainer, service or format to check for; 'any' is all of them.")
    ] = "any",
    as_json: JsonOption = False,
) -> None:
    """Find what trainers choke on in any training JSONL. Exits with 1 where there are errors."""
    found = check_file(file, target)
    print_line(json.dumps(found.as_json()) if as_json else found.as_text())
    if found.errors:
        raise typer.Exit(1)


def tokens(
    *,
    export_folder: Annotated[Path, typer.Argument(help="An export.")],
    tokenizer: Annotated[
        str | None,
        typer.Option(help="Folder, tokenizer.json, tiktoken:NAME or mistral:FILE; else estimated."),
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Longest row that the trainer takes.")] = None,
    epochs: Annotated[int, typer.Option(help="For the cost of training.", min=1)] = 3,
    prices: Annotated[Path | None, typer.Option(help="Your own table of prices, TOML.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Count the tokens of an export as its trainer will, and what training would cost."""
    stats = count_export(export_folder, load_counter(tokenizer), limit=limit)
    costs = training_costs(stats, epochs, load_prices(prices))
    if as_json:
        found = {"tokens": stats.as_json(), "costs": [asdict(cost) for cost in costs]}
        print_line(json.dumps(found, default=str))
        return
    print_line(f"Counted by {stats.counter}{'' if stats.is_exact else ': an estimate'}.")
    lengths = [
        {"split": name, **{key: value for key, value in asdict(split).items() if key != "lengths"}}
        | asdict(split.lengths)
        for name, split in stats.splits.items()
    ]
    report(pl.DataFrame(lengths), as_json=False)
    print_line(f"{epochs} epochs of train, at prices of the day that is named:")
    for cost in costs:
        print_line(str(cost))


def verify(
    *,
    export_folder: Annotated[
        Path | None, typer.Argument(help="An export; without it, the workspace itself.")
    ] = None,
    leaks: Annotated[
        bool, typer.Option("--leaks", help="Embed the export anew and search it for leaks.")
    ] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Check journal and database against each other, or the files of an export."""
    if export_folder is not None:
        problems = verify_export(export_folder)
        if leaks and not problems:
            with progress_on_stderr("leaks") as progress:
                found = recheck_leaks(export_folder, progress)
            nearest = "none" if found.nearest is None else found.nearest.in_words()
            print_line(
                f"{sum(found.rows.values()):,} inputs embedded anew: {found.pairs:,} pairs across "
                f"splits from {found.threshold:.2f} on. The nearest: {nearest}."
            )
            problems = list(found.problems)
    elif leaks:
        raise WrongUse("--leaks searches an export.", "tamis verify EXPORT --leaks")
    else:
        with Workspace.open(workspace) as opened:
            problems = opened.verify()
    for problem in problems:
        print_line(problem)
    if problems:
        raise typer.Exit(1)
    print_line("Everything verifies.")


def describe(result: ExportResult) -> str:
    """An export in a few lines: rows of each split, leaks, paths."""
    counts = ", ".join(f"{split} {rows:,}" for split, rows in result.counts.items())
    leaks = result.manifest["leaks"] or {}
    lines = [f"    note: {words}" for words in (*missed_shares(result.manifest), *result.notes)]
    paths = "\n".join([*lines, *(f"    {path}" for path in result.files)])
    return (
        f"exported: {counts}; left out {len(result.left_out):,}; near-duplicates across splits: "
        f"{leaks.get('pairs_above_threshold_across_splits', 0)}\n{paths}"
    )


def _changed(options: ExportOptions, chosen: Json, rules: Json) -> ExportOptions:
    """The options with what was said; None: nothing was. No field and a cap of 0 are none."""

    def said(values: Json) -> dict[str, Any]:
        given = {name: value for name, value in values.items() if value is not None}
        return given | {
            name: None for name in ("by_time", "cap_per_label") if not given.get(name, 1)
        }

    return replace(options, rules=replace(options.rules, **said(rules)), **said(chosen))


def _fields(names: list[str] | None) -> tuple[str, ...] | None:
    """Names of fields; an empty one says that there are none."""
    return None if names is None else tuple(names) if names != [""] else ()


def _split(options: ExportOptions, validation: float | None, test: float | None) -> ExportOptions:
    rules = options.rules
    if validation is not None or test is not None:
        held = rules.fractions
        validation = held.validation if validation is None else validation
        test = held.test if test is None else test
        train = round(1 - validation - test, 6)
        rules = replace(rules, fractions=SplitFractions(train, validation, test))
    return replace(options, rules=rules)


def _worded(options: ExportOptions, user: str | None, system: str | None) -> ExportOptions:
    """The options with these words; two empty ones mean the task's own."""
    if user is None and system is None:
        return options
    own = bool(user or system)
    return replace(
        options, template=PromptTemplate(user or "{input}", system or "") if own else None
    )


def _compared(
    workspace: Workspace, dataset: Dataset, references: list[Path]
) -> list[Contamination]:
    found = []
    for reference in references:
        with progress_on_stderr(reference.name) as progress:
            found.append(contamination(workspace, dataset, reference, progress=progress))
    return found


def _version(workspace: Workspace, dataset: Dataset, number: int) -> str:
    found = exports_of(workspace, dataset).filter(version=number)
    if found.is_empty():
        raise WrongUse(
            f"Dataset '{dataset.name}' has no version {number}.",
            f"tamis exports --dataset {dataset.name} lists them.",
        )
    return str(found["export_id"][0])


COMMANDS = (export, exports, check, tokens, verify)
