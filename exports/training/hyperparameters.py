"""Hyperparameters by rule, from what is known of the data; docs/train.md has the sources."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from exports.tokens.stats import TokenStats

_EPOCHS, _FEWEST_ROWS, _MOST_ROWS, _MOST_EPOCHS = 3, 100, 25_000, 25
_BATCH, _UPDATES_AN_EPOCH = 16, 10
_TOKENS_A_PASS, _ROWS_A_PASS = 8192, 8
_WARM_UP = 0.05
_LOOKS_AN_EPOCH = 4
_UNKNOWN_LENGTH, _LONGEST, _STEP = 2048, 32_768, 64
_ESTIMATE_MARGIN = 1.5
"""An estimate that is a third too low is made up for by half as much again."""


class Method(StrEnum):
    """Which weights are trained: small ones beside the model's, or all of them."""

    LORA = "lora"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What a trainer is told.

    A batch is `rows_a_pass` rows at once, `passes` times before each update, on one device.
    `max_length` is in tokens; `warm_up`, `updates` (of all epochs) and `look_every` (updates
    between two looks at the validation split) count updates.
    """

    epochs: int
    rows_a_pass: int
    passes: int
    learning_rate: float
    warm_up: int
    max_length: int
    updates: int
    look_every: int


LEARNING_RATES = {Method.LORA: 2e-4, Method.FULL: 2e-5}
PREFERENCE_LEARNING_RATES = {Method.LORA: 5e-6, Method.FULL: 5e-7}


def choose(
    rows: int, stats: TokenStats | None, method: Method, *, preferences: bool = False
) -> Hyperparameters:
    """Hyperparameters for a train split of `rows` rows.

    `stats` gives the length of the longest row; without it 2,048 tokens are taken. `preferences`:
    answers are compared, which is done once and gently.
    """
    length = _max_length(stats)
    epochs = 1 if preferences else _epochs(rows)
    batch = _batch(rows)
    at_once = min(batch, _ROWS_A_PASS, _power_of_two(_TOKENS_A_PASS // length))
    an_epoch = -(-rows // batch)
    rates = PREFERENCE_LEARNING_RATES if preferences else LEARNING_RATES
    return Hyperparameters(
        epochs=epochs,
        rows_a_pass=at_once,
        passes=batch // at_once,
        learning_rate=rates[method],
        warm_up=max(1, round(_WARM_UP * epochs * an_epoch)),
        max_length=length,
        updates=epochs * an_epoch,
        look_every=min(an_epoch, max(_UPDATES_AN_EPOCH, an_epoch // _LOOKS_AN_EPOCH)),
    )


def _epochs(rows: int) -> int:
    """Three; more where that is fewer than 100 rows in all, fewer where it is over 25,000."""
    if rows * _EPOCHS < _FEWEST_ROWS:
        return min(_MOST_EPOCHS, -(-_FEWEST_ROWS // rows))
    return max(1, min(_EPOCHS, _MOST_ROWS // rows))


def _batch(rows: int) -> int:
    """Sixteen rows, or the power of two below that gives ten updates an epoch."""
    return min(_BATCH, _power_of_two(rows // _UPDATES_AN_EPOCH))


def _power_of_two(most: int) -> int:
    """The largest power of two that is at most `most`; one where there is none."""
    return 1 << (max(most, 1).bit_length() - 1)


def _max_length(stats: TokenStats | None) -> int:
    """The longest row, rounded up to a multiple of 64; at most 32,768."""
    if stats is None:
        return _UNKNOWN_LENGTH
    longest = stats.longest if stats.is_exact else round(_ESTIMATE_MARGIN * stats.longest)
    return min(_LONGEST, -(-longest // _STEP) * _STEP)
