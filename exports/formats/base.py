"""What a format is: a target, which is data, and a shape, which is code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

import polars as pl

from curation.errors import WrongUse
from curation.records import Json, Task
from exports.formats.call_ids import id_problems, with_ids
from exports.formats.reading import CannotRead, Held, Read, example_of
from exports.formats.templates import BETWEEN, PromptTemplate, as_messages, template_for
from exports.formats.tools import (
    KEY,
    CannotCall,
    declared,
    dialect_problems,
    spoken,
    stored,
    tools_entry,
    uses_tools,
)
from exports.targets import Target
from exports.targets.consumer import ToolArguments
from exports.validate import conversation_problems, json_problems, problems


class CannotSay(ValueError):
    """A shape cannot hold this example; the message says why, for the list of what was left out."""


@dataclass(frozen=True, slots=True)
class Row:
    """One example as a shape gets it.

    `turns` is the conversation with the answer last, None where it cannot be read. `prompt` is what
    is asked as one text: the example's text itself, or the filled-in template where one was given.
    `tools` is what the record says of the tools that may be called, under their key. `rejected` is
    an answer that is worse than `output`; `approved` says whether `output` is good.
    """

    text: str
    output: str
    turns: list[Json] | None
    prompt: str
    tools: Json = field(default_factory=dict)
    rejected: str | None = None
    approved: bool | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What any row of a dataset has, so that the records of all its rows are laid out alike."""

    weights: bool = False
    tools: bool = False


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
    - `read(record, task, labels)` is its inverse; a record of another make may raise LookupError,
      TypeError, ValueError or AttributeError.
    - `check(record, task)` lists what is wrong with a record beyond its keys and the safety of its
      texts, which are the same for all formats.
    - `holds_calls`: it has room for calls of tools and for what they gave.
    - `needs` names columns of the rows beyond `text`, `output` and `messages`.
    - `side_files(about, target)` are further files by name.
    - `types(task)` is the Arrow schema, for shapes that are written as Parquet.
    """

    keys: Callable[[Task], tuple[str, ...]]
    write: Callable[[Row, Task, Sequence[str]], Json]
    read: Callable[[Json, Task, Sequence[str]], Held]
    check: Callable[[Json, Task], list[str]]
    optional: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    holds_calls: bool = False
    side_files: Callable[[About, Target], dict[str, str]] = _no_files
    types: Callable[[Task], Any] | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write examples; `find_format` hands it out, and refuses tasks it does not serve.

    `name`, `description`, `tasks`, `keys` and `check` are those of its target and shape. `beside`
    are columns that a record has in a file after its keys: see `exports.formats.beside`.
    """

    target: Target
    shape: Shape
    name: str
    description: str
    tasks: tuple[Task, ...]
    keys: Callable[[Task], tuple[str, ...]]
    beside: tuple[str, ...] = ()

    @classmethod
    def of(cls, target: Target, shape: Shape) -> Format:
        """The format that writes `shape` for `target`."""
        return cls(target, shape, target.name, target.description, target.tasks, keys=shape.keys)

    @property
    def tool_arguments(self) -> ToolArguments | None:
        """How arguments of tool calls are written; None where the format has no room for calls."""
        return self.target.consumer.tool_arguments if self.shape.holds_calls else None

    def check(self, record: Json, task: Task) -> list[str]:
        """What is wrong with a record beyond its keys and the safety of its texts."""
        found = self.shape.check(record, task) or self._reserved(record)
        return found or (self._called(record) if task is Task.CHAT else [])

    def problems(self, record: Json, task: Task) -> list[str]:
        """What keeps a record from being used, in words; empty where it is fine."""
        return problems(record, self, task)

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
        usage: Usage | None = None,
    ) -> Iterator[tuple[Json, list[str]]]:
        """One record per row, in their order, with what keeps it from being used.

        `rows` needs `text`, `output` (String), `messages` (String|null) and what the shape needs;
        `labels` is the label set of tasks that have one; `usage` is that of the dataset where
        `rows` are but some of it. A row that the format cannot hold yields a record of nulls and
        the reason. Raises WrongUse for a template that does not fit the task.
        """
        for row in _read(rows, task, labels, template, self, usage or self.usage(rows, task)):
            try:
                record = self.shape.write(self._spoken(self._unweighted(row)), task, labels)
            except (CannotSay, CannotCall) as reason:
                yield dict.fromkeys(self.keys(task)), [str(reason)]
                continue
            yield record, self.problems(record, task)

    def usage(self, rows: pl.DataFrame, task: Task) -> Usage:
        """What any of the rows has that this format writes; see `examples`."""
        weights = (
            self.target.weights
            and task is Task.CHAT
            and bool(rows["messages"].str.contains('"weight":', literal=True).any())
        )
        return Usage(weights, tools=any(_declared(rows, self)))

    def read_back(
        self,
        record: Json,
        task: Task,
        template: PromptTemplate | None = None,
        labels: Sequence[str] = (),
    ) -> Read:
        """The inverse of `records`: the example from which the record was written.

        `template` and `labels` are those of the export. Text and output come back as they were
        stored, so do the turns of a chat, but for weights where all are 1; arguments of tool calls
        and their ids come in the dialect of the format. Two things no record can
        tell: a stored system turn that says just what the template would say is taken for the
        template's, and where prompt and answer are plain texts, a chat's system turn stands before
        its question and is read as part of it. Raises CannotRead where the format does not write
        such a record with this template, WrongUse for a template that does not fit the task.
        """
        chosen = template_for(task, template)
        try:
            held = self.shape.read(record, task, labels)
            if held.is_bare and template is None:
                chosen = PromptTemplate()
            if held.turns is not None:
                held = replace(held, turns=stored(held.turns))
            return example_of(held, task, chosen, labels)
        except CannotRead:
            raise
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise CannotRead(f"the record is not one of {self.name}: {error!r}") from error

    def _reserved(self, record: Json) -> list[str]:
        reserved = self.target.consumer.reserved
        if not reserved:
            return []
        text = json.dumps(record, ensure_ascii=False)
        found = [word for word in reserved if word in text]
        return [f"a text contains {word}, which {self.target.title} reserves" for word in found]

    def _called(self, record: Json) -> list[str]:
        """What is wrong with the dialect of a record's calls."""
        if not self.shape.holds_calls:
            return []
        turns = self.shape.read(record, Task.CHAT, ()).turns or []
        if not uses_tools(turns):
            return []
        found = dialect_problems(turns, self.tool_arguments)
        return found or id_problems(turns, self.target.consumer.call_id)

    def _spoken(self, row: Row) -> Row:
        """The row with its calls in the dialect of the target."""
        if not row.turns or not uses_tools(row.turns):
            return row
        if self.tool_arguments is None:
            raise CannotSay(f"the conversation calls tools, and {self.name} has no room for that")
        turns = spoken(row.turns, self.tool_arguments)
        return replace(row, turns=with_ids(turns, self.target.consumer.call_id))

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
    form: Format,
    usage: Usage,
) -> Iterator[Row]:
    """The rows with their conversations.

    Where any turn of the dataset has a weight and the target reads them, every assistant turn gets
    one (1 unless given), because trainers infer the keys from the first rows.
    """
    chosen = template_for(task, template)
    extras = [name for name in _NEEDS if name in rows.columns]
    said = rows.select("text", "output", "messages", *extras).iter_rows()
    for (text, output, messages, *more), tools in zip(said, _tools(rows, form, usage), strict=True):
        turns = as_messages(task, text, output, messages, chosen, labels)
        for turn in turns or ():
            if usage.weights and turn.get("role") == "assistant":
                turn.setdefault("weight", 1)
        prompt = text
        if template is not None and turns:
            prompt = asked(turns)
        yield Row(text, output, turns, prompt, tools, **dict(zip(extras, more, strict=True)))


def _tools(rows: pl.DataFrame, form: Format, usage: Usage) -> Iterator[Json]:
    """What each record says of its tools."""
    if not usage.tools:
        return repeat({}, rows.height)
    return (tools_entry(tools, form.target.consumer) for tools in _declared(rows, form))


def _declared(rows: pl.DataFrame, form: Format) -> Iterator[list[Any] | None]:
    """The tools that each row declares in the column `tools` of its metadata."""
    if form.tool_arguments is None or "metadata" not in rows.columns:
        return repeat(None, rows.height)
    named = rows["metadata"].str.contains(KEY, literal=True).fill_null(value=False)
    if not named.any():
        return repeat(None, rows.height)
    texts = zip(named, rows["metadata"], strict=True)
    return (declared(text) if may_declare else None for may_declare, text in texts)


def asked(turns: Sequence[Json]) -> str:
    """All turns but the answer as one text."""
    return BETWEEN.join(str(turn["content"]) for turn in turns[:-1])


def conversation_shape(
    keys: tuple[str, ...],
    write: Callable[[list[Json]], Json],
    read: Callable[[Json], list[Json]],
    *,
    optional: tuple[str, ...] = (),
    side_files: Callable[[About, Target], dict[str, str]] = _no_files,
) -> Shape:
    """A shape that lays out a conversation without calls of tools.

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

    def held(record: Json, _task: Task, _labels: Sequence[str]) -> Held:
        return Held(turns=read(record))

    return Shape(lambda _: keys, write_row, held, check, optional=optional, side_files=side_files)


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
