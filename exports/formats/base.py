"""What a format is: a target, which is data, and a shape, which is code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from curation.errors import WrongUse
from curation.records import Json, Task
from exports.formats.target import Target
from exports.formats.templates import PromptTemplate, as_messages, template_for
from exports.validate import conversation_problems, json_problems, problems


class CannotSay(ValueError):
    """A shape cannot hold this example; the message says why, for the list of what was left out."""


@dataclass(frozen=True, slots=True)
class Row:
    """One example as a shape gets it.

    `turns` is the conversation with the answer last, None where it cannot be read. `prompt` is what
    is asked as one text: the example's text itself, or the filled-in template where one was given.
    `rejected` is an answer that is worse than `output`; `approved` says whether `output` is good.
    """

    text: str
    output: str
    turns: list[Json] | None
    prompt: str
    rejected: str | None = None
    approved: bool | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What is known of an export once its rows are written."""

    dataset: str
    task: Task
    labels: tuple[str, ...]
    rows: Mapping[str, int]
    """Rows of each split that has any."""


def _no_files(_about: About, _target: Target) -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Shape:
    """How one example is laid out as a JSON object.

    - `keys(task)` names the keys of every record, in their order; `optional` are those that a
      record may lack.
    - `write(row, task, labels)` makes the record; raises CannotSay where it cannot hold the row.
    - `check(record, task)` lists what is wrong with a record beyond its keys and the safety of its
      texts, which are the same for all formats.
    - `needs` names columns of the rows beyond `text`, `output` and `messages`.
    - `side_files(about, target)` are further files by name.
    - `types(task)` is the Arrow schema, for shapes that are written as Parquet.
    """

    keys: Callable[[Task], tuple[str, ...]]
    write: Callable[[Row, Task, Sequence[str]], Json]
    check: Callable[[Json, Task], list[str]]
    optional: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    side_files: Callable[[About, Target], dict[str, str]] = _no_files
    types: Callable[[Task], Any] | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write examples; `find_format` hands it out, and refuses tasks it does not serve.

    `name`, `description`, `tasks`, `keys` and `check` are those of its target and shape.
    """

    target: Target
    shape: Shape
    name: str
    description: str
    tasks: tuple[Task, ...]
    keys: Callable[[Task], tuple[str, ...]]

    @classmethod
    def of(cls, target: Target, shape: Shape) -> Format:
        """The format that writes `shape` for `target`."""
        return cls(target, shape, target.name, target.description, target.tasks, keys=shape.keys)

    def check(self, record: Json, task: Task) -> list[str]:
        """What is wrong with a record beyond its keys and the safety of its texts."""
        return self.shape.check(record, task) or self._reserved(record)

    def problems(self, record: Json, task: Task) -> list[str]:
        """What keeps a record from being used, in words; empty where it is fine."""
        absent = set(self.shape.optional) - set(record)
        present = tuple(key for key in self.keys(task) if key not in absent)
        return problems(record, replace(self, keys=lambda _: present), task)

    def refuse_missing(self, rows: pl.DataFrame) -> None:
        """Raise WrongUse where no row has what the format needs beyond a text and an output."""
        for column in self.shape.needs:
            if column not in rows.columns or rows[column].is_null().all():
                raise WrongUse(
                    f"The format {self.name} needs {_NEEDS[column]}, and no example has that.",
                    "Choose another format.",
                )

    def records(
        self,
        rows: pl.DataFrame,
        task: Task,
        labels: Sequence[str],
        template: PromptTemplate | None = None,
    ) -> Iterator[Json]:
        """One record per row, in their order, those with problems too; see `examples`."""
        return (record for record, _ in self.examples(rows, task, labels, template))

    def examples(
        self,
        rows: pl.DataFrame,
        task: Task,
        labels: Sequence[str],
        template: PromptTemplate | None = None,
    ) -> Iterator[tuple[Json, list[str]]]:
        """One record per row, in their order, with what keeps it from being used.

        `rows` needs `text`, `output` (String), `messages` (String|null) and what the shape needs;
        `labels` is the label set of tasks that have one. A row that the format cannot hold yields
        a record of nulls and the reason. Raises WrongUse for a template that does not fit the task.
        """
        for row in _read(rows, task, labels, template, weights=self.target.weights):
            try:
                record = self.shape.write(self._unweighted(row), task, labels)
            except CannotSay as reason:
                yield dict.fromkeys(self.keys(task)), [str(reason)]
                continue
            yield record, self.problems(record, task)

    def _reserved(self, record: Json) -> list[str]:
        if not self.target.reserved:
            return []
        text = json.dumps(record, ensure_ascii=False)
        found = [word for word in self.target.reserved if word in text]
        return [f"a text contains {word}, which {self.target.title} reserves" for word in found]

    def _unweighted(self, row: Row) -> Row:
        """The row without weights where the target knows none and they would change nothing."""
        if self.target.weights or not row.turns or all("weight" not in turn for turn in row.turns):
            return row
        for number, turn in enumerate(row.turns, start=1):
            if turn.get("weight", 1) != 1:
                raise CannotSay(
                    f"turn {number} has the weight {turn['weight']!r}, and {self.target.title} "
                    "has no weights"
                )
        turns = [{k: v for k, v in turn.items() if k != "weight"} for turn in row.turns]
        return replace(row, turns=turns)


_NEEDS = {
    "rejected": "a worse answer beside the good one",
    "approved": "a verdict on the answer, good or bad",
}


def _read(
    rows: pl.DataFrame,
    task: Task,
    labels: Sequence[str],
    template: PromptTemplate | None,
    *,
    weights: bool,
) -> Iterator[Row]:
    """The rows with their conversations.

    Where any turn of the dataset has a weight and the target reads them, every assistant turn gets
    one (1 unless given), because trainers infer the keys from the first rows.
    """
    chosen = template_for(task, template)
    chat = task is Task.CHAT
    weighted = (
        weights and chat and bool(rows["messages"].str.contains('"weight":', literal=True).any())
    )
    extras = [name for name in _NEEDS if name in rows.columns]
    for text, output, messages, *more in rows.select(
        "text", "output", "messages", *extras
    ).iter_rows():
        turns = as_messages(task, text, output, messages, chosen, labels)
        for turn in turns or ():
            if weighted and turn.get("role") == "assistant":
                turn.setdefault("weight", 1)
        prompt = text
        if template is not None and turns:
            prompt = asked(turns)
        yield Row(text, output, turns, prompt, **dict(zip(extras, more, strict=True)))


def asked(turns: Sequence[Json]) -> str:
    """All turns but the answer as one text."""
    return "\n\n".join(str(turn["content"]) for turn in turns[:-1])


def conversation_shape(
    keys: tuple[str, ...],
    write: Callable[[list[Json]], Json],
    read: Callable[[Json], list[Json]],
    *,
    optional: tuple[str, ...] = (),
    side_files: Callable[[About, Target], dict[str, str]] = _no_files,
) -> Shape:
    """A shape that lays out a conversation.

    `write` gets turns without problems and may raise CannotSay; `read` is its inverse. A record is
    fine where the turns read from it are and writing them gives the record again.
    """

    def write_row(row: Row, _task: Task, _labels: Sequence[str]) -> Json:
        if row.turns is None:
            return dict.fromkeys(keys)
        if found := conversation_problems(row.turns):
            raise CannotSay("; ".join(found))
        return write(row.turns)

    def check(record: Json, task: Task) -> list[str]:
        try:
            turns: list[Json] | None = read(record)
        except (LookupError, TypeError, ValueError, AttributeError):
            turns = None
        if found := conversation_problems(turns):
            return found
        assert turns is not None
        if not all(isinstance(turn["content"], str) for turn in turns):
            return ["the content of a turn is not a text"]
        if write(turns) != record:
            return ["the record holds more than the format has room for"]
        return json_problems(turns[-1]["content"]) if task is Task.EXTRACTION else []

    return Shape(lambda _: keys, write_row, check, optional=optional, side_files=side_files)


def system_and_rest(turns: Sequence[Json]) -> tuple[str, list[Json]]:
    """The text of the system turn ("" where there is none), and the turns after it."""
    if turns[0]["role"] == "system":
        return str(turns[0]["content"]), list(turns[1:])
    return "", list(turns)


def turns_of(system: str, rest: Sequence[Json]) -> list[Json]:
    """The inverse of `system_and_rest`."""
    return [*([{"role": "system", "content": system}] if system else []), *rest]


def one_exchange(turns: Sequence[Json], what: str) -> tuple[str, str, str]:
    """System text, question and answer; raises CannotSay where there are several questions."""
    system, rest = system_and_rest(turns)
    if len(rest) != 2:
        raise CannotSay(
            f"{what} holds one question and one answer, and the conversation has {len(rest)} turns"
        )
    return system, str(rest[0]["content"]), str(rest[1]["content"])
