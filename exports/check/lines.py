"""Bytes to rows: encoding, line ends, and JSON that every reader reads alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from exports.check.report import Found

MAX_LINE = 64 * 2**20
"""Bytes of a line that is still read; longer ones are skipped and reported."""
MAX_DEPTH = 64
_HEAD = 2**20
_BOM = b"\xef\xbb\xbf"
_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "a ZIP archive or spreadsheet",
    b"PAR1": "Parquet",
    b"ARROW1": "Arrow",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"%PDF": "PDF",
}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


class Line(NamedTuple):
    """One line without its end. `data` is None where it was longer than `MAX_LINE`."""

    number: int
    offset: int
    data: bytes | None
    end: bytes
    is_last: bool


class Missing:
    """The type of `MISSING`."""


MISSING = Missing()
"""In place of the value of a line that holds none."""


def read_lines(path: Path) -> Iterator[Line]:
    """Every line of a file, in constant memory but for the line itself."""
    number = offset = 0
    with path.open("rb") as file:
        data = file.readline(MAX_LINE)
        while data:
            number += 1
            whole = data.endswith(b"\n") or len(data) < MAX_LINE
            size, end = len(data), data
            while not whole and end:
                end = file.readline(MAX_LINE)
                size += len(end)
                whole = end.endswith(b"\n")
            following = file.readline(MAX_LINE)
            kept = data if size == len(data) else None
            mark = b"\r\n" if end.endswith(b"\r\n") else b"\n" if end.endswith(b"\n") else b""
            content = kept if kept is None or not mark else kept[: -len(mark)]
            yield Line(number, offset, content, mark, is_last=not following)
            offset += size
            data = following


def hopeless(path: Path) -> Found | None:
    """What makes a file unreadable as a whole, so that nothing can be said of its rows."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return Found("not-text", None, f"the file is {name}, not JSONL")
    if head.startswith(_UTF_16) or _alternates(head[:4096]):
        return Found("utf-16", None, "the file is written in UTF-16 or UTF-32, not in UTF-8")
    text = head.removeprefix(_BOM).decode("utf-8", "replace").lstrip()
    if not text:
        blank = len(head) < _HEAD
        return Found("empty-file", None, "the file has no row") if blank else None
    return _many_lines(text)


def _alternates(head: bytes) -> bool:
    """True where every second byte is mostly NUL: UTF-16 without its mark."""
    half = len(head) // 2
    fewer, more = sorted((head[::2].count(0), head[1::2].count(0)))
    return half >= 8 and more > 0.4 * half and fewer < 0.1 * half


def _many_lines(text: str) -> Found | None:
    """A JSON list in place of lines, or an object that spans several lines."""
    first, _, rest = text.partition("\n")
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        listed = text.startswith("[") and text[1:].lstrip()[:1] in ("{", "")
        if not listed or _is_json(first):
            return None
        return Found("json-array", None, "the file is one JSON list, not one object a line")
    if isinstance(value, list) and (end > len(first) or not rest.strip()) and value != []:
        return Found("json-array", None, "the file is one JSON list, not one object a line")
    if end > len(first):
        return Found("pretty-printed", None, "an object is spread over several lines")
    return None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


class Parser:
    """Reads lines one at a time; `parse` gives the value and what was wrong on the way."""

    def __init__(self) -> None:
        self._found: list[Found] = []
        hooks: dict[str, Any] = {
            "object_pairs_hook": self._object,
            "parse_constant": self._constant,
            "parse_float": self._float,
            "parse_int": self._int,
        }
        self._strict = json.JSONDecoder(**hooks)
        self._loose = json.JSONDecoder(strict=False, **hooks)

    def parse(self, line: Line) -> tuple[Any, str, list[Found]]:
        """(value or MISSING, text, faults) of a line that is not blank."""
        self._found = found = []
        if line.data is None:
            said = f"the line is longer than {MAX_LINE // 2**20} MiB and was not read"
            return MISSING, "", [Found("line-too-large", None, said)]
        text = self._decode(line.data)
        if line.end == b"\r\n":
            found.append(Found("crlf", None, "the line ends with CR LF"))
        if text.startswith("\ufeff"):
            text = text.lstrip("\ufeff")
            found.append(Found("bom", None, "a byte order mark stands before the object"))
        return self._value(text.strip(" \t\r"), is_last=line.is_last), text, found

    def _decode(self, data: bytes) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            byte = f"byte 0x{data[error.start]:02x} at position {error.start}"
            guess = "; it looks like Windows-1252 or Latin-1" if data[error.start] >= 0xA0 else ""
            self._found.append(Found("encoding", None, f"{byte} is not UTF-8{guess}"))
            # A lone byte becomes “?”, not U+FFFD, which is a fault of its own.
            return data.decode("utf-8", "replace").replace("\ufffd", "?")

    def _value(self, text: str, *, is_last: bool) -> Any:
        try:
            value, end = self._strict.raw_decode(text)
        except RecursionError:
            self._found.append(_too_deep())
            return MISSING
        except ValueError as error:
            return self._broken(text, error, is_last=is_last)
        rest = text[end:].lstrip(" \t\r,")
        if rest.startswith(("{", "[")):
            said = f"a second object begins at character {len(text) - len(rest) + 1}"
            self._found.append(Found("two-objects", None, said))
        elif end < len(text):
            said = f"there is more after the end of the object: {text[end : end + 20]!r}"
            self._found.append(Found("not-json", None, said))
        if not isinstance(value, dict):
            self._found.append(Found("not-object", None, f"the row is {kind(value)}, no object"))
            return MISSING
        return value

    def _broken(self, text: str, error: ValueError, *, is_last: bool) -> Any:
        message = str(error)
        if isinstance(error, json.JSONDecodeError) and message.startswith("Invalid control"):
            mark = text[error.pos]
            self._found.clear()
            code = "nul" if mark == "\0" else "control-character"
            try:
                value, _ = self._loose.raw_decode(text)
            except (ValueError, RecursionError):
                value = MISSING
            said = f"U+{ord(mark):04X} stands unescaped at character {error.pos + 1}: not JSON"
            self._found += [Found("not-json", None, said), Found(code, None, said)]
            return value if isinstance(value, dict) else MISSING
        ends = message.startswith("Unterminated string") or (
            isinstance(error, json.JSONDecodeError) and error.pos >= len(text)
        )
        if ends and is_last:
            self._found.append(Found("truncated", None, "the last row is cut off in the middle"))
        elif ends:
            self._found.append(Found("not-json", None, "the line ends in the middle of an object"))
        else:
            self._found.append(Found("not-json", None, f"not JSON: {message}"))
        return MISSING

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    said = f"the key {key!r:.60} occurs twice in one object"
                    self._found.append(Found("duplicate-key", _name(key), said))
                seen.add(key)
        return made

    def _constant(self, name: str) -> float:
        self._found.append(Found("nan", None, f"{name} is not JSON"))
        return 0.0

    def _float(self, text: str) -> float:
        value = float(text)
        if value in (float("inf"), float("-inf")):
            self._found.append(Found("nan", None, f"{text:.40} is read as an infinity"))
            return 0.0
        return value

    def _int(self, text: str) -> int:
        value = int(text) if len(text) < 25 else 2**64
        if not -(2**63) <= value < 2**63:
            self._found.append(Found("big-number", None, f"{text:.40} does not fit 64 bits"))
            return 0
        return value


def _name(key: str) -> str:
    return key if len(key) <= 60 else key[:60] + "…"


def kind(value: Any) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "null"
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return names.get(type(value), "a number")


def _too_deep() -> Found:
    return Found("depth", None, f"values are nested more than {MAX_DEPTH} levels deep")


def depth_fault(value: Any, text: str) -> Found | None:
    """The fault of a value nested more than `MAX_DEPTH` levels deep; `text` is its JSON."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return None
    level, depth = [value], 0
    while level and depth <= MAX_DEPTH:
        depth += 1
        inner = (item.values() if isinstance(item, dict) else item for item in level)
        level = [item for items in inner for item in items if isinstance(item, (dict, list))]
    return _too_deep() if depth > MAX_DEPTH else None
