"""The leaks of an export, found again from its folder alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curation.embeddings import model_key
from curation.errors import WrongUse
from curation.records import Json, Settings
from exports.formats.containers import json_line
from exports.manifest import MANIFEST
from exports.recheck import Recheck, recheck_leaks

LABELS = ["a", "b"]
TEXTS = {
    "train": [
        "Where is my parcel? I ordered it on Monday and nothing has arrived.",
        "The lamp flickers whenever the washing machine is running.",
    ],
    "validation": ["I would like to cancel my subscription to the newsletter."],
    "test": ["Which river is the longest one in South America?"],
}
TWIN = TEXTS["train"][0].replace("Monday", "Friday")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An export in the format openai-chat, with the words of a template around each text."""
    leaks = {
        "threshold": 0.9,
        "floor": 0.8,
        "pairs_above_threshold_across_splits": 0,
        "highest_similarity_across_splits": None,
    }
    settings = {"model": Settings().model, "near_threshold": 0.9, "pair_floor": 0.8}
    manifest = {
        "task": "single-label",
        "format": "openai-chat",
        "labels": LABELS,
        "options": {
            "template": {"user": "Text: {input}\nLabel:", "system": "Choose from {labels}"}
        },
        "source": {"model": model_key(), "settings": settings},
        "leaks": leaks,
    }
    (tmp_path / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    for split, texts in TEXTS.items():
        lines = [json_line(record(text)) for text in texts]
        (tmp_path / f"{split}.jsonl").write_text("".join(lines), "utf-8")
    return tmp_path


def record(text: str) -> Json:
    said = ['Choose from ["a","b"]', f"Text: {text}\nLabel:", "a"]
    roles = ("system", "user", "assistant")
    return {
        "messages": [
            {"role": role, "content": content} for role, content in zip(roles, said, strict=True)
        ]
    }


def add(folder: Path, split: str, line: str) -> None:
    with (folder / f"{split}.jsonl").open("a", encoding="utf-8") as file:
        file.write(line)


def change(folder: Path, edit: Callable[[Any], None]) -> None:
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    edit(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest), "utf-8")


def test_a_clean_export_has_no_problems(folder: Path) -> None:
    found = recheck_leaks(folder)
    assert found.problems == ()
    assert found.rows == {"train": 2, "validation": 1, "test": 1}
    assert (found.pairs, found.nearest, found.certified) == (0, None, None)
    assert found.search.method == "exact"
    assert json.loads(json.dumps(found.as_json()))["threshold"] == 0.9


def test_planted_leaks_are_named_with_their_lines(folder: Path) -> None:
    """A copy in other case, a near twin; a line that cannot be read; each lie of the manifest."""
    add(folder, "test", json_line(record(TEXTS["train"][1].upper())))
    add(folder, "validation", json_line(record(TWIN)))
    add(folder, "train", '{"messages": []}\n')
    change(folder, lambda manifest: manifest["source"].update(model="another-1"))
    found = recheck_leaks(folder)
    assert found.pairs == 2
    assert found.nearest is not None
    assert found.nearest.in_words() == (
        "train.jsonl, line 2 and test.jsonl, line 2 are 1.000 similar (nearest)"
    )
    [copy, twin] = found.crossings
    assert (copy.kind, copy.similarity) == ("exact", 1.0)
    assert (twin.file, twin.line, twin.other_file, twin.other_line, twin.kind) == (
        "train.jsonl",
        1,
        "validation.jsonl",
        2,
        "near-twin",
    )
    assert_problems(
        found,
        "train.jsonl, line 3 was not compared",
        "was made with the model another-1",
        "train.jsonl, line 2 and test.jsonl, line 2",
        "train.jsonl, line 1 and validation.jsonl, line 2",
        "says that no pair is in two splits, and 2 are",
        "the highest similarity across splits is below 0.8, and it is 1.000000",
    )


def assert_problems(found: Recheck, *expected: str) -> None:
    assert len(found.problems) == len(expected)
    for problem, words in zip(found.problems, expected, strict=True):
        assert words in problem


def test_an_export_without_a_certificate_says_so(folder: Path) -> None:
    for split in ("validation", "test"):
        (folder / f"{split}.jsonl").unlink()
    change(folder, lambda manifest: manifest.update(leaks=None))
    assert_problems(recheck_leaks(folder), "has no certificate")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"task": "poem"}'])
def test_what_is_no_export_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(content, "utf-8")
    with pytest.raises(WrongUse, match=r"manifest\.json cannot be read"):
        recheck_leaks(tmp_path)


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"manifest\.json"):
        recheck_leaks(tmp_path / "nowhere")
