"""What may be asked of splits: shares, folds, what stays together, what a test row must be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, field, fields
from typing import Any

import numpy as np

from curation.errors import WrongUse
from curation.records import Json
from exports.balance import Ints

SPLITS = ("train", "validation", "test")
HELD_OUT = "held-out"

NEAR_TEST = "near a test example"
NOT_VERIFIED = "not verified by a person"
NO_TIME = "no time to split by"
OVER_CAP = "over the cap of its label"

LENGTH, SOURCE_FILE, CONVERSATION = "length", "source_file", "conversation"
"""Names in `stratify` and `keep_together` that need no metadata field of that name."""

_PARTS = 1000
_MOST_FOLDS = 20
_SEEDS = 2**63


@dataclass(frozen=True, slots=True)
class SplitFractions:
    """Wanted share of the rows in each split, in whole thousandths; 0 leaves a split out.

    Raises WrongUse where a share is no number, negative or finer than 0.001, train is 0, or the sum
    is not 1.
    """

    train: float = 0.8
    validation: float = 0.1
    test: float = 0.1

    def __post_init__(self) -> None:
        values = astuple(self)
        fine = all(_is_number(value) and math.isfinite(value) and value >= 0 for value in values)
        if not fine or not math.isclose(sum(values), 1, abs_tol=1e-6) or not self.train:
            raise WrongUse(
                f"The split fractions {self.train}, {self.validation} and {self.test} cannot be "
                "used: each must be at least 0, train above 0, and their sum 1.",
                "For example 0.8, 0.1 and 0.1.",
            )
        if any(0 < value < 1 / _PARTS for value in values):
            raise WrongUse(
                f"A split fraction is below {1 / _PARTS}.", "Use 0 to leave a split out."
            )

    def parts(self) -> Ints:
        """Whole thousandths: int64 [3] in the order of SPLITS; they add up to 1000."""
        validation, test = round(self.validation * _PARTS), round(self.test * _PARTS)
        return np.array([_PARTS - validation - test, validation, test], np.int64)


@dataclass(frozen=True, slots=True)
class SplitRules:
    """How examples are shared out. Raises WrongUse, naming the field, where a value cannot be.

    `folds`: so many folds of train and validation, 0 or 2 to 20. `keep_together`: metadata fields,
    `source_file` or `conversation` (turns that begin one another); rows of one value share a split
    and a fold, as near-duplicates do. `stratify`: what each split shall hold its share of besides
    the labels: `length`, `source_file` or metadata fields. `by_time`: a metadata field with a time
    or number; the oldest rows train, the newest test, and labels are not balanced. A metadata field
    that is called like one of those names goes first.

    `verified_test`, `verified_validation`: these splits take only rows that a person has verified.
    `cap_per_label`: train takes at most so many rows of a label. `sample_weights`: train rows get
    weights that even labels out. `rebalance`: rows of earlier exports may change between train and
    validation; otherwise they stay where they are.
    """

    fractions: SplitFractions = field(default_factory=SplitFractions)
    seed: int = 0
    folds: int = 0
    keep_together: tuple[str, ...] = ()
    stratify: tuple[str, ...] = ()
    by_time: str | None = None
    verified_test: bool = False
    verified_validation: bool = False
    cap_per_label: int | None = None
    sample_weights: bool = False
    rebalance: bool = False

    def __post_init__(self) -> None:
        _refuse_unless(isinstance(self.fractions, SplitFractions), self, "fractions", _FRACTIONS)
        seed = _is_whole(self.seed) and -_SEEDS <= self.seed < _SEEDS
        _refuse_unless(seed, self, "seed", "Use a whole number such as 0.")
        folds = _is_whole(self.folds) and (self.folds == 0 or 2 <= self.folds <= _MOST_FOLDS)
        _refuse_unless(folds, self, "folds", f"Use 2 to {_MOST_FOLDS} folds, or 0 for none.")
        for name in ("keep_together", "stratify"):
            hint = "Give a list of metadata fields, each once, such as ['author']."
            _refuse_unless(_are_names(getattr(self, name)), self, name, hint)
        time = self.by_time is None or _are_names((self.by_time,))
        _refuse_unless(time, self, "by_time", "Name a metadata field, or none.")
        for name in ("verified_test", "verified_validation", "sample_weights", "rebalance"):
            _refuse_unless(isinstance(getattr(self, name), bool), self, name, "Use true or false.")
        cap = self.cap_per_label is None or (
            _is_whole(self.cap_per_label) and self.cap_per_label >= 1
        )
        _refuse_unless(cap, self, "cap_per_label", "Use a whole number from 1, or none.")
        if self.by_time is not None and self.stratify:
            raise WrongUse(
                f"The split rules name both by_time {self.by_time!r} and stratify "
                f"{list(self.stratify)}: rows that are placed by time cannot be balanced.",
                "Give one of the two.",
            )

    def verified_only(self) -> tuple[str, ...]:
        """The splits that take only rows verified by a person."""
        asked = {"validation": self.verified_validation, "test": self.verified_test}
        return tuple(split for split, wanted in asked.items() if wanted)

    def as_json(self) -> Json:
        """All fields, with lists for tuples; see `from_json`."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    @staticmethod
    def from_json(document: Json) -> SplitRules:
        """The inverse of `as_json`; what is not named has its default. Raises WrongUse."""
        if not isinstance(document, Mapping):
            raise WrongUse("Split rules must be a JSON object.", 'For example {"folds": 5}.')
        known = [entry.name for entry in fields(SplitRules)]
        for name in document:
            if name not in known:
                raise WrongUse(
                    f"The split rules have a field {name!r} that does not exist.",
                    f"Fields: {', '.join(known)}.",
                )
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in document.items()
        }
        if "fractions" in values:
            values["fractions"] = _fractions(values["fractions"])
        return SplitRules(**values)


_FRACTIONS = 'For example {"train": 0.8, "validation": 0.1, "test": 0.1}.'


def _fractions(value: Any) -> SplitFractions:
    names = {"train", "validation", "test"}
    if not isinstance(value, Mapping) or set(value) - names:
        raise WrongUse(f"The split rule fractions cannot be {value!r}.", _FRACTIONS)
    return SplitFractions(**value)


def _refuse_unless(fine: bool, rules: SplitRules, name: str, hint: str) -> None:  # noqa: FBT001
    if not fine:
        raise WrongUse(f"The split rule {name} cannot be {getattr(rules, name)!r}.", hint)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_names(value: Any) -> bool:
    if not isinstance(value, tuple) or len(set(map(repr, value))) < len(value):
        return False
    return all(isinstance(name, str) and name.strip() for name in value)
