"""Two texts side by side as HTML, the differing words marked. All text is escaped.

Of a very long text a part is shown: a browser takes minutes to lay out a word of 200,000 letters,
and finding differences takes the square of the time.
"""

from __future__ import annotations

from html import escape

from curation.duplicates import mark_differences

SHOWN = 10_000
"""Characters up to which a text is shown whole; of a longer one so many are."""
_BEFORE = 500
"""Characters shown before the first difference."""
_AFTER = 1_000
"""So many more characters of the other text are compared, so that what is only shifted there is no
difference at the end."""
_PROBE = 50
"""By so many of its first characters a text is found inside a longer one."""
_STYLE = (
    "white-space:pre-wrap;overflow-wrap:anywhere;max-height:18rem;overflow:auto;line-height:1.5"
)
_MARK = (
    "background:rgba(214,146,31,.28);color:inherit;border-radius:3px;padding:0 2px;"
    "text-decoration:underline;text-underline-offset:3px"
)


def as_html(text: str, reference: str = "") -> str:
    """A text with nothing marked; of a long one the part where it differs from `reference`."""
    start = _start(text, reference) if reference else 0
    return _html([(text[start : start + SHOWN], False)], start, len(text))


def marked_html(text: str, reference: str) -> str:
    """A text with the words marked that differ from `reference`; of a long one a part."""
    start, other = _start(text, reference), _start(reference, text)
    segments, _ = mark_differences(
        text[start : start + SHOWN], reference[other : other + SHOWN + _AFTER]
    )
    return _html(segments, start, len(text))


def _start(text: str, reference: str) -> int:
    """Where the shown part of a text begins: shortly before it differs or holds the other one."""
    longest = max(len(text), len(reference))  # so that both begin alike
    if longest <= SHOWN:
        return 0
    inside = text.casefold().find(reference[:_PROBE].casefold())
    if inside <= 0:
        both = enumerate(zip(text, reference, strict=False))
        end = min(len(text), len(reference))
        inside = next((at for at, (mine, theirs) in both if mine != theirs), end)
    return max(0, min(inside - _BEFORE, longest - SHOWN))


def _html(segments: list[tuple[str, bool]], start: int, length: int) -> str:
    """The shown part of a text of that length, and how much is left out before and behind it."""
    parts = [
        f'<mark style="{_MARK}">{escape(text)}</mark>' if changed else escape(text)
        for text, changed in segments
    ]
    if start:
        parts.insert(0, f"<em>{start:,} characters before …</em>\n")
    if left := length - start - sum(len(text) for text, _ in segments):
        parts.append(f"\n<em>… {left:,} more characters</em>")
    return f'<div dir="auto" style="{_STYLE}">{"".join(parts)}</div>'
