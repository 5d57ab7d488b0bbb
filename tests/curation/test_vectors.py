"""The vector cache: what was appended is there, whatever else lies in the folder."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from curation.embeddings import VectorCache, VectorsMissing


def some(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 4)).astype(np.float32)


def test_vectors_come_back_in_the_order_asked_and_as_often(tmp_path: Path) -> None:
    cache, first, second = VectorCache(tmp_path / "new"), some(2), some(1, seed=1)
    cache.append(["a", "b"], first)
    cache.append(["c"], second)
    for reader in (cache, VectorCache(tmp_path / "new")):
        found = reader.load(["c", "a", "c", "b"])
        np.testing.assert_array_equal(found, [second[0], first[0], second[0], first[1]])
        assert found.dtype == np.float32
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "part-1.parquet",
        "part-2.parquet",
    ]


def test_missing_lists_each_unknown_hash_once_in_order(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path)
    assert cache.missing(["b", "a", "b"]) == ["b", "a"]
    cache.append(["a"], some(1))
    assert cache.missing(["c", "a", "b", "c"]) == ["c", "b"]
    assert cache.missing([]) == []


def test_a_vector_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path)
    cache.append(["a"], some(1))
    with pytest.raises(VectorsMissing, match="2 of 3 texts have no vector"):
        cache.load(["a", "x", "y"])
    assert cache.load([]).shape == (0, 0)


def test_torn_and_foreign_files_are_ignored(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path)
    cache.append(["a"], some(1))
    cache.append(["b", "c"], some(2))
    whole = (tmp_path / "part-2.parquet").read_bytes()
    (tmp_path / "part-2.parquet").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "part-3.parquet").write_bytes(b"")
    pl.DataFrame({"x": [1]}).write_parquet(tmp_path / "part-7.parquet")
    pl.DataFrame({"text_hash": ["z"], "vector": ["q"]}).write_parquet(tmp_path / "part-8.parquet")
    (tmp_path / "part-9.tmp").write_bytes(whole)
    (tmp_path / "notes.txt").write_text("mine")
    again = VectorCache(tmp_path)
    assert again.missing(["a", "b", "c", "z"]) == ["b", "c", "z"]
    again.append(["b"], some(1))
    assert (tmp_path / "part-9.parquet").is_file()  # no file of another's is written over
    assert VectorCache(tmp_path).load(["b", "a"]).shape == (2, 4)


def test_a_flipped_byte_is_noticed_and_only_that_part_is_lost(tmp_path: Path) -> None:
    cache, vectors = VectorCache(tmp_path), some(50)
    cache.append([f"h{row}" for row in range(50)], vectors)
    cache.append(["other"], some(1))
    part = tmp_path / "part-1.parquet"
    content = bytearray(part.read_bytes())
    content[content.index(vectors[20].tobytes())] ^= 1
    part.write_bytes(content)
    damaged = VectorCache(tmp_path)
    with pytest.raises(VectorsMissing, match="damaged"):
        damaged.load(["h1", "other"])
    assert damaged.missing(["h1", "other"]) == ["h1"]
    assert VectorCache(tmp_path).load(["other"]).shape == (1, 4)


def test_forgotten_vectors_are_gone_from_the_disk(tmp_path: Path) -> None:
    cache, vectors = VectorCache(tmp_path), some(4)
    cache.append(["a", "b"], vectors[:2])
    cache.append(["c"], vectors[2:3])
    cache.append(["d"], vectors[3:])
    (tmp_path / "part-9.tmp").write_bytes(vectors.tobytes())
    (tmp_path / "part-10.parquet").write_bytes(vectors.tobytes())
    cache.forget(["a", "c", "unknown"])
    assert cache.missing(["a", "b", "c", "d"]) == ["a", "c"]
    np.testing.assert_array_equal(cache.load(["d", "b"]), vectors[[3, 1]])
    on_disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert vectors[0].tobytes() not in on_disk
    assert vectors[2].tobytes() not in on_disk
    assert vectors[1].tobytes() in on_disk
    VectorCache(tmp_path / "nowhere").forget(["a"])


def test_the_same_text_twice_is_one_vector(tmp_path: Path) -> None:
    cache, vectors = VectorCache(tmp_path), some(3)
    assert cache.missing(["a"]) == ["a"]
    cache.append(["a", "a"], vectors[:2])
    cache.append(["a"], vectors[2:])
    for reader in (cache, VectorCache(tmp_path)):
        np.testing.assert_array_equal(reader.load(["a"]), vectors[:1])
