"""The search for duplicates under Ray Data: sharded Parquet in; pairs and kept rows out."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import polars as pl

from curation.distributed import shards
from curation.distributed.cluster import connected
from curation.distributed.flow import Flow
from curation.distributed.shards import Columns
from curation.distributed.steps import Floors
from curation.duplicates import cluster
from curation.duplicates.texts import exact_pairs, folded
from curation.embeddings import check_model, model_key
from curation.errors import TamisError, WrongUse
from curation.records import Json, Progress, Settings
from curation.similarity import Search

PAIRS, CLUSTERS, KEPT, VECTORS, REPORT = (
    "pairs",
    "clusters.parquet",
    "kept",
    "vectors",
    "report.json",
)
_STEPS = ("copies", "embed", "search", "cluster", "write")


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be searched, and how.

    `pattern` is a glob of Parquet files, `out` a new folder; every machine must see both under the
    same paths. `lexical` is the similarity of spelling that makes a duplicate, above 1: none does.
    `address` is that of a running Ray cluster; None starts one on this machine for the time of the
    run, with so many workers (None: one per core).
    """

    pattern: str
    out: Path
    columns: Columns = field(default_factory=lambda: Columns("text"))
    model: str = Settings().model
    threshold: float = Settings().near_threshold
    lexical: float = Settings().lexical_threshold
    workers: int | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a run found; rows = removed + kept."""

    rows: int
    texts: int
    """Distinct texts that were compared."""
    pairs: int
    clusters: int
    removed: int
    kept: int
    search: Json
    """How near pairs were looked for (similarity.Search)."""
    seconds: dict[str, float]
    """Of each step."""


def run(request: Request, progress: Callable[[Progress], None] = lambda _: None) -> Found:
    """Search all shards and write `pairs/`, `clusters.parquet`, `kept/` and `report.json`.

    Vectors that were computed stand in `vectors/`, for `adopt_vectors`. Every removed row has a
    kept one that is a duplicate of it by the thresholds. The folder appears whole or not at all;
    until then it is the hidden one beside it, which a later run replaces. Raises WrongUse for files
    that do not fit and a folder that is taken, UnreadableFile, and TamisError where Ray is not
    installed or the cluster fails.
    """
    _check(request)
    files = shards.shards_of(request.pattern)
    parts = shards.parts_of(files, request.columns)
    with _new_folder(request.out) as folder, connected(request.address, request.workers) as ray:
        workers = int(ray.cluster_resources().get("CPU", 1))
        flow = Flow(ray, parts, request.columns, workers)
        found = _search(request, flow, files, folder, progress)
        settings = {"threshold": request.threshold, "lexical_threshold": request.lexical}
        document = {**asdict(found), **settings, "model": request.model, "workers": workers}
        (folder / REPORT).write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    return found


def _search(
    request: Request,
    flow: Flow,
    files: list[Path],
    folder: Path,
    progress: Callable[[Progress], None],
) -> Found:
    seconds: dict[str, float] = {}

    @contextmanager
    def step(name: str) -> Iterator[None]:
        progress(Progress("steps", len(seconds), len(_STEPS), name))
        started = time.monotonic()
        yield
        seconds[name] = round(time.monotonic() - started, 2)
        progress(Progress("steps", len(seconds), len(_STEPS), name))

    floors = Floors(request.threshold, request.lexical)
    vectors = folder / VECTORS / model_key(request.model) if not request.columns.vector else folder
    with step("copies"):
        flow.check_ids()
        copies = flow.copies()
    with step("embed"):
        repeated = copies.filter("repeated")["example_id"]
        texts = flow.texts(repeated, request.model, vectors)
        count = int(texts.count())
        if not request.columns.vector:
            shards.number_parts(vectors)
    with step("search"):
        near = flow.near(texts, count, floors)
    with step("cluster"):
        exact = exact_pairs(copies)
        found = pl.concat([exact, folded([near], exact)]).sort("example_id", "other_id")
        lexical = floors.lexical if floors.lexical <= 1 else None
        members = cluster(found, floors.embedding, lexical=lexical)
        gone = members.filter(pl.col("example_id") != pl.col("representative"))["example_id"]
        _write_found(folder, found, members)
    with step("write"):
        kept = flow.write_kept(files, gone, folder / KEPT)
    search = asdict(Search.of_pairs(count))
    clusters = members["cluster"].n_unique()
    return Found(kept + len(gone), count, found.height, clusters, len(gone), kept, search, seconds)


def _write_found(folder: Path, pairs: pl.DataFrame, members: pl.DataFrame) -> None:
    (folder / PAIRS).mkdir()
    pairs.write_parquet(folder / PAIRS / "part-0.parquet")
    members.write_parquet(folder / CLUSTERS)


def _check(request: Request) -> None:
    if not 0 < request.threshold <= 1 or request.lexical <= 0:
        raise WrongUse(
            f"The thresholds must lie above 0 and up to 1, not at {request.threshold} and "
            f"{request.lexical}.",
            "A lexical threshold above 1 leaves spelling out.",
        )
    if request.workers is not None and request.workers < 1:
        raise WrongUse(f"{request.workers} workers cannot work.", "Ask for one or more.")
    if not request.columns.vector:
        check_model(request.model)


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """A hidden folder beside `out`, which becomes `out` when the block ends well."""
    out = out.resolve()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise WrongUse(f"{out} exists already.", "Name a new folder.")
    work = out.parent / f".{out.name}.unfinished"
    try:
        shutil.rmtree(work, ignore_errors=True)  # of a run that was killed
        work.mkdir(parents=True)
        yield work
        work.rename(out)
    except OSError as error:
        raise TamisError(
            f"{out} could not be written: {error.strerror or error}.",
            "Check the free space and the rights on the folder.",
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
