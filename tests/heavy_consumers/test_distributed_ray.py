"""The distributed search on a real Ray cluster. Without Ray these tests fail, as they should."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import psutil
import pytest

from curation import similarity
from curation.distributed.adopt import adopt_vectors
from curation.distributed.run import Request, run
from curation.distributed.shards import Columns, row_id
from curation.duplicates import cluster, search_pairs
from curation.embeddings import VectorCache, model_key
from curation.errors import TamisError, WrongUse
from curation.importing import import_file
from curation.ingest import ColumnMapping
from curation.records import Task, text_hash
from curation.workspace import Workspace

WORDS = ("card", "crad", "money", "lost", "12", "13", "please", "today", "never", "account")
COMMAND = (
    "import typer; from labeling.cli import errors_for_people; "
    "from labeling.distributed_command import distributed\n"
    "with errors_for_people(): typer.run(distributed)"
)


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """A cluster that wants a token, which this process has."""
    os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))
    scratch = tempfile.mkdtemp(prefix="tamis-ray-")
    script = Path(__file__).with_name("ray_cluster.py")
    with subprocess.Popen(
        [sys.executable, script, scratch], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as cluster_process:
        assert cluster_process.stdout is not None
        found = cluster_process.stdout.readline().strip()
        assert found, "Ray did not start: is it installed?"
        yield found
        cluster_process.communicate()
    shutil.rmtree(scratch)


def shards(folder: Path, rows: pl.DataFrame, count: int = 3) -> list[str]:
    """Write the rows to so many files; the ids that they get."""
    folder.mkdir(parents=True)
    ids = []
    for number, part in enumerate(rows.iter_slices(-(-len(rows) // count))):
        part.write_parquet(folder / f"s{number}.parquet")
        ids += [row_id(number, row) for row in range(len(part))]
    return ids


def example_rows(count: int) -> tuple[pl.DataFrame, np.ndarray]:
    random = np.random.default_rng(3)
    texts: list[str | None] = [
        " ".join(random.choice(WORDS, random.integers(1, 9))) for _ in range(count)
    ]
    texts[5], texts[6] = None, "  "
    centres = random.normal(size=(count // 6, 12))
    vectors = centres[random.integers(0, len(centres), count)]
    vectors = vectors + random.normal(scale=0.3, size=vectors.shape)
    frame = pl.DataFrame({"words": texts, "v": vectors.tolist(), "more": range(count)})
    vectors = vectors.astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return frame, vectors / np.maximum(lengths, np.finfo(np.float32).tiny)


def kept_rows(out: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(path) for path in sorted((out / "kept").iterdir())])


def test_the_cluster_finds_exactly_what_one_machine_finds(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similarity, "_EXACT_ROWS", 10)  # so that texts meet in cells
    rows, vectors = example_rows(1500)
    ids = shards(tmp_path / "in", rows)
    request = Request(
        str(tmp_path / "in" / "*.parquet"),
        tmp_path / "out",
        Columns("words", None, "v"),
        threshold=0.8,
        lexical=0.8,
        address=address,
    )
    found = run(request)
    texts = rows.select(
        example_id=pl.Series(ids),
        text=pl.when(pl.col("words").str.strip_chars() != "").then("words"),
    )
    pairs = search_pairs(texts, vectors, 0.8).pairs
    clusters = cluster(pairs, 0.8, lexical=0.8)
    gone = clusters.filter(pl.col("example_id") != pl.col("representative"))["example_id"]
    assert pl.read_parquet(request.out / "pairs" / "*.parquet").equals(pairs)
    assert pl.read_parquet(request.out / "clusters.parquet").equals(clusters)
    assert kept_rows(request.out).equals(rows.filter(~pl.Series(ids).is_in(gone.implode())))
    assert (found.rows, found.removed) == (1500, len(gone))
    assert found.search["method"] == "cells"
    assert set(pairs["kind"]) == {"exact", "near", "near-twin"}


def test_vectors_of_a_run_spare_the_analysis_the_embedding(tmp_path: Path, address: str) -> None:
    texts = ["Where is my card?", "where is my card", "The card is gone.", "Refund, please.", " "]
    rows = pl.DataFrame({"name": list("abcde"), "text": texts, "label": ["l"] * 5})
    shards(tmp_path / "in", rows, count=2)
    out = tmp_path / "out"
    run(Request(str(tmp_path / "in" / "*.parquet"), out, Columns("text", "name"), address=address))
    assert kept_rows(out)["name"].to_list() == ["a", "c", "d", "e"]
    with Workspace.create(tmp_path / "w") as workspace:
        dataset = workspace.create_dataset("d", Task.SINGLE_LABEL)
        for path in sorted((out / "kept").iterdir()):
            import_file(workspace, dataset, path, ColumnMapping(text="text", label="label"))
        assert adopt_vectors(workspace, out) == 4  # of every way of writing
        cache = VectorCache(workspace.vectors / model_key())
        imported = workspace.store.read("SELECT text FROM example")["text"]
        assert len(imported) == 3
        assert cache.missing([text_hash(text) for text in imported]) == []


def test_faults_on_workers_come_back_in_plain_words(tmp_path: Path, address: str) -> None:
    rows = pl.DataFrame({"name": ["a", "a", "b"], "text": ["x", "y", "z"], "v": [[1.0]] * 3})
    shards(tmp_path / "in", rows, count=1)
    request = Request(
        str(tmp_path / "in" / "*.parquet"),
        tmp_path / "out",
        Columns("text", "name", "v"),
        address=address,
    )
    with pytest.raises(WrongUse, match="more than one row, such as 'a'"):
        run(request)
    shard = tmp_path / "in" / "s0.parquet"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:4] + bytes(60) + whole[64:])
    with pytest.raises(TamisError, match=r"s0\.parquet is damaged"):
        run(replace(request, columns=Columns("text", None, "v")))
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize(
    "credentials",
    [{"RAY_AUTH_MODE": "disabled"}, {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}],
    ids=["no token", "wrong token"],
)
def test_nobody_without_the_token_is_let_in(address: str, credentials: dict[str, str]) -> None:
    attempt = f"import ray; ray.init(address='{address}', log_to_driver=False); print('inside')"
    environment = {k: v for k, v in os.environ.items() if k != "RAY_AUTH_TOKEN"} | credentials
    done = subprocess.run(
        [sys.executable, "-c", attempt], env=environment, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "inside" not in done.stdout
    assert "token" in done.stderr.lower()


LISTENERS = """
import psutil
from curation.distributed.cluster import connected
with connected(None, 2) as ray:
    ray.get([ray.remote(lambda: None).remote() for _ in range(2)])
    this = psutil.Process()
    own = {this.pid, *(child.pid for child in this.children(recursive=True))}
    for found in psutil.net_connections("inet"):
        if found.status == "LISTEN" and found.pid in own:
            print(found.laddr.ip)
"""


def test_a_cluster_of_our_own_listens_to_this_machine_only() -> None:
    done = subprocess.run([sys.executable, "-c", LISTENERS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = done.stdout.split()
    assert len(found) >= 4
    assert set(found) <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}


@pytest.fixture
def scratch() -> Iterator[Path]:
    """An empty folder for Ray's files; its name is short, since paths of sockets must be."""
    folder = Path(tempfile.mkdtemp(prefix="t"))
    yield folder
    shutil.rmtree(folder)


def processes_in(scratch: Path) -> set[int]:
    """Ray's processes whose files are there."""
    return {
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if f"{scratch}/tamis-ray-" in " ".join(process.info["cmdline"] or [])
    }


def test_a_stopped_command_leaves_nothing_behind_and_a_second_run_works(
    tmp_path: Path, scratch: Path
) -> None:
    rows, _ = example_rows(600)
    shards(tmp_path / "in", rows)
    options = f"--input {tmp_path}/in/*.parquet --output {tmp_path}/out --text words --vectors v"
    command = [sys.executable, "-c", COMMAND, *options.split(), "--workers", "2", "--json"]
    environment = os.environ | {"TMPDIR": str(scratch)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as stopped:
        until = time.monotonic() + 120
        while not processes_in(scratch) and time.monotonic() < until:
            time.sleep(0.2)
        assert (tmp_path / ".out.unfinished").is_dir()
        stopped.send_signal(signal.SIGINT)
    assert stopped.returncode != 0
    assert processes_in(scratch) == set()
    assert [path.name for path in tmp_path.iterdir()] == ["in"]

    (tmp_path / ".out.unfinished" / "kept").mkdir(parents=True)  # as kill -9 leaves it
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('{"rows": 600, ')
    assert done.stdout.count("\n") == 1
    assert "ray" not in done.stderr.lower()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]
    assert processes_in(scratch) == set()
    assert list(scratch.iterdir()) == []
