"""The dataset card says what the manifest says, and shows anybody's text as text."""

from __future__ import annotations

import hashlib
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from yaml import safe_load

from curation.records import Json, Task
from exports.card import card, front_matter
from exports.formats import find_format, fitting
from exports.markup import one_line
from tests.exports.manifests import HASH, manifest

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")


def parts(text: str) -> tuple[Any, str]:
    """The YAML of a card, read, and its Markdown."""
    found = re.fullmatch(r"---\n(.*?)\n---\n\n(.*)", text, re.DOTALL)
    assert found
    return safe_load(found[1]), found[2]


def front(document: Json) -> Json:
    return front_matter(document, find_format(document["format"], Task(document["task"])))


def headings(markdown: str) -> list[str]:
    tokens = MARKDOWN.parse(markdown)
    opened = pairwise(tokens)
    return [after.content for token, after in opened if token.type == "heading_open"]


def test_the_front_matter_is_what_the_hub_reads() -> None:
    document = manifest(languages=["de", "en"])
    found, _ = parts(card(document))
    assert found == {
        "license": "cc-by-4.0",
        "language": ["de", "en"],
        "pretty_name": "tickets",
        "task_categories": ["text-classification"],
        "size_categories": ["n<1K"],
        "tags": ["tamis", "single-label"],
        "configs": [
            {
                "config_name": f"tamis-{hashlib.sha256((HASH * 2).encode()).hexdigest()[:8]}",
                "data_files": [
                    {"split": "train", "path": "train.jsonl"},
                    {"split": "test", "path": "test.jsonl"},
                ],
            }
        ],
    }


def test_languages_that_are_not_known_are_not_named() -> None:
    assert "language" not in front(manifest())


@pytest.mark.parametrize(
    ("licence", "keys"),
    [
        ("", {"license": "unknown"}),
        ("Apache-2.0", {"license": "apache-2.0"}),
        ("Our own, v2!", {"license": "other", "license_name": "our-own-v2"}),
        ("自有", {"license": "other", "license_name": "other"}),
    ],
)
def test_licences_that_the_hub_does_not_know_are_other(licence: str, keys: Json) -> None:
    found = front(manifest(licence=licence))
    assert {key: value for key, value in found.items() if key.startswith("license")} == keys


@pytest.mark.parametrize(
    ("rows", "size"), [(997, "n<1K"), (998, "1K<n<10K"), (10**7, "10M<n<100M"), (10**9, "n>1B")]
)
def test_the_size_is_that_of_all_splits(rows: int, size: str) -> None:
    document = manifest()
    document["splits"]["train"]["rows"] = rows
    assert front(document)["size_categories"] == [size]


def test_a_table_is_read_as_text_and_a_byte_order_mark_is_expected() -> None:
    table = front(manifest(file_format="csv"))
    assert table["configs"][0]["keep_default_na"] is False
    columns = [{"name": "text", "dtype": "string"}, {"name": "label", "dtype": "string"}]
    assert table["dataset_info"] == {"features": columns}
    assert front(manifest(file_format="azure-chat"))["configs"][0]["encoding"] == "utf-8-sig"


def test_columns_of_parquet_files_are_described() -> None:
    several = front(manifest(Task.MULTI_LABEL, "huggingface"))["dataset_info"]["features"]
    assert several == [{"name": "text", "dtype": "string"}, {"name": "labels", "list": "string"}]
    [chat] = front(manifest(Task.CHAT, "huggingface"))["dataset_info"]["features"]
    turn = [{"name": "role", "dtype": "string"}, {"name": "content", "dtype": "string"}]
    assert chat == {"name": "messages", "list": turn}


def test_the_numbers_of_the_manifest_are_told() -> None:
    _, text = parts(card(manifest()))
    for line in [
        "| train | `train.jsonl` | 8 | 8 | 6 | 1,234 |",
        "| test | `test.jsonl` | 2 | 2 | 1 | 1,234 |",
        "| no | 5 | 0 |",
        "| yes | 3 | 2 |",
        "- 14 examples were imported.",
        "- 2 were excluded as duplicates.",
        "- Flagged as *label*: 4, of which 1 are still open.",
        "- Left out, near a test example: 1.",
        "3 of 10 (30.0%, 95% interval 10.8% to 60.3%)",
        "Cohen's kappa) that is 0.50",
        "- No random sample was audited, so the share of wrong outputs is not known.",
        "- All 10 texts were compared with one another by meaning.",
        "- Of the 40 rows of benchmark.jsonl, 2 (exact 1, near 1) are in 1 train rows.",
        "- 3 rows were reviewed by nobody.",
        "- 1 of the rows that nobody reviewed are in test: results on them carry their errors.",
        "- 1 labels have no row in test.",
        'dataset = load_dataset("FOLDER")',
    ]:
        assert line in text


def test_what_is_not_known_is_said() -> None:
    document = manifest(quality=None, leaks=None, licence="", description="")
    document["left_out"]["counts"] = {}
    _, text = parts(card(document))
    for line in ["No figures were recorded.", "nothing is known of leaks", "None was given: ask"]:
        assert line in text


def test_an_audit_is_told_with_its_interval() -> None:
    document = manifest()
    document["quality"]["audit"] = {"count": 1, "of": 50, "share": 0.02, "interval": [0.0, 0.1]}
    assert "1 of 50 (2.0%, 95% interval 0.0% to 10.0%) were wrong" in card(document)


def test_no_more_than_150_labels_are_shown_the_largest_first() -> None:
    document = manifest(labels=[f"label {n}" for n in range(200)])
    document["splits"]["train"]["labels"] = {f"label {n}": n for n in range(200)}
    document["splits"]["test"]["labels"] = {}
    text = card(document)
    assert text.index("| label 199 | 199 | 0 |") < text.index("| label 50 | 50 | 0 |")
    assert "| label 49 |" not in text
    assert "And 50 more labels with 1,225 rows" in text


@pytest.mark.parametrize("task", list(Task))
def test_every_format_has_a_card(task: Task) -> None:
    for name in fitting(task, ["rejected", "approved"]):
        document = manifest(task, name)
        assert parts(card(document))[0] == front(document)
        assert f"`{name}`" in card(document)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("trl-messages", "SFTTrainer("),
        ("trl-preference", "DPOTrainer("),
        ("trl-unpaired-preference", "KTOTrainer("),
        ("axolotl-chat", "type: chat_template"),
        ("llamafactory-alpaca", "dataset_dir: FOLDER"),
        ("mlx-chat", "mlx_lm.lora --model MODEL --train --data FOLDER"),
        ("csv", "has an apostrophe before it"),
    ],
)
def test_the_card_tells_how_the_trainer_reads_it(name: str, words: str) -> None:
    assert words in card(manifest(Task.CHAT, name))


def test_the_card_does_not_depend_on_what_else_is_in_the_folder() -> None:
    document, later = manifest(), manifest()
    later["files"]["README.md"] = {"bytes": 1, "sha256": "0" * 64}
    assert card(document) == card(later)


words = st.text(st.one_of(st.sampled_from("<>&|`*_[]()#!-=\n\t\"'\\:{}$~ a1"), st.characters()))


@given(words, words, words, words, words)
def test_untrusted_text_changes_neither_the_yaml_nor_the_structure(
    name: str, label: str, description: str, licence: str, kind: str
) -> None:
    document = manifest(labels=[label], description=description, licence=licence)
    document["source"]["dataset"] = name
    document["splits"]["train"]["labels"] = {label: 8}
    document["quality"]["flags"] = {kind: {"flagged": 1, "open": 0, "resolved": 1}}
    document["leaks"]["references"][0]["name"] = name
    found, text = parts(card(document))
    assert found == front(document)
    assert found["pretty_name"] == one_line(name)
    tokens = MARKDOWN.parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    assert not {"html_block", "html_inline", "image"} & {token.type for token in (*tokens, *inline)}
    assert [token.attrGet("href") for token in inline if token.type == "link_open"] == [
        find_format(document["format"], Task.SINGLE_LABEL).target.source
    ]
    assert headings(text)[1:] == headings(parts(card(manifest()))[1])[1:]
    assert len([token for token in tokens if token.type == "tr_open"]) == 3 + 2
    assert len([token for token in tokens if token.type == "fence"]) == 1
