"""Settings that cannot be are refused before anything is done with them."""

from __future__ import annotations

from typing import Any

import pytest

from curation.errors import WrongUse
from curation.records import Settings


@pytest.mark.parametrize(
    "settings",
    [
        {"near_threshold": 0.7},  # pairs below the floor of 0.8 are not known
        {"pair_floor": 0.95},
        {"near_threshold": 1.5},
        {"pair_floor": 0.0},
        {"pair_floor": -1.0},
        {"near_threshold": float("nan")},
        {"lexical_threshold": 0.7},
        {"neighbours": 0},
        {"representative": "longest"},
        {"duplicates_of": "nothing"},
    ],
)
def test_what_would_make_figures_wrong_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(WrongUse, match=next(iter(settings))):
        Settings(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"pair_floor": 0.5, "near_threshold": 0.5, "lexical_threshold": 0.5},
        {"pair_floor": 1.0, "near_threshold": 1.0, "lexical_threshold": 1.1},
    ],
)
def test_the_edges_can_be_chosen(settings: dict[str, Any]) -> None:
    assert Settings(**settings).neighbours == 20
