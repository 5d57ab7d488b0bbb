"""Check one training file, row by row, in bounded memory."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from curation.errors import UnreadableFile
from curation.records import Json
from exports.check.labels import Labels
from exports.check.lines import MISSING, Line, Parser, depth_fault, hopeless, read_lines
from exports.check.repeats import Repeats
from exports.check.report import Faults, Found, Report
from exports.check.rows import labels_of, length_fault, row_faults, text_faults
from exports.check.schema import Schema
from exports.check.shapes import UNKNOWN, Shape, common_shape
from exports.check.splits import Contents, leaks, other_splits, split_of
from exports.check.texts import may_be_unsafe, separator
from exports.check.turns import Call, Turn, read_turns
from exports.targets import Consumer, find_consumer

_SNIFFED = 200
LENIENT = ("axolotl", "mistral")
"""They take both dialects: Axolotl makes objects of texts, Mistral texts of objects."""


def check_file(path: Path | str, target: str = "any", *, max_tokens: int | None = None) -> Report:
    """Find every defect of a JSONL training file.

    `target` names a consumer (see `exports.targets`) whose own limits are then applied, `any` the
    common ground of all. `max_tokens` overrides its limit for the length of a row, an estimate. The
    files of other splits beside `path` are read for leaks. About 30 bytes a row are kept.

    Raises UnreadableFile where there is no such file, WrongUse for an unknown target; no content
    makes it fail.
    """
    path = Path(path)
    aim = find_consumer(target)
    try:
        return _Check(path, aim, max_tokens or aim.tokens).run()
    except OSError as error:
        raise UnreadableFile(
            f"{path} cannot be read: {error.strerror or error}.", "Name a JSONL file."
        ) from error


class _Check:
    def __init__(self, path: Path, target: Consumer, tokens: int) -> None:
        self._path, self._target, self._tokens = path, target, tokens
        self._faults = Faults()
        self._rows = 0
        self._dialects: dict[str, int] = {}

    def run(self) -> Report:
        if found := hopeless(self._path):
            self._faults.add(None if found.code == "empty-file" else 1, found)
            return self._faults.report(self._path, self._target.name, 0, UNKNOWN.name)
        self._shape = _sniff(self._path)
        self._schema = Schema(self._shape)
        self._repeats = Repeats(self._shape)
        self._labels = Labels()
        self._contents = Contents() if other_splits(self._path) else None
        parser = Parser()
        for line in read_lines(self._path):
            self._line(line, parser)
        self._whole_file()
        return self._faults.report(self._path, self._target.name, self._rows, self._shape.name)

    def _line(self, line: Line, parser: Parser) -> None:
        if line.data is not None and not line.data.strip(b" \t\r\n\xef\xbb\xbf"):
            self._faults.add(line.number, Found("blank-line", None, "the line is blank"))
            return
        self._rows += 1
        row, text, found = parser.parse(line)
        if self._target.bom and line.number == 1:
            found = self._bom(found)
        if isinstance(row, dict) and (deep := depth_fault(row, text)):
            found.append(deep)
            row = MISSING
        for fault in (*found, *separator(text)):
            self._faults.add(line.number, fault)
        if isinstance(row, dict):
            damaged = any(fault.code in ("nan", "big-number") for fault in found)
            self._row(row, text, line, is_damaged=damaged)

    def _bom(self, found: list[Found]) -> list[Found]:
        if any(fault.code == "bom" for fault in found):
            return [fault for fault in found if fault.code != "bom"]
        return [*found, Found("bom-missing", None, "the file does not begin with a BOM")]

    def _row(self, row: Json, text: str, line: Line, *, is_damaged: bool) -> None:
        number = line.number
        own = list(row_faults(row, self._shape, self._target))
        if may_be_unsafe(text):
            own += text_faults(row, self._shape)
        own += length_fault(row, len(line.data or b""), self._tokens)
        for fault in own:
            self._faults.add(number, fault)
        if any(fault.code == "mixed-shape" for fault in own):
            return
        if not is_damaged:  # the number that stands in for NaN says nothing of its column
            for fault in self._schema.watch(row, number, line.offset):
                self._faults.add(number, fault)
        self._repeats.watch(row, number)
        if self._shape.name == "text-label":
            self._labels.watch(labels_of(row, self._shape), number)
        if self._contents is not None:
            self._contents.watch(row, number, self._shape)
        if "arguments" in text:
            self._dialect(row, number)

    def _dialect(self, row: Json, number: int) -> None:
        """Remember in which rows arguments of calls are texts, and in which objects."""
        said = row.get(self._shape.turns or "")
        if not isinstance(said, list) or self._shape.name != "messages":
            return
        others = {"string": "an object", "object": "a text"}
        other = others.get(self._target.tool_arguments or "")
        for turn in read_turns(said, str(self._shape.turns), self._shape.name):
            for call in turn.calls if isinstance(turn, Turn) else ():
                dialect = _dialect_of(call)
                self._dialects.setdefault(dialect, number)
                if dialect == other and self._target.name not in LENIENT:
                    said = f"the arguments of a call are {other}, which {self._target.name} refuses"
                    self._faults.add(number, Found("tool-dialect", call.column, said))

    def _whole_file(self) -> None:
        for row, found in (*self._schema.differences(), *self._repeats.found()):
            self._faults.add(row, found)
        for place, found in self._labels.found(self._shape.label):
            self._faults.add(place, found)
        if self._contents is not None:
            for place, found in leaks(self._contents, self._path, self._shape):
                self._faults.add(place, found)
        if {"a text", "an object"} <= set(self._dialects):
            said = "arguments of calls are texts in some rows and objects in others"
            number = max(self._dialects["a text"], self._dialects["an object"])
            self._faults.add(number, Found("tool-dialects", self._shape.turns, said))
        if self._schema.is_full:
            said = "there are thousands of different keys: the rest was not compared"
            self._faults.add(None, Found("too-many-keys", None, said))
        if self._shape is UNKNOWN and self._rows:
            said = "the rows have no known training shape: only general rules were applied"
            self._faults.add(None, Found("unknown-shape", None, said))
        for found in self._limits():
            self._faults.add(None, found)

    def _limits(self) -> list[Found]:
        """What the target asks of the file as a whole."""
        target, rows, found = self._target, self._rows, []
        if target.shapes and self._shape.name not in target.shapes:
            said = f"{target.name} reads {' and '.join(target.shapes)}, not {self._shape.name}"
            found.append(Found("wrong-shape", None, said))
        is_held_out = split_of(self._path) in ("validation", "test")
        least, most = target.validation_rows if is_held_out else target.rows
        if rows < least:
            said = f"there are {rows:,} rows; {target.name} wants at least {least:,}"
            found.append(Found("too-few-rows", None, said))
        if most is not None and rows > most:
            said = f"there are {rows:,} rows; {target.name} takes at most {most:,}"
            found.append(Found("too-many-rows", None, said))
        size = self._path.stat().st_size
        if target.bytes is not None and size > target.bytes:
            said = f"the file has {size:,} bytes; {target.name} takes at most {target.bytes:,}"
            found.append(Found("file-too-large", None, said))
        return found


def _dialect_of(call: Call) -> str:
    if isinstance(call.arguments, str):
        return "a text"
    return "an object" if isinstance(call.arguments, dict) else "neither"


def _sniff(path: Path) -> Shape:
    """The shape of most of the first rows that can be read."""
    parser = Parser()
    return common_shape(parser.parse(line)[0] for line in islice(read_lines(path), _SNIFFED))
