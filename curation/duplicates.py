"""Duplicate pairs by exact key and by cosine, and what follows from them at any threshold.

Examples with the same `exact_key` count as one text. `find_pairs` therefore searches near pairs
among one example per key only (the one with the smallest id), and ties the other copies to it with
one exact pair each: a star, m − 1 pairs in place of m². Everything that reads pairs
(`cluster`, `leakage_groups`, `conflicts`) first folds exact pairs back into one text, so that a
copy shares every near pair of its text.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from curation.errors import TamisError, WrongUse
from curation.records import PairKind, Progress
from curation.similarity import Rows, Vectors, nearest_neighbours, similar_rows
from curation.twins import difference, read, why_not_duplicate

__all__ = [
    "PAIR_SCHEMA",
    "cluster",
    "conflicts",
    "copy_groups",
    "exact_key",
    "find_pairs",
    "leakage_groups",
    "mark_differences",
    "nearest_neighbours",
    "why_not_duplicate",
]

Segments = list[tuple[str, bool]]

PAIR_SCHEMA = {
    "example_id": pl.String,
    "other_id": pl.String,
    "similarity": pl.Float32,
    "kind": pl.String,
}
COPY_SIMILARITY = 0.95
"""Cosine from which another example is so nearly a copy that it must not vouch for a label.

Stricter than what counts as a duplicate: paraphrases are evidence, copies are not.
"""

MAX_PAIRS = 10_000_000
"""More near pairs than people or memory can bear; a sign that the floor is too low for the data."""

# Signs that carry meaning stay: any mark between digits, a minus or point before a number, "!" as
# the sign of "not". All other punctuation is folded into white space by `_fold`.
_MARK = re.compile(
    r"(?P<kept>(?<=\d)[^\w\s](?=\d)|(?<!\w)[-−–.](?=\.?\d)|!(?==)|(?<!\w)!(?=\w))|[^\w\s]|_"
)
_MEANINGFUL = frozenset("%‰#@&*/\\")
_WORD = re.compile(
    r"(?:\d+(?:[.,]\d+)*|[\u3040-\u30ff\u3400-\u9fff]|[^\W\d]+(?:['’][^\W\d]+)*|[^\w\s])\s*|\s+"
)


def exact_key(text: str) -> str:
    """The text without what carries no meaning: equal keys mean the same text.

    Unicode NFKC (with ² and ½ kept apart from 2 and 1/2), case folded, punctuation and white space
    folded to single spaces. Digits, symbols (currency, plus, equals, emoji), percent and minus
    signs and the marks inside numbers stay. A text of punctuation alone keeps itself.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", "".join(map(_spread, text)))
        text = unicodedata.normalize("NFKC", text.casefold())
    else:
        text = text.casefold()
    return " ".join(_MARK.sub(_fold, text).split()) or text.strip()


@lru_cache(maxsize=4096)
def _spread(character: str) -> str:
    """Mark what NFKC would silently turn into a plain digit: 10² is not 102."""
    raised = unicodedata.decomposition(character).startswith(("<super>", "<sub>", "<fraction>"))
    return f"^{character}" if raised else character


def _fold(mark: re.Match[str]) -> str:
    character = mark[0]
    category = unicodedata.category(character)
    if mark["kept"]:
        return "-" if category == "Pd" or character == "−" else character
    if category == "Cf":
        return ""
    return " " if category[0] == "P" and character not in _MEANINGFUL else character


def find_pairs(
    examples: pl.DataFrame,
    vectors: Vectors,
    floor: float,
    progress: Callable[[Progress], None] | None = None,
) -> pl.DataFrame:
    """All pairs of examples that are exact copies or whose cosine is at least `floor`.

    `examples` has `example_id` and `text` (strings, ids unique); `vectors` is float32 [n, d], row
    for row theirs, L2-normalised. Returns PAIR_SCHEMA with example_id < other_id, sorted; see the
    head of this module for which pairs stand for a group of exact copies. Kind `near-twin`: the
    texts are alike but the guard (`why_not_duplicate`) found a difference that matters.

    What is surely found and what may be missed says `similar_rows`. Raises WrongUse where the
    arguments do not fit, and TamisError where more than MAX_PAIRS pairs reach the floor.
    """
    if len(vectors) != examples.height or examples["example_id"].n_unique() != examples.height:
        raise WrongUse(
            f"{examples.height} examples need as many vectors ({len(vectors)}) and distinct ids."
        )
    if not 0 < floor <= 1:
        raise WrongUse(f"The lowest similarity must lie above 0 and up to 1, not at {floor}.")
    rows = examples.select("example_id", "text").with_row_index("row").sort("example_id")
    rows = rows.with_columns(
        first=pl.col("example_id").first().over(pl.Series("key", map(exact_key, rows["text"])))
    )
    exact = rows.filter(pl.col("example_id") != pl.col("first")).select(
        example_id="first",
        other_id="example_id",
        similarity=pl.lit(1.0, pl.Float32),
        kind=pl.lit(PairKind.EXACT.value),
    )
    texts = rows.filter(pl.col("example_id") == pl.col("first"))
    near = _near_pairs(texts, vectors[texts["row"].to_numpy()], floor, progress)
    return pl.concat([exact, near]).sort("example_id", "other_id")


def _near_pairs(
    texts: pl.DataFrame,
    vectors: Vectors,
    floor: float,
    progress: Callable[[Progress], None] | None,
) -> pl.DataFrame:
    """Near pairs and near-twins among distinct texts that are sorted by id."""
    found: list[tuple[Rows, Rows, Vectors]] = []
    count = 0
    for done, left, right, similarity in similar_rows(vectors, floor):
        found.append((left, right, similarity))
        count += len(left)
        if count > MAX_PAIRS:
            raise TamisError(
                f"More than {MAX_PAIRS:,} pairs of examples are at least {floor} similar.",
                "The texts share a template: raise the lowest similarity (pair_floor).",
            )
        if progress is not None:
            progress(Progress("duplicates", done, len(vectors)))
    if not count:
        return pl.DataFrame(schema=PAIR_SCHEMA)
    left, right = (np.concatenate([block[side] for block in found]) for side in (0, 1))
    similarity = np.concatenate([block[2] for block in found])
    involved = np.unique(np.concatenate([left, right]))
    words = texts["text"].gather(involved)
    readings = dict(zip(involved.tolist(), map(read, words), strict=True))
    twins = [
        difference(readings[a], readings[b]) is not None
        for a, b in zip(left.tolist(), right.tolist(), strict=True)
    ]
    ids = texts["example_id"]
    return pl.DataFrame(
        {
            "example_id": ids.gather(left),
            "other_id": ids.gather(right),
            "similarity": np.minimum(similarity, np.float32(1.0)),
            "kind": np.where(twins, PairKind.NEAR_TWIN.value, PairKind.NEAR.value),
        },
        schema=PAIR_SCHEMA,
    )


def cluster(pairs: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Groups of duplicates: `example_id, cluster, representative, similarity`, sorted by id.

    Greedy star clustering (Aslam, Pelekhov & Rus 2004, "The star clustering algorithm", fig. 1):
    texts in order of falling degree, ties by id; each one not yet taken becomes a representative
    and takes those of its neighbours that are left. So every member is at least `threshold`
    similar to its representative, nothing is chained, and the order of the pairs is irrelevant.
    Exact copies go with their text, whatever the threshold. Near-twins are never members.

    `cluster` and `representative` are both the representative's id; `similarity` (float32) is to
    the representative, 1 for itself and its exact copies. Examples without duplicates are left out.
    """
    graph = _text_graph(pairs, threshold)
    centre, similarity = _stars(graph)
    members = pl.DataFrame(
        {
            "example_id": graph.ids,
            "cluster": graph.ids.gather(centre[graph.text_of]),
            "similarity": similarity[graph.text_of],
        }
    )
    return members.filter(pl.len().over("cluster") > 1).select(
        "example_id", "cluster", pl.col("cluster").alias("representative"), "similarity"
    )


@dataclass(frozen=True, slots=True)
class _TextGraph:
    """Pairs folded to texts, which are numbered by the smallest id among their exact copies."""

    ids: pl.Series
    """Every example id in a pair, sorted: number → id."""
    text_of: Rows
    """Number of an example → number of its text."""
    left: Rows
    right: Rows
    similarity: Vectors
    """One near edge per row, left < right, sorted."""


def _text_graph(pairs: pl.DataFrame, threshold: float) -> _TextGraph:
    kind = pl.col("kind")
    exact = pairs.filter(kind == PairKind.EXACT.value)
    near = pairs.filter((kind == PairKind.NEAR.value) & (pl.col("similarity") >= threshold))
    ids = _distinct_ids(exact, near)
    part = _components(ids, exact)
    text_of = np.unique(part, return_index=True)[1][part]  # ids are sorted: first is smallest
    ends = np.sort(text_of[_numbers(ids, near)], axis=0)
    edges = (
        pl.DataFrame({"left": ends[0], "right": ends[1], "similarity": near["similarity"]})
        .filter(pl.col("left") != pl.col("right"))
        .group_by("left", "right")
        .agg(pl.col("similarity").max())
        .sort("left", "right")
    )
    left, right, similarity = (edges[name].to_numpy() for name in edges.columns)
    return _TextGraph(ids, text_of, left, right, similarity)


def _distinct_ids(*pairs: pl.DataFrame) -> pl.Series:
    columns = [frame[side] for frame in pairs for side in ("example_id", "other_id")]
    return pl.concat(columns).unique().sort()


def _numbers(ids: pl.Series, pairs: pl.DataFrame) -> Rows:
    """Positions in `ids` of both ends of the pairs, int64 [2, pairs]."""
    places = pl.Enum(ids)
    ends = [
        pairs[side].cast(places).to_physical().to_numpy() for side in ("example_id", "other_id")
    ]
    return np.stack(ends).astype(np.int64)


def _components(ids: pl.Series, pairs: pl.DataFrame) -> Rows:
    """Number of the connected component of every id."""
    left, right = _numbers(ids, pairs)
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(len(ids),) * 2)
    labels: Rows = connected_components(graph, directed=False)[1].astype(np.int64)
    return labels


def _stars(graph: _TextGraph) -> tuple[Rows, Vectors]:
    """Centre of every text, int64 [ids], and the similarity to it, float32 [ids]."""
    count = len(graph.ids)
    ends = np.concatenate([graph.left, graph.right])
    by_end = np.argsort(ends, kind="stable")
    degree = np.bincount(ends, minlength=count)
    first = np.concatenate([[0], np.cumsum(degree)]).tolist()
    # Plain lists: the loop touches single numbers, for which they are faster than arrays.
    others = np.concatenate([graph.right, graph.left])[by_end].tolist()
    weights = np.tile(graph.similarity, 2)[by_end].tolist()
    centre, similarity = [-1] * count, [1.0] * count
    for text in np.argsort(-degree, kind="stable").tolist():
        if centre[text] >= 0:
            continue
        centre[text] = text
        for edge in range(first[text], first[text + 1]):
            other = others[edge]
            if centre[other] < 0:
                centre[other], similarity[other] = text, weights[edge]
    return np.array(centre, dtype=np.int64), np.array(similarity, dtype=np.float32)


def leakage_groups(
    pairs: pl.DataFrame, threshold: float, ids: Sequence[str] | pl.Series
) -> pl.DataFrame:
    """Groups that must not be split up: `example_id, group`, one row per id, in the order given.

    Connected components over pairs of every kind with similarity ≥ `threshold` (exact pairs
    always): a near-twin in train gives away its sibling in test as surely as a duplicate does.
    Examples that are not among `ids` still connect others, since they may be the text through
    which two exact copies hang together. `group` is the smallest of `ids` in the component.
    """
    used = pairs.filter(
        (pl.col("similarity") >= threshold) | (pl.col("kind") == PairKind.EXACT.value)
    )
    known = _distinct_ids(used)
    parts = pl.DataFrame({"example_id": known, "part": _components(known, used)})
    return (
        pl.DataFrame({"example_id": ids}, schema={"example_id": pl.String})
        .join(parts, on="example_id", how="left", maintain_order="left")
        .select(
            "example_id",
            group=pl.when(pl.col("part").is_null())
            .then("example_id")
            .otherwise(pl.col("example_id").min().over("part")),
        )
    )


def copy_groups(examples: pl.DataFrame, pairs: pl.DataFrame) -> Rows:
    """Number of each example's cluster of copies, int64 [n].

    `examples` has `example_id`; `pairs` is of `find_pairs`, down to COPY_SIMILARITY.
    """
    clusters = cluster(pairs, COPY_SIMILARITY)
    joined = examples.join(clusters, on="example_id", how="left", maintain_order="left")
    groups = joined.select(pl.coalesce("cluster", "example_id").rank("dense")).to_series()
    return groups.to_numpy().astype(np.int64)


def conflicts(pairs: pl.DataFrame, outputs: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Duplicates whose outputs differ: PAIR_SCHEMA with `output` and `other_output`, sorted.

    `outputs` has `example_id` and `output` (string; null: none, which conflicts with nothing).
    Only exact and near pairs with similarity ≥ `threshold` (exact always) count. Each exact copy is
    paired with the first copy, by id, that says otherwise; near texts are compared through their
    first copy that has an output. So every contradiction shows, and every copy concerned, without
    all the copies being paired with one another.
    """
    graph = _text_graph(pairs, threshold)
    given = (
        pl.DataFrame({"example_id": graph.ids, "text": graph.text_of})
        .join(outputs.select("example_id", "output"), on="example_id", maintain_order="left")
        .filter(pl.col("output").is_not_null())
    )
    voices = given.unique("text", keep="first", maintain_order=True)
    outputs_of_text = given.unique(["text", "output"], keep="first", maintain_order=True)
    copies = (
        given.join(outputs_of_text, on="text", suffix="_other", maintain_order="left_right")
        .filter(pl.col("output") != pl.col("output_other"))
        .unique("example_id", keep="first", maintain_order=True)
        .with_columns(similarity=pl.lit(1.0, pl.Float32), kind=pl.lit(PairKind.EXACT.value))
    )
    near = (
        pl.DataFrame({"left": graph.left, "right": graph.right, "similarity": graph.similarity})
        .join(voices, left_on="left", right_on="text")
        .join(voices, left_on="right", right_on="text", suffix="_other")
        .with_columns(kind=pl.lit(PairKind.NEAR.value))
    )
    columns = ["example_id", "example_id_other", "similarity", "kind", "output", "output_other"]
    both = pl.concat([copies.select(columns), near.select(columns)])
    swap = pl.col("example_id") > pl.col("example_id_other")
    return (
        both.filter(pl.col("output") != pl.col("output_other"))
        .select(
            example_id=pl.min_horizontal("example_id", "example_id_other"),
            other_id=pl.max_horizontal("example_id", "example_id_other"),
            similarity="similarity",
            kind="kind",
            output=pl.when(swap).then("output_other").otherwise("output"),
            other_output=pl.when(swap).then("output").otherwise("output_other"),
        )
        .unique(["example_id", "other_id"])
        .sort("example_id", "other_id")
    )


def mark_differences(a: str, b: str) -> tuple[Segments, Segments]:
    """Both texts as (segment, changed) runs; the segments of a side joined give its text back.

    Compares words (numbers whole, CJK character by character); white space and case of a word are
    no difference of their own.
    """
    ours, theirs = _WORD.findall(a), _WORD.findall(b)
    matcher = difflib.SequenceMatcher(
        None, [word.strip().casefold() for word in ours], [w.strip().casefold() for w in theirs]
    )
    left, right = [True] * len(ours), [True] * len(theirs)
    for i, j, size in matcher.get_matching_blocks():
        left[i : i + size] = [False] * size
        right[j : j + size] = [False] * size
    return _runs(ours, left), _runs(theirs, right)


def _runs(words: list[str], changed: list[bool]) -> Segments:
    """Join neighbouring words that are alike in being changed or not."""
    marked = zip(words, changed, strict=True)
    return [
        ("".join(word for word, _ in run), flag)
        for flag, run in groupby(marked, key=lambda pair: pair[1])
    ]
