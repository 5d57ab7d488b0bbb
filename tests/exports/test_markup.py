"""Anybody's text in Markdown and YAML is text and nothing else."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from yaml import safe_load

from exports.markup import one_line, paragraphs, plain, yaml

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
nasty = st.text(
    st.one_of(
        st.sampled_from(string.punctuation + " \n\t\u202e\u2028\x00ab1"),
        st.characters(codec="utf-8"),
    )
)
TEXTS = {"text", "text_special", "softbreak"}


def said(markdown: str) -> tuple[str, set[str]]:
    """The text of a document, and the kinds of tokens beside it."""
    tokens = MARKDOWN.parse(markdown)
    inline = [child for token in tokens for child in token.children or ()]
    kinds = {token.type for token in (*tokens, *inline) if token.type not in TEXTS}
    return "".join(token.content for token in inline if token.type in TEXTS), kinds


@given(nasty)
def test_plain_text_renders_as_itself(text: str) -> None:
    for place in ("{}", "# {}", "- {}"):
        markdown = place.format(plain(text))
        assert "<" not in markdown
        assert "\n" not in markdown
        found, kinds = said(markdown)
        assert found == one_line(text)
        assert kinds <= {
            f"{kind}_{end}"
            for kind in ("paragraph", "heading", "bullet_list", "list_item")
            for end in ("open", "close")
        } | {"inline"}


@given(nasty)
def test_plain_text_stays_in_its_table_cell(text: str) -> None:
    found, kinds = said(f"| a | b |\n|---|---|\n| {plain(text)} | 1 |")
    assert found == f"ab{one_line(text)}1"
    assert "html_inline" not in kinds
    assert "link_open" not in kinds


@given(nasty, nasty)
def test_paragraphs_stay_paragraphs(first: str, second: str) -> None:
    found, kinds = said(paragraphs(f"{first}\n\n{second}"))
    assert kinds <= {"paragraph_open", "paragraph_close", "inline"}
    assert "".join(found.split()) == "".join(one_line(f"{first} {second}").split())


@pytest.mark.parametrize(
    "text",
    ["1. one", "- a", "+ a", "# a", "> a", "---", "===", "| a |", "[a](b)", "~~a~~", "a  \nb"],
)
def test_marks_of_markdown_are_taken_literally(text: str) -> None:
    assert said(plain(text)) == (one_line(text), {"paragraph_open", "paragraph_close", "inline"})


def test_letters_that_are_joined_stay_joined_and_other_hidden_marks_show() -> None:
    assert one_line("می\u200cخواهم 👩\u200d👧") == "می\u200cخواهم 👩\u200d👧"
    assert one_line("a\u202eb\x00c\n d") == "a\ufffdb\ufffdc d"


scalars = st.one_of(st.none(), st.booleans(), st.integers(), nasty)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.from_regex("key_[a-z_]{0,8}", fullmatch=True), inner, max_size=4),
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.just("value"), values, min_size=1))
def test_yaml_is_read_back_as_it_was(value: Any) -> None:
    assert safe_load(yaml(value)) == value
    assert "\n---" not in yaml(value)


@pytest.mark.parametrize(
    "text", ["no", "1e5", "2026-11-22", "null", "~", "a: b", "# a", "\ud800", ""]
)
def test_yaml_takes_no_text_for_anything_else(text: str) -> None:
    assert safe_load(yaml({"value": text})) == {"value": text.replace("\ud800", "?")}
