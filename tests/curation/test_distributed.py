"""The steps of the distributed search, without Ray: however rows are parted, the result is one."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import similarity
from curation.cells import sampled
from curation.distributed import shards, steps
from curation.distributed.adopt import adopt_vectors
from curation.distributed.run import Request, run
from curation.distributed.shards import Columns
from curation.distributed.steps import Channel, Floors
from curation.duplicates import search_pairs
from curation.duplicates.texts import exact_pairs, folded
from curation.embeddings import VectorCache
from curation.errors import TamisError, UnreadableFile, WrongUse
from curation.records import text_hash
from curation.similarity import Search
from curation.workspace import Workspace

WORDS = ("card", "crad", "money", "lost", "12", "13", "please", "today", "never", "account")


def example_rows(count: int, seed: int) -> tuple[pl.DataFrame, np.ndarray]:
    """Texts, some blank, some alike in spelling, some copies; vectors, some near one another."""
    random = np.random.default_rng(seed)
    texts = [" ".join(random.choice(WORDS, random.integers(0, 9))) for _ in range(count)]
    texts = [text.upper() + "!" if random.random() < 0.1 else text for text in texts]
    centres = random.normal(size=(max(1, count // 6), 12))
    vectors = centres[random.integers(0, len(centres), count)]
    vectors = vectors + random.normal(scale=0.3, size=vectors.shape)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = [f"e{number:05}" for number in random.permutation(count)]
    return pl.DataFrame({"example_id": ids, "text": texts}), vectors.astype(np.float32)


def on_one_machine(rows: pl.DataFrame, vectors: np.ndarray, floor: float) -> pl.DataFrame:
    compared = rows.with_columns(pl.when(pl.col("text") != "").then("text").alias("text"))
    return search_pairs(compared, vectors, floor).pairs


def parted(count: int, cuts: list[int]) -> list[slice]:
    edges = [0, *sorted(cut % (count + 1) for cut in cuts), count]
    return [slice(a, b) for a, b in pairwise(edges)]


def on_many(
    rows: pl.DataFrame, vectors: np.ndarray, floor: float, cuts: list[int], workers: int
) -> pl.DataFrame:
    """What Ray does with the steps, in one process."""
    blocks = parted(len(rows), cuts)
    keyed = pl.concat([steps.keyed(rows[block], 3) for block in blocks])
    copies = pl.concat([steps.copies(keyed.filter(pl.col("part") == part)) for part in range(3)])
    first = rows["example_id"].is_in(keyed["example_id"].implode()) & ~rows["example_id"].is_in(
        copies.filter("repeated")["example_id"].implode()
    )
    kept = [(rows[block].filter(first[block]), vectors[block][first[block]]) for block in blocks]
    count = int(first.sum())
    floors = Floors(floor, floor)
    if Search.of_pairs(count).method == "exact":
        texts = pl.concat([texts for texts, _ in kept])
        near = [steps.all_pairs(texts, np.concatenate([found for _, found in kept]), floors)]
    else:
        near = [met(kept, count, channel, floors, workers) for channel in floors.channels]
    found = pl.concat(near).unique(["example_id", "other_id"])
    exact = exact_pairs(copies)
    return pl.concat([exact, folded([found], exact)]).sort("example_id", "other_id")


def met(
    blocks: list[tuple[pl.DataFrame, np.ndarray]],
    count: int,
    channel: Channel,
    floors: Floors,
    workers: int,
) -> pl.DataFrame:
    compared = [steps.searched(rows, vectors, channel) for rows, vectors in blocks]
    chosen = [sampled(found, count) for found in compared]
    ids = pl.concat(
        [rows.filter(pl.Series(c)) for (rows, _), c in zip(blocks, chosen, strict=True)]
    )
    sample = np.concatenate([found[c] for found, c in zip(compared, chosen, strict=True)])
    to = steps.meeting(ids, sample, count, floors.of(channel), workers)
    sent = [
        (travelled, vectors[place])
        for (rows, vectors), found in zip(blocks, compared, strict=True)
        for travelled, place in [steps.travelling(rows, found, to)]
    ]
    everyone = pl.concat([rows for rows, _ in sent])
    vectors = np.concatenate([found for _, found in sent])
    groups = [everyone["group"].to_numpy() == group for group in range(to.groups)]
    return pl.concat(
        steps.near_pairs(everyone.filter(pl.Series(here)), vectors[here], to, channel, floors)
        for here in groups
    )


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 150),
    st.integers(0, 10_000),
    st.lists(st.integers(0, 10_000), max_size=5),
    st.integers(1, 3),
    st.booleans(),
)
def test_any_partition_of_the_rows_gives_the_pairs_of_one_machine(
    count: int, seed: int, cuts: list[int], workers: int, among_cells: bool
) -> None:
    rows, vectors = example_rows(count, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similarity, "_EXACT_ROWS", 10 if among_cells else 20_000)
        expected = on_one_machine(rows, vectors, 0.8)
        assert on_many(rows, vectors, 0.8, cuts, workers).equals(expected)


def test_rows_travel_only_to_groups_in_which_they_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(similarity, "_EXACT_ROWS", 10)
    rows, vectors = example_rows(400, 1)
    to = steps.meeting(rows, vectors, len(rows), 0.9, workers=2)
    sent, place = steps.travelling(rows, vectors, to)
    assert to.groups == 8
    assert set(place) == set(range(len(rows)))
    assert sent.select("example_id", "group").is_unique().all()
    homes = sent.filter(pl.col("group") == pl.Series(to.group_of[sent["home"]]))
    assert len(homes) == len(rows)
    visited = sent.explode("visits").drop_nulls("visits")
    assert set(zip(sent["example_id"], sent["group"], strict=True)) == {
        *zip(homes["example_id"], homes["group"], strict=True),
        *zip(visited["example_id"], to.group_of[visited["visits"]], strict=True),
    }


def test_a_worker_refuses_more_pairs_than_it_can_bear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "MAX_PAIRS", 3)
    rows, vectors = example_rows(40, 2)
    with pytest.raises(TamisError, match="pairs of like rows"):
        steps.all_pairs(rows, vectors, Floors(0.1, 2.0))


def test_blank_texts_have_no_key() -> None:
    rows = pl.DataFrame({"example_id": ["a", "b", "c"], "text": ["", " \t", "x"]})
    assert steps.keyed(rows, 4)["example_id"].to_list() == ["c"]


def write(path: Path, columns: dict[str, object], group: int | None = None) -> Path:
    pl.DataFrame(columns).write_parquet(path, row_group_size=group)
    return path


def test_rows_are_named_by_shard_and_place_whatever_the_row_groups(tmp_path: Path) -> None:
    write(tmp_path / "b.parquet", {"text": ["x", None]})
    write(tmp_path / "a.parquet", {"text": [f"t{n}" for n in range(5)]}, group=2)
    files = shards.shards_of(str(tmp_path / "*.parquet"))
    columns = Columns("text")
    parts = shards.parts_of(files, columns)
    read = pl.concat([shards.frame_of(t) for part in parts for t in shards.rows_of(part, columns)])
    assert read["example_id"].to_list() == [
        *[shards.row_id(0, row) for row in range(5)],
        *[shards.row_id(1, row) for row in range(2)],
    ]
    assert read["text"].to_list() == ["t0", "t1", "t2", "t3", "t4", "x", ""]


def test_large_shards_are_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "_ROWS_PER_PART", 4)
    write(tmp_path / "a.parquet", {"text": list("abcdefghi")}, group=2)
    parts = shards.parts_of([tmp_path / "a.parquet"], Columns("text"))
    assert [(part.groups, part.first) for part in parts] == [([0, 1], 0), ([2, 3], 4), ([4], 8)]
    tables = [t for part in parts for t in shards.rows_of(part, Columns("text"))]
    ids = pa.concat_tables(tables)["example_id"].to_pylist()
    assert ids == [shards.row_id(0, row) for row in range(9)]


@pytest.mark.parametrize(
    ("columns", "wanted", "message"),
    [
        ({"words": ["x"]}, Columns("text"), "no column 'text'. It has|no column 'text'"),
        ({"text": [["x"]]}, Columns("text"), "not text"),
        ({"text": ["x"], "v": ["y"]}, Columns("text", None, "v"), "not lists of numbers"),
        ({"text": []}, Columns("text"), "no rows"),
    ],
)
def test_shards_that_do_not_fit_are_refused_before_anything_starts(
    tmp_path: Path, columns: dict[str, object], wanted: Columns, message: str
) -> None:
    shard = write(tmp_path / "a.parquet", columns)
    with pytest.raises(WrongUse, match=message):
        shards.parts_of([shard], wanted)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"text": ["x", "y"], "id": ["1", None], "v": [[1.0], [1.0]]}, "Row 2 of .* no id"),
        ({"text": ["x", "y"], "id": ["1", "2"], "v": [[1.0], None]}, "Row 2 of .* no vector"),
        ({"text": ["x", "y"], "id": ["1", "2"], "v": [[1.0], [1.0, 2.0]]}, "equally long"),
        ({"text": ["x", "y"], "id": ["1", "2"], "v": [[1.0], [float("nan")]]}, "row 2 of"),
    ],
)
def test_rows_that_do_not_fit_are_named(
    tmp_path: Path, columns: dict[str, object], message: str
) -> None:
    shard = write(tmp_path / "a.parquet", columns)
    wanted = Columns("text", "id", "v")
    part = shards.parts_of([shard], wanted)[0]
    with pytest.raises(WrongUse, match=message):
        list(shards.rows_of(part, wanted))


def test_a_damaged_shard_is_named(tmp_path: Path) -> None:
    shard = write(tmp_path / "a.parquet", {"text": [f"text {n} {n * n}" for n in range(2000)]})
    part = shards.parts_of([shard], Columns("text"))[0]
    damaged = bytearray(shard.read_bytes())
    damaged[4:400] = bytes(396)
    shard.write_bytes(damaged)
    with pytest.raises(TamisError, match=r"a\.parquet"):
        list(shards.rows_of(part, Columns("text")))
    shard.write_text("no parquet")
    with pytest.raises(UnreadableFile, match=r"a\.parquet"):
        shards.parts_of([shard], Columns("text"))


def test_vectors_are_read_at_length_one(tmp_path: Path) -> None:
    shard = write(tmp_path / "a.parquet", {"text": ["x", "y"], "v": [[3.0, 4.0], [0.0, 0.0]]})
    wanted = Columns("text", None, "v")
    (table,) = shards.rows_of(shards.parts_of([shard], wanted)[0], wanted)
    assert shards.vectors_of(table).tolist() == [[np.float32(0.6), np.float32(0.8)], [0.0, 0.0]]


def test_shards_are_copied_as_they_are_without_what_is_gone(tmp_path: Path) -> None:
    columns = {"text": ["x", None, "z"], "more": [1, 2, 3], "id": ["p", "q", "r"]}
    shard = write(tmp_path / "a.parquet", columns)
    gone = pl.Series(["q", "elsewhere"])
    assert shards.copy_without(shard, 0, "id", gone, tmp_path / "kept.parquet") == 2
    expected = pl.DataFrame(columns)[[0, 2]]
    assert pl.read_parquet(tmp_path / "kept.parquet").equals(expected)
    assert shards.copy_without(shard, 7, None, gone, tmp_path / "all.parquet") == 3


def test_without_ray_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.parquet", {"text": ["x"], "v": [[1.0]]})
    monkeypatch.setitem(sys.modules, "ray", None)
    request = Request(str(tmp_path / "*.parquet"), tmp_path / "out", Columns("text", None, "v"))
    with pytest.raises(TamisError, match="Ray is not installed") as raised:
        run(request)
    assert "tamis[distributed]" in raised.value.hint
    assert not (tmp_path / "out").exists()


def test_requests_that_cannot_be_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", {"text": ["x"], "v": [[1.0]]})
    request = Request(str(tmp_path / "*.parquet"), tmp_path / "out", Columns("text", None, "v"))
    with pytest.raises(WrongUse, match="No file matches"):
        run(replace(request, pattern=str(tmp_path / "*.none")))
    with pytest.raises(WrongUse, match="thresholds"):
        run(replace(request, threshold=0.0))
    with pytest.raises(WrongUse, match="workers"):
        run(replace(request, workers=0))
    with pytest.raises(WrongUse, match="exists already"):
        run(replace(request, out=tmp_path))


def table_of(texts: list[str], vectors: np.ndarray) -> pa.Table:
    return shards.with_vectors(pa.table({"text": texts}), vectors)


def test_computed_vectors_come_into_a_workspace_once(tmp_path: Path) -> None:
    folder = tmp_path / "out" / "vectors" / "model-1"
    folder.mkdir(parents=True)
    eye = np.eye(3, dtype=np.float32)
    shards.write_vectors(table_of(["a", "b"], eye[:2]), folder)
    shards.write_vectors(table_of(["a", "b"], eye[:2]), folder)  # a task that was run again
    shards.write_vectors(table_of(["c"], eye[2:]), folder)
    shards.number_parts(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["part-1.parquet", "part-2.parquet"]
    with Workspace.create(tmp_path / "w") as workspace:
        assert adopt_vectors(workspace, tmp_path / "out") == 3
        assert adopt_vectors(workspace, tmp_path / "out" / "vectors") == 0
        cache = VectorCache(workspace.vectors / "model-1")
        assert cache.load([text_hash(text) for text in "abc"]).tolist() == eye.tolist()


def test_vectors_that_are_none_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "vectors" / "model-1"
    folder.mkdir(parents=True)
    with Workspace.create(tmp_path / "w") as workspace:
        with pytest.raises(WrongUse, match="no vectors"):
            adopt_vectors(workspace, tmp_path)
        long = np.full((1, 3), 2, dtype=np.float32)
        VectorCache(folder).append([text_hash("a")], long)
        with pytest.raises(UnreadableFile, match="length 1"):
            adopt_vectors(workspace, tmp_path)
        (folder / "part-1.parquet").write_text("none")
        with pytest.raises(UnreadableFile, match=r"part-1\.parquet"):
            adopt_vectors(workspace, tmp_path)
