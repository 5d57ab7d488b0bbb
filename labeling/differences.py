"""Two texts side by side as HTML, the differing words marked. All text is escaped."""

from __future__ import annotations

from html import escape

from curation.duplicates import mark_differences

_STYLE = (
    "white-space:pre-wrap;overflow-wrap:anywhere;max-height:18rem;overflow:auto;line-height:1.5"
)
_MARK = (
    "background:rgba(214,146,31,.28);color:inherit;border-radius:3px;padding:0 2px;"
    "text-decoration:underline;text-underline-offset:3px"
)


def as_html(text: str) -> str:
    """A text with nothing marked."""
    return f'<div style="{_STYLE}">{escape(text)}</div>'


def marked_html(text: str, reference: str) -> str:
    """A text with the words marked that differ from `reference`."""
    segments, _ = mark_differences(text, reference)
    return _html(segments)


def _html(segments: list[tuple[str, bool]]) -> str:
    parts = [
        f'<mark style="{_MARK}">{escape(text)}</mark>' if changed else escape(text)
        for text, changed in segments
    ]
    return f'<div style="{_STYLE}">{"".join(parts)}</div>'
