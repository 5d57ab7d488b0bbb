"""How many tokens an export has, as its trainer will count them, and what training would cost."""

from exports.tokens.counters import ESTIMATE_ERROR, Counter, load_counter
from exports.tokens.prices import Cost, Price, load_prices, training_costs
from exports.tokens.stats import SplitTokens, TokenStats, count_export, count_tokens

__all__ = [
    "ESTIMATE_ERROR",
    "Cost",
    "Counter",
    "Price",
    "SplitTokens",
    "TokenStats",
    "count_export",
    "count_tokens",
    "load_counter",
    "load_prices",
    "training_costs",
]
