"""The words of the texts: which ones occur, and along which axes the texts differ by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from curation.probabilities.types import Vectors

_AXES = 256
_MOST_TERMS = 100_000
_AXES_FROM = 30_000
"""Rows, evenly spaced in the order of their texts, from which the axes are taken."""


@dataclass(frozen=True)
class Wording:
    """`terms` [n, V] is 1 where a text has a word or a pair of words, float32; `names` [V] spells
    them out. `axes` float32 [n, ≤ 256] are the leading axes of TF-IDF. Both are empty (V = 0, no
    axis) where no term is shared.
    """

    terms: csr_array
    names: NDArray[np.object_]
    axes: Vectors


def read_wording(texts: Sequence[str], seed: int) -> Wording:
    """Words and pairs of words that two texts share, and latent semantic analysis of them.

    TF-IDF with sublinear counts, reduced by a truncated singular value decomposition (Deerwester
    et al. 1990).
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

    nothing = csr_array((len(texts), 0), dtype=np.float32)
    vectorizer = CountVectorizer(
        ngram_range=(1, 2),
        min_df=min(2, len(texts)),
        max_features=_MOST_TERMS,
        dtype=np.float32,
    )
    # The axes depend on the order of the rows where they are hard to tell apart: fix that order.
    order = np.argsort(np.asarray(texts, dtype=object), kind="stable")
    try:
        counts = vectorizer.fit_transform([texts[row] for row in order])
    except ValueError:  # scikit-learn's way of saying that no word is left
        return Wording(
            nothing, np.empty(0, dtype=object), np.empty((len(texts), 0), dtype=np.float32)
        )
    rows = -(-len(texts) // max(1, -(-len(texts) // _AXES_FROM)))
    width = max(0, min(_AXES, rows - 1, counts.shape[1] - 1))
    axes = np.zeros((len(texts), width), dtype=np.float32)
    if width:
        weighted = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
        sample = weighted[:: max(1, -(-len(texts) // _AXES_FROM))]
        axes[order] = TruncatedSVD(width, random_state=seed).fit(sample).transform(weighted)
    terms = csr_array(counts)[np.argsort(order)]
    terms.data[:] = 1
    return Wording(terms, vectorizer.get_feature_names_out(), axes)
