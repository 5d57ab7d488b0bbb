"""Ways to group examples by what they share: metadata, words, topic."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

GROUP_SCHEMA: dict[str, type[pl.DataType]] = {
    "group": pl.UInt32,
    "facet": pl.String,
    "name": pl.String,
}
MEMBER_SCHEMA: dict[str, type[pl.DataType]] = {"group": pl.UInt32, "row": pl.UInt32}

RANGE = "range of "
"""How facets that are ranges of a number begin."""

_BANDS = 10
_MOST_COUNTED = 20
"""Up to so many different numbers are kinds (annotator 7), beyond it quantities (42 words)."""
_MOSTLY = 0.9
_MONTH = r"^(\d{4}[-/](?:0[1-9]|1[0-2]))(?:[-/]\d{2}(?:\D|$)|$)"
_READ = 2000
"""Keywords are looked for in so many leading characters of a text."""
_MOST_SHARE = 0.5
_MOST_TOPICS = 200
_WORDS_OF_A_TOPIC = 3


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups of examples, which may overlap.

    `groups` in GROUP_SCHEMA names them; `members` in MEMBER_SCHEMA says which rows they hold, each
    once. A facet is one way of looking at the examples.
    """

    by: str
    groups: pl.DataFrame
    members: pl.DataFrame


def by_metadata(metadata: pl.Series, fewest: int) -> Grouping:
    """Examples that share something in their metadata, a String [n] of JSON objects.

    A facet is a key by its values (`channel = email`), a key of dates by month
    (`created in 2026-03`), or a key of more than 20 different numbers by deciles
    (`words from 3 to 17`). Dates and numbers may be written as text, as in CSV; a key holds them
    where nine tenths of its values are such. Groups of fewer than `fewest` examples are left out,
    and with them ids and free text. What is missing, nested or no JSON object is ignored.
    """
    schema = {"row": pl.UInt32, "key": pl.String, "value": pl.String}
    cells = pl.DataFrame(list(_cells(metadata)), schema, orient="row")
    stripped = pl.col("value").str.strip_chars()
    number = stripped.cast(pl.Float64, strict=False)
    cells = cells.with_columns(
        number=pl.when(number.is_finite()).then(number),
        month=stripped.str.extract(_MONTH).str.replace("/", "-"),
    )
    shared = pl.concat([_values(cells), _months(cells), _bands(cells)])
    return grouped("metadata", shared.filter(pl.len().over("facet", "name") >= fewest))


def by_keyword(texts: pl.Series, fewest: int) -> Grouping:
    """Examples with the same word, or the same two words in a row, whatever their case.

    `texts` String [n]; null is no text. Left out are words in fewer than `fewest` texts and in
    more than half of them. Only the first 2,000 characters of a text are read.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    known = np.flatnonzero(texts.is_not_null())
    vectorizer = CountVectorizer(
        ngram_range=(1, 2), binary=True, min_df=fewest, max_df=_MOST_SHARE, dtype=np.int32
    )
    try:
        counts = vectorizer.fit_transform(texts.drop_nulls().str.slice(0, _READ)).tocoo()
    except ValueError:  # scikit-learn's way of saying that no word is left
        return grouped("keyword", pl.DataFrame(schema={"row": pl.UInt32, **GROUP_SCHEMA}))
    words = vectorizer.get_feature_names_out().tolist()
    groups = {"group": range(len(words)), "facet": words, "name": [f'"{word}"' for word in words]}
    members = pl.DataFrame({"group": counts.col, "row": known[counts.row]}, schema=MEMBER_SCHEMA)
    return Grouping("keyword", pl.DataFrame(groups, GROUP_SCHEMA), members.sort("group", "row"))


def by_topic(topic: pl.Series, keywords: Grouping, fewest: int) -> Grouping:
    """Examples of the same topic (int [n], null for none), named by its three likeliest words.

    `keywords` is of `by_keyword` over the same rows. A word weighs p·log(p / p₀), its share p of
    the topic's texts against its share p₀ of all (its part of the Kullback–Leibler divergence).
    """
    rows = pl.DataFrame({"row": range(len(topic)), "topic": topic}).drop_nulls()
    rows = rows.with_columns(pl.col("row").cast(pl.UInt32))
    rows = rows.filter(pl.len().over("topic") >= fewest)
    sizes = rows.group_by("topic").agg(size=pl.len())
    words = keywords.groups.filter(~pl.col("facet").str.contains(" "))
    share, overall = pl.col("found") / pl.col("size"), pl.col("all") / max(1, len(topic))
    named = (
        keywords.members.join(words, on="group")
        .with_columns(all=pl.len().over("group"))
        .join(rows, on="row")
        .group_by("topic", "facet", "all")
        .agg(found=pl.len())
        .join(sizes, on="topic")
        .with_columns(weight=(share * (share / overall).log()).round(9))
        .filter(pl.col("weight") > 0)
        .sort("topic", "weight", "facet", descending=[False, True, False])
        .group_by("topic", maintain_order=True)
        .agg(words=pl.col("facet").head(_WORDS_OF_A_TOPIC).str.join(", "))
    )
    number = pl.col("topic").cast(pl.String)
    shared = rows.join(named, on="topic", how="left").select(
        "row",
        facet=pl.lit("topic ") + number,
        name=pl.coalesce(pl.lit("topic: ") + pl.col("words"), pl.lit("topic ") + number),
    )
    return grouped("topic", shared)


def topics(vectors: NDArray[np.float32], *, seed: int) -> NDArray[np.int64]:
    """Number of each example's topic, int64 [n], from embeddings float32 [n, d].

    √(n/2) cells, at most 200, of mini-batch k-means (Sculley, "Web-scale k-means clustering",
    WWW 2010). The same rows and seed give the same topics.
    """
    from sklearn.cluster import MiniBatchKMeans

    count = min(_MOST_TOPICS, round((len(vectors) / 2) ** 0.5))
    if count < 2:
        return np.zeros(len(vectors), dtype=np.int64)
    model = MiniBatchKMeans(count, random_state=seed, batch_size=4096, n_init=1)
    return np.asarray(model.fit_predict(vectors), dtype=np.int64)


def grouped(by: str, shared: pl.DataFrame) -> Grouping:
    """The grouping that `shared` spells out: `row, facet, name` for each example and group."""
    groups = shared.select("facet", "name").unique().sort("facet", "name")
    groups = groups.with_row_index("group").cast(pl.Schema(GROUP_SCHEMA))
    members = shared.join(groups, on=["facet", "name"]).select("group", "row")
    return Grouping(by, groups, members.cast(pl.Schema(MEMBER_SCHEMA)).sort("group", "row"))


def with_parts(grouping: Grouping, parts: pl.DataFrame, fewest: int) -> Grouping:
    """The groups, and after them each group's rows of each part, where they are `fewest` or more.

    `parts` has `row` and `part` (String), at most one for each row. A part of `channel = email`
    is named `channel = email, PART` and belongs to the same facet.
    """
    cells = (
        grouping.members.join(parts, on="row")
        .filter(pl.len().over("group", "part") >= fewest)
        .join(grouping.groups, on="group")
        .select("row", "facet", name=pl.col("name") + ", " + pl.col("part"))
    )
    inner, count = grouped(grouping.by, cells), grouping.groups.height
    later = (pl.col("group") + count).cast(pl.UInt32)
    return Grouping(
        grouping.by,
        pl.concat([grouping.groups, inner.groups.with_columns(later)]),
        pl.concat([grouping.members, inner.members.with_columns(later)]),
    )


def _cells(metadata: pl.Series) -> Iterator[tuple[int, str, str]]:
    """Row, key and value as text of everything in the metadata that is one text or number."""
    for row, text in enumerate(metadata):
        for key, value in _object(text).items():
            if isinstance(value, bool):
                yield row, _encodable(key), str(value).lower()
            elif isinstance(value, str | int | float):
                yield row, _encodable(key), _encodable(str(value))


def _object(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}", parse_int=str)  # Python refuses very long integers
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _encodable(text: str) -> str:
    """JSON can escape half a surrogate pair, which no table can hold."""
    return text.encode("utf-8", "backslashreplace").decode()


def _values(cells: pl.DataFrame) -> pl.DataFrame:
    value = pl.col("value")
    shown = pl.when(value == "").then(pl.lit(" is empty")).otherwise(pl.lit(" = ") + value)
    return cells.select(
        "row", facet=pl.lit("value of ") + pl.col("key"), name=pl.col("key") + shown
    )


def _months(cells: pl.DataFrame) -> pl.DataFrame:
    mostly = pl.col("month").is_not_null().mean().over("key") >= _MOSTLY
    return cells.filter(mostly & pl.col("month").is_not_null()).select(
        "row",
        facet=pl.lit("month of ") + pl.col("key"),
        name=pl.col("key") + " in " + pl.col("month"),
    )


def _bands(cells: pl.DataFrame) -> pl.DataFrame:
    mostly = pl.col("number").is_not_null().mean().over("key") >= _MOSTLY
    many = pl.col("number").n_unique().over("key") > _MOST_COUNTED
    place = (pl.col("number").rank("min") - 1) * _BANDS // pl.len()
    lowest, highest = (
        pl.col("value").sort_by("number", "value", descending=end).first().over("key", "band")
        for end in (False, True)
    )
    return (
        cells.filter(mostly & many)
        .filter(pl.col("number").is_not_null())
        .with_columns(band=place.over("key"))
        .select(
            "row",
            facet=pl.lit(RANGE) + pl.col("key"),
            name=pl.col("key") + " from " + lowest + " to " + highest,
        )
    )
