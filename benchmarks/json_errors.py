"""Errors planted in right outputs, by what is found there rather than by the names of fields."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable
from typing import Any

from json_data import Row

Place = tuple[Any, Any]
"""An object or list and the key or index in it."""

Spoiler = Callable[[random.Random, list[Row], int], str | None]
"""Makes a faulty output of one row, or None where the row does not lend itself to it."""

_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)|(\d\d)\.(\d\d)\.(\d{4})")


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def places(value: Any) -> list[Place]:
    """Every place of a value inside an output."""
    found: list[Place] = []
    left = [value]
    while left:
        inner = left.pop()
        if isinstance(inner, (dict, list)):
            steps = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
            found += [(inner, step) for step in steps]
            left += [inner[step] for step in steps]
    return found


def _kin(value: Any, wanted: Callable[[Any], bool]) -> list[tuple[str, Place]]:
    """The places whose value is wanted, with their path, indices folded."""
    found: list[tuple[str, Place]] = []
    left: list[tuple[str, Any]] = [("$", value)]
    while left:
        path, inner = left.pop()
        if isinstance(inner, (dict, list)):
            for step in list(inner) if isinstance(inner, dict) else range(len(inner)):
                name = f"{path}.{step}" if isinstance(inner, dict) else f"{path}[*]"
                left.append((name, inner[step]))
                if wanted(inner[step]):
                    found.append((name, (inner, step)))
    return found


def _is_copied_text(text: str) -> Callable[[Any], bool]:
    def wanted(value: Any) -> bool:
        return isinstance(value, str) and len(value) > 3 and value in text

    return wanted


def _spoil(change: Callable[[random.Random, str, Any, list[Row]], bool]) -> Spoiler:
    """A spoiler that changes a copy of the output in place; `change` says whether it could."""

    def spoiler(rng: random.Random, rows: list[Row], at: int) -> str | None:
        text, output = rows[at]
        output = copy.deepcopy(output)
        return _dump(output) if change(rng, text, output, rows) else None

    return spoiler


def _pick(rng: random.Random, found: list[tuple[str, Place]]) -> tuple[str, Place] | None:
    return rng.choice(found) if found else None


def _foreign_text(rng: random.Random, text: str, output: Any, rows: list[Row]) -> bool:
    """A text copied from the input becomes that of another row, which this input lacks."""
    if not (picked := _pick(rng, _kin(output, _is_copied_text(text)))):
        return False
    path, (holder, step) = picked
    for other_text, other in rng.sample(rows, min(40, len(rows))):
        for other_path, (there, key) in _kin(other, _is_copied_text(other_text)):
            if other_path == path and there[key].lower() not in text.lower():
                holder[step] = there[key]
                return True
    return False


def _wrong_number(rng: random.Random, text: str, output: Any, rows: list[Row]) -> bool:
    """A number that stands in the input becomes one that does not."""
    del rows

    def wanted(value: Any) -> bool:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and value > 1 and re.search(rf"(?<!\d){value}(?!\d)", text) is not None

    if not (picked := _pick(rng, _kin(output, wanted))):
        return False
    holder, step = picked[1]
    value = holder[step]
    holder[step] = value + rng.randint(1, 9) if isinstance(value, int) else round(value * 1.37, 2)
    return str(holder[step]) not in text


def _wrong_day(rng: random.Random, text: str, output: Any, rows: list[Row]) -> bool:
    """A date one to nine days or a month off."""
    del text, rows

    def wanted(value: Any) -> bool:
        return isinstance(value, str) and _DAY.fullmatch(value) is not None

    if not (picked := _pick(rng, _kin(output, wanted))):
        return False
    holder, step = picked[1]
    parts = re.split(r"([-.])", holder[step])
    at = rng.choice([2, 0 if len(parts[0]) == 2 else 4])
    parts[at] = f"{(int(parts[at]) + rng.randint(0, 8)) % 12 + 1:02}"
    changed = "".join(parts) != holder[step]
    holder[step] = "".join(parts)
    return bool(changed)


def _one_word(rng: random.Random, text: str, output: Any, rows: list[Row]) -> bool:
    """One word of several becomes another."""
    del rows
    copied = _is_copied_text(text)
    several = _kin(output, lambda value: copied(value) and " " in value)
    if not (picked := _pick(rng, several)):
        return False
    holder, step = picked[1]
    words = holder[step].split()
    words[rng.randrange(len(words))] = rng.choice(["Morland", "Velvet", "Octan", "Praline"])
    holder[step] = " ".join(words)
    return True


def _at_number(change: Callable[[Any], Any]) -> Spoiler:
    def spoil(rng: random.Random, text: str, output: Any, rows: list[Row]) -> bool:
        del text, rows
        numbers = _kin(output, lambda v: isinstance(v, (int, float)) and not isinstance(v, bool))
        if not (picked := _pick(rng, numbers)):
            return False
        holder, step = picked[1]
        if holder[step] == 0:
            return False
        holder[step] = change(holder[step])
        return True

    return _spoil(spoil)


def _at_text(change: Callable[[str], str | int | None], wanted: str) -> Spoiler:
    def spoil(rng: random.Random, text: str, output: Any, rows: list[Row]) -> bool:
        del rows
        fits = re.compile(wanted)
        found = _kin(output, lambda v: isinstance(v, str) and fits.fullmatch(v) is not None)
        if not (picked := _pick(rng, found)):
            return False
        holder, step = picked[1]
        before, holder[step] = holder[step], change(holder[step])
        return holder[step] != before and str(holder[step]) not in text

    return _spoil(spoil)


def _reformatted(day: str) -> str:
    parts = re.split(r"[-.]", day)
    return "/".join(reversed(parts)) if len(parts[0]) == 4 else "-".join(reversed(parts))


def _key(how: str) -> Spoiler:
    """A key that all outputs have goes, gets another name, or gets company."""

    def spoil(rng: random.Random, text: str, output: Any, rows: list[Row]) -> bool:
        del text
        if not isinstance(output, dict):
            return False
        always = [key for key in output if all(key in other for _, other in rows)]
        key = rng.choice(always)
        if how == "missing":
            del output[key]
        elif how == "renamed":
            output[rng.choice([f"{key}_value", key.title(), key[:-1] or "x"])] = output.pop(key)
        else:
            output[rng.choice(["comment", "note", "_id", "confidence"])] = "see above"
        return True

    return _spoil(spoil)


def _misspelt_name(rng: random.Random, text: str, output: Any, rows: list[Row]) -> bool:
    """A category, which is not in the input, in capitals or with a letter less."""
    counts: dict[tuple[str, str], int] = {}
    for _, other in rows:
        for path, (holder, step) in _kin(other, lambda v: isinstance(v, str)):
            counts[path, holder[step]] = counts.get((path, holder[step]), 0) + 1
    names = [
        (path, (holder, step))
        for path, (holder, step) in _kin(output, lambda v: isinstance(v, str) and v not in text)
        if counts[path, holder[step]] > len(rows) / 20
    ]
    if not (picked := _pick(rng, names)):
        return False
    holder, step = picked[1]
    name = holder[step]
    holder[step] = rng.choice([name.swapcase(), name[:-1] + name[-1] * 2])
    return True


def _broken(change: Callable[[str], str]) -> Spoiler:
    def spoiler(rng: random.Random, rows: list[Row], at: int) -> str | None:
        del rng
        return change(json.dumps(rows[at][1], ensure_ascii=False, indent=at % 3 or None))

    return spoiler


FORMS: dict[str, dict[str, Spoiler]] = {
    "not-json": {
        "truncated": _broken(lambda text: text[: len(text) * 2 // 3]),
        "trailing comma": _broken(lambda text: text[:-1] + "," + text[-1]),
        "single quotes": _broken(lambda text: str(json.loads(text))),
        "fence": _broken(lambda text: f"```json\n{text}\n```"),
        "prose": _broken(lambda text: f"Here is the result: {text}"),
        "NaN": _broken(lambda text: text[:-1] + ', "x": NaN' + text[-1]),
        "key twice": _broken(lambda text: '{"a": ' + text + ', "a": 1}'),
        "curly quotes": _broken(lambda text: text.replace('"', "”")),
    },
    "ungrounded": {
        "text of another row": _spoil(_foreign_text),
        "wrong number": _spoil(_wrong_number),
        "wrong day": _spoil(_wrong_day),
        "one word changed": _spoil(_one_word),
    },
    "odd-value": {
        "number as text": _at_number(str),
        "below zero": _at_number(lambda number: -number),
        "a thousand times": _at_number(lambda number: number * 1000),
        "text as list": _at_text(lambda text: [text], r".+"),  # type: ignore[arg-type, return-value]
        "date reformatted": _at_text(_reformatted, _DAY.pattern),
        "key missing": _key("missing"),
        "key renamed": _key("renamed"),
        "key added": _key("added"),
        "category misspelt": _spoil(_misspelt_name),
    },
}
"""Ways to spoil an output, by the kind of finding that should come of them."""
