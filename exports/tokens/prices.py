"""What training would cost, from a table that anybody can edit."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from curation.errors import WrongUse
from curation.records import Json
from exports.tokens.counters import ESTIMATE_ERROR
from exports.tokens.stats import TokenStats

PRICES = Path(__file__).with_name("prices.toml")
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million training tokens of a model at a service, as `source` said on `seen`."""

    service: str
    model: str
    dollars: float
    seen: date
    source: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What training costs at a price: `tokens` are those of all epochs."""

    price: Price
    tokens: int
    dollars: float
    is_exact: bool

    def __str__(self) -> str:
        about = "" if self.is_exact else f" (an estimate, right within {ESTIMATE_ERROR:.0%})"
        return (
            f"{self.price.service}, {self.price.model}: ${self.dollars:,.2f} for {self.tokens:,} "
            f"tokens{about} at ${self.price.dollars:,.2f} a million, as seen on "
            f"{self.price.seen.isoformat()}: {self.price.source}"
        )


def load_prices(path: Path | None = None) -> tuple[Price, ...]:
    """The prices of a TOML file, those that come with Tamis where none is named.

    Raises WrongUse for a file that cannot be read, naming the entry that is wrong.
    """
    path = path or PRICES
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        entries = document["price"]
        return tuple(_price(entry, number) for number, entry in enumerate(entries, start=1))
    except OSError as error:
        raise WrongUse(
            f"The prices in {path} cannot be read: {error.strerror or error}.",
            "Name a TOML file, or leave --prices out.",
        ) from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise WrongUse(
            f"The prices in {path} cannot be read: {error}.",
            "Each [[price]] has service, model, dollars (a number), seen (a date) and source.",
        ) from error


def training_costs(
    stats: TokenStats, epochs: int, prices: Sequence[Price], model: str | None = None
) -> list[Cost]:
    """What training on the train split for so many epochs costs at each price, cheapest first.

    With `model` only prices of that model. Raises WrongUse where none is known, rather than guess.
    """
    fitting = [price for price in prices if model in (None, price.model)]
    if not fitting:
        known = ", ".join(sorted({price.model for price in prices})) or "none"
        raise WrongUse(
            f"No price is known for training {model}.",
            f"Known: {known}. Add an entry to a price file of your own.",
        )
    if "train" not in stats.splits:
        raise WrongUse("The export has no train split.", "Name one that has.")
    tokens = epochs * stats.splits["train"].total
    costs = [
        Cost(price, tokens, tokens * price.dollars / _MILLION, stats.is_exact) for price in fitting
    ]
    return sorted(costs, key=lambda cost: (cost.dollars, cost.price.service, cost.price.model))


def _price(entry: Json, number: int) -> Price:
    try:
        dollars = _dollars(entry["dollars"])
        seen = entry["seen"]
        seen = seen if isinstance(seen, date) else date.fromisoformat(seen)
        texts = [str(entry[key]) for key in ("service", "model", "source")]
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(f"entry {number}: {error}") from error
    return Price(texts[0], texts[1], dollars, seen, texts[2])


def _dollars(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"dollars is {value!r}, which is no price")
    return float(value)
