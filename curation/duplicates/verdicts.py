"""What people said of pairs: these two are no duplicates of each other."""

from __future__ import annotations

from itertools import combinations, product

import polars as pl

from curation.duplicates.graph import distinct_ids, texts_of
from curation.records import PairKind

_APART = {"example_id": pl.String, "other_id": pl.String}


def set_apart(pairs: pl.DataFrame, verdicts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The pairs after people's verdicts, in no order, and all pairs of texts that stand apart.

    `verdicts` has `example_id, other_id`: "not duplicates of each other". A verdict is on texts, so
    exact copies, also those imported later, share it: near pairs of the two texts become
    near-twins. Between two copies of one text it parts the copies; each copy then goes with the
    first, by id, from which nothing parts it, and the parts are near-twins of each other. What is
    returned second (`example_id, other_id`) names the first examples of the texts; see `cluster`.
    """
    if verdicts.is_empty():
        return pairs, pl.DataFrame(schema=_APART)
    said = [(a, b) for a, b in verdicts.select("example_id", "other_id").iter_rows() if a != b]
    text = _texts_said_of(pairs, said)
    parts = _parts(said, text)
    apart = _apart(said, text, parts)
    touching = [pl.col(side).is_in(list(text)) for side in ("example_id", "other_id")]
    rest, touched = (
        pairs.filter(~(touching[0] | touching[1])),
        pairs.filter(touching[0] | touching[1]),
    )
    whole = [name for name in text if text[name] not in parts]
    is_exact = pl.col("kind") == PairKind.EXACT.value
    touched = pl.concat(
        [
            touched.filter(~is_exact | pl.col("example_id").is_in(whole)),
            _ties(parts, pairs),
            _copied(touched, parts),
        ]
    )
    head = {member: part[0] for found in parts.values() for part in found for member in part}
    named = {frozenset(pair) for pair in apart}
    stands = [
        frozenset(head.get(one, text.get(one, one)) for one in pair) in named
        for pair in touched.select("example_id", "other_id").iter_rows()
    ]
    near = (pl.col("kind") == PairKind.NEAR.value) & pl.Series(stands, dtype=pl.Boolean)
    twin = pl.lit(PairKind.NEAR_TWIN.value)
    touched = touched.with_columns(kind=pl.when(near).then(twin).otherwise("kind"))
    return pl.concat([rest, touched]), pl.DataFrame(apart, schema=_APART, orient="row")


def _texts_said_of(pairs: pl.DataFrame, said: list[tuple[str, str]]) -> dict[str, str]:
    """Example → the first of its exact copies, for all copies of what was said of; sorted."""
    exact = pairs.filter(pl.col("kind") == PairKind.EXACT.value)
    named = pl.Series([one for pair in said for one in pair], dtype=pl.String)
    ids = pl.concat([distinct_ids(exact), named]).unique().sort()
    members = pl.DataFrame({"id": ids, "text": ids.gather(texts_of(ids, exact))})
    wanted = members.filter(pl.col("id").is_in(named.implode()))["text"].unique()
    return dict(members.filter(pl.col("text").is_in(wanted.implode())).iter_rows())


def _parts(said: list[tuple[str, str]], text: dict[str, str]) -> dict[str, list[list[str]]]:
    """Text → its copies in parts, for the texts whose copies people set apart."""
    enemies: dict[str, set[str]] = {}
    for a, b in said:
        if text[a] == text[b]:
            enemies.setdefault(a, set()).add(b)
            enemies.setdefault(b, set()).add(a)
    divided = {text[one] for one in enemies}
    found: dict[str, list[list[str]]] = {}
    for member, of_text in text.items():  # in the order of ids
        if of_text not in divided:
            continue
        parts = found.setdefault(of_text, [])
        hostile = enemies.get(member, set())
        home = next((part for part in parts if hostile.isdisjoint(part)), None)
        if home is None:
            parts.append([member])
        else:
            home.append(member)
    return found


def _apart(
    said: list[tuple[str, str]], text: dict[str, str], parts: dict[str, list[list[str]]]
) -> list[tuple[str, str]]:
    """All pairs of first examples that stand apart, each once, sorted."""
    heads = {of_text: [part[0] for part in found] for of_text, found in parts.items()}
    pairs: set[tuple[str, str]] = set()
    for a, b in said:
        ours, theirs = (heads.get(text[one], [text[one]]) for one in (a, b))
        if text[a] != text[b]:
            pairs.update((min(x, y), max(x, y)) for x, y in product(ours, theirs))
    for found in heads.values():
        pairs.update(combinations(found, 2))
    return sorted(pairs)


def _ties(parts: dict[str, list[list[str]]], pairs: pl.DataFrame) -> pl.DataFrame:
    """Exact pairs within each part, and near-twins between the first part and the others."""
    rows = []
    for found in parts.values():
        rows += [(part[0], one, PairKind.EXACT.value) for part in found for one in part[1:]]
        rows += [(found[0][0], part[0], PairKind.NEAR_TWIN.value) for part in found[1:]]
    schema = {"example_id": pl.String, "other_id": pl.String, "kind": pl.String}
    ties = pl.DataFrame(rows, schema=schema, orient="row")
    one = pl.lit(1.0, pl.Float32)
    values = {name: one for name in ("similarity", "lexical") if name in pairs.columns}
    return ties.with_columns(**values).select(pairs.columns)


def _copied(pairs: pl.DataFrame, parts: dict[str, list[list[str]]]) -> pl.DataFrame:
    """The near pairs of a divided text, for the first example of each of its other parts."""
    others = {
        member: [part[0] for part in found if member not in part]
        for found in parts.values()
        for each in found
        for member in each
    }
    rows = []
    for row in pairs.filter(pl.col("kind") != PairKind.EXACT.value).iter_rows(named=True):
        a, b = row["example_id"], row["other_id"]
        for x, y in product([a, *others.get(a, [])], [b, *others.get(b, [])]):
            if x != y and (x, y) != (a, b):
                rows.append({**row, "example_id": min(x, y), "other_id": max(x, y)})
    return pl.DataFrame(rows, schema=pairs.schema)
