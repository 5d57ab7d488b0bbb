"""The leak certificate: how near the examples of one split come to those of another.

The manifest holds the facts (`leak_facts`); `certificate` binds them to the files they speak of, so
that `certificate.json` can be made again from the manifest alone.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from curation.comparison import KINDS
from curation.duplicates import AS_EVER, Form, alike, exact_key, leakage_groups
from curation.duplicates.graph import with_lexical
from curation.records import Json, PairKind
from exports.formats import Format
from exports.markup import plain
from exports.split import SPLITS

CERTIFICATE = "certificate.json"
LEVELS = (0.80, 0.85, 0.90, 0.95, 0.99, 1.00)
"""Cosines at which pairs across splits are counted, whatever the dataset's threshold is."""

_DIGITS = 6
_TEXTS_AT_ONCE = 16_384
_BETWEEN = b"\xff"  # in no UTF-8
_KEPT = (string.ascii_letters + string.digits).encode() + _BETWEEN
_OTHERS = bytes(set(range(256)) - set(_KEPT))
_LOWER = bytes(range(256)).lower()


@dataclass(frozen=True, slots=True)
class Reference:
    """A file that was compared with the dataset, such as a benchmark's test set.

    `found` (of `contamination.FOUND_SCHEMA`) has the rows of the file that stand in examples:
    `reference_row`, `example_id`, `kind`. Near is a cosine of at least `threshold`; `highest` is
    the highest cosine between the file and the dataset, None where it lies below the floor.
    """

    name: str
    sha256: str
    rows: int
    threshold: float
    found: pl.DataFrame
    highest: float | None


def leak_facts(
    placed: pl.DataFrame,
    pairs: pl.DataFrame,
    rows: pl.DataFrame,
    *,
    threshold: float,
    floor: float,
    lexical_threshold: float | None = None,
    search: Json | None = None,
    references: Sequence[Reference] = (),
    held_out: int = 0,
    form: Form = AS_EVER,
) -> Json:
    """What is known of leaks between the splits, for the manifest.

    `placed` has `example_id` and `split` of what was written; `pairs` is of
    `duplicates.PAIR_SCHEMA`, with `lexical` where spelling was compared, down to the cosine
    `floor`. It may name examples that were not written: a copy of a text shares the pairs of that
    text. `rows` has `example_id`, `text` and `verified` (whether a person decided) of at least what
    was written. From `threshold` on, or from `lexical_threshold` in spelling, two examples are
    near-duplicates. `search` says how pairs were searched: `model`, and `channels`, the rows of
    `duplicates.SEARCHES_SCHEMA`; None where it is not known. `held_out` counts examples that stay
    out because they are near a test example. `form` is what makes a text another text.

    Counts are of pairs of examples. Levels below the floor were not searched: null.
    """
    across = _across(placed, pairs)
    above = across.filter(alike(threshold, lexical_threshold))
    searched = across.filter(pl.col("similarity") >= floor)
    return {
        "threshold": threshold,
        "lexical_threshold": lexical_threshold,
        "floor": floor,
        "search": search,
        "pairs_above_threshold_across_splits": _count(above),
        "pairs_across_splits": _levels(across, floor),
        "highest_similarity_across_splits": searched["similarity"].max(),
        "highest_pair": _highest(searched),
        "identical_texts_across_splits": _identical(placed, rows, form),
        "test": _reviewed(placed.filter(split="test"), rows),
        "held_out": held_out,
        "references": [_reference(reference, placed) for reference in references],
    }


def certificate(document: Json, form: Format) -> Json:
    """What stands in `certificate.json`: the leaks of a manifest, and the files they are about."""
    names = [form.target.file(split) for split in SPLITS]
    files = document["files"]
    return {
        "dataset": document["source"]["dataset"],
        "data_hash": document["source"]["data_hash"],
        "files": {name: files[name]["sha256"] for name in names if name in files},
        "leaks": document["leaks"],
        "rerun": "tamis verify EXPORT --leaks",
    }


def leak_sentences(leaks: Json) -> list[str]:
    """The facts in plain words, as Markdown."""
    found = [_threshold_sentence(leaks), _nearest_sentence(leaks), *_search_sentences(leaks)]
    same = leaks["identical_texts_across_splits"]
    found.append(f"Texts that stand in two splits as the same text: {same:,}.")
    if leaks["held_out"]:
        found.append(f"{leaks['held_out']:,} examples stay out: they are too near the test split.")
    return [*found, *map(_reference_sentence, leaks["references"])]


def _reference_sentence(reference: Json) -> str:
    found = reference["rows_found"]
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in found.items() if count)
    examples = ", ".join(
        f"{count:,} {split}" for split, count in reference["examples_found"].items() if count
    )
    told = f"{sum(found.values()):,} ({kinds}) are in {examples} rows" if kinds else "none is found"
    return f"Of the {reference['rows']:,} rows of {plain(reference['name'])}, {told}."


def _threshold_sentence(leaks: Json) -> str:
    spelling = leaks["lexical_threshold"]
    lexical = "" if spelling is None else f" in meaning, or {spelling:g} or more in spelling"
    return (
        f"Pairs of examples in two splits with a similarity of {leaks['threshold']:g} or more"
        f"{lexical}: {leaks['pairs_above_threshold_across_splits']:,}."
    )


def _nearest_sentence(leaks: Json) -> str:
    highest = leaks["highest_similarity_across_splits"]
    if highest is None:
        return f"No two examples in two splits have a similarity of {leaks['floor']:g} or more."
    return f"The two nearest examples in two splits have a similarity of {highest:.3f}."


def _search_sentences(leaks: Json) -> list[str]:
    if not leaks["search"] or not leaks["search"]["channels"]:
        return ["How the pairs were searched was not recorded."]
    said = map(_channel_sentence, leaks["search"]["channels"])
    return list(dict.fromkeys(said))  # one for each threshold, and exact is exact


def _channel_sentence(channel: Json) -> str:
    by = {"embedding": "meaning", "lexical": "spelling"}[channel["channel"]]
    if channel["method"] == "exact":
        return f"All {channel['rows']:,} texts were compared with one another by {by}."
    within = f"{channel['rows']:,} texts were compared by {by} within cells of like texts"
    if channel["recall"] is None:
        return f"{within}; the recall was not measured."
    return (
        f"{within}; measured on a random sample, {channel['recall']:.1%} of the pairs with a "
        f"similarity of {channel['threshold']:g} or more are found (95% interval "
        f"{channel['low']:.1%} to {channel['high']:.1%})."
    )


def _across(placed: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Texts in two different splits that are alike.

    Columns: `example_id`, `split`, `other_id`, `other_split` (the smallest ids with these texts),
    `similarity` (Float64, rounded), `lexical`, `kind`, `pairs` (how many pairs of
    examples this stands for).
    """
    is_exact = pl.col("kind") == PairKind.EXACT.value
    ids = pl.concat([pairs["example_id"], pairs["other_id"]]).unique()  # others have no copy
    texts = leakage_groups(pairs.filter(is_exact), 1.0, ids).rename({"group": "text"})
    there = (
        placed.join(texts, on="example_id")
        .group_by("text", "split")
        .agg(pl.col("example_id").min(), pl.len().alias("count"))
    )
    copies = there.select(
        text="text",
        other="text",
        similarity=pl.lit(1.0),
        lexical=pl.lit(1.0, pl.Float32),
        kind=pl.lit(PairKind.EXACT.value),
    ).unique()
    near = (
        with_lexical(pairs.filter(~is_exact))
        .join(texts, on="example_id")
        .join(texts.rename({"example_id": "other_id", "text": "other"}), on="other_id")
        .select("text", "other", pl.col("similarity").cast(pl.Float64), "lexical", "kind")
    )
    joined = (
        pl.concat([copies, near])
        .join(there, on="text")
        .join(there, left_on="other", right_on="text", suffix="_other")
        .filter(pl.col("split") != pl.col("split_other"))
    )
    once = (pl.col("text") != pl.col("other")) | (pl.col("split") < pl.col("split_other"))
    return joined.filter(once).select(
        "example_id",
        "split",
        other_id="example_id_other",
        other_split="split_other",
        similarity=pl.col("similarity").round(_DIGITS),
        lexical="lexical",
        kind="kind",
        pairs=pl.col("count").cast(pl.Int64) * pl.col("count_other"),
    )


def _count(across: pl.DataFrame) -> int:
    return int(across["pairs"].sum())


def _levels(across: pl.DataFrame, floor: float) -> Json:
    def counts(kind: PairKind) -> Json:
        of_kind = across.filter(kind=kind.value)
        searched = 0.0 if kind is PairKind.EXACT else round(floor, _DIGITS)
        return {
            f"{level:.2f}": _count(of_kind.filter(pl.col("similarity") >= level))
            if level >= searched
            else None
            for level in LEVELS
        }

    return {kind.value: counts(kind) for kind in PairKind}


def _highest(across: pl.DataFrame) -> Json | None:
    if across.is_empty():
        return None
    first = across.with_columns(
        low=pl.min_horizontal("example_id", "other_id"),
        high=pl.max_horizontal("example_id", "other_id"),
    ).sort("similarity", "low", "high", descending=[True, False, False])
    row = first.row(0, named=True)
    ends = sorted([(row["example_id"], row["split"]), (row["other_id"], row["other_split"])])
    return {
        "similarity": row["similarity"],
        "kind": row["kind"],
        "examples": [{"example_id": example, "split": split} for example, split in ends],
    }


def _identical(placed: pl.DataFrame, rows: pl.DataFrame, form: Form) -> int:
    """Number of texts, told apart by `exact_key`, that stand in more than one split."""
    texts = placed.join(rows.select("example_id", "text"), on="example_id")
    # Equal keys have equal letters and digits: far cheaper to compare first.
    shared = _in_two_splits(texts.with_columns(key=_letters(texts["text"])))
    exact = shared.with_columns(
        key=pl.Series([exact_key(text, form) for text in shared["text"]], dtype=pl.String)
    )
    return _in_two_splits(exact)["key"].n_unique()


class _Plain(dict[int, str]):
    """What is left of a character in the loosest key of a text, for `str.translate`.

    A key is normalised as a whole, but what that joins to a letter is taken off it again.
    """

    def __missing__(self, code: int) -> str:
        self[code] = exact_key(chr(code), Form(keep_accents=False))
        return self[code]


def _letters(texts: pl.Series) -> pl.Series:
    """A number for the letters and digits of ASCII, in lower case, in the loosest key of a text."""
    loosest = _Plain((code, chr(code)) for code in range(128))

    def part(some: pl.Series) -> pl.Series:
        plain = (text if text.isascii() else text.translate(loosest) for text in some)
        whole = _BETWEEN.join(map(str.encode, plain))
        kept = whole.translate(_LOWER, delete=_OTHERS).split(_BETWEEN)
        return pl.Series(kept, dtype=pl.Binary).hash()

    starts = range(0, len(texts), _TEXTS_AT_ONCE)
    empty = pl.Series(dtype=pl.UInt64)
    return pl.concat([empty, *(part(texts.slice(start, _TEXTS_AT_ONCE)) for start in starts)])


def _in_two_splits(texts: pl.DataFrame) -> pl.DataFrame:
    """The texts whose `key` stands in more than one split."""
    repeated = texts.filter(pl.col("key").is_duplicated())
    return repeated.filter(pl.col("split").n_unique().over("key") > 1)


def _reviewed(placed: pl.DataFrame, rows: pl.DataFrame) -> Json:
    verified = placed.join(rows.select("example_id", "verified"), on="example_id")["verified"]
    known = int(verified.sum())
    return {"rows": placed.height, "verified": known, "unverified": placed.height - known}


def _reference(reference: Reference, placed: pl.DataFrame) -> Json:
    """What of a file stands in the rows that were written; a row counts by its plainest kind."""
    plainness = pl.col("kind").cast(pl.Enum(KINDS))
    found = reference.found.join(placed, on="example_id").sort(plainness)
    kinds = found.unique("reference_row", keep="first", maintain_order=True)["kind"]
    return {
        "name": reference.name,
        "sha256": reference.sha256,
        "rows": reference.rows,
        "threshold": reference.threshold,
        "rows_found": {kind: int((kinds == kind).sum()) for kind in KINDS},
        "examples_found": {
            split: found.filter(split=split)["example_id"].n_unique() for split in SPLITS
        },
        "highest_similarity": reference.highest and round(reference.highest, _DIGITS),
    }
