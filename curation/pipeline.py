"""The analysis: which steps a dataset needs, the worker that runs them, their results stored.

Each step is keyed by the content it depends on. A step whose key is stored is not run again; what
a killed run had finished is found in the vector cache and the job folder.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import duckdb
import polars as pl

from curation.background import Background
from curation.child import messages
from curation.clusters import cluster_counts, separated
from curation.embeddings import model_key
from curation.errors import ModelUnavailable, WrongUse
from curation.job import STEPS, Job
from curation.records import Dataset, Progress, Task, canonical_json
from curation.store import insert_frame
from curation.workspace import Workspace

# Raise a number here when the meaning of a step's results changes: old results are then redone.
_VERSIONS = {"embed": 1, "duplicates": 4, "flags": 4}
_RESULTS = {
    "embed": (),
    "duplicates": ("pairs", "neighbours", "searches"),
    "flags": ("flags", "overlaps", "quality", "slices"),
}
_TABLES = {
    "pairs": "pair",
    "neighbours": "neighbour",
    "searches": "duplicate_search",
    "flags": "flag",
    "overlaps": "label_overlap",
    "quality": "label_quality",
    "slices": "slice",
}

REFRESH_SHARE = 0.02
"""Share of the examples after whose review it is worth scoring all the others anew."""
_FEWEST_TO_REFRESH = 10


@dataclass(frozen=True, slots=True)
class Analysis:
    """What one run did: seconds of each step that ran, and the steps that were up to date."""

    seconds: dict[str, float] = field(default_factory=dict)
    up_to_date: tuple[str, ...] = ()


def analyze(
    workspace: Workspace,
    dataset: Dataset,
    *,
    progress: Callable[[Progress], None] = lambda _: None,
    cancelled: threading.Event | None = None,
) -> Analysis:
    """Embed, find duplicates and flags; store the results. Runs only what is not up to date.

    Where people have decided on labels since the last time, the flags are not: what was verified
    teaches the model.

    Raises WrongUse for an empty dataset, Cancelled once `cancelled` is set (finished steps stay),
    WorkerFailed, ModelUnavailable.
    """
    stale, keys = stale_steps(workspace, dataset), step_keys(workspace, dataset)
    if not keys:
        raise WrongUse(f"Dataset '{dataset.name}' has no examples.", "Import a file first.")
    if not stale and undigested(workspace, dataset):
        stale = ["flags"]
    if not stale:
        return Analysis(up_to_date=STEPS)
    seen = _last_decision(workspace, dataset)
    folder = workspace.jobs / dataset.dataset_id
    folder.mkdir(parents=True, exist_ok=True)
    vectors = workspace.vectors / model_key(dataset.settings.model)
    work_keys = {**keys, "flags": f"{keys['flags']}@{seen}", "search": _search_key(dataset)}
    job = Job(folder, vectors, dataset.task, dataset.settings, dataset.output_schema, work_keys)
    _examples(workspace, dataset).write_parquet(job.path("examples"))
    separated(workspace, dataset).write_parquet(job.path("separated"))
    job.save()
    seconds: dict[str, float] = {}
    for message in messages("curation.worker", job.folder, cancelled, what="The analysis"):
        if "progress" in message:
            progress(Progress(**message["progress"]))
        elif message.get("finished") in stale:
            step = message["finished"]
            seconds[step] = message["seconds"]
            _store(workspace, dataset, job, Finished(step, keys[step], seconds[step], seen))
    return Analysis(seconds, tuple(step for step in STEPS if step not in seconds))


def stale_steps(workspace: Workspace, dataset: Dataset) -> list[str]:
    """The steps whose results are missing or older than the examples and settings."""
    keys, stored = step_keys(workspace, dataset), _stored_keys(workspace, dataset)
    return [step for step in keys if stored.get(step) != keys[step]]


def undigested(workspace: Workspace, dataset: Dataset) -> int:
    """How many examples people have decided on since the flags were computed; 0 for other tasks
    than labels, which learn nothing from decisions.
    """
    if not dataset.task.has_labels:
        return 0
    found = workspace.store.value(
        "SELECT count(DISTINCT d.example_id) FROM decision AS d JOIN step AS s USING (dataset_id) "
        "WHERE d.dataset_id = $dataset AND s.name = 'flags' AND d.about = 'output' "
        "AND d.action NOT IN ('skip', 'comment') AND d.seq > s.decision_seq",
        {"dataset": dataset.dataset_id},
    )
    return int(found)


def refresh_due(workspace: Workspace, dataset: Dataset) -> bool:
    """True once enough was decided to score the rest anew, and nothing else is out of date.

    Pays most where errors are hard to see; measured by benchmarks/label_refresh.py.
    """
    decided = undigested(workspace, dataset)
    if decided < _FEWEST_TO_REFRESH or stale_steps(workspace, dataset):
        return False
    examples = workspace.store.value(
        "SELECT count(*) FROM example WHERE dataset_id = $dataset", {"dataset": dataset.dataset_id}
    )
    return decided >= REFRESH_SHARE * int(examples)


def _last_decision(workspace: Workspace, dataset: Dataset) -> int:
    return int(
        workspace.store.value(
            "SELECT coalesce(max(seq), 0) FROM decision WHERE dataset_id = $dataset",
            {"dataset": dataset.dataset_id},
        )
    )


def _examples(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """What the worker reads. Labels are those that people have decided on, where they have."""
    return workspace.store.read(
        """
        SELECT example_id, source_row, text, messages, metadata, text_hash,
               CASE WHEN $labels AND status IN ('kept', 'relabelled', 'edited') THEN current
                    WHEN $labels AND out THEN NULL
                    ELSE given END AS given,
               status IN ('kept', 'relabelled', 'edited') OR out AS verified
        FROM (SELECT *, status = 'excluded' AND duplicate_verdict IS DISTINCT FROM 'exclude' AS out
              FROM current_example WHERE dataset_id = $dataset)
        ORDER BY example_id
        """,
        {"dataset": dataset.dataset_id, "labels": dataset.task.has_labels},
    )


def _stored_keys(workspace: Workspace, dataset: Dataset) -> dict[str, str]:
    rows = workspace.store.read(
        "SELECT name, input_key FROM step WHERE dataset_id = $dataset",
        {"dataset": dataset.dataset_id},
    )
    return dict(rows.iter_rows())


def step_keys(workspace: Workspace, dataset: Dataset) -> dict[str, str]:
    """Key of each step: its version and settings, its data, the step before; empty without data.

    Examples are only ever added, and their ids are hashes of their content, so the number of ids
    and the exclusive or of their hashes stand for all of it.
    """
    params = {"dataset": dataset.dataset_id}
    count = workspace.store.value(
        "SELECT count(*) FROM example WHERE dataset_id = $dataset", params
    )
    ids = workspace.remember(
        ("example ids", dataset.dataset_id, count),
        lambda: workspace.store.value(
            "SELECT bit_xor(md5_number_lower(example_id)) FROM example WHERE dataset_id = $dataset",
            params,
        ),
    )
    content = (count, ids)
    if not count:
        return {}
    settings = dataset.settings
    depends: dict[str, list[object]] = {
        "embed": [_model_key_or_name(settings.model), *map(str, content)],
        "duplicates": [settings.neighbours, *_search_settings(dataset)],
        "flags": [
            settings.near_threshold,
            settings.lexical_threshold,
            settings.seed,
            settings.label_score,
            dataset.output_schema,
        ],
    }
    keys: dict[str, str] = {}
    before = ""
    for step in STEPS:
        text = canonical_json([_VERSIONS[step], str(dataset.task), depends[step], before])
        before = keys[step] = hashlib.sha256(text.encode()).hexdigest()
    return keys


def _search_settings(dataset: Dataset) -> list[object]:
    """What the pairs depend on, apart from the examples and the model."""
    settings = dataset.settings
    form = [settings.keep_case, settings.keep_punctuation, settings.keep_accents]
    chat = [settings.duplicates_of] if dataset.task is Task.CHAT else []
    return [settings.pair_floor, *form, *chat]


def _search_key(dataset: Dataset) -> str:
    """As long as it is the same, pairs found earlier stand, and only new examples are compared."""
    model = _model_key_or_name(dataset.settings.model)
    return canonical_json([_VERSIONS["duplicates"], model, *_search_settings(dataset)])


def _model_key_or_name(model: str) -> str:
    """The model's key; its name where it is not there, which the worker then says in words."""
    try:
        return model_key(model)
    except ModelUnavailable:
        return model


@dataclass(frozen=True, slots=True)
class Finished:
    """A step that the worker has finished: what is recorded of it."""

    step: str
    input_key: str
    seconds: float
    decision_seq: int


def _store(workspace: Workspace, dataset: Dataset, job: Job, done: Finished) -> None:
    """Replace the step's rows and record its key, in one transaction."""
    frames = {
        _TABLES[result]: pl.read_parquet(job.path(result)).with_columns(
            dataset_id=pl.lit(dataset.dataset_id)
        )
        for result in _RESULTS[done.step]
        if job.path(result).exists()
    }

    def replace(cursor: duckdb.DuckDBPyConnection) -> None:
        for table, frame in frames.items():
            cursor.execute(f"DELETE FROM {table} WHERE dataset_id = $1", [dataset.dataset_id])
            insert_frame(cursor, table, frame)
        cursor.execute(
            "DELETE FROM step WHERE dataset_id = $1 AND name = $2", [dataset.dataset_id, done.step]
        )
        cursor.execute(
            "INSERT INTO step VALUES ($1, $2, $3, $4, now(), $5)",
            [dataset.dataset_id, done.step, done.input_key, done.seconds, done.decision_seq],
        )

    workspace.store.write(replace)


class AnalysisJob(Background[Analysis]):
    """One analysis in a thread of its own: it survives page reloads and can be stopped."""

    def __init__(self, workspace: Workspace, dataset: Dataset) -> None:
        self.dataset = dataset
        self.started = time.monotonic()

        def work(note: Callable[[Progress], None], cancelled: threading.Event) -> Analysis:
            found = analyze(workspace, dataset, progress=note, cancelled=cancelled)
            cluster_counts(workspace, dataset)  # so that nobody waits for it at the slider
            return found

        super().__init__(work)


class Jobs:
    """The analyses of one server process, at most one a dataset."""

    def __init__(self) -> None:
        self._jobs: dict[str, AnalysisJob] = {}
        self._lock = threading.Lock()

    def start(self, workspace: Workspace, dataset: Dataset) -> AnalysisJob:
        """Start an analysis, or return the one that runs already."""
        with self._lock:
            job = self._jobs.get(dataset.dataset_id)
            if job is None or not job.running:
                job = self._jobs[dataset.dataset_id] = AnalysisJob(workspace, dataset)
            return job

    def refresh(self, workspace: Workspace, dataset: Dataset) -> None:
        """Score anew in the background once enough was decided; not after an analysis failed."""
        last = self.of(dataset)
        if last is not None and (last.running or last.error is not None):
            return
        if refresh_due(workspace, dataset):
            self.start(workspace, dataset)

    def of(self, dataset: Dataset) -> AnalysisJob | None:
        """The last analysis of a dataset in this process, running or ended."""
        return self._jobs.get(dataset.dataset_id)
