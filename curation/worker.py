"""The subprocess in which torch lives: Parquet in, Parquet out, progress as JSON lines on stdout.

Started by `curation.pipeline` as `python -m curation.worker FOLDER`; see `curation.job` for what is
in the folder.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curation import duplicates, embeddings
from curation.detectors import Evidence, detect
from curation.errors import TamisError
from curation.groupings import topics
from curation.job import STEPS, Job, write_atomically
from curation.label_issues import LabelIssues, label_issues, multilabel_issues
from curation.records import Json, Progress, Task, text_hash
from curation.similarity import Vectors, nearest_neighbours
from curation.slices import find_slices
from curation.vectors import VectorCache


def run(job: Job, report: Callable[[Json], None]) -> None:
    """Run the steps that are not finished, reporting progress and the end of each step."""
    examples = pl.read_parquet(job.path("examples"))
    steps = {"embed": _embed, "duplicates": _find_duplicates, "flags": _find_flags}

    def progress(state: Progress) -> None:
        report({"progress": asdict(state)})

    for name in STEPS:
        started = time.monotonic()
        if not job.finished(name):
            steps[name](job, examples, progress)
            job.mark_finished(name)
        report({"finished": name, "seconds": time.monotonic() - started})


def _embed(job: Job, examples: pl.DataFrame, progress: Callable[[Progress], None]) -> None:
    progress(Progress("embed", 0, 0, "loading the model"))
    encoder = embeddings.load_encoder(job.settings.model)
    texts = examples["text"].to_list()
    if job.task is Task.CHAT:
        texts += examples["given"].drop_nulls().to_list()
    texts = list(dict.fromkeys(texts))  # in order: batches, and so last digits, depend on it
    embeddings.embed(texts, [text_hash(t) for t in texts], encoder, _cache(job), progress)


def _find_duplicates(
    job: Job, examples: pl.DataFrame, progress: Callable[[Progress], None]
) -> None:
    vectors = _cache(job).load(examples["text_hash"].to_list())
    progress(Progress("duplicates", 0, 0, "comparing texts"))
    pairs = duplicates.find_pairs(
        examples.select("example_id", "text"), vectors, job.settings.pair_floor, progress
    )
    write_atomically(job.path("pairs"), pairs.write_parquet)
    progress(Progress("duplicates", 0, 0, "finding neighbours"))
    indices, similarities = nearest_neighbours(vectors, job.settings.neighbours)
    ids = examples["example_id"].to_numpy()
    neighbours = pl.DataFrame(
        {
            "example_id": examples["example_id"],
            "other_ids": pl.Series(ids[indices].tolist(), dtype=pl.List(pl.String)),
            "similarities": pl.Series(similarities.tolist(), dtype=pl.List(pl.Float32)),
        }
    )
    write_atomically(job.path("neighbours"), neighbours.write_parquet)
    progress(Progress("duplicates", 1, 1))


def _find_flags(job: Job, examples: pl.DataFrame, progress: Callable[[Progress], None]) -> None:
    evidence = _evidence(job, examples)
    flags = detect(
        evidence,
        lambda detector: progress(Progress("flags", 0, 0, f"looking for: {detector.title}")),
    )
    # What a person has decided on is not called in question again.
    flags = flags.join(examples.filter("verified"), on="example_id", how="anti")
    if job.task.has_labels:
        progress(Progress("flags", 0, 0, "comparing labels"))
        issues = _label_issues(job, evidence, progress)
        flags = pl.concat([flags, issues.flags])
        write_atomically(job.path("overlaps"), issues.overlaps.write_parquet)
        write_atomically(job.path("quality"), issues.quality.write_parquet)
        progress(Progress("flags", 0, 0, "looking for slices"))
        write_atomically(job.path("slices"), _slices(job, evidence, issues.flags).write_parquet)
    write_atomically(job.path("flags"), flags.sort("example_id", "kind").write_parquet)


def _evidence(job: Job, examples: pl.DataFrame) -> Evidence:
    pairs = pl.read_parquet(job.path("pairs"))
    vectors = _cache(job).load(examples["text_hash"].to_list())
    outputs = examples.select("example_id", output="given")
    conflicts = duplicates.conflicts(pairs, outputs, job.settings.near_threshold)
    chat = job.task is Task.CHAT
    return Evidence(
        task=job.task,
        examples=examples,
        question_vectors=vectors,
        answer_vectors=_answer_vectors(job, examples, vectors) if chat else None,
        conflicts=_without_rewordings(job, conflicts) if chat else conflicts,
        pairs=pairs,
        neighbours=_neighbours(job, examples),
        groups=duplicates.copy_groups(examples, pairs),
        output_schema=job.output_schema,
    )


def _label_issues(
    job: Job, evidence: Evidence, progress: Callable[[Progress], None]
) -> LabelIssues:
    assert evidence.question_vectors is not None
    assert evidence.neighbours is not None
    assert evidence.groups is not None
    single = job.task is Task.SINGLE_LABEL
    method = job.settings.label_score
    return (label_issues if single else multilabel_issues)(
        evidence.examples,
        evidence.question_vectors,
        evidence.groups,
        evidence.neighbours,
        seed=job.settings.seed,
        method=method if single else "self_confidence",
        progress=progress,
    )


def _slices(job: Job, evidence: Evidence, flags: pl.DataFrame) -> pl.DataFrame:
    assert evidence.question_vectors is not None
    assert evidence.neighbours is not None
    topic = topics(evidence.question_vectors, seed=job.settings.seed)
    examples = evidence.examples.with_columns(
        suggested=flags["suggested"], cluster=pl.Series(topic, dtype=pl.Int64)
    )
    return find_slices(examples, job.task, neighbours=evidence.neighbours[0])


def _neighbours(job: Job, examples: pl.DataFrame) -> tuple[NDArray[np.int64], Vectors]:
    """The stored neighbours as row numbers of `examples` [n, k] and similarities [n, k]."""
    stored = examples.select("example_id").join(
        pl.read_parquet(job.path("neighbours")), on="example_id", maintain_order="left"
    )
    row_of = {key: row for row, key in enumerate(examples["example_id"])}
    rows = [[row_of[other] for other in others] for others in stored["other_ids"].to_list()]
    similarities = np.array(stored["similarities"].to_list(), dtype=np.float32)
    return np.array(rows, dtype=np.int64), similarities


def _answer_vectors(job: Job, examples: pl.DataFrame, questions: Vectors) -> Vectors:
    """The embedded answers row by row; zeros where there is none."""
    answered = examples["given"].is_not_null().to_numpy()
    answers = np.zeros_like(questions)
    hashes = [text_hash(answer) for answer in examples["given"].drop_nulls()]
    if hashes:
        answers[answered] = _cache(job).load(hashes)
    return answers


def _without_rewordings(job: Job, conflicts: pl.DataFrame) -> pl.DataFrame:
    """Conflicts of chats whose two answers are not duplicates of each other themselves."""
    sides = [conflicts["output"].to_list(), conflicts["other_output"].to_list()]
    vectors = [_cache(job).load([text_hash(answer) for answer in side]) for side in sides]
    alike = np.einsum("nd,nd->n", *vectors) >= job.settings.near_threshold
    same = [
        duplicates.exact_key(one) == duplicates.exact_key(other)
        or (close and duplicates.why_not_duplicate(one, other) is None)
        for one, other, close in zip(*sides, alike.tolist(), strict=True)
    ]
    return conflicts.filter(~pl.Series(same, dtype=pl.Boolean))


def _cache(job: Job) -> VectorCache:
    return VectorCache(job.vectors)


def _exit_with_parent() -> None:
    """End when the process that holds the other end of stdin is gone."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def main() -> int:
    """Entry point of the subprocess."""
    _exit_with_parent()
    if hasattr(os, "nice"):
        os.nice(5)  # people who review at the same time come first
    stdout = sys.stdout
    sys.stdout = sys.stderr  # libraries print; the protocol must not be disturbed

    def report(message: Json) -> None:
        stdout.write(json.dumps(message) + "\n")
        stdout.flush()

    try:
        run(Job.load(Path(sys.argv[1])), report)
    except TamisError as error:
        report({"error": str(error), "hint": error.hint})
        return 1
    except MemoryError:
        report({"error": "The machine ran out of memory.", "hint": "Close other programs."})
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
