"""A cache of text vectors on disk: immutable Parquet parts, each there whole or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curation.errors import TamisError

Vectors = NDArray[np.float32]

_PART_NAME = re.compile(r"part-(\d+)\.parquet")
_INDEX_SCHEMA = {"text_hash": pl.String, "part": pl.UInt32, "row": pl.UInt32}


class VectorsMissing(TamisError, LookupError):
    """The cache holds no vector for a text that was asked for."""


class VectorCache:
    """Vectors of one model on disk, keyed by text hash: a folder of immutable Parquet parts.

    Each part holds `text_hash` (string) and `vector` (fixed-size list of float32). A part appears
    whole or not at all: it is written beside its place, flushed to disk, then renamed. One process
    writes; any number read. What is not a readable part is ignored.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._index: pl.DataFrame | None = None

    def missing(self, hashes: Sequence[str]) -> list[str]:
        """The distinct hashes that have no vector, in the order in which they first come."""
        asked = pl.DataFrame({"text_hash": hashes}, schema={"text_hash": pl.String})
        absent = asked.unique(maintain_order=True).join(
            self._known(), on="text_hash", how="anti", maintain_order="left"
        )
        return absent["text_hash"].to_list()

    def load(self, hashes: Sequence[str]) -> Vectors:
        """Vectors in the order of the hashes, float32 [n, d]; [0, 0] where none is asked for.

        Reads one part at a time. Raises VectorsMissing, and sets aside a part whose checksum
        fails, so that the next `embed` fills the gap.
        """
        if not len(hashes):
            return np.zeros((0, 0), dtype=np.float32)
        asked = pl.DataFrame({"text_hash": hashes}, schema={"text_hash": pl.String})
        places = asked.with_row_index("place").join(self._known(), on="text_hash", how="left")
        absent = places["part"].null_count()
        if absent:
            raise _vectors_missing(absent, len(hashes), self.folder)
        found: Vectors | None = None
        for (part,), rows in places.group_by("part"):
            vectors = self._read_vectors(self._path(int(part)))
            if found is None:
                found = np.empty((len(hashes), vectors.shape[1]), dtype=np.float32)
            found[rows["place"].to_numpy()] = vectors[rows["row"].to_numpy()]
        assert found is not None
        return found

    def append(self, hashes: Sequence[str], vectors: Vectors) -> None:
        """Add vectors, float32 [n, d], as one part; on return they are on disk."""
        if not len(hashes):
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        number = 1 + max((number for number, _ in self._parts()), default=0)
        flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
        column = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
        hash_column = pa.array(list(hashes), pa.string())
        self._write(number, pa.table({"text_hash": hash_column, "vector": column}))
        if self._index is not None:
            added = pl.DataFrame({"text_hash": hashes}).select(
                "text_hash",
                pl.lit(number, pl.UInt32).alias("part"),
                pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
            )
            fresh = added.unique("text_hash", keep="first", maintain_order=True).join(
                self._index, on="text_hash", how="anti", maintain_order="left"
            )
            self._index = self._index.vstack(fresh)

    def forget(self, hashes: Sequence[str]) -> None:
        """Remove vectors for good: parts that hold them are rewritten without them.

        Unreadable parts and files left by a killed run go as well, since nobody can say what they
        hold; what they lose can be computed again.
        """
        gone = pa.array(list(hashes), pa.string())
        for number, path in self._parts():
            table = _read_part(path)
            if table is None:
                path.unlink()
                continue
            kept = table.filter(pc.invert(pc.is_in(table["text_hash"], gone)))
            if kept.num_rows == 0:
                path.unlink()
            elif kept.num_rows < table.num_rows:
                self._write(number, kept)
        for left_over in [*self.folder.glob("*.tmp"), *self.folder.glob("*.damaged")]:
            left_over.unlink()
        _sync_folder(self.folder)
        self._index = None

    def _known(self) -> pl.DataFrame:
        """One row per cached text: text_hash, part (its number), row (within the part)."""
        if self._index is None:
            frames = [pl.DataFrame(schema=_INDEX_SCHEMA)]
            for number, path in self._parts():
                table = _read_part(path, ["text_hash"])
                if table is not None:
                    hashes = pl.from_arrow(table)
                    assert isinstance(hashes, pl.DataFrame)
                    frames.append(
                        hashes.with_columns(
                            pl.lit(number, pl.UInt32).alias("part"),
                            pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
                        )
                    )
            self._index = pl.concat(frames).unique("text_hash", keep="first", maintain_order=True)
        return self._index

    def _parts(self) -> list[tuple[int, Path]]:
        """Number and path of every file that is named as a part, readable or not, in order."""
        if not self.folder.is_dir():
            return []
        named = [(_PART_NAME.fullmatch(path.name), path) for path in self.folder.iterdir()]
        return sorted((int(match[1]), path) for match, path in named if match)

    def _path(self, number: int) -> Path:
        return self.folder / f"part-{number}.parquet"

    def _read_vectors(self, path: Path) -> Vectors:
        table = _read_part(path, ["vector"])
        if table is None:
            path.rename(path.with_suffix(".damaged"))
            self._index = None
            raise VectorsMissing(
                f"The cached vectors in {path} are damaged and have been set aside.",
                "Run the analysis again: only the lost ones are computed.",
            )
        column = table["vector"].combine_chunks()
        flat: Vectors = column.flatten().to_numpy()
        return flat.reshape(len(column), column.type.list_size)

    def _write(self, number: int, table: pa.Table) -> None:
        target = self._path(number)
        temporary = target.with_suffix(".tmp")
        with temporary.open("wb") as file:
            pq.write_table(
                table,
                file,
                compression="none",  # Floats of unit vectors do not compress.
                use_dictionary=False,
                write_statistics=False,
                write_page_checksum=True,
            )
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
        _sync_folder(self.folder)


def _read_part(path: Path, columns: list[str] | None = None) -> pa.Table | None:
    """The part, or None where the file is torn, damaged or of another shape."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            schema = file.schema_arrow
            if schema.names != ["text_hash", "vector"]:
                return None
            kind = schema.field("vector").type
            if not pa.types.is_fixed_size_list(kind) or kind.value_type != pa.float32():
                return None
            return file.read(columns=columns)
    except (OSError, pa.ArrowException):
        return None


def _vectors_missing(absent: int, asked: int, folder: Path) -> VectorsMissing:
    return VectorsMissing(
        f"{absent} of {asked} texts have no vector in {folder}.", "Run the embedding step first."
    )


def _sync_folder(folder: Path) -> None:
    """Make a rename durable; Windows neither needs nor allows it."""
    if os.name == "nt" or not folder.is_dir():
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
