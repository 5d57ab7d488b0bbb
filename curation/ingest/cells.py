"""The values that cells hold: strict JSON, and what no cell may contain."""

from __future__ import annotations

import base64
import json
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from curation.ingest.table import CELL_LIMIT, shown

MAX_DEPTH = 64
"""Deepest nesting of lists and objects in a cell; JSON tools downstream give up soon after 100."""


class _TwiceError(ValueError):
    """An object names a key twice."""


class _NotFiniteError(ValueError):
    """NaN, an infinity, or a number too large for a double."""


def parse_json(text: str) -> Any:
    """The value of a JSON text, or ValueError with a reason in words.

    Stricter than `json.loads`: refuses what readers of JSON disagree about (a key given twice, NaN
    and infinities, numbers beyond a double) and what no store takes (see `value_fault`).
    """
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_not_finite, parse_float=_finite
        )
    except json.JSONDecodeError as error:
        near = shown(text[error.pos : error.pos + 20]) if error.pos < len(text) else "its end"
        message = f"{error.msg[0].lower()}{error.msg[1:]}".removesuffix(" at")
        raise ValueError(
            f"is not valid JSON: {message} at character {error.pos + 1}, near {near}"
        ) from None
    except RecursionError:
        raise ValueError(_too_deep()) from None
    except (_TwiceError, _NotFiniteError):
        raise
    except ValueError:
        raise ValueError("has a number of more than 4,300 digits; write it as text") from None
    if _suspicious(text) and (reason := value_fault(value)):
        raise ValueError(reason)
    return value


def value_fault(value: Any, limit: int | None = None) -> str | None:
    """Why a value cannot be stored, in words, or None.

    Looks at every string and number inside, to any depth: a NUL character, half of a surrogate
    pair, NaN or an infinity, nesting beyond `MAX_DEPTH`, more than `limit` characters in all.
    """
    left, size = [(value, 0)], 0
    while left:
        item, depth = left.pop()
        if isinstance(item, str):
            size += len(item)
            if reason := text_fault(item):
                return reason
        elif isinstance(item, float) and not math.isfinite(item):
            return f"holds {item}, which JSON does not have; write null or leave it out"
        elif isinstance(item, (list, tuple, dict)):
            if depth == MAX_DEPTH:
                return _too_deep()
            inner = [*item, *item.values()] if isinstance(item, dict) else item
            left.extend((each, depth + 1) for each in inner)
    return too_long(size, limit) if limit is not None and size > limit else None


def text_fault(text: str) -> str | None:
    """Why a text cannot be stored, or None: a NUL character or half of a surrogate pair."""
    if "\0" in text:
        at = text.index("\0")
        return f"has a NUL character at position {at + 1}, in {_around(text, at)}; remove it"
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return (
            f"has half of a surrogate pair at position {error.start + 1}, in "
            f"{_around(text, error.start)}; an emoji was cut in two: write it whole or remove it"
        )
    return None


def too_long(size: int, limit: int = CELL_LIMIT) -> str:
    """The reason that quarantines a cell of `size` characters."""
    return f"has {size:,} characters, more than the {limit:,} allowed; shorten or split it"


def jsonable(value: Any) -> Any:
    """A value of a typed file as JSON has it: dates as ISO text, bytes as base64, NaN as null.

    Decimals become text, so that no digit is lost. Infinities are left for `value_fault`.
    """
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (Decimal, timedelta)):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {str(key): jsonable(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(each) for each in value]
    return str(value)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _TwiceError(f"names the key {shown(twice)} twice; keep one of them")
    return found


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _not_finite(digits)


def _not_finite(word: str) -> float:
    raise _NotFiniteError(f"holds {word}, which JSON does not have; write null or leave it out")


def _suspicious(text: str) -> bool:
    """False where the text alone proves that `value_fault` would find nothing."""
    return (
        text.count("[") + text.count("{") > MAX_DEPTH
        or ("\\u" in text and ("\\u0000" in text or "\\ud" in text or "\\uD" in text))
        or "\0" in text
    )


def _too_deep() -> str:
    return f"is nested deeper than {MAX_DEPTH} levels; flatten it"


def _around(text: str, at: int) -> str:
    return shown(text[max(0, at - 15) : at + 15])
