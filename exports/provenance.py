"""Where every exported row comes from and who decided on it, without names (pure)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import polars as pl

from curation.errors import WrongUse
from curation.records import Json

PROVENANCE = "provenance.jsonl"
_MIN_KEY = 16
_MIN_DIGITS = 4


def pseudonyms(names: Iterable[str], key: bytes) -> dict[str, str]:
    """A name in place of each name: `annotator-` and hex digits of HMAC-SHA-256 under `key`.

    Whoever has the key can tell who is meant; nobody else can test a guess. As many digits as tell
    all names apart, at least four. Raises WrongUse where the key is shorter than 16 bytes.
    """
    if len(key) < _MIN_KEY:
        raise WrongUse(f"The key for pseudonyms has {len(key)} bytes; it needs {_MIN_KEY}.")
    digests = {name: hmac.new(key, name.encode(), hashlib.sha256).hexdigest() for name in names}
    digits = _MIN_DIGITS
    while len({digest[:digits] for digest in digests.values()}) < len(digests):
        digits += 1
    return {name: f"annotator-{digest[:digits]}" for name, digest in sorted(digests.items())}


def provenance_rows(
    placed: pl.DataFrame,
    examples: pl.DataFrame,
    key: bytes,
    *,
    comments: bool = False,
) -> Iterator[Json]:
    """One object for each exported row, in the order of `placed`.

    `placed` has `example_id` and `split`; `examples` is of `labels.current_examples`. Outputs are
    as they are stored; `when` is UTC; `decided_by` a pseudonym (see `pseudonyms`). Comments are
    people's own words and may name people: they are left out unless asked for.
    """
    people = pseudonyms(examples["decided_by"].drop_nulls().unique(), key)
    rows = placed.select("example_id", "split").join(
        examples, on="example_id", how="left", maintain_order="left"
    )
    for row in rows.iter_rows(named=True):
        decided = row["decided_by"]
        yield {
            "example_id": row["example_id"],
            "split": row["split"],
            "source_file": row["source_file"],
            "source_row": row["source_row"],
            "given": row["given"],
            "output": row["current"],
            "status": row["status"],
            "decided_by": None if decided is None else people[decided],
            "when": _utc(row["decided_at"]),
            "disputed": row["disputed"],
            **({"comment": row["comment"]} if comments else {}),
        }


def _utc(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
