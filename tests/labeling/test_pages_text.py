"""Text of others inside Markdown shows as it is."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from labeling.pages.text import plain

RENDER = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render


def visible(text: str) -> str:
    return text.replace("\u2060", "")


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cf", "Cs"]), min_size=1))
def test_markdown_shows_any_text_literally(text: str) -> None:
    line = " ".join(text.split())
    expected = f"<p>{html.escape(line, quote=False)}</p>\n" if line else ""
    assert visible(RENDER(plain(text))).replace("&quot;", '"') == expected


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        # What Streamlit's front end looks for in the text that Markdown leaves over.
        (":smile: :+1:", r":\+1:|:-1:|:[\w-]+:"),
        (":material/home: :streamlit:", r":material/\w+:|:streamlit:"),
        (":red[hot] :red-badge[x]", r":[a-z][a-z0-9-]*\["),
        ("http://a.example HTTPS://b", r"(?i)https?://"),
        ("www.a.example", r"(?i)www\."),
        ("mail me@a.example", r"[\w.+-]+@[\w-]+\.\w+"),
        ("a -> b <- c <-> d -- e >= f <= g ~= h", r"(^|\s)(<->|->|<-|--|>=|<=|~=)(\s|$)"),
    ],
)
def test_nothing_is_left_that_streamlit_would_replace(text: str, pattern: str) -> None:
    assert re.search(pattern, text)
    left_over = re.sub(r"\\([^\w\s])", r"\1", plain(text))
    assert not re.search(pattern, left_over)
    assert visible(left_over) == text


def test_several_lines_become_one() -> None:
    assert plain("# a\n\n- b") == r"\# a \- b"
