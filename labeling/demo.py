"""The whole job without a browser: import, analyse, decide and export the samples.

What a person would decide is taken from the truth files that come with the samples, so that the
demonstration can also say how much of what is wrong was found.
"""

from __future__ import annotations

import json
import sys
import tempfile
import uuid
from pathlib import Path

import polars as pl

from curation.clusters import clusters
from curation.errors import WrongUse
from curation.importing import ImportSummary
from curation.labels import flag_rows
from curation.records import Action, Dataset, Operation, Task
from curation.workspace import Workspace
from exports.export import export_dataset
from exports.options import ExportOptions
from labeling import samples, triage
from labeling.export_commands import describe
from labeling.progress import progress_on_stderr
from labeling.resources import resource

ANNOTATOR = "demo"
_MEASURED = ("exact", "near", "near-twin", "label", "mismatch", "conflict")


def run(folder: Path | None) -> None:
    """Run the demonstration in a fresh workspace, printing what was found and written."""
    home = folder or Path(tempfile.mkdtemp(prefix="tamis-demo-"))
    with Workspace.create(home) as workspace:
        for sample in samples.SAMPLES:
            with progress_on_stderr(sample.name) as progress:
                dataset, summary, _ = samples.load(workspace, sample, progress)
            truth = _truth(sample)
            lines = [_imported(summary), *_found(workspace, dataset, truth)]
            lines.append(_decide(workspace, dataset, truth))
            form = "text-label" if dataset.task.has_labels else "openai-chat"
            result = export_dataset(
                workspace, dataset, ExportOptions(form), workspace.exports / dataset.name
            )
            _say(f"\n{dataset.name} ({dataset.task})")
            _say("\n".join(f"  {line}" for line in [*lines, describe(result)]))
    _say(f"\nThe workspace: {home}\nLook at it in the browser: tamis app --workspace {home}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _truth(sample: samples.Sample) -> pl.DataFrame:
    path = (resource("sample_data") / sample.file).with_suffix(".truth.jsonl")
    if not path.exists():
        raise WrongUse(f"{path} is missing.", "Install Tamis again.")
    with path.open(encoding="utf-8") as lines:
        planted = [json.loads(line) for line in lines]
    columns = ("kind", "source_row", "other_row", "truth")
    return pl.DataFrame(
        [tuple(one[name] for name in columns) for one in planted if one["kind"] in _MEASURED],
        schema=dict(zip(columns, (pl.String, pl.Int64, pl.Int64, pl.Object), strict=True)),
        orient="row",
    )


def _imported(summary: ImportSummary) -> str:
    return (
        f"{summary.rows:,} rows: {summary.imported:,} imported, {summary.quarantined} in quarantine"
    )


def _found(workspace: Workspace, dataset: Dataset, truth: pl.DataFrame) -> list[str]:
    """How many of the planted problems the analysis found."""
    flags = flag_rows(workspace, dataset).filter("flagged")
    rows = _rows(workspace, dataset)
    together = clusters(workspace, dataset).join(rows, on="example_id")
    cluster_of = dict(together.select("source_row", "cluster").iter_rows())
    lines = []
    for kind in ("exact", "near"):
        planted = truth.filter(pl.col("kind") == kind).select("source_row", "other_row").rows()
        hits = sum(cluster_of.get(a, a) == cluster_of.get(b, b) for a, b in planted)
        lines.append(f"{kind} duplicates: {hits} of {len(planted)} planted found")
    twins = truth.filter(pl.col("kind") == "near-twin").select("source_row", "other_row").rows()
    merged = sum(cluster_of.get(a, a) == cluster_of.get(b, b) for a, b in twins)
    lines.append(f"near twins: {merged} of {len(twins)} wrongly merged")
    for kind, detectors in (("label", ["label", "conflict"]), ("mismatch", ["mismatch"])):
        planted = truth.filter(pl.col("kind") == kind)["source_row"].to_list()
        if planted:
            flagged = flags.filter(pl.col("kind").is_in(detectors))["source_row"].unique()
            hits = len(set(planted) & set(flagged.to_list()))
            lines.append(
                f"{kind}: {hits} of {len(planted)} planted errors among {len(flagged)} flagged"
            )
    return lines


def _decide(workspace: Workspace, dataset: Dataset, truth: pl.DataFrame) -> str:
    """Take the decisions a careful person would take: exclude copies, mend flagged labels."""
    members = clusters(workspace, dataset)
    chosen = triage.cluster_overview(workspace, dataset, dataset.settings.near_threshold)
    safe = chosen.filter(~pl.col("conflict"))["cluster"].to_list()
    keep, exclude = triage.representatives(
        workspace, dataset, dataset.settings.near_threshold, safe
    )
    if keep:
        triage.resolve(workspace, dataset, ANNOTATOR, keep, exclude)
    mended = _mend_labels(workspace, dataset, truth) if dataset.task is Task.SINGLE_LABEL else 0
    return (
        f"decided: {len(exclude)} copies excluded of {members.height} examples in clusters, "
        f"{mended} wrong labels mended"
    )


def _mend_labels(workspace: Workspace, dataset: Dataset, truth: pl.DataFrame) -> int:
    wrong = truth.filter(pl.col("kind").is_in(["label", "conflict"])).select("source_row", "truth")
    flags = flag_rows(workspace, dataset).filter(pl.col("flagged") & (pl.col("kind") == "label"))
    mended = flags.join(wrong, on="source_row")
    workspace.store.decide(
        [
            Operation(
                op_id=uuid.uuid4().hex,
                dataset_id=dataset.dataset_id,
                example_id=example_id,
                annotator=ANNOTATOR,
                action=Action.RELABEL,
                value=label,
            )
            for example_id, label in mended.select("example_id", "truth").iter_rows()
        ]
    )
    return mended.height


def _rows(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    return workspace.store.read(
        "SELECT example_id, source_row FROM example WHERE dataset_id = $dataset",
        {"dataset": dataset.dataset_id},
    )
