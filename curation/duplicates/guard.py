"""Which similar pairs the guard keeps apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curation.duplicates.keys import AS_EVER, Form, exact_key
from curation.similarity import Rows
from curation.twins import difference, read


def are_twins(
    sides: Sequence[pl.Series], left: Rows, right: Rows, form: Form = AS_EVER
) -> NDArray[np.bool_]:
    """For each pair of rows: whether a difference on any side speaks against its being a duplicate.

    `sides` are what is compared of each row: strings, row by row.
    """
    twins = np.zeros(len(left), dtype=np.bool_)
    involved = np.unique(np.concatenate([left, right]))
    for side in sides:
        words = dict(zip(involved.tolist(), side.gather(involved), strict=True))
        readings = {row: read(text) for row, text in words.items()}
        folded = {} if form == AS_EVER else {r: exact_key(text) for r, text in words.items()}
        for place, (a, b) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
            if not twins[place]:
                kept_apart = bool(folded) and words[a] != words[b] and folded[a] == folded[b]
                twins[place] = (
                    kept_apart and exact_key(words[a], form) != exact_key(words[b], form)
                ) or (difference(readings[a], readings[b]) is not None)
    return twins
