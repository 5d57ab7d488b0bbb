"""The data of the living proof: tickets with planted label errors, and three ways to treat them.

One workspace is analysed as the file came. Then a test split is drawn and all its rows get their
true labels, as from people. Copies of that workspace are the arms: nothing more is done to `raw`;
in `curated` the first of Tamis's queue of label errors are reviewed, and copies are excluded; in
`random` as many rows are reviewed, drawn by lot.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.noise import plant_noise
from curation.embeddings import load_encoder
from curation.importing import import_file
from curation.ingest import read_examples
from curation.labels import current_examples
from curation.pipeline import analyze
from curation.records import Action, Dataset, Operation, Task
from curation.workspace import Workspace
from exports.contents import read_contents
from exports.export import export_dataset
from exports.formats import PromptTemplate
from exports.options import ExportOptions
from exports.split_rules import SplitFractions, SplitRules
from labeling import queue, triage
from labeling.resources import resource

ARMS = ("raw", "random", "curated")
FORMAT = "trl-prompt-completion"
TEMPLATE = PromptTemplate(system="Name the topic.")
"""Shorter than the one with all labels: fewer tokens to train."""
_ANNOTATOR = "truth file"
_TRUE_ROW = "row"


@dataclass(frozen=True)
class Plan:
    """What is planted, tested and reviewed. Shares are of the rows, the budget of those of train.

    `labels`: so many, those with the most rows. `longest`: texts of at most so many characters.
    """

    labels: int = 8
    longest: int = 120
    noise: float = 0.15
    test: float = 0.3
    budget: float = 0.15


@dataclass(frozen=True)
class Tickets:
    """The sample's tickets as its truth file has them, copies and all."""

    rows: pl.DataFrame
    """row (String: its place in the sample), text, truth."""
    vectors: NDArray[np.float32]
    """[rows, d], of length one."""

    def vectors_of(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of texts that are among the rows: float32 [texts, d]."""
        place = {text: row for row, text in enumerate(self.rows["text"])}
        return self.vectors[[place[text] for text in texts]]


def tickets(plan: Plan) -> Tickets:
    """The sample `support_tickets.csv` with its true labels, cut to the plan."""
    source = resource("sample_data") / "support_tickets.csv"
    found = pl.concat([batch.examples for batch in read_examples(source, Task.SINGLE_LABEL)])
    known = pl.read_ndjson(source.with_suffix(".truth.jsonl"), infer_schema_length=None)
    right = known.filter(pl.col("kind").is_in(["label", "conflict", "missing-label"]))
    rows = (
        found.join(right.select("source_row", "truth"), on="source_row", how="left")
        .select(
            pl.col("source_row").cast(pl.String).alias(_TRUE_ROW),
            "text",
            truth=pl.coalesce("truth", "given"),
        )
        .drop_nulls()
        .filter(pl.col("text").str.len_chars() <= plan.longest)
    )
    sizes = rows["truth"].value_counts().sort("count", "truth", descending=[True, False])
    rows = rows.filter(pl.col("truth").is_in(sizes["truth"].head(plan.labels).to_list()))
    return Tickets(rows, load_encoder().encode(rows["text"].to_list()))


def prepare(folder: Path, file: Tickets, plan: Plan, seeds: Sequence[int]) -> None:
    """Write the exports `folder/ARM/exports/tickets-SEED`, unless they are there already.

    Every seed plants other errors and draws another test split. In the test split of an export
    are the same examples in every arm, by id, each verified; no near-duplicate of them is in train.
    """
    base = folder / "base"
    if (folder / ".prepared").exists():
        return
    for name in ("base", *ARMS):
        shutil.rmtree(folder / name, ignore_errors=True)
    with Workspace.create(base) as workspace:
        for seed in seeds:
            dataset = _analysed(workspace, folder, file, plan, seed)
            _draw_test(workspace, dataset, file, plan, seed)
    for arm in ARMS:
        shutil.copytree(base, folder / arm)
        with Workspace.open(folder / arm) as workspace:
            for seed in seeds:
                dataset = workspace.dataset(_name(seed))
                _treat(arm, workspace, dataset, file, plan, seed)
                options = _options(plan, seed, folder, verified=True)
                export_dataset(workspace, dataset, options, export_folder(folder, arm, seed))
    _refuse_other_tests(folder, seeds)
    (folder / ".prepared").touch()


def export_folder(folder: Path, arm: str, seed: int) -> Path:
    """Where the export of an arm is."""
    return folder / arm / "exports" / _name(seed)


def facts(folder: Path, file: Tickets, arm: str, seed: int) -> dict[str, int]:
    """Of an arm: rows of `train` and `test`, `wrong` labels in train, `reviewed` rows of train."""
    examples = read_contents(export_folder(folder, arm, seed)).examples
    train = examples.filter(split="train")
    with Workspace.open(folder / arm) as workspace:
        now = _with_truth(workspace, workspace.dataset(_name(seed)), file)
    seen = now.filter(pl.col("status").is_in(["kept", "relabelled"]))
    wrong = train.join(now, on="example_id").filter(pl.col("output") != pl.col("truth"))
    tests = examples.filter(split="test")
    return {
        "train": train.height,
        "wrong": wrong.height,
        "reviewed": seen.join(tests, on="example_id", how="anti").height,
        "test": tests.height,
    }


def model_folder(folder: Path) -> Path:
    """Where the base model lies, unpacked."""
    return folder / "model"


def _name(seed: int) -> str:
    return f"tickets-{seed}"


def _analysed(workspace: Workspace, folder: Path, file: Tickets, plan: Plan, seed: int) -> Dataset:
    """The tickets with planted errors, imported from a file and analysed."""
    names = file.rows["truth"].unique().sort()
    truth = names.search_sorted(file.rows["truth"]).to_numpy().astype(np.int64)
    noisy = plant_noise(truth, file.vectors, kind="confusable", rate=plan.noise, seed=seed)
    path = folder / f"{_name(seed)}.csv"
    rows = file.rows.select(_TRUE_ROW, "text", label=names.gather(noisy))
    rows.write_csv(path)
    dataset = workspace.create_dataset(_name(seed), Task.SINGLE_LABEL)
    import_file(workspace, dataset, path)
    analyze(workspace, dataset)
    return dataset


def _draw_test(
    workspace: Workspace, dataset: Dataset, file: Tickets, plan: Plan, seed: int
) -> None:
    """Freeze a test split by a first export, and give each of its rows the true label."""
    draft = workspace.exports / f"{dataset.name}-draft"
    options = _options(plan, seed, workspace.path.parent, verified=False)
    result = export_dataset(workspace, dataset, options, draft)
    drawn = result.assignment.filter(split="test")["example_id"].to_list()
    _review(workspace, dataset, file, drawn)


def _options(plan: Plan, seed: int, folder: Path, *, verified: bool) -> ExportOptions:
    shares = SplitFractions(round(1 - plan.test, 3), 0.0, plan.test)
    rules = SplitRules(shares, seed=seed, verified_test=verified)
    model = str(model_folder(folder).resolve())
    return ExportOptions(FORMAT, rules, template=TEMPLATE, base_model=model)


def _treat(
    arm: str, workspace: Workspace, dataset: Dataset, file: Tickets, plan: Plan, seed: int
) -> None:
    """What people do with the train rows of an arm."""
    if arm == "raw":
        return
    ledger = workspace.store.read(
        "SELECT example_id FROM split_ledger WHERE dataset_id = $dataset AND split = 'train' "
        "ORDER BY example_id",
        {"dataset": dataset.dataset_id},
    )
    train = ledger["example_id"].to_list()
    flagged = _flagged(workspace, dataset, train)[: int(plan.budget * len(train))]
    if arm == "curated":
        _review(workspace, dataset, file, flagged)
        _exclude_copies(workspace, dataset, train)
    else:
        lot = np.random.default_rng(seed).choice(len(train), size=len(flagged), replace=False)
        _review(workspace, dataset, file, [train[row] for row in lot])


def _flagged(workspace: Workspace, dataset: Dataset, train: Sequence[str]) -> list[str]:
    """Train rows in the review's queue of label errors, the worst first."""
    chosen = queue.Filter(kind="label", status="open")
    places = set(train)
    found = queue.next_ids(workspace, dataset, chosen, limit=1_000_000)
    return [one for one in found if one in places]


def _exclude_copies(workspace: Workspace, dataset: Dataset, train: Sequence[str]) -> None:
    """Keep one of each cluster that agrees on its label, among the train rows alone."""
    threshold = dataset.settings.near_threshold
    overview = triage.cluster_overview(workspace, dataset, threshold)
    agreed = overview.filter(~pl.col("conflict"))["cluster"].to_list()
    keep, exclude = triage.representatives(workspace, dataset, threshold, agreed)
    places = set(train)
    triage.resolve(
        workspace,
        dataset,
        _ANNOTATOR,
        [one for one in keep if one in places],
        [one for one in exclude if one in places],
    )


def _review(workspace: Workspace, dataset: Dataset, file: Tickets, ids: Sequence[str]) -> None:
    """Give these examples their true labels, as people would."""
    rows = _with_truth(workspace, dataset, file).filter(pl.col("example_id").is_in(list(ids)))
    receipts = workspace.store.decide(
        [
            Operation(
                op_id=uuid.uuid4().hex,
                dataset_id=dataset.dataset_id,
                example_id=example_id,
                annotator=_ANNOTATOR,
                action=Action.KEEP if current == truth else Action.RELABEL,
                value=truth,
            )
            for example_id, current, truth in rows.select(
                "example_id", "current", "truth"
            ).iter_rows()
        ]
    )
    refused = [one.refused for one in receipts if one.refused]
    if refused:
        raise SystemExit(f"A review was refused: {refused[0]}")


def _with_truth(workspace: Workspace, dataset: Dataset, file: Tickets) -> pl.DataFrame:
    """Every example as it is, with its `truth`."""
    row = pl.col("metadata").str.json_path_match(f"$.{_TRUE_ROW}")
    truth = file.rows.select(_TRUE_ROW, "truth")
    return (
        current_examples(workspace, dataset)
        .with_columns(row.alias(_TRUE_ROW))
        .join(truth, on=_TRUE_ROW)
    )


def _refuse_other_tests(folder: Path, seeds: Sequence[int]) -> None:
    """The arms of a seed must be tested on the same examples with the same outputs."""
    for seed in seeds:
        tests = {
            arm: read_contents(export_folder(folder, arm, seed), ("test",))
            .examples.select("example_id", "text", "output")
            .sort("example_id")
            for arm in ARMS
        }
        if any(not tests[arm].equals(tests["raw"]) for arm in ARMS):
            raise SystemExit(f"The arms of seed {seed} have other test splits.")
