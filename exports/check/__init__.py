"""Check any training JSONL: every defect with its row, its reason and how to mend it."""

from exports.check.checker import check_file
from exports.check.ledger import LEDGER_SCHEMA, ledger
from exports.check.repair import Repaired, repair
from exports.check.report import Fault, Found, Report
from exports.check.rules import RULES, Rule, rules_table
from exports.targets import CONSUMERS as TARGETS
from exports.targets import Consumer as Target

__all__ = [
    "LEDGER_SCHEMA",
    "RULES",
    "TARGETS",
    "Fault",
    "Found",
    "Repaired",
    "Report",
    "Rule",
    "Target",
    "check_file",
    "ledger",
    "repair",
    "rules_table",
]
