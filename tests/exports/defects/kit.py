"""What the cases are made of: rows that are fine, and one place where each is broken."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]

_ASKED = (
    ("How do I true a wheel?", "Tighten the spokes on the other side, a quarter turn at a time."),
    ("Which oil for a fork?", "The weight in its manual, most often 5W or 10W."),
    ("Wie wechsle ich den Schlauch?", "Rad ausbauen, Mantel abheben, Schlauch tauschen."),
    ("Why does my chain skip?", "It is worn, or the cable needs a little tension."),
    ("Can I paint carbon?", "Yes, with care: never sand through the clear coat."),
    ("What is a safe tyre pressure?", "Between the two numbers on its side wall."),
    ("How often do I bleed brakes?", "Once a year, or when the lever feels soft."),
    ("Is a torque wrench needed?", "For carbon parts and stems it is."),
    ("Where does the spacer go?", "Between the cassette and the hub's inner face."),
    ("Do I need new cables?", "When they fray, or shifting stays slow after oiling."),
    ("What does a dynamo cost me?", "About five watts while the light is on."),
    ("How tight is a headset?", "No play, and the bars still turn by their own weight."),
)


def turn(role: str, content: Any, **more: Any) -> Row:
    return {"role": role, "content": content, **more}


def chats(number: int = 12) -> list[Row]:
    """Conversations of a question and its answer."""
    return [
        {"messages": [turn("user", ask), turn("assistant", answer)]}
        for ask, answer in _ASKED[:number]
    ]


def pairs(number: int = 12) -> list[Row]:
    return [{"prompt": ask, "completion": answer} for ask, answer in _ASKED[:number]]


def labelled(number: int = 12) -> list[Row]:
    names = ("wheel", "drivetrain", "brake")
    return [{"text": ask, "label": names[at % 3]} for at, (ask, _) in enumerate(_ASKED[:number])]


def preferences(number: int = 12) -> list[Row]:
    return [
        {"prompt": ask, "chosen": answer, "rejected": f"I do not know about that: {ask.lower()}"}
        for ask, answer in _ASKED[:number]
    ]


def tool(name: str) -> Row:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    about = f"Looks up the {name}."
    return {
        "type": "function",
        "function": {"name": name, "description": about, "parameters": parameters},
    }


def call(arguments: Any, name: str = "weather", identity: str = "call_1") -> Row:
    return {
        "id": identity,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def tool_chat(at: int, *, as_text: bool = True) -> Row:
    """A conversation in which a tool is called, its arguments a text or an object."""
    city = ("Bern", "Oslo", "Porto", "Lyon", "Graz", "Turin")[at % 6]
    arguments: Any = {"city": city}
    if as_text:
        arguments = json.dumps(arguments)
    return {
        "messages": [
            turn("user", f"What is the weather in {city} on day {at}?"),
            {"role": "assistant", "content": None, "tool_calls": [call(arguments)]},
            turn("tool", '{"sky": "clear"}', tool_call_id="call_1"),
            turn("assistant", f"Clear skies in {city}."),
        ],
        "tools": [tool("weather")],
    }


def tool_chats(number: int = 4, *, as_text: bool = True) -> list[Row]:
    return [tool_chat(at, as_text=as_text) for at in range(number)]


def dumped(row: Any) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass")


def jsonl(rows: list[Any]) -> bytes:
    """Rows as a file; a row of bytes stands as it is."""
    return b"".join((row if isinstance(row, bytes) else dumped(row)) + b"\n" for row in rows)


def with_row(rows: list[Row], number: int, row: Any) -> bytes:
    """The file in which the row of that number, from 1, is another."""
    return jsonl([*rows[: number - 1], row, *rows[number:]])


@dataclass(frozen=True)
class Case:
    """A file. `code` and `row` say what is wrong with it, both None where it is valid.

    `beside` are files of the same folder. `is_large` files are made when needed, not published.
    """

    name: str
    data: bytes
    about: str
    code: str | None = None
    row: int | None = None
    target: str = "any"
    file: str = ""
    beside: dict[str, bytes] = field(default_factory=dict)
    is_large: bool = False
    also: frozenset[str] = frozenset()
    """Further codes that follow from the defect."""
