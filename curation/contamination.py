"""Is anything of this benchmark in my training data? Every row of a file against every example."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from curation.comparison import KINDS, Compared, compare, exact_model
from curation.embeddings import model_key
from curation.errors import Cancelled, WrongUse
from curation.records import Dataset, Json, Progress, QuarantinedRow, Task
from curation.references import Reference, read_reference
from curation.similarity import Search
from curation.workspace import Workspace

FOUND_SCHEMA = {
    "reference_row": pl.Int64,
    "reference_column": pl.String,
    "reference_text": pl.String,
    "example_id": pl.String,
    "source_file": pl.String,
    "source_row": pl.Int64,
    "side": pl.String,
    "text": pl.String,
    "similarity": pl.Float32,
    "lexical": pl.Float32,
    "kind": pl.String,
}
"""`side` is "input" or "output" of the example; `text` what stands there; `kind` one of KINDS."""

_ONE_WRITER = threading.Lock()


@dataclass(frozen=True, slots=True)
class Contamination:
    """What of a file stands in a dataset.

    `found` (FOUND_SCHEMA) has one row per row of the file, example and side, by row of the file,
    the plainest first; of many copies of one text see `comparison.Compared`. `similarity` is the
    cosine; of `contains` the share of the shorter text that stands in the longer. `highest` is the
    highest cosine between file and dataset, from the dataset's `pair_floor` up; None below.
    """

    file: str
    sha256: str
    columns: tuple[str, ...]
    rows: int
    unreadable: tuple[QuarantinedRow, ...]
    examples: int
    threshold: float
    model: str
    found: pl.DataFrame
    highest: float | None
    search: Search

    def count(self, kind: str) -> int:
        """Rows of the file whose plainest finding is of this kind."""
        plainest = self.found.select(
            "reference_row", kind=pl.col("kind").cast(pl.Enum(KINDS)).to_physical()
        )
        best = plainest.group_by("reference_row").agg(pl.col("kind").min())["kind"]
        return int((best == KINDS.index(kind)).sum())

    @property
    def contaminated(self) -> int:
        """Rows of the file of which anything was found."""
        return self.found["reference_row"].n_unique()

    @property
    def example_ids(self) -> list[str]:
        """The examples in which anything was found, sorted."""
        return self.found["example_id"].unique().sort().to_list()

    def as_json(self) -> Json:
        """The result without the texts, as a manifest lists it."""
        exact, near, contained, near_twin = map(self.count, KINDS)
        return {
            "file": self.file,
            "sha256": self.sha256,
            "columns": list(self.columns),
            "rows": self.rows,
            "unreadable": len(self.unreadable),
            "examples": self.examples,
            "threshold": self.threshold,
            "model": self.model,
            "contaminated": self.contaminated,
            "exact": exact,
            "near": near,
            "near_twin": near_twin,
            "contained": contained,
            "highest": None if self.highest is None else round(self.highest, 6),
            "search": asdict(self.search),
        }

    def in_words(self) -> str:
        """One or two sentences for people."""
        searched = self.rows - len(self.unreadable)
        where = f"{self.file} ({', '.join(self.columns)})"
        if not self.contaminated:
            highest = "low" if self.highest is None else f"{self.highest:.3f}"
            return (
                f"Clean: nothing of {searched:,} rows of {where} in {self.examples:,} examples, at "
                f"a similarity of {self.threshold:.2f}. The highest is {highest}."
            )
        exact, near, contained, near_twin = map(self.count, KINDS)
        return (
            f"Contaminated: {self.contaminated:,} of {searched:,} rows of {where} are in "
            f"{len(self.example_ids):,} of {self.examples:,} examples. Exact copies: {exact:,}, "
            f"near-duplicates: {near:,}, contained: {contained:,}, near twins: {near_twin:,}."
        )


def contamination(
    workspace: Workspace,
    dataset: Dataset,
    reference: Path,
    columns: Sequence[str] = (),
    *,
    threshold: float | None = None,
    file_name: str | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
    cancelled: threading.Event | None = None,
) -> Contamination:
    """Search a dataset for the rows of a file: copies, near-duplicates, near twins, containment.

    `columns` of the file are guessed where none is named. All examples that are not excluded are
    searched, as they are after all decisions; of chats the questions and the answers, turn by turn.
    `threshold` is a cosine, the dataset's unless given; its `lexical_threshold` holds as well. The
    dataset need not be analysed. Vectors are kept, so that a second search is quick. Raises
    UnreadableFile, MappingError, WrongUse for a threshold outside (0, 1] or an empty dataset,
    Cancelled, WorkerFailed,
    ModelUnavailable.
    """
    settings = dataset.settings
    threshold = settings.near_threshold if threshold is None else threshold
    if not 0 < threshold <= 1:
        raise WrongUse(f"The threshold must lie above 0 and up to 1, not at {threshold}.")
    examples = _texts(workspace, dataset)
    if examples.is_empty():
        raise WrongUse(f"Dataset '{dataset.name}' has no examples.", "Import a file first.")
    read = read_reference(reference, columns, file_name=file_name, progress=progress)
    with _alone(cancelled, progress):
        compared = _compare(
            workspace, dataset, threshold, [read.texts, examples], progress, cancelled
        )
    return Contamination(
        file=read.file,
        sha256=read.sha256,
        columns=read.columns,
        rows=read.rows,
        unreadable=read.unreadable,
        examples=examples["example_id"].n_unique(),
        threshold=threshold,
        model=model_key(exact_model(settings.model)),
        found=_found(compared.hits, read, examples),
        highest=compared.highest,
        search=compared.search,
    )


def _compare(
    workspace: Workspace,
    dataset: Dataset,
    threshold: float,
    parts: list[pl.DataFrame],
    progress: Callable[[Progress], None],
    cancelled: threading.Event | None,
) -> Compared:
    settings = dataset.settings
    model = exact_model(settings.model)
    known = workspace.vectors / model_key(model)
    texts = [part.select("text", part=pl.lit(number)) for number, part in enumerate(parts)]
    return compare(
        pl.concat(texts),
        model,
        threshold,
        workspace.jobs,
        vectors=known / "references",  # an analysis may be writing to its own at this moment
        known=known,
        floor=settings.pair_floor,
        lexical=settings.lexical_threshold if settings.lexical_threshold <= 1 else None,
        contains=True,
        progress=progress,
        cancelled=cancelled,
    )


def still_in(workspace: Workspace, dataset: Dataset, result: Contamination) -> list[str]:
    """The examples in which something was found and which are not excluded by now, sorted."""
    rows = workspace.store.read(
        "SELECT example_id FROM current_example WHERE dataset_id = $dataset AND NOT excluded "
        "AND example_id IN (SELECT unnest($ids)) ORDER BY example_id",
        {"dataset": dataset.dataset_id, "ids": result.example_ids},
    )
    return rows["example_id"].to_list()


def _found(hits: pl.DataFrame, read: Reference, examples: pl.DataFrame) -> pl.DataFrame:
    """FOUND_SCHEMA from pairs of row numbers: of the file's texts, then of the examples'."""
    ours = read.texts.rename({name: f"reference_{name}" for name in read.texts.columns})
    theirs = examples[hits["right"] - read.texts.height]
    joined = pl.concat(
        [ours[hits["left"]], theirs, hits.select("similarity", "lexical", "kind")], how="horizontal"
    )
    plainness = pl.col("kind").cast(pl.Enum(KINDS))
    return (
        joined.sort(
            "reference_row",
            plainness,
            "similarity",
            "source_file",
            "source_row",
            descending=[False, False, True, False, False],
            maintain_order=True,
        )
        .unique(
            ["reference_row", "reference_column", "example_id", "side"],
            keep="first",
            maintain_order=True,
        )
        .select(pl.col(name).cast(kind) for name, kind in FOUND_SCHEMA.items())
    )


def _texts(workspace: Workspace, dataset: Dataset) -> pl.DataFrame:
    """What is searched: `example_id, source_file, source_row, side, text`, none blank."""
    rows = workspace.store.read(
        "SELECT c.example_id, s.file_name AS source_file, c.source_row, c.text, c.current, "
        "c.messages FROM current_example AS c JOIN source AS s USING (dataset_id, source_id) "
        "WHERE c.dataset_id = $dataset AND NOT c.excluded ORDER BY c.example_id",
        {"dataset": dataset.dataset_id},
    )
    found = [
        (example, file, row, side, said)
        for example, file, row, text, current, messages in rows.iter_rows()
        for side, said in dict.fromkeys(_sides(dataset.task, text, current, messages))
        if said.strip()
    ]
    names = ("example_id", "source_file", "source_row", "side", "text")
    schema = {name: FOUND_SCHEMA[name] for name in names}
    return pl.DataFrame(found, schema=schema, orient="row")


def _sides(
    task: Task, text: str, current: str | None, messages: str | None
) -> Iterator[tuple[str, str]]:
    """Side and text of all that an example says; of a chat each turn, and all its questions."""
    if task is not Task.CHAT or messages is None:
        yield "input", text
        if task is Task.CHAT and current is not None:
            yield "output", current
        return
    turns = json.loads(messages)
    if turns[-1]["role"] == "assistant" and current is not None:
        turns[-1] = {**turns[-1], "content": current}
    for turn in turns:
        if turn["content"]:
            yield ("output" if turn["role"] == "assistant" else "input"), turn["content"]
    questions = [turn["content"] for turn in turns if turn["role"] == "user" and turn["content"]]
    yield "input", "\n".join(questions)


@contextmanager
def _alone(
    cancelled: threading.Event | None, progress: Callable[[Progress], None]
) -> Iterator[None]:
    """Wait until no other search of this process runs: a cache of vectors has one writer."""
    while not _ONE_WRITER.acquire(timeout=0.2):
        progress(Progress("embed", 0, 0, "waiting for another search to end"))
        if cancelled is not None and cancelled.is_set():
            raise Cancelled("It was stopped.", "Start it again when the other search has ended.")
    try:
        yield
    finally:
        _ONE_WRITER.release()
