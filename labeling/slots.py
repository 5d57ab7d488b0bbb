"""A short list out of a long one, whose items keep their places while others come and go."""

from __future__ import annotations

from collections.abc import Sequence


def fill(shown: Sequence[str], waiting: Sequence[str], count: int) -> list[str]:
    """What to show in so many places: what stays keeps its place, the next in line fill the gaps.

    `shown` is what stood there last, `waiting` all that may be shown, in order. Where nothing is
    left to fill a gap with, the rest moves together.
    """
    may = set(waiting)
    staying = {key for key in shown[:count] if key in may}
    line = iter([key for key in waiting if key not in staying])
    places = [key if key in staying else next(line, None) for key in shown[:count]]
    places += [next(line, None) for _ in range(count - len(places))]
    return [key for key in places if key is not None]
