"""JSON by the column: what `json.dumps` writes of each value, without a call for each."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import BinaryIO

import polars as pl

LINE_BREAKS = "\x85\u2028\u2029"
"""What some readers take for the end of a line beside LF; in a line of JSON they are escaped."""

_SPELT = {sign: json.dumps(sign)[1:-1] for sign in ('"', "\\", *map(chr, range(32)))}


def escaped(text: pl.Expr) -> pl.Expr:
    """A text as it stands between the quotes of a JSON text that is not limited to ASCII."""
    return text.str.replace_many(_SPELT)


def unescaped(text: pl.Expr) -> pl.Expr:
    """The inverse of `escaped`; JSON that is spelt otherwise stays as it is."""
    return text.str.replace_many({spelt: sign for sign, spelt in _SPELT.items()})


def json_values(values: pl.Series) -> pl.Series:
    """Each value of a column as `json.dumps(value, ensure_ascii=False)` writes it.

    Texts, whole and other numbers, booleans. Raises ValueError for NaN and infinities, which are
    not JSON.
    """
    if values.dtype == pl.String:
        text = pl.format('"{}"', escaped(pl.col(values.name)))
        return values.to_frame().select(text.fill_null("null")).to_series()
    if values.dtype.is_integer() or values.dtype == pl.Boolean:
        return values.cast(pl.String).fill_null("null")
    return pl.Series([json.dumps(value, allow_nan=False) for value in values], dtype=pl.String)


def objects(frame: pl.DataFrame) -> pl.Series:
    """Each row as a line of JSON, its LF included, that no reader breaks in two."""
    names = [json.dumps(name, ensure_ascii=False) for name in frame.columns]
    lines = _rows(frame, [f"{', ' if at else '{'}{name}: " for at, name in enumerate(names)], "}\n")
    return whole_lines(lines)


def arrays(frame: pl.DataFrame) -> pl.Series:
    """Each row as a JSON list without spaces, LF at its end: `canonical_json` of a flat list."""
    return _rows(frame, ["," if at else "[" for at in range(frame.width)], "]\n")


def whole_lines(lines: pl.Series) -> pl.Series:
    """Lines of JSON with what may break a line escaped."""
    if not lines.str.contains(f"[{LINE_BREAKS}]").any():
        return lines
    return lines.str.replace_many({sign: f"\\u{ord(sign):04x}" for sign in LINE_BREAKS})


def write_lines(file: BinaryIO, lines: pl.Series) -> None:
    """Add lines, which end in LF, to a file, sign for sign."""
    lines.to_frame().write_csv(file, include_header=False, quote_style="never", line_terminator="")


def joined(lines: pl.Series) -> io.BytesIO:
    """Lines as a file in memory, to be read from its beginning."""
    file = io.BytesIO()
    write_lines(file, lines)
    file.seek(0)
    return file


def _rows(frame: pl.DataFrame, before: Sequence[str], end: str) -> pl.Series:
    if not frame.width:
        raise ValueError("a row without columns")
    parts: list[pl.Expr] = []
    columns: list[pl.Series] = []
    for at, (text, column) in enumerate(zip(before, frame.iter_columns(), strict=True)):
        name = str(at)
        if column.dtype == pl.String and not column.null_count():
            columns.append(column.alias(name))
            parts += [pl.lit(text + '"'), escaped(pl.col(name)), pl.lit('"')]
        else:
            columns.append(json_values(column).alias(name))
            parts += [pl.lit(text), pl.col(name)]
    return pl.DataFrame(columns).select(line=pl.concat_str(*parts, pl.lit(end)))["line"]
