"""Text of others inside Markdown: labels, names and messages are shown as they are."""

from __future__ import annotations

import re

import streamlit as st

from curation.errors import TamisError

# Streamlit looks for icons, addresses and arrows in the finished text too, where a backslash is
# gone already: an invisible word joiner keeps it from seeing them.
_JOINER = "\u2060"
_SEEN_LATE = re.compile(r"(?<=[:@])(?=\S)|(?<=www)(?=\.)|(?<=[<>~-])(?=[<>=-])", re.IGNORECASE)
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


def plain(text: str) -> str:
    """Markdown that shows `text` literally, on one line: no markup, icon, formula or link."""
    line = " ".join(text.split())
    return _PUNCTUATION.sub(r"\\\g<0>", _SEEN_LATE.sub(_JOINER, line))


def tell(error: TamisError) -> None:
    """An error in words, where the page goes on after it."""
    st.error(plain(str(error)), icon=":material/error:")
    if error.hint:
        st.info(plain(error.hint), icon=":material/lightbulb:")
