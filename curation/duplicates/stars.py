"""Clusters of duplicates: stars around representatives, at any threshold."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curation.duplicates.graph import TextGraph, numbers, text_graph
from curation.similarity import Rows, Vectors

RANKS = {"example_id": pl.String, "rank": pl.Int64, "barred": pl.Boolean}
"""Who should represent a cluster: the lowest rank first, the barred never; others have rank 0."""

COPY_SIMILARITY = 0.95
"""Cosine from which another example is so nearly a copy that it must not vouch for a label.

Stricter than what counts as a duplicate: paraphrases are evidence, copies are not.
"""

_Mask = NDArray[np.bool_]


def cluster(
    pairs: pl.DataFrame,
    threshold: float,
    *,
    lexical: float | None = None,
    ranks: pl.DataFrame | None = None,
    apart: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Groups of duplicates: see `Stars.clusters`; `apart` as `set_apart` returns it."""
    return Stars(text_graph(pairs), ranks, apart).clusters(threshold, lexical)


class Stars:
    """The clusters of a graph of texts at any threshold.

    Greedy star clustering (Aslam, Pelekhov & Rus 2004, "The star clustering algorithm", fig. 1):
    texts in order of rank (see RANKS), falling degree and id; each one not yet taken becomes a
    centre and takes those of its neighbours that are left. So every member is itself as similar to
    its representative as is asked, nothing is chained, and the order of the pairs is irrelevant.
    Exact copies go with their text, whatever the threshold. Near-twins are never members, nor are
    both ends of a pair in `apart` (`example_id, other_id`) members of one cluster.
    """

    def __init__(
        self, graph: TextGraph, ranks: pl.DataFrame | None = None, apart: pl.DataFrame | None = None
    ) -> None:
        """`ranks` has RANKS and perhaps more; neither need name all examples or only known ones."""
        self._graph = graph
        self._best, self._rank, self._barred = _preferred(graph, ranks)
        self._enemies = _enemies(graph, apart)

    def clusters(self, threshold: float, lexical: float | None = None) -> pl.DataFrame:
        """Groups of duplicates: `example_id, cluster, representative, similarity`, sorted by id.

        `cluster` and `representative` are both the representative's id: of the copies of the
        central text the one with the lowest rank. `similarity` (float32, the cosine) is to the
        representative, 1 for itself and its exact copies. Examples without duplicates are left
        out, as are those without any that may represent them.
        """
        ids, text_of = self._graph.ids, self._graph.text_of
        head, similarity = self._heads(threshold, lexical)
        member = np.flatnonzero(head >= 0)
        names = ids.gather(head[member])
        return pl.DataFrame(
            {
                "example_id": ids.gather(member),
                "cluster": names,
                "representative": names,
                "similarity": similarity[text_of[member]],
            }
        )

    def counts(self, threshold: float, lexical: float | None, outputs: Rows) -> dict[str, int]:
        """The number of `clusters`, of examples to `exclude`, and of `conflicts` among clusters.

        `outputs` int64 [ids of the graph] numbers the outputs; −1: the example has none; −2: it is
        excluded, need not be excluded again, and contradicts nobody.
        """
        head, _ = self._heads(threshold, lexical)
        member = head >= 0
        own = np.arange(len(head))
        voice = member & (outputs >= 0)
        of, output = head[voice], outputs[voice]
        disputed = np.zeros(len(head), dtype=np.bool_)
        disputed[of[output != _least(of, output, len(head))[of]]] = True
        return {
            "clusters": int(np.count_nonzero(head == own)),
            "exclude": int(np.count_nonzero(member & (head != own) & (outputs != -2))),
            "conflicts": int(np.count_nonzero(disputed)),
        }

    def _heads(self, threshold: float, lexical: float | None) -> tuple[Rows, Vectors]:
        """Of every example its representative, −1 for none; of every text the similarity to it."""
        graph = self._graph
        kept = graph.edges(threshold, lexical)
        edges = _Edges(graph.left[kept], graph.right[kept], graph.similarity[kept], len(graph.ids))
        place = edges.places(self._rank)
        centre, similarity = _stars(edges, place, self._barred)
        if self._enemies:
            _eject(self._enemies, edges, place, self._barred, centre, similarity)
        of = centre[graph.text_of]
        head = np.where(self._barred[of], -1, self._best[of])
        sizes = np.bincount(head[head >= 0], minlength=len(head))
        return np.where((head >= 0) & (sizes[head] > 1), head, -1), similarity


class _Edges:
    """Edges between texts, and who is next to whom."""

    def __init__(self, left: Rows, right: Rows, similarity: Vectors, count: int) -> None:
        self.left, self.right, self.similarity, self.count = left, right, similarity, count

    def places(self, rank: Rows) -> Rows:
        """Place of every text in the order of rank, falling degree and number."""
        degree = np.bincount(self.left, minlength=self.count)
        degree += np.bincount(self.right, minlength=self.count)
        place = np.empty(self.count, dtype=np.int64)
        place[np.lexsort((-degree, rank))] = np.arange(self.count)
        return place

    def beside(self, text: int) -> tuple[Rows, Vectors]:
        """The neighbours of a text and their similarity."""
        on_left, on_right = self.left == text, self.right == text
        return (
            np.concatenate([self.right[on_left], self.left[on_right]]),
            np.concatenate([self.similarity[on_left], self.similarity[on_right]]),
        )


def _preferred(graph: TextGraph, ranks: pl.DataFrame | None) -> tuple[Rows, Rows, _Mask]:
    """Of every text: its best example, that one's rank, and whether none may represent it."""
    count = len(graph.ids)
    rank, barred = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_)
    if ranks is not None and not ranks.is_empty():
        known = pl.DataFrame({"example_id": graph.ids}).join(
            ranks, on="example_id", how="left", maintain_order="left"
        )
        rank = known["rank"].fill_null(0).to_numpy().astype(np.int64)
        barred = known["barred"].fill_null(value=False).to_numpy()
    order = np.lexsort((rank, barred, graph.text_of))
    first = np.flatnonzero(np.diff(graph.text_of[order], prepend=-1))
    best = np.zeros(count, dtype=np.int64)
    best[graph.text_of[order[first]]] = order[first]
    return best, rank[best], barred[best]


def _enemies(graph: TextGraph, apart: pl.DataFrame | None) -> dict[int, set[int]]:
    """Text → the texts that it must not share a cluster with."""
    if apart is None or apart.is_empty():
        return {}
    named = pl.concat([apart["example_id"], apart["other_id"]])
    there = graph.ids.filter(graph.ids.is_in(named.implode())).implode()
    known = apart.filter(pl.col("example_id").is_in(there) & pl.col("other_id").is_in(there))
    enemies: dict[int, set[int]] = {}
    for a, b in graph.text_of[numbers(graph.ids, known)].T.tolist():
        enemies.setdefault(a, set()).add(b)
        enemies.setdefault(b, set()).add(a)
    return enemies


def _stars(edges: _Edges, place: Rows, barred: _Mask) -> tuple[Rows, Vectors]:
    """Centre of every text, int64 [ids], and the similarity to it, float32 [ids].

    The greedy order in rounds: whoever comes before all the neighbours that are left would be
    reached before them in any case, so all of these become centres at once (Blelloch, Fineman &
    Shun 2012, "Greedy sequential maximal independent set and matching are parallel on average",
    SPAA, algorithm 2).
    """
    centre, similarity = np.arange(edges.count), np.ones(edges.count, dtype=np.float32)
    is_centre, left_over = np.zeros(edges.count, dtype=np.bool_), ~barred
    ends = np.concatenate([edges.left, edges.right]), np.concatenate([edges.right, edges.left])
    live = left_over[ends[0]] & left_over[ends[1]]
    one, other = ends[0][live], ends[1][live]
    while left_over.any():
        new = left_over & (place < _least(one, place[other], edges.count))
        is_centre |= new
        left_over &= ~new
        left_over[other[new[one]]] = False
        live = left_over[one] & left_over[other]
        one, other = one[live], other[live]
    # A text belongs to the first centre, in the greedy order, beside it.
    chosen = is_centre[ends[1]] & ~is_centre[ends[0]]
    one, other = ends[0][chosen], ends[1][chosen]
    own = place[other] == _least(one, place[other], edges.count)[one]
    centre[one[own]] = other[own]
    similarity[one[own]] = np.tile(edges.similarity, 2)[chosen][own]
    return centre, similarity


def _least(texts: Rows, values: Rows, count: int) -> Rows:
    """The least of the values given for each text, int64 [count]; the greatest number for none."""
    least = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(least, texts, values)
    return least


def _eject(
    enemies: dict[int, set[int]],
    edges: _Edges,
    place: Rows,
    barred: _Mask,
    centre: Rows,
    similarity: Vectors,
) -> None:
    """Part texts that stand apart but share a centre; the less similar one of them goes.

    It goes to the first centre beside it that suits, or becomes one.
    """
    ejected = set()
    for text in sorted(enemies, key=lambda t: (-similarity[t], place[t])):
        rivals = [one for one in enemies[text] if one != text and centre[one] == centre[text]]
        if any((-similarity[one], place[one]) < (-similarity[text], place[text]) for one in rivals):
            ejected.add(text)
            centre[text], similarity[text] = text, 1.0
    while ejected:
        text = min(ejected, key=lambda t: (barred[t], place[t]))
        ejected.remove(text)
        others, values = edges.beside(text)
        for which in np.argsort(place[others]).tolist():
            other = int(others[which])
            if centre[other] != other or barred[other] or other in ejected:
                continue
            if enemies[text].isdisjoint(np.flatnonzero(centre == other).tolist()):
                centre[text], similarity[text] = other, values[which]
                break


def copy_groups(examples: pl.DataFrame, pairs: pl.DataFrame) -> Rows:
    """Number of each example's cluster of copies, int64 [n].

    `examples` has `example_id`; `pairs` is of `find_pairs`, down to COPY_SIMILARITY.
    """
    clusters = cluster(pairs, COPY_SIMILARITY)
    joined = examples.join(clusters, on="example_id", how="left", maintain_order="left")
    groups = joined.select(pl.coalesce("cluster", "example_id").rank("dense")).to_series()
    return groups.to_numpy().astype(np.int64)
