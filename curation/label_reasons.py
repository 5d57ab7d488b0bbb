"""Why a label is in doubt, in words that a reviewer can check against the example."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from curation.detectors.base import shorten
from curation.probabilities import Floats, Neighbours, Rows

_MOST_NAMED = 3
_DECIDED = "A person has decided on this example."


def reasons(
    names: Sequence[str],
    labels: Rows,
    confidences: Floats,
    groups: Rows,
    neighbours: Neighbours,
    words: dict[int, list[str]],
    verified: NDArray[np.bool_],
    alone: NDArray[np.bool_],
) -> Iterator[str]:
    """The evidence for every example with one label, in order.

    `labels` is −1 without one; `words` has for some rows the terms that speak for the label that
    the model expects; `alone` are the rows whose label no other group of copies has.
    """
    names = [shorten(name) for name in names]
    expected = confidences.argmax(axis=1)
    every = np.arange(len(labels))
    sure = confidences[every, expected].tolist()
    own = confidences[every, labels].tolist()
    near = neighbours[0]
    heard = np.where(groups[near] != groups[:, None], labels[near], -1).tolist()
    for row, label in enumerate(labels.tolist()):
        parts = []
        if verified[row]:
            parts.append(_DECIDED)
        elif label < 0:
            parts.append("No label given.")
        elif alone[row]:
            parts.append(f"No other example is labelled {names[label]}.")
        best = int(expected[row])
        others = [k for k in heard[row] if k >= 0]
        parts += [*_votes(names, others), *_wording(names[best], words.get(row, []))]
        if label == best:
            parts.append(f"The model agrees with {names[best]} ({sure[row]:.0%}).")
        else:
            given = f"; {names[label]} has {own[row]:.0%}" if label >= 0 else ""
            parts.append(f"The model expects {names[best]} ({sure[row]:.0%}){given}.")
        yield " ".join(parts)


def _votes(names: Sequence[str], others: list[int]) -> Iterator[str]:
    if others:
        votes = sorted(Counter(others).items(), key=lambda vote: (-vote[1], vote[0]))
        head, count = votes[0]
        rest = ", ".join(f"{count} {names[k]}" for k, count in votes[1:_MOST_NAMED])
        yield (
            f"{count} of {len(others)} nearest neighbours are labelled {names[head]}"
            + (f" ({rest})." if rest else ".")
        )


def _wording(expected: str, words: list[str]) -> Iterator[str]:
    if words:
        quoted = " and ".join(f"“{word}”" for word in words)
        yield f"{quoted} {'speaks' if len(words) == 1 else 'speak'} for {expected}."


def set_reasons(
    names: Sequence[str],
    targets: Floats,
    known: NDArray[np.bool_],
    chances: Floats,
    neighbours: Neighbours,
    groups: Rows,
    verified: NDArray[np.bool_],
) -> Iterator[str]:
    """The evidence for every example with several labels: which look missing or too much."""
    names = [shorten(name) for name in names]
    for row in range(len(targets)):
        parts = [_DECIDED] if verified[row] else []
        if not known[row]:
            yield " ".join([*parts, "No labels given."])
            continue
        doubt = np.where(targets[row] > 0, 1 - chances[row], chances[row])
        order = np.argsort(-doubt, kind="stable")
        clearest = [int(k) for k in order[:_MOST_NAMED] if doubt[k] > 0.5]
        near = neighbours[0][row]
        near = near[known[near] & (groups[near] != groups[row])]
        for k in clearest:
            side = "extra" if targets[row, k] else "missing"
            having = int(targets[near, k].sum())
            parts.append(
                f"{names[k]} looks {side}: {having} of {len(near)} nearest neighbours have it, "
                f"the model gives it {chances[row, k]:.0%}."
            )
        if not clearest:
            least = int(doubt.argmax())
            side = "given" if targets[row, least] else "not given"
            parts.append(
                f"The model agrees; least sure is {names[least]} "
                f"({side}, {chances[row, least]:.0%})."
            )
        yield " ".join(parts)
