"""The rules of one row: its columns, its texts, its turns, its label."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curation.records import Json
from exports.check.conversation import conversation_faults
from exports.check.lines import kind
from exports.check.report import Found
from exports.check.shapes import UNKNOWN, Shape, recognise
from exports.check.texts import is_blank, strings, unsafe
from exports.check.turns import Turn, declared_tools, has_form, read_turns
from exports.targets import Consumer

BYTES_PER_TOKEN = 4
"""Of UTF-8, as an estimate for the tokenizers of today; the true number depends on the model."""


def row_faults(row: Json, shape: Shape, target: Consumer) -> Iterator[Found]:
    """Every rule that a row breaks by itself, but for its texts; see `text_faults`."""
    missing = [name for name in shape.needs if name not in row]
    other = recognise(row)
    if missing and other not in (UNKNOWN, shape) and other.name != shape.name:
        yield Found("mixed-shape", None, f"the row is {other.name}, most rows are {shape.name}")
        return
    for name in missing:
        yield Found("missing-column", name, f"the row has no {name!r}")
    if target.keys:
        for name in sorted(set(row) - set(target.keys)):
            yield Found("extra-key", name, f"{target.name} refuses the key {name[:60]!r}")
    if shape.turns and shape.turns in row:
        yield from _turns(row, shape, target)
    yield from _exchange(row, shape)
    if shape.label and shape.label in row and shape.name != "kto":
        yield from label_faults(row[shape.label], shape.label)


def text_faults(row: Json, shape: Shape) -> Iterator[Found]:
    """Every text that no tokenizer should see."""
    for column, text in strings(row):
        yield from unsafe(column, text, rendered=shape.name == "text")


def length_fault(row: Json, size: int, limit: int) -> Iterator[Found]:
    """The fault of a row that is too long; `size` is its line in bytes, `limit` in tokens."""
    if size <= limit * BYTES_PER_TOKEN:
        return
    said = sum(len(text.encode("utf-8", "replace")) for _, text in strings(row))
    tokens = said // BYTES_PER_TOKEN
    if tokens > limit:
        yield Found("too-long", None, f"about {tokens:,} tokens (an estimate); limit {limit:,}")


def _turns(row: Json, shape: Shape, target: Consumer) -> Iterator[Found]:
    column = str(shape.turns)
    said = row[column]
    if not isinstance(said, list) or not said:
        yield Found("no-turns", column, f"{column} is not a list of turns: {_empty(said)}")
        return
    turns = list(read_turns(said, column, shape.name))
    yield from _judge(turns, declared_tools(row)[0], column)
    good = [turn for turn in turns if isinstance(turn, Turn)]
    if target.reserved:
        yield from _reserved(row, good, target)
    if target.call_id:
        yield from _call_ids(good, target.call_id)


def _empty(said: Any) -> str:
    return "it is empty" if isinstance(said, list) else f"it is {kind(said)}"


def _judge(turns: list[Turn | str], declared: list[Any] | None, column: str) -> Iterator[Found]:
    bad = [turn for turn in turns if isinstance(turn, str)]
    for place in bad:
        yield Found("turn-type", place, "a turn of the conversation is not an object")
    if not bad:
        good = [turn for turn in turns if isinstance(turn, Turn)]
        yield from conversation_faults(good, declared, rest=column)


def _reserved(row: Json, turns: list[Turn], target: Consumer) -> Iterator[Found]:
    said = [(turn.column, turn.content) for turn in turns if turn.role in ("user", "system")]
    said += list(strings(row.get("system"), "system"))
    for column, text in said:
        for word in target.reserved:
            if isinstance(text, str) and word in text:
                yield Found("reserved-word", column, f"{target.title} reserves {word!r} in prompts")
                break


def _call_ids(turns: list[Turn], length: int) -> Iterator[Found]:
    said = [(call.column, call.identity) for turn in turns for call in turn.calls]
    said += [(turn.column, turn.result) for turn in turns if turn.role == "tool"]
    for column, identity in said:
        if not has_form(identity, length):
            words = f"the id {identity!r:.60} of a call is not {length} letters and digits"
            yield Found("tool-id-form", column, words)


def _exchange(row: Json, shape: Shape) -> Iterator[Found]:
    """Prompts and answers, as texts or as lists of turns."""
    columns = [name for name in (*shape.asks, *shape.answers) if name in row]
    listed = [name for name in columns if isinstance(_said(row, name), list)]
    for name in columns:
        if name in listed:
            continue
        value = row[name]
        if value is None:
            yield Found("null-value", name, f"{name} is null")
        elif not isinstance(value, str):
            yield Found("wrong-type", name, f"{name} is {kind(value)}, not a text")
        elif is_blank(value):
            code = "blank-prompt" if name in shape.asks else "blank-answer"
            yield Found(code, name, f"{name} is blank")
    if "preference" in shape.name:
        good, bad = (row.get(name) for name in shape.answers)
        if good is not None and _stripped(good) == _stripped(bad):
            yield Found("preference-equal", shape.answers[1], "the two answers are the same")
    elif listed and len(listed) < len(columns):
        said = f"{' and '.join(listed)} is a list of turns, and not all columns are"
        yield Found("wrong-type", listed[0], said)
    yield from _conversations(row, shape, listed)


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _said(row: Json, name: str) -> Any:
    """A column; of OpenAI's `input` the messages in it."""
    value = row[name]
    return value.get("messages") if name == "input" and isinstance(value, dict) else value


def _conversations(row: Json, shape: Shape, listed: list[str]) -> Iterator[Found]:
    """Each answer with the prompt before it; what concerns the prompt is said once."""
    if not listed:
        return
    asks = [name for name in shape.asks if name in listed]
    prompt = [turn for name in asks for turn in read_turns(_said(row, name), name, "messages")]
    declared = declared_tools(row)[0]
    answers = [name for name in shape.answers if name in listed]
    seen = set()
    for name in answers:
        answer = list(read_turns(row[name], name, "messages"))
        if not answer:
            yield Found("no-turns", name, f"{name} is not a list of turns: it is empty")
            continue
        for found in _judge([*prompt, *answer], declared, name):
            if found not in seen:
                seen.add(found)
                yield found


def label_faults(label: Any, column: str) -> Iterator[Found]:
    """What is wrong with one label, or list of labels."""
    if isinstance(label, list):
        for at, one in enumerate(label):
            yield from _label(one, f"{column}[{at}]", (str, int))
        names = [one for one in label if isinstance(one, str)]
        if len(set(names)) < len(names):
            yield Found("label-repeated", column, "a label is given twice")
        return
    yield from _label(label, column, (str, int, float))


def _label(label: Any, column: str, types: tuple[type, ...]) -> Iterator[Found]:
    if label is None:
        yield Found("null-value", column, "the label is null")
    elif not isinstance(label, types):
        yield Found("label-type", column, f"the label is {kind(label)}")
    elif isinstance(label, str) and is_blank(label):
        yield Found("label-blank", column, "the label is blank")
    elif isinstance(label, str) and label != label.strip():
        yield Found("label-space", column, f"the label {label[:60]!r} has spaces around it")


def labels_of(row: Json, shape: Shape) -> list[str]:
    """The labels of a row as texts."""
    label = row.get(shape.label) if shape.label and shape.name == "text-label" else None
    listed = label if isinstance(label, list) else [label]
    return [str(one) for one in listed if isinstance(one, (str, int, float))]
