"""Vectors that a distributed run computed, taken into a workspace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curation.distributed.shards import vectors_of
from curation.embeddings import VectorCache
from curation.errors import UnreadableFile, WrongUse
from curation.similarity import Vectors
from curation.workspace import Workspace

_LENGTH_TOLERANCE = 1e-3


def adopt_vectors(workspace: Workspace, folder: Path) -> int:
    """Put the vectors of a run into the workspace's cache, so that they are not computed again.

    `folder` is what `run` wrote, or its `vectors/`, with a folder for each model. Returns how many
    texts are new to the cache. Raises WrongUse where there are none, UnreadableFile where a part is
    damaged or its vectors are not of length 1; parts before it are kept.
    """
    root = folder / "vectors" if (folder / "vectors").is_dir() else folder
    parts = sorted(root.glob("*/part-*.parquet"))
    if not parts:
        raise WrongUse(
            f"{folder} holds no vectors.",
            "Name the output folder of a `tamis distributed` that computed them (no --vectors).",
        )
    added = 0
    for part in parts:
        hashes, vectors = _checked(part)
        cache = VectorCache(workspace.vectors / part.parent.name)
        missing = set(cache.missing(hashes))
        rows = [row for row, found in enumerate(hashes) if found in missing]
        cache.append([hashes[row] for row in rows], vectors[rows])
        added += len(rows)
    return added


def _checked(part: Path) -> tuple[list[str], Vectors]:
    """Text hashes and vectors of a part."""
    hint = "Run `tamis distributed` again."
    try:
        table = pq.read_table(part, page_checksum_verification=True)
        hashes, vectors = table["text_hash"].to_pylist(), vectors_of(table)
    except (OSError, pa.ArrowException, KeyError, AttributeError) as error:
        raise UnreadableFile(f"{part} holds no vectors that can be read: {error}.", hint) from error
    lengths = np.linalg.norm(vectors, axis=1)
    if not (np.isclose(lengths, 1, atol=_LENGTH_TOLERANCE) | (lengths == 0)).all():
        raise UnreadableFile(f"{part} holds vectors that are not of length 1.", hint)
    return hashes, vectors
