"""Parts of a corpus compared with one another: which texts of one stand again in another.

The embedding and the search run in a subprocess (`curation.comparing`); exact copies are found
here, by their key.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from curation.child import messages
from curation.duplicates import exact_key
from curation.embeddings import Tier, split_name
from curation.records import Json, PairKind, Progress
from curation.similarity import Search

CONTAINS = "contains"
"""Kind of a pair of which one text stands in the other; the other kinds are those of PairKind."""

KINDS = (PairKind.EXACT.value, PairKind.NEAR.value, CONTAINS, PairKind.NEAR_TWIN.value)
"""All kinds of pairs, the plainest first."""

HIT_SCHEMA = {
    "left": pl.Int64,
    "right": pl.Int64,
    "similarity": pl.Float32,
    "lexical": pl.Float32,
    "kind": pl.String,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is to be compared, and how; `folder` is where both processes find it.

    `vectors` is the cache that new vectors go to; those in `known` are used and never changed.
    """

    folder: Path
    model: str
    vectors: Path
    known: Path | None
    threshold: float
    lexical: float | None
    floor: float
    contains: bool

    def save(self, texts: pl.DataFrame) -> None:
        """Leave it, and `texts` (`part, text`), in the folder."""
        content = {
            name: str(value) if isinstance(value, Path) else value
            for name, value in asdict(self).items()
        }
        (self.folder / "comparison.json").write_text(json.dumps(content), "utf-8")
        texts.write_parquet(self.folder / "texts.parquet")

    @classmethod
    def load(cls, folder: Path) -> Comparison:
        """Read what `save` wrote, but for the texts."""
        content = json.loads((folder / "comparison.json").read_text("utf-8"))
        known = content["known"] and Path(content["known"])
        paths = {"folder": folder, "vectors": Path(content["vectors"]), "known": known}
        return cls(**{**content, **paths})


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison found.

    `hits` (HIT_SCHEMA) are pairs of row numbers, `left` of an earlier part than `right`, each pair
    once with its plainest kind; of texts with the same key, the first of each part is paired with
    all of the other part, and the others with the first there, so that every row concerned is
    named without all copies being paired with one another. `similarity` is the cosine of the
    embeddings, 1 for exact copies; of `contains` the share of the shorter text that stands in the
    longer. `lexical` tells how alike the two are written; null where it was not compared. `nearest`
    are the left and the right row with the highest cosine of embeddings, and that; None where it is
    below the floor.
    """

    hits: pl.DataFrame
    nearest: tuple[int, int, float] | None
    search: Search

    @property
    def highest(self) -> float | None:
        """The highest cosine between two parts; None below the floor."""
        return self.nearest and self.nearest[2]


def compare(
    texts: pl.DataFrame,
    model: str,
    threshold: float,
    home: Path,
    *,
    vectors: Path | None = None,
    known: Path | None = None,
    floor: float | None = None,
    lexical: float | None = None,
    contains: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
    cancelled: threading.Event | None = None,
) -> Compared:
    """Pairs of texts from different parts that are copies, near, near twins, or contained.

    `texts` has `part` (integer) and `text` (String, none blank). Near is a cosine of embeddings of
    at least `threshold`, or of spelling (`duplicates.lexical_vectors`) of at least `lexical`;
    `floor` is where `nearest` begins. Every such pair is found: all are compared.
    Works in a folder under `home` that is removed afterwards; vectors are kept where `vectors`
    says, otherwise not. `contains` also looks for texts that stand in others (see `overlap`).
    Raises Cancelled, WorkerFailed.
    """
    keyed = _keyed(texts)
    distinct = keyed.filter(pl.col("row") == pl.col("first"))
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="comparison-", dir=home) as name:
        folder = Path(name)
        task = Comparison(
            folder=folder,
            model=model,
            vectors=vectors or folder / "vectors",
            known=known,
            threshold=threshold,
            lexical=lexical,
            floor=min(threshold, floor or threshold),
            contains=contains,
        )
        task.save(distinct.select("part", "text"))
        found = _searched(task, distinct["row"], progress, cancelled)
    exact = _copies(distinct)
    copies = [(left, right, 1.0) for left, right in exact.select("left", "right").head(1).rows()]
    hits = _every_row(_plainest(pl.concat([exact, found.hits])), keyed)
    return Compared(hits, copies[0] if copies else found.nearest, found.search)


def _searched(
    task: Comparison,
    row: pl.Series,
    progress: Callable[[Progress], None],
    cancelled: threading.Event | None,
) -> Compared:
    """What the subprocess finds; `row` has the row numbers of the texts that it compares."""
    said: Json = {}
    for message in messages("curation.comparing", task.folder, cancelled):
        if "progress" in message:
            progress(Progress(**message["progress"]))
        said = message.get("found", said)
    hits = pl.read_parquet(task.folder / "hits.parquet")
    hits = hits.with_columns(left=row.gather(hits["left"]), right=row.gather(hits["right"]))
    nearest = None
    if said["nearest"]:
        similarity, left, right = said["nearest"]
        nearest = (row[left], row[right], similarity)
    return Compared(hits, nearest, Search(**said["search"]))


def exact_model(name: str) -> str:
    """The model to prove something with: the full one in place of its int8 form.

    The vectors of the latter are a little off, which may hide a pair that is just alike enough.
    """
    model, tier = split_name(name)
    return model if tier is Tier.FAST else name


def _keyed(texts: pl.DataFrame) -> pl.DataFrame:
    """The texts with `row` (their number), `key`, and the `first` row of their part with it."""
    keys = pl.Series(map(exact_key, texts["text"]), dtype=pl.String)
    numbers = pl.Series(range(len(texts)), dtype=pl.Int64)
    keyed = texts.select("part", "text", key=keys, row=numbers)
    return keyed.with_columns(first=pl.col("row").first().over("part", "key"))


def _copies(distinct: pl.DataFrame) -> pl.DataFrame:
    """Texts of different parts with the same key, as hits."""
    return (
        distinct.join(distinct, on="key", suffix="_other")
        .filter(pl.col("part") < pl.col("part_other"))
        .select(
            left="row",
            right="row_other",
            similarity=pl.lit(1.0, pl.Float32),
            lexical=pl.lit(1.0, pl.Float32),
            kind=pl.lit(PairKind.EXACT.value),
        )
        .sort("left", "right")
    )


def _plainest(hits: pl.DataFrame) -> pl.DataFrame:
    """Each pair once, with its plainest kind; a text that is contained in part is rather a twin."""
    in_part = (pl.col("kind") == CONTAINS) & (pl.col("similarity") < 1)
    return hits.sort(in_part, pl.col("kind").cast(pl.Enum(KINDS)), maintain_order=True).unique(
        ["left", "right"], keep="first", maintain_order=True
    )


def _every_row(hits: pl.DataFrame, keyed: pl.DataFrame) -> pl.DataFrame:
    """The hits of first rows, spread over all the rows with the same keys."""
    members = keyed.select("first", "row")
    copies = members.filter(pl.col("row") != pl.col("first"))
    to_right = hits.join(members, left_on="right", right_on="first").with_columns(right="row")
    to_left = hits.join(copies, left_on="left", right_on="first").with_columns(left="row")
    columns = list(HIT_SCHEMA)
    return pl.concat([to_right.select(columns), to_left.select(columns)]).sort("left", "right")
