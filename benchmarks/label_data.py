"""Files of labelled texts as the label benchmarks need them, with vectors computed once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curation.duplicates import COPY_SIMILARITY, copy_groups, find_pairs

READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    ".csv": pl.read_csv,
    ".jsonl": pl.read_ndjson,
    ".parquet": pl.read_parquet,
}
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Labelled:
    """One file: its rows that have a text and a label, whose labels count as the truth."""

    name: str
    digest: str
    """First digits of the file's SHA-256."""
    examples: pl.DataFrame
    """example_id, text."""
    names: list[str]
    truth: Labels
    """Positions in `names`, int64 [n]."""
    vectors: NDArray[np.float32]
    """[n, d], rows of length one."""

    @cached_property
    def groups(self) -> Labels:
        """Groups of copies, int64 [n]."""
        return copy_groups(self.examples, find_pairs(self.examples, self.vectors, COPY_SIMILARITY))

    def given(self, labels: Labels) -> pl.DataFrame:
        """The examples with the names of `labels` in the column `given`."""
        return self.examples.with_columns(given=pl.Series([self.names[k] for k in labels.tolist()]))


def read(path: Path, text_column: str, label_column: str, cache: Path) -> Labelled:
    """The file with its vectors, which are kept in the folder `cache` as .npy."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    frame = READERS[path.suffix](path).drop_nulls([text_column, label_column])
    examples = pl.DataFrame(
        {
            "example_id": [f"{row:08d}" for row in range(frame.height)],
            "text": frame[text_column],
        }
    )
    names = frame[label_column].unique().sort().to_list()
    place = {name: position for position, name in enumerate(names)}
    truth = np.array([place[name] for name in frame[label_column]], dtype=np.int64)
    vectors = _vectors(examples["text"].to_list(), cache / f"{path.stem}-{digest}.npy")
    return Labelled(path.name, digest, examples, names, truth, vectors)


def _vectors(texts: list[str], kept: Path) -> NDArray[np.float32]:
    if not kept.exists():
        from curation.embeddings import load_encoder

        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".unfinished.npy")
        np.save(unfinished, load_encoder().encode(texts))
        unfinished.replace(kept)
    vectors: NDArray[np.float32] = np.load(kept)
    return vectors
