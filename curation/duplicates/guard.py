"""Which similar pairs the guard keeps apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from curation.duplicates.keys import AS_EVER, Form, exact_key
from curation.similarity import Rows
from curation.twins import Reading, differ, read


class _Read(dict[int, Reading]):
    """What the guard knows of the texts of some rows, each of which is read once."""

    def __init__(self, texts: pl.Series) -> None:
        super().__init__()
        self.texts = texts

    def __missing__(self, row: int) -> Reading:
        found = self[row] = read(self.texts[row])
        return found


def are_twins(
    sides: Sequence[pl.Series], left: Rows, right: Rows, form: Form = AS_EVER
) -> NDArray[np.bool_]:
    """For each pair of rows: whether a difference on any side speaks against its being a duplicate.

    `sides` are what is compared of each row: strings, row by row.
    """
    twins = np.zeros(len(left), dtype=np.bool_)
    for side in sides:
        # What is known of a text takes kilobytes: those that hang together are read, and forgotten.
        for places in _hanging_together(left, right):
            pairs = places[~twins[places]]
            known = _Read(side)
            ends = left[pairs].tolist(), right[pairs].tolist()
            twins[pairs] = [
                (form != AS_EVER and _kept_apart(side[a], side[b], form))
                or differ(known[a], known[b])
                for a, b in zip(*ends, strict=True)
            ]
    return twins


def _kept_apart(a: str, b: str, form: Form) -> bool:
    """Whether two texts differ in nothing but what the form keeps."""
    return a != b and exact_key(a) == exact_key(b) and exact_key(a, form) != exact_key(b, form)


def _hanging_together(left: Rows, right: Rows) -> Iterator[Rows]:
    """Yield the places of the pairs in each connected component, int64 [pairs]."""
    rows, ends = np.unique(np.stack([left, right]), return_inverse=True)
    one, other = ends.reshape(2, -1)
    edges = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(len(rows),) * 2)
    part = connected_components(edges, directed=False)[1][one]
    order = np.argsort(part, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(part[order])) + 1)
