"""What a trainer or service asks of its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ToolArguments = Literal["string", "object"]
Range = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Consumer:
    """A trainer or service, with its rules; what is not set is not ruled.

    - `shapes`: the shapes of rows that it reads, by the names of `exports.check`; empty for all.
    - `rows`, `validation_rows`: the least and the most rows of a training and a validation file.
    - `bytes`: the largest size of a file. `tokens`: the longest row; for trainers the default of
      their settings.
    - `bom`: a file begins with a byte-order mark.
    - `keys`: the only keys allowed at the top of a row, empty for any.
    - `reserved`: strings that no text may contain.
    - `weights`: a `weight` of 0 or 1 on an assistant turn is read; elsewhere nothing can say that a
      turn is not to be learnt.
    - `tool_arguments`: how the arguments of a tool call are written, as a JSON text or as an
      object; None where no rule for tool calls is known.
    - `call_id`: an id of a tool call is so many letters and digits; None where any text is one.
    - `tools_as_text`: the declared tools are a JSON text, so that all rows have one type.
    - `extra_columns`: a row may have columns that it does not know: it keeps them or passes them
      over. Only where its own code was seen to do so.
    - `columns`: rows become a table, so that all of them need the same keys.

    `source` is the page of the rules, read in `seen`.
    """

    name: str
    title: str
    source: str
    seen: str = "2026-11"
    shapes: tuple[str, ...] = ()
    rows: Range = (1, None)
    validation_rows: Range = (1, None)
    bytes: int | None = None
    tokens: int = 32_768
    bom: bool = False
    keys: tuple[str, ...] = ()
    reserved: tuple[str, ...] = ()
    weights: bool = False
    tool_arguments: ToolArguments | None = None
    call_id: int | None = None
    tools_as_text: bool = False
    columns: bool = False
    extra_columns: bool = False

    def missed(
        self, rows: Mapping[str, int], sizes: Mapping[str, int], files: Mapping[str, str]
    ) -> list[str]:
        """In words: limits that an export does not keep.

        `rows`, `sizes` (bytes) and `files` (names) are those of each split that has a file. These
        are said and refused by nobody here: files can be joined, cut or topped up before they are
        sent.
        """
        found = []
        for split, (least, most) in (("train", self.rows), ("validation", self.validation_rows)):
            count = rows.get(split, 0)
            if split == "train" and least > 1 and count < least:
                found.append(f"{split} has {count:,} rows where {self.title} wants {least:,}")
            if most is not None and count > most:
                found.append(f"{split} has {count:,} rows; {self.title} takes {most:,}")
        if self.bytes is not None:
            found += [
                f"{files[split]} has {size:,} bytes; {self.title} takes {self.bytes:,}"
                for split, size in sizes.items()
                if size > self.bytes
            ]
        return found

    def rules(self) -> list[str]:
        """Its rules in a few words each, for documentation; those that any file keeps are not."""
        dialect = {"string": "tool arguments as a JSON text", "object": "tool arguments as objects"}
        found = ["byte-order mark"] if self.bom else []
        found += ["weights"] if self.weights else []
        found += [dialect[self.tool_arguments]] if self.tool_arguments else []
        found += [f"ids of calls of {self.call_id} letters and digits"] if self.call_id else []
        found += ["may hold `fold` and `weight`"] if self.extra_columns else []
        found += [f"no keys but {_code(self.keys)}"] if self.keys else []
        found += [f"no {_code(self.reserved)}"] if self.reserved else []
        least, most = self.rows
        limits = {
            "at least {:,} rows in train": least if least > 1 else None,
            "at most {:,} rows in train": most,
            "at most {:,} rows in validation": self.validation_rows[1],
            "at most {:,} bytes a file": self.bytes,
        }
        return found + [words.format(limit) for words, limit in limits.items() if limit is not None]


def _code(words: tuple[str, ...]) -> str:
    return " ".join(f"`{word}`" for word in words)
