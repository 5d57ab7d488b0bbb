"""The subprocess in which torch lives: Parquet in, Parquet out, progress as JSON lines on stdout.

Started by `curation.pipeline` as `python -m curation.worker FOLDER`; see `curation.job` for what is
in the folder.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curation import duplicates, embeddings
from curation.child import answer
from curation.detectors import Evidence, detect
from curation.groupings import topics
from curation.job import STEPS, Job, write_atomically
from curation.label_issues import LabelIssues, label_issues, multilabel_issues
from curation.recheck import MARGIN, recheck
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
    _search_pairs(job, examples, vectors, progress)
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


def _search_pairs(
    job: Job, examples: pl.DataFrame, vectors: Vectors, progress: Callable[[Progress], None]
) -> None:
    """Compare what is new; leave the pairs, how they were searched, and what was compared."""
    settings, chat = job.settings, job.task is Task.CHAT
    of = settings.duplicates_of if chat else "question"
    answers = None if of == "question" else _answer_vectors(job, examples, vectors)
    texts = examples.select(
        "example_id", text="given" if of == "answer" else "text", answer="given"
    )
    is_fast = embeddings.split_name(settings.model)[1] is embeddings.Tier.FAST
    found = duplicates.search_pairs(
        texts,
        answers if of == "answer" and answers is not None else vectors,
        settings.pair_floor - MARGIN if is_fast else settings.pair_floor,
        progress,
        answers=answers if of == "both" else None,
        form=duplicates.Form(settings.keep_case, settings.keep_punctuation, settings.keep_accents),
        known=_known(job),
        thresholds=(settings.pair_floor, settings.near_threshold),
        lexical_threshold=settings.lexical_threshold,
    )
    if is_fast:
        columns = ["text", "answer"] if of == "both" else ["text"]
        found = replace(found, pairs=_in_full(job, found.pairs, texts, columns, progress))
    compared = pl.DataFrame({"example_id": found.texts}).with_columns(
        exact=pl.lit(found.known.exact), key=pl.lit(job.keys["search"])
    )
    # What was compared comes last: without it everything is compared again.
    job.path("compared").unlink(missing_ok=True)
    write_atomically(job.path("pairs"), found.pairs.write_parquet)
    write_atomically(job.path("searches"), found.searches.write_parquet)
    write_atomically(job.path("compared"), compared.write_parquet)


def _in_full(
    job: Job,
    pairs: pl.DataFrame,
    texts: pl.DataFrame,
    columns: list[str],
    progress: Callable[[Progress], None],
) -> pl.DataFrame:
    """Pairs of rounded vectors as those of the full model, which embeds their texts."""
    encoder = embeddings.load_encoder(embeddings.split_name(job.settings.model)[0])
    store = VectorCache(job.vectors.parent / encoder.key)

    def encode(some: Sequence[str]) -> Vectors:
        return embeddings.vectors_of(some, encoder, store, progress)

    settings = job.settings
    return recheck(pairs, texts, encode, settings.pair_floor, columns, (settings.near_threshold,))


def _known(job: Job) -> duplicates.Known | None:
    """What the last search in this folder found, where it was for the same settings and model."""
    if not (job.path("compared").exists() and job.path("pairs").exists()):
        return None
    compared = pl.read_parquet(job.path("compared"))
    if compared.is_empty() or compared["key"][0] != job.keys["search"]:
        return None
    pairs = pl.read_parquet(job.path("pairs"))
    return duplicates.Known(pairs, compared["example_id"], compared["exact"][0])


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
    settings, chat = job.settings, job.task is Task.CHAT
    vectors = _cache(job).load(examples["text_hash"].to_list())
    if chat and settings.duplicates_of != "question":  # a conflict is one of answers
        pairs = duplicates.find_pairs(examples, vectors, settings.near_threshold)
    else:
        pairs = pl.read_parquet(job.path("pairs"))
    pairs, _ = duplicates.set_apart(pairs, pl.read_parquet(job.path("separated")))
    outputs = examples.select("example_id", output="given")
    conflicts = duplicates.conflicts(
        pairs, outputs, settings.near_threshold, settings.lexical_threshold
    )
    pairs = pairs.filter(pl.col("similarity") >= settings.pair_floor)
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


def main() -> int:
    """Entry point of the subprocess."""
    return answer(lambda report: run(Job.load(Path(sys.argv[1])), report))


if __name__ == "__main__":
    raise SystemExit(main())
