"""How right a model's answers are: measures by task, from what each row adds to them (pure).

Every measure is a function of sums over rows, so that it can be had again from any choice of rows.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from referencing.exceptions import Unresolvable
from scipy import sparse

from curation.detectors.json_values import NOTHING, differences, kin_of, nodes, parse
from curation.errors import WrongUse
from curation.records import Task
from exports.validate import json_problems

Floats = NDArray[np.float64]
Normalise = Callable[[str], str]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation))
MEANS = {
    Task.SINGLE_LABEL: ("accuracy",),
    Task.MULTI_LABEL: ("exact match", "Jaccard"),
    Task.CHAT: ("exact match", "token F1"),
    Task.EXTRACTION: ("exact match", "field match", "valid JSON"),
}
"""Measures that are means over rows, the first of them whether the answer is right as a whole."""
SHARES = frozenset({"accuracy", "exact match", "valid JSON", "fits the schema"})
"""Those whose value on a row is 0 or 1."""
FITS = "fits the schema"
_RATIOS = ("micro F1", "macro F1")


@dataclass(frozen=True, slots=True)
class Rules:
    """How answers are read.

    White space around an answer or a label never counts; with `ignore_case` nor does case, in
    labels and in the exact match of chats. `validator` is of `schema.validator_of`.
    """

    ignore_case: bool = False
    validator: Any = None

    def normal(self, text: str) -> str:
        """A text as it is compared."""
        return text.strip().casefold() if self.ignore_case else text.strip()


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of `Scores.parts` add up to: rows, one column a mean measure, then for each
    class how often it is right, answered and correct. The last class gathers all that are unknown.
    """

    means: tuple[str, ...]
    classes: tuple[str, ...]

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of all measures."""
        return self.means + (_RATIOS if self.classes else ())

    def values(self, sums: Floats) -> Floats:
        """The measures [..., measures] of sums of parts [..., columns], in 0 … 1.

        NaN where there is nothing to divide by. Micro F1 counts all classes as one. Macro F1 is the
        mean of the F1 of the classes that gold has in these rows (Opitz & Burst 2019,
        arXiv:1911.03347, "averaged F1").
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            means = sums[..., 1 : 1 + len(self.means)] / sums[..., :1]
            if not self.classes:
                return means
            gold, answered, correct = self.counts(sums)
            micro = 2 * correct.sum(-1) / (gold.sum(-1) + answered.sum(-1))
            each = np.where(gold > 0, 2 * correct / (gold + answered), 0.0)
            macro = each.sum(-1) / (gold > 0).sum(-1)
        return np.concatenate([means, micro[..., None], macro[..., None]], axis=-1)

    def counts(self, sums: Floats) -> tuple[Floats, Floats, Floats]:
        """How often each class is gold, answered and correct: [..., classes + 1] each."""
        gold, answered, correct = np.split(sums[..., 1 + len(self.means) :], 3, axis=-1)
        return gold, answered, correct


@dataclass(frozen=True, slots=True)
class Scores:
    """What one model's answers add to the measures, row by row.

    `parts` is sparse [rows, columns of the layout]; `right` and `parsed` are bool [rows]: the
    answer is right as a whole, and can be read as one of the task. `answers` are the answers as
    they are compared, None where they cannot be read.
    """

    layout: Layout
    parts: sparse.csr_array
    right: NDArray[np.bool_]
    parsed: NDArray[np.bool_]
    answers: tuple[Any, ...]

    def values(self) -> dict[str, float | None]:
        """The measures over all rows; None where there is nothing to divide by."""
        values = self.layout.values(np.asarray(self.parts.sum(axis=0), dtype=np.float64))
        return {
            name: None if np.isnan(value) else float(value)
            for name, value in zip(self.layout.measures, values, strict=True)
        }


@dataclass(frozen=True, slots=True)
class _Row:
    """One answer beside gold. Items are labels, or values by their path in a JSON output."""

    means: tuple[float, ...]
    parsed: bool
    answer: Any
    gold: tuple[str, ...] = ()
    answered: tuple[str, ...] = ()
    correct: tuple[str, ...] = ()


def score(
    task: Task,
    gold: Sequence[str],
    answers: Sequence[str | None],
    labels: Sequence[str] = (),
    rules: Rules | None = None,
) -> Scores:
    """The scores of answers [rows] against gold outputs [rows], as they are stored.

    - single-label: an answer is a label of `labels`; anything else is unreadable.
    - multi-label: an answer is a JSON list of texts; labels that are none of `labels` count as
      answered wrongly. `Jaccard` is the mean over rows of the labels in both over the labels in
      either, 1 where both are empty.
    - chat: `token F1` is that of SQuAD (Rajpurkar et al. 2016, arXiv:1606.05250, §6.1): tokens of
      the lower-cased text without ASCII punctuation and English articles. A blank answer is
      unreadable.
    - extraction: an answer is JSON. `field match` is the mean over rows of the fields (values that
      are neither list nor object, by their path) that are the same in both over those in either;
      classes are the fields of the gold outputs, entries of a list taken together. `fits the
      schema` is there where the rules have a validator.

    An unreadable answer is wrong and answers no class. Raises WrongUse where two labels are the
    same as they are compared, ValueError where gold and answers differ in length.
    """
    rules = rules or Rules()
    names = MEANS[task] + ((FITS,) if task is Task.EXTRACTION and rules.validator else ())
    by_task = {
        Task.SINGLE_LABEL: lambda: _single_label(gold, answers, _known(labels, rules), rules),
        Task.MULTI_LABEL: lambda: _multi_label(gold, answers, _known(labels, rules), rules),
        Task.CHAT: lambda: [_chat(*pair, rules) for pair in zip(gold, answers, strict=True)],
        Task.EXTRACTION: lambda: [
            _extraction(*pair, rules) for pair in zip(gold, answers, strict=True)
        ],
    }
    rows = by_task[task]()
    classes = tuple(labels) if task.has_labels else ()
    if task is Task.EXTRACTION:
        classes = tuple(dict.fromkeys(name for row in rows for name in row.gold))
    layout = Layout(names, classes)
    means = np.array([row.means for row in rows], np.float64).reshape(len(rows), len(names))
    return Scores(
        layout=layout,
        parts=_parts(layout, rows, means),
        right=means[:, 0] == 1,
        parsed=np.array([row.parsed for row in rows], np.bool_),
        answers=tuple(row.answer for row in rows),
    )


def _parts(layout: Layout, rows: Sequence[_Row], means: Floats) -> sparse.csr_array:
    blocks = [sparse.csr_array(np.column_stack([np.ones(len(rows)), means]))]
    if layout.classes:
        place = {name: at for at, name in enumerate(layout.classes)}
        blocks += [
            _counted(items, place)
            for items in (
                [row.gold for row in rows],
                [row.answered for row in rows],
                [row.correct for row in rows],
            )
        ]
    return sparse.csr_array(sparse.hstack(blocks, format="csr"))


def _counted(items: Sequence[Iterable[str]], place: dict[str, int]) -> sparse.csr_array:
    """How often each row has each class: [rows, classes + 1]."""
    other = len(place)
    cells = [(row, place.get(name, other)) for row, names in enumerate(items) for name in names]
    at = np.array(cells, np.int64).reshape(len(cells), 2)
    ones = np.ones(len(cells))
    shape = (len(items), other + 1)
    return sparse.csr_array(sparse.coo_array((ones, (at[:, 0], at[:, 1])), shape=shape))


def _known(labels: Sequence[str], rules: Rules) -> dict[str, str]:
    """Labels by how they are compared."""
    known: dict[str, str] = {}
    for label in labels:
        if (other := known.setdefault(rules.normal(label), label)) != label:
            ignored = "white space and case are" if rules.ignore_case else "white space is"
            raise WrongUse(
                f"The labels {other!r} and {label!r} are the same once {ignored} ignored.",
                "Compare with case, or make one label of the two.",
            )
    return known


def _single_label(
    gold: Sequence[str], answers: Sequence[str | None], known: dict[str, str], rules: Rules
) -> list[_Row]:
    rows = []
    for wanted, said in zip(gold, answers, strict=True):
        answer = None if said is None else known.get(rules.normal(said))
        same = answer == wanted
        answered = () if answer is None else (answer,)
        rows.append(
            _Row(
                (float(same),),
                answer is not None,
                answer,
                (wanted,),
                answered,
                answered if same else (),
            )
        )
    return rows


def _multi_label(
    gold: Sequence[str], answers: Sequence[str | None], known: dict[str, str], rules: Rules
) -> list[_Row]:
    rows = []
    for wanted, said in zip(gold, answers, strict=True):
        true = _labels(wanted, known, rules) or frozenset()
        answer = None if said is None else _labels(said, known, rules)
        found = answer or frozenset()
        both, either = true & found, true | found
        jaccard = len(both) / len(either) if either else float(answer is not None)
        rows.append(
            _Row(
                (float(answer == true), jaccard),
                answer is not None,
                answer,
                tuple(true),
                tuple(found),
                tuple(both),
            )
        )
    return rows


def _labels(text: str, known: dict[str, str], rules: Rules) -> frozenset[str] | None:
    """The labels of a JSON list, None where it is none."""
    found = parse(text)
    if not isinstance(found, list) or not all(isinstance(label, str) for label in found):
        return None
    return frozenset(known.get(rules.normal(label), rules.normal(label)) for label in found)


def _chat(wanted: str, said: str | None, rules: Rules) -> _Row:
    if said is None or not said.strip():
        return _Row((0.0, 0.0), parsed=False, answer=None)
    answer = rules.normal(said)
    same = float(answer == rules.normal(wanted))
    return _Row((same, token_f1(wanted, said)), parsed=True, answer=answer)


def token_f1(wanted: str, said: str) -> float:
    """F1 of the tokens of two texts as SQuAD's evaluation has it, in 0 … 1.

    1 where neither has a token, 0 where one of them has none.
    """
    ours, theirs = Counter(_tokens(wanted)), Counter(_tokens(said))
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * (ours & theirs).total() / (ours.total() + theirs.total())


def _tokens(text: str) -> list[str]:
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def _extraction(wanted: str, said: str | None, rules: Rules) -> _Row:
    true = parse(wanted)
    answer = NOTHING if said is None or json_problems(said) else parse(said)
    gold, found = _fields(true), _fields(answer)
    both = [path for path, value in gold.items() if found.get(path, NOTHING) == value]
    either = len(gold.keys() | found.keys())
    valid = answer is not NOTHING
    same = valid and not any(differences(true, answer))
    means: tuple[float, ...] = (
        float(same),
        len(both) / either if either else float(same),
        float(valid),
    )
    if rules.validator:
        means += (float(valid and _fits(answer, rules.validator)),)
    return _Row(
        means,
        valid,
        found if valid else None,
        tuple(map(kin_of, gold)),
        tuple(map(kin_of, found)),
        tuple(map(kin_of, both)),
    )


def _fields(value: Any) -> dict[str, tuple[str, Any]]:
    """Values by their path; true is not 1, and 1 is 1.0. An empty list or object is a value."""
    if value is NOTHING:
        return {}
    return {
        node.path: (_kind(node.value), _plain(node.value))
        for node in nodes(value)
        if not isinstance(node.value, (dict, list)) or not node.value
    }


def _kind(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "number"
    return type(value).__name__


def _plain(value: Any) -> Any:
    return None if isinstance(value, (dict, list)) else value


def _fits(answer: Any, validator: Any) -> bool:
    try:
        return bool(validator.is_valid(answer))
    except (RecursionError, Unresolvable) as error:
        raise WrongUse(
            "The schema has a reference that leads nowhere or back to itself.",
            "Put what it refers to under $defs in the same schema.",
        ) from error
