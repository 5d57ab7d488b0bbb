"""The subprocess of `curation.comparison`: embeds the texts of all parts and compares the parts.

Every two texts of different parts are compared, however many there are. That costs far less than
embedding them, and a search that may miss something proves nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl

from curation import embeddings
from curation.child import answer
from curation.comparison import CONTAINS, HIT_SCHEMA, Comparison
from curation.duplicates import exact_key, lexical_vectors
from curation.errors import TamisError
from curation.overlap import overlaps
from curation.records import Json, PairKind, Progress, text_hash
from curation.similarity import Rows, Search, Vectors, similar_between
from curation.twins import difference, read
from curation.vectors import VectorCache

Tell = Callable[[Progress], None]

MAX_PAIRS = 10_000_000
"""More pairs than people or memory can bear; a sign that the threshold is too low for the texts."""
_AT_ONCE = 8192
_SETTINGS = {"similarity": "the threshold", "lexical": "the dataset's lexical_threshold"}


class _Layered(VectorCache):
    """A cache that also knows the vectors of another one, which it never changes."""

    def __init__(self, folder: Path, known: Path | None) -> None:
        super().__init__(folder)
        self._lower = VectorCache(known) if known else None

    def missing(self, hashes: Sequence[str]) -> list[str]:
        """The distinct hashes that neither cache has."""
        return super().missing(self._lower.missing(hashes) if self._lower else hashes)

    def load(self, hashes: Sequence[str]) -> Vectors:
        """As `VectorCache.load`, from both."""
        if self._lower is None:
            return super().load(hashes)
        own = set(self._lower.missing(hashes))
        mine = np.array([key in own for key in hashes], dtype=np.bool_)
        upper = super().load([key for key in hashes if key in own])
        lower = self._lower.load([key for key in hashes if key not in own])
        vectors = np.empty((len(hashes), max(upper.shape[1], lower.shape[1])), dtype=np.float32)
        if mine.any():
            vectors[mine] = upper
        if not mine.all():
            vectors[~mine] = lower
        return vectors


def compare(task: Comparison, report: Callable[[Json], None]) -> None:
    """Compare the parts of `texts.parquet`; leaves `hits.parquet` (HIT_SCHEMA) and reports."""

    def progress(state: Progress) -> None:
        report({"progress": asdict(state)})

    texts = pl.read_parquet(task.folder / "texts.parquet")
    numbers = texts["part"].to_numpy()
    parts = [np.flatnonzero(numbers == part) for part in np.unique(numbers)]
    words = texts["text"].to_list()
    channels = [_Channel("similarity", _vectors(task, words, progress), task.threshold)]
    if task.lexical is not None:
        progress(Progress("compare", 0, 0, "reading the spelling"))
        spelled = lexical_vectors([exact_key(text) for text in words])
        channels.append(_Channel("lexical", spelled, task.lexical))
    near = _Near(channels, words, task.floor)
    hits = [pl.DataFrame(schema=HIT_SCHEMA)]
    for left, right in combinations(parts, 2):
        hits.append(near.between(left, right, progress))
        if task.contains:
            hits.append(_contained(words, left, right, progress))
    pl.concat(hits).write_parquet(task.folder / "hits.parquet")
    search = replace(near.search, rows=len(texts))
    report({"found": {"nearest": near.nearest, "search": asdict(search)}})


def _vectors(task: Comparison, texts: list[str], progress: Tell) -> Vectors:
    cache = _Layered(task.vectors, task.known)
    hashes = [text_hash(text) for text in texts]
    if cache.missing(hashes):
        progress(Progress("embed", 0, 0, "loading the model"))
        encoder = embeddings.load_encoder(task.model)
        embeddings.embed(texts, hashes, encoder, cache, progress)
    progress(Progress("embed", len(texts), len(texts)))
    return cache.load(hashes)


@dataclass(frozen=True, slots=True)
class _Channel:
    """One way in which texts are alike: unit vectors, float32 [n, d], and a cosine of them."""

    name: str
    vectors: Vectors
    threshold: float

    def value(self, left: Rows, right: Rows) -> Vectors:
        """The cosine of each pair, float32 [pairs], at most 1."""
        cosine = np.empty(len(left), dtype=np.float32)
        for top in range(0, len(left), _AT_ONCE):
            part = slice(top, top + _AT_ONCE)
            ours, theirs = self.vectors[left[part]], self.vectors[right[part]]
            cosine[part] = np.einsum("ij,ij->i", ours, theirs)
        return np.minimum(cosine, np.float32(1))


class _Near:
    """The search for near pairs between parts; remembers the nearest pair it came across."""

    def __init__(self, channels: list[_Channel], texts: list[str], floor: float) -> None:
        self._channels = channels
        self._texts = texts
        self._floor = floor
        self._found = 0
        self.nearest: tuple[float, int, int] | None = None
        self.search = Search("exact", 0, 0, 1.0, None)

    def between(self, left: Rows, right: Rows, progress: Tell) -> pl.DataFrame:
        """Near pairs and near twins of two parts: HIT_SCHEMA, in row numbers of all texts."""
        count = len(self._texts)
        keys = [
            one * count + other
            for channel in self._channels
            for one, other in self._search(channel, left, right, progress)
        ]
        one, other = np.divmod(np.unique(np.concatenate([left[:0], *keys])), count)
        involved = np.unique(np.concatenate([one, other])).tolist()
        readings = {row: read(self._texts[row]) for row in involved}
        twins = [
            difference(readings[a], readings[b]) is not None
            for a, b in zip(one.tolist(), other.tolist(), strict=True)
        ]
        values = {channel.name: channel.value(one, other) for channel in self._channels}
        return pl.DataFrame(
            {
                "left": one,
                "right": other,
                "lexical": None,
                **values,
                "kind": np.where(twins, PairKind.NEAR_TWIN.value, PairKind.NEAR.value),
            }
        ).select(pl.col(name).cast(kind) for name, kind in HIT_SCHEMA.items())

    def _search(
        self, channel: _Channel, left: Rows, right: Rows, progress: Tell
    ) -> Iterator[tuple[Rows, Rows]]:
        turned = len(left) < len(right)
        many, few = (right, left) if turned else (left, right)
        height = _stripe(len(many), len(few))
        if self.search.method == "exact":  # the weakest of several searches counts
            self.search = Search.between(height, len(few))
        meaning = channel is self._channels[0]
        floor = self._floor if meaning else channel.threshold
        place = self._channels.index(channel) * len(many)
        for top in range(0, len(many), height):
            stripe = many[top : top + height]
            blocks = similar_between(channel.vectors[stripe], channel.vectors[few], floor)
            for done, rows, others, cosine in blocks:
                progress(Progress("compare", place + top + done, len(self._channels) * len(many)))
                one, other = stripe[rows], few[others]
                if turned:
                    one, other = other, one
                if meaning:
                    self._note(one, other, cosine)
                near = cosine >= np.float32(channel.threshold)
                self._count(int(near.sum()), channel)
                yield one[near], other[near]

    def _note(self, left: Rows, right: Rows, cosine: Vectors) -> None:
        if len(cosine):
            best = int(cosine.argmax())
            found = min(1.0, float(cosine[best])), int(left[best]), int(right[best])
            self.nearest = found if self.nearest is None else max(self.nearest, found)

    def _count(self, pairs: int, channel: _Channel) -> None:
        self._found += pairs
        if self._found > MAX_PAIRS:
            raise TamisError(
                f"More than {MAX_PAIRS:,} pairs of texts are at least {channel.threshold} similar.",
                f"The texts share a template: raise {_SETTINGS[channel.name]}.",
            )


def _stripe(many: int, few: int) -> int:
    """How many rows of the longer side at a time leave the search of `similar_between` exact."""
    height = max(1, many)
    while height > 1 and Search.between(height, few).method != "exact":
        height = -(-height // 2)
    return height


def _contained(texts: list[str], left: Rows, right: Rows, progress: Tell) -> pl.DataFrame:
    ours, theirs = ([texts[row] for row in rows.tolist()] for rows in (left, right))
    found = overlaps(ours, theirs, progress)
    return pl.DataFrame(
        {
            "left": left[found["left"].to_numpy()],
            "right": right[found["right"].to_numpy()],
            "similarity": found["share"],
            "lexical": None,
            "kind": pl.Series([CONTAINS] * len(found), dtype=pl.String),
        },
        schema=HIT_SCHEMA,
    )


def main() -> int:
    """Entry point of the subprocess."""
    task = Comparison.load(Path(sys.argv[1]))
    return answer(lambda report: compare(task, report))


if __name__ == "__main__":
    raise SystemExit(main())
