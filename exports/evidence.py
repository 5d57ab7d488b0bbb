"""What is known of similar examples when an export is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from curation.duplicates import AS_EVER, Form
from curation.records import Json
from exports.certificate import Reference, leak_facts
from exports.split_rules import NEAR_TEST


@dataclass(frozen=True, slots=True)
class Evidence:
    """Pairs of similar examples and how they were searched; see `leak_facts`."""

    pairs: pl.DataFrame
    threshold: float
    floor: float
    lexical_threshold: float | None = None
    search: Json | None = None
    references: Sequence[Reference] = ()
    form: Form = AS_EVER

    def facts(self, placed: pl.DataFrame, rows: pl.DataFrame, left_out: pl.DataFrame) -> Json:
        """What the manifest says of leaks among the rows that were `placed`."""
        return leak_facts(
            placed,
            self.pairs,
            rows,
            threshold=self.threshold,
            floor=self.floor,
            lexical_threshold=self.lexical_threshold,
            search=self.search,
            references=self.references,
            held_out=left_out.filter(reason=NEAR_TEST).height,
            form=self.form,
        )
