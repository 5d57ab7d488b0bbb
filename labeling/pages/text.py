"""Text of others inside Markdown, shown as it is; and errors in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import streamlit as st

from curation.errors import TamisError

_FAILED = "failed-act"
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


def attempt(do: Callable[..., object], *arguments: Any) -> None:
    """What a button does, as its callback; where it fails, `tell_failure` explains it.

    Streamlit would show an error in a callback as a crash.
    """
    succeeds(do, *arguments)


def succeeds(do: Callable[..., object], *arguments: Any) -> bool:
    """As `attempt`; tells whether it was done."""
    try:
        do(*arguments)
    except TamisError as error:
        st.session_state[_FAILED] = error
        return False
    return True


def tell_failure() -> None:
    """What went wrong with the last act, if anything did."""
    error = st.session_state.pop(_FAILED, None)
    if error is not None:
        tell(error)
