"""Whether the same words stand in an order that means the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import zip_longest
from typing import TypeVar

from curation.twins.lexicon import CLAUSE_STARTS, MOVABLE, NEGATIONS
from curation.twins.reading import KINDS, Reading, few

_T = TypeVar("_T")
_Run = tuple[str, ...]
_IT = "pronoun:it"
_NO_NOUN = NEGATIONS | CLAUSE_STARTS | MOVABLE
_BOUND = 2
"""Clauses of fewer ordered words keep their place: in "3, 5" the order is the meaning."""


def reordered(ours: Reading, theirs: Reading) -> str | None:
    """Words in another order, but for whole sentences or clauses and particles that moved."""
    if ours.order == theirs.order:
        return None
    counts = [Counter(_flat(_flat(one.order))) for one in (ours, theirs)]
    in_both = {key for key, count in counts[0].items() if counts[1][key] == count}
    (clauses_a, sentences_a, a), (clauses_b, sentences_b, b) = (
        _levels(one.order, in_both) for one in (ours, theirs)
    )
    if (
        a == b
        or (_moved(sentences_a, sentences_b) and not _twinned(sentences_a, sentences_b))
        or (_moved(clauses_a, clauses_b) and not _alike(clauses_a, clauses_b))
        or _particles_moved(a, b)
        or _pronoun_moved(clauses_a, clauses_b)
    ):
        return None
    for sign, name in KINDS.items():
        of_a, of_b = ([key[1:] for key in side if key[0] == sign] for side in (a, b))
        if of_a != of_b:
            return f"the {name} stand in another order: {', '.join(of_a)} / {', '.join(of_b)}"
    while a[0] == b[0]:
        a, b = a[1:], b[1:]
    while a[-1] == b[-1]:
        a, b = a[:-1], b[:-1]
    sides = [few(key.rpartition(":")[2] for key in side) for side in (a, b)]
    return f"the words stand in another order: {' / '.join(sides)}"


def _flat(parts: Iterable[Iterable[_T]]) -> list[_T]:
    return [one for part in parts for one in part]


def _levels(
    order: tuple[tuple[_Run, ...], ...], kept: set[str]
) -> tuple[list[_Run], list[_Run], list[str]]:
    """The clauses, the sentences and the words of a text, of which only `kept` count."""
    sentences = [
        [tuple(key for key in clause if key in kept) for clause in sentence] for sentence in order
    ]
    return _flat(sentences), [tuple(_flat(one)) for one in sentences], _flat(_flat(sentences))


def _moved(a: list[_Run], b: list[_Run]) -> bool:
    """Whether the same runs of words stand there, the long ones in any order."""
    short_a, short_b = ([run for run in side if 0 < len(run) < _BOUND] for side in (a, b))
    long_a, long_b = (Counter(run for run in side if len(run) >= _BOUND) for side in (a, b))
    return short_a == short_b and long_a == long_b


def _twinned(a: list[_Run], b: list[_Run]) -> bool:
    """Whether two moved sentences differ in a word or two only: "He has 5." and "He has 8."."""
    moved = [run for run, other in zip_longest(a, b) if run and run != other]
    return any(
        len(x) == len(y) and 0 < sum(p != q for p, q in zip(x, y, strict=True)) <= 2
        for place, x in enumerate(moved)
        for y in moved[:place]
    )


def _alike(a: list[_Run], b: list[_Run]) -> bool:
    """Whether moved clauses share a word: in "May: he sold 5; June: he sold 8" the place counts."""
    moved = [run for run, other in zip_longest(a, b) if run and run != other]
    words = [{key for key in run if ":" not in key} for run in moved]
    shared = any(x & y for place, x in enumerate(words) for y in words[:place])
    return shared or _twinned(a, b)


def _pronoun_moved(a: list[_Run], b: list[_Run]) -> bool:
    """Whether two clauses changed places, and with them a noun and the "it" that stands for it."""
    gone, new = (
        list((Counter(a) - Counter(b)).elements()),
        list((Counter(b) - Counter(a)).elements()),
    )
    if len(gone) != 2 or len(new) != 2:
        return False
    for with_it, with_noun in (gone, reversed(gone)):
        for other in new:
            noun = _in_place_of_it(with_it, other)
            if noun and any(
                _in_place_of_it(one, with_noun) == noun for one in new if one is not other
            ):
                return True
    return False


def _in_place_of_it(with_it: _Run, other: _Run) -> _Run:
    """What stands in a clause where another, otherwise equal one has "it"; () for nothing."""
    if _IT not in with_it:
        return ()
    place = with_it.index(_IT)
    end = len(other) - (len(with_it) - place - 1)
    noun = other[place:end]
    alike = with_it[:place] == other[:place] and with_it[place + 1 :] == other[end:]
    return noun if alike and all(key.isalpha() and key not in _NO_NOUN for key in noun) else ()


def _particles_moved(a: list[str], b: list[str]) -> bool:
    return all(
        [key for key in a if _may_move(key) is part] == [key for key in b if _may_move(key) is part]
        for part in (True, False)
    )


def _may_move(key: str) -> bool:
    return key in MOVABLE or key == "preposition:at" or (key.endswith("ly") and key != "only")
