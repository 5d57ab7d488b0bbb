"""The command line: progress on stderr, results on stdout; exit 0 done, 1 problems, 2 wrong use."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from curation import quality
from curation.distributed.adopt import adopt_vectors
from curation.embeddings import check_model
from curation.errors import TamisError, WrongUse
from curation.importing import import_file
from curation.ingest import ColumnMapping, preview
from curation.pipeline import analyze as run_analysis
from curation.pipeline import stale_steps
from curation.records import LABEL_SCORES, Dataset, Settings, Task
from curation.workspace import Workspace
from exports.restore import is_export, restore
from labeling import (
    compare_commands,
    contamination_command,
    distributed_command,
    export_commands,
    samples,
    server,
    table_commands,
)
from labeling import demo as demonstration
from labeling.progress import progress_on_stderr
from labeling.terminal import HERE, DatasetOption, JsonOption, WorkspaceOption, print_line, report
from labeling.uploads import read_schema

app = typer.Typer(
    name="tamis",
    help="Tamis, the fine sieve for fine-tuning data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make the workspace in.")],
    with_samples: Annotated[
        bool, typer.Option("--samples", help="Import and analyse the sample datasets.")
    ] = False,
) -> None:
    """Make a workspace. With --samples: again and again harmless, what is there is kept."""
    with (
        Workspace.open_or_create(folder) if with_samples else Workspace.create(folder) as workspace
    ):
        if with_samples:
            for sample in samples.SAMPLES:
                with progress_on_stderr(sample.name) as progress:
                    samples.load(workspace, sample, progress)
        print_line(f"Workspace: {workspace.path}")


@app.command(name="import")
def import_files(
    files: Annotated[
        list[Path], typer.Argument(help="CSV, JSONL or Parquet files; or the folder of an export.")
    ],
    dataset: DatasetOption,
    task: Annotated[Task | None, typer.Option(help="For a new dataset; else guessed.")] = None,
    text: Annotated[str | None, typer.Option(help="Column with the input.")] = None,
    label: Annotated[str | None, typer.Option(help="Column with the label or labels.")] = None,
    question: Annotated[str | None, typer.Option(help="Column with the question.")] = None,
    answer: Annotated[str | None, typer.Option(help="Column with the answer.")] = None,
    messages: Annotated[str | None, typer.Option(help="Column with OpenAI messages.")] = None,
    output: Annotated[str | None, typer.Option(help="Column with the JSON output.")] = None,
    label_delimiter: Annotated[
        str | None, typer.Option(help="Between the labels of one cell; multi-label.")
    ] = None,
    csv_delimiter: Annotated[str | None, typer.Option(help="Between the cells of a CSV.")] = None,
    schema: Annotated[
        Path | None, typer.Option(help="JSON Schema file of the output; extraction.")
    ] = None,
    guidelines: Annotated[str, typer.Option(help="Guidelines for the annotators.")] = "",
    model: Annotated[
        str, typer.Option(help="sentence-transformers model: default, or a local folder.")
    ] = Settings().model,
    vectors: Annotated[
        Path | None, typer.Option(help="Output folder of tamis distributed, for its vectors.")
    ] = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Import files into a dataset, making it where it is new. Bad rows go to quarantine."""
    columns = ColumnMapping(
        text=text,
        label=label,
        question=question,
        answer=answer,
        messages=messages,
        output=output,
        delimiter=label_delimiter,
    )
    with Workspace.open(workspace) as opened:
        if any(map(is_export, files)):
            report(_restored(opened, dataset, files), as_json=as_json)
            return
        known = {found.name: found for found in opened.datasets()}
        target = known.get(dataset)
        if target is None:
            chosen = task or _task_of(files, csv_delimiter)
            for file in files:  # before a dataset is made: a typo must leave nothing behind
                _mapping(file, chosen, columns, csv_delimiter)
            check_model(model)
            target = opened.create_dataset(
                dataset,
                chosen,
                guidelines=guidelines,
                output_schema=read_schema(schema),
                settings=Settings(model=model),
            )
        elif schema or guidelines or model != Settings().model:
            raise WrongUse(
                f"There is a dataset '{dataset}' already: its schema, guidelines and model are "
                "not changed by an import.",
                "Leave --schema, --guidelines and --model out; the Analyse page changes the "
                "last two.",
            )
        elif task is not None and task is not target.task:
            raise WrongUse(
                f"Dataset '{dataset}' is {target.task}, not {task}.",
                "Leave --task out, or choose another --dataset.",
            )
        summaries = []
        for file in files:
            mapping = _mapping(file, target.task, columns, csv_delimiter)
            roles = ", ".join(f"{role} = {column}" for role, column in mapping.roles().items())
            sys.stderr.write(f"{file.name}: {roles}\n")
            with progress_on_stderr(file.name) as progress:
                summaries.append(
                    import_file(
                        opened, target, file, mapping, delimiter=csv_delimiter, progress=progress
                    )
                )
        if vectors is not None:
            sys.stderr.write(f"{adopt_vectors(opened, vectors):,} vectors taken over\n")
        report(pl.DataFrame([asdict(summary) for summary in summaries]), as_json=as_json)


@app.command()
def analyze(
    dataset: DatasetOption,
    label_score: Annotated[
        str | None,
        typer.Option(help=f"Ranking of doubtful single labels: {', '.join(LABEL_SCORES)}."),
    ] = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Embed, find duplicates and flags. Runs only what is not up to date; resumes if stopped.

    What people have decided on since the last time counts as news for the labels' scores.
    """
    with Workspace.open(workspace) as opened:
        target = _ranked(opened, opened.dataset(dataset), label_score)
        with progress_on_stderr(dataset) as progress:
            done = run_analysis(opened, target, progress=progress)
        rows = [(step, round(seconds, 2), "done") for step, seconds in done.seconds.items()]
        rows += [(step, 0.0, "up to date") for step in done.up_to_date]
        report(
            pl.DataFrame(rows, schema=["step", "seconds", "state"], orient="row"), as_json=as_json
        )
        report(quality.flagged_by_kind(opened, target), as_json=as_json)
        report(quality.duplicate_summary(opened, target), as_json=as_json)


for command in (
    *table_commands.COMMANDS,
    *contamination_command.COMMANDS,
    *export_commands.COMMANDS,
    *compare_commands.COMMANDS,
    distributed_command.distributed,
):
    app.command()(command)


@app.command()
def status(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Datasets, what is flagged, what is reviewed, what is to be analysed."""
    with Workspace.open(workspace) as opened:
        rows = []
        for dataset in opened.datasets():
            stages = dict(quality.funnel(opened, dataset).select("stage", "rows").iter_rows())
            flagged, to_review = quality.flagged_examples(opened, dataset)
            rows.append(
                {
                    "dataset": dataset.name,
                    "task": str(dataset.task),
                    **stages,
                    "flagged": flagged,
                    "to review": to_review,
                    "to analyse": ", ".join(stale_steps(opened, dataset)) or "-",
                }
            )
        report(
            pl.DataFrame(rows),
            as_json=as_json,
            empty="No datasets yet: tamis import FILE … --dataset NAME",
        )


@app.command(name="app")
def serve(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.", min=1, max=65535)] = 8501,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Serve the app on 127.0.0.1."""
    server.serve(workspace.resolve(), port)


@app.command()
def demo(
    folder: Annotated[
        Path | None, typer.Argument(help="New folder for the workspace; default: a temporary one.")
    ] = None,
) -> None:
    """The whole job on the sample data, in a fresh workspace, measured against its truth files."""
    demonstration.run(folder)


def _ranked(workspace: Workspace, dataset: Dataset, label_score: str | None) -> Dataset:
    """The dataset, with that ranking of doubtful labels from now on."""
    if label_score is None:
        return dataset
    if label_score not in LABEL_SCORES:
        raise WrongUse(
            f"There is no ranking '{label_score}'.", f"There is: {', '.join(LABEL_SCORES)}."
        )
    if dataset.task is not Task.SINGLE_LABEL:
        raise WrongUse(
            f"Dataset '{dataset.name}' is {dataset.task}: the rankings are for single labels.",
            "Leave --label-score out.",
        )
    settings = replace(dataset.settings, label_score=label_score)
    return workspace.update_dataset(dataset, settings=settings)


def _restored(workspace: Workspace, dataset: str, folders: list[Path]) -> pl.DataFrame:
    summaries = [restore(workspace, dataset, folder)[1] for folder in folders]
    return pl.DataFrame([asdict(summary) for summary in summaries])


def _task_of(files: list[Path], delimiter: str | None) -> Task:
    return preview(files[0], delimiter=delimiter).task


def _mapping(
    file: Path, task: Task, columns: ColumnMapping, delimiter: str | None
) -> ColumnMapping:
    """The mapping with its open roles guessed from the file. Raises MappingError."""
    shown = preview(file, task=task, mapping=columns, delimiter=delimiter)
    shown.mapping.check(shown.columns, task)
    return shown.mapping


@contextmanager
def errors_for_people() -> Iterator[None]:
    """Turn our errors into a line on stderr and an exit code."""
    try:
        yield
    except TamisError as error:
        sys.stderr.write(f"tamis: {error.for_people()}\n")
        raise SystemExit(2 if isinstance(error, WrongUse) else 1) from error
    except Exception as error:
        if os.environ.get("TAMIS_DEBUG"):
            raise
        sys.stderr.write(
            f"tamis: something went wrong that should not: {type(error).__name__}: {error}\n"
            "Set TAMIS_DEBUG=1 for the details, and please report it.\n"
        )
        raise SystemExit(1) from error


def main() -> None:
    """Entry point of the console script."""
    with errors_for_people():
        app()


if __name__ == "__main__":
    main()
