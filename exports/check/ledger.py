"""Which rows a named consumer would refuse, drop, cut short or misread, and why."""

from __future__ import annotations

import polars as pl

from exports.check.report import Report
from exports.check.rules import RULES, TRUNCATES
from exports.targets import find_consumer

LEDGER_SCHEMA = {
    "row": pl.UInt32,
    "target": pl.String,
    "effect": pl.String,
    "code": pl.String,
    "reason": pl.String,
}


def ledger(report: Report, target: str) -> pl.DataFrame:
    """Rows that do not reach training as they are: one line per row and broken rule.

    `row` UInt32|null (null: the file as a whole), `target`, `effect` (what the consumer does, see
    `Effect`), `code`, `reason` (String). All faulty rows are listed, not only those whose message
    was kept. The lengths are those of the report's own target: check the file for the same target.
    Raises WrongUse for an unknown target.
    """
    consumer = find_consumer(target).name
    reasons = {(fault.row, fault.code): fault.message for fault in report.faults}
    parts = []
    for code in sorted(report.counts):
        rule = RULES[code]
        effect = rule.chokes.get(consumer)
        if effect is None or (effect == TRUNCATES and report.target != consumer):
            continue
        rows: list[int | None] = list(report.places.get(code, ())) or [None]
        parts += [
            (row, consumer, effect, code, reasons.get((row, code), rule.title)) for row in rows
        ]
    frame = pl.DataFrame(parts, schema=LEDGER_SCHEMA, orient="row")
    return frame.sort("row", "code", nulls_last=False)
