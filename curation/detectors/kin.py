"""What all values at one path of the outputs, entries of a list taken together, have in common."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from curation.detectors.grounding import finite, fold
from curation.detectors.json_values import lower_bound
from curation.detectors.shapes import LEVELS, shapes

FEW = 2
"""So many of a kind may be a slip and its copy."""

_COMMON = 20
_MOST_NAMES = 50
_CLOSED = 0.95
_COPIED = 0.9
_SPREADS = 5.0
_LEAST_SPREAD = 0.1
_LEAST_GAP = 10.0
_FEWEST_NUMBERS = 30
_NAMES_KEPT = 2000

_TYPES = {str: "text", bool: "true or false", dict: "object", list: "list", type(None): "null"}


def type_of(value: Any) -> str:
    """The JSON type of a value in words; whole numbers and fractions are both numbers."""
    return _TYPES.get(type(value), "number")


@dataclass
class Kin:
    """Counts over the values at one path. First `learn` all of them, then ask."""

    types: Counter[str] = field(default_factory=Counter)
    forms: tuple[Counter[str], ...] = field(
        default_factory=lambda: tuple(Counter[str]() for _ in range(LEVELS))
    )
    """Shape → how often, by level."""
    shaped: int = 0
    models: dict[str, str] = field(default_factory=dict)
    """Shape → the first text of that shape."""
    names: Counter[str] = field(default_factory=Counter)
    """Text → how often; given up beyond so many that they are no names of a closed set."""
    copied: int = 0
    """How many texts their inputs have letter for letter."""
    told: int = 0
    """The same, but for case and accents."""
    signs: Counter[str] = field(default_factory=Counter)
    whole: int = 0
    sizes: list[float] = field(default_factory=list)
    """Common logarithms of the numbers that are not 0."""
    keys: Counter[str] = field(default_factory=Counter)
    key_sets: Counter[frozenset[str]] = field(default_factory=Counter)

    def learn(self, value: Any, text: str, folded: str) -> None:
        """Count one value, and whether its input has it: `text`, and the same folded."""
        self.types[type_of(value)] += 1
        if isinstance(value, str):
            self.copied += value in text
            self.told += fold(value) in folded
            if len(self.names) < _NAMES_KEPT or value in self.names:
                self.names[value] += 1
            if shaped := shapes(value):
                self.shaped += 1
                for forms, shape in zip(self.forms, shaped, strict=True):
                    forms[shape] += 1
                    self.models.setdefault(shape, value)
        elif isinstance(value, dict):
            self.keys.update(list(value))
            self.key_sets[frozenset(value)] += 1
        elif (number := finite(value)) is not None:
            self.signs["zero" if not number else "negative" if value < 0 else "positive"] += 1
            self.whole += number.is_integer()
            if number:
                self.sizes.append(float(np.log10(number)))

    @cached_property
    def is_copied(self) -> bool:
        """True where texts are taken over letter for letter."""
        return lower_bound(self.copied, self.types["text"]) >= _COPIED

    @cached_property
    def is_told(self) -> bool:
        """True where texts are taken over, but for case and accents."""
        return lower_bound(self.told, self.types["text"]) >= _COPIED

    @cached_property
    def type(self) -> tuple[str, int, int]:
        """The most frequent type, its count and the count of all values but null."""
        counts = Counter(self.types)
        del counts["null"]
        name, count = max(counts.items(), key=lambda item: item[1], default=("null", 0))
        return name, count, counts.total()

    @cached_property
    def usual_forms(self) -> tuple[tuple[str, int], ...]:
        """The most frequent shape of each level and its count."""
        return tuple(next(iter(forms.most_common(1)), ("", 0)) for forms in self.forms)

    @cached_property
    def usual_keys(self) -> list[str]:
        """Keys that most objects have."""
        return [key for key, count in self.keys.items() if 2 * count > self.types["object"]]

    @cached_property
    def settled(self) -> int:
        """How many objects have no key that hardly another has."""
        rare = {key for key, count in self.keys.items() if count <= FEW}
        return sum(n for keys, n in self.key_sets.items() if rare.isdisjoint(keys))

    @cached_property
    def common_names(self) -> dict[str, int]:
        """The names of a closed set with their counts; empty where the set is open."""
        if len(self.names) >= _NAMES_KEPT:
            return {}
        common = {name: count for name, count in self.names.items() if count >= _COMMON}
        share = lower_bound(sum(common.values()), self.names.total())
        return common if share >= _CLOSED and len(common) <= _MOST_NAMES else {}

    @cached_property
    def has_tail(self) -> bool:
        """True where some names are neither common nor very rare: others may well come."""
        return any(FEW < count < _COMMON for count in self.names.values())

    @cached_property
    def usual_sizes(self) -> tuple[float, float] | None:
        """The least and the greatest number that no one wonders at; None for too few numbers.

        An outlier lies more than five robust standard deviations (median absolute deviation, at
        least a tenth of a decade) from the median of the logarithms, and ten times beyond the
        last that does not.
        """
        if len(self.sizes) < _FEWEST_NUMBERS:
            return None
        sizes = np.array(self.sizes)
        distances = np.abs(sizes - np.median(sizes))
        spread = max(1.4826 * float(np.median(distances)), _LEAST_SPREAD)
        usual = 10.0 ** sizes[distances <= _SPREADS * spread]
        return float(usual.min()) / _LEAST_GAP, float(usual.max()) * _LEAST_GAP
