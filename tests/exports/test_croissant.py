"""The Croissant document names every file and every key; how it is read is tried by its reader."""

from __future__ import annotations

import json

import pytest

from curation.errors import WrongUse
from curation.records import Json, Task
from exports.croissant import croissant
from exports.described import described
from exports.formats import find_format, fitting
from tests.exports.manifests import HASH, manifest


def keys(field: Json) -> list[str]:
    """Names of a field's leaves, below the split."""
    inner = [name for part in field.get("subField", []) for name in keys(part)]
    return inner or [field["@id"].split("/", 1)[1]]


def test_files_are_named_with_their_hash() -> None:
    found = croissant(manifest())
    assert [file["@id"] for file in found["distribution"]] == ["train.jsonl", "test.jsonl"]
    assert found["distribution"][0] == {
        "@type": "cr:FileObject",
        "@id": "train.jsonl",
        "name": "train.jsonl",
        "contentUrl": "train.jsonl",
        "contentSize": "1234 B",
        "encodingFormat": "application/jsonlines",
        "sha256": HASH,
    }


def test_a_split_is_a_record_set_with_the_keys_of_the_format() -> None:
    found = croissant(manifest())
    assert [each["@id"] for each in found["recordSet"]] == ["train", "test"]
    assert found["recordSet"][1]["field"][0] == {
        "@type": "cr:Field",
        "@id": "test/text",
        "name": "test/text",
        "dataType": "sc:Text",
        "source": {"fileObject": {"@id": "test.jsonl"}, "extract": {"column": "text"}},
    }


@pytest.mark.parametrize("task", list(Task))
def test_every_key_of_every_format_has_a_field(task: Task) -> None:
    for name in fitting(task, ["rejected", "approved"]):
        form = find_format(name, task)
        for record_set in croissant(manifest(task, name))["recordSet"]:
            fields = {field["@id"].split("/")[1] for field in record_set["field"]}
            assert set(form.keys(task)) - set(form.shape.optional) <= fields <= set(form.keys(task))


def test_turns_have_parts_each_with_its_path() -> None:
    [messages] = croissant(manifest(Task.CHAT, "openai-chat"))["recordSet"][0]["field"]
    assert keys(messages) == ["messages/role", "messages/content", "messages/weight"]
    assert messages["isArray"]
    [contents] = croissant(manifest(Task.CHAT, "vertex-gemini"))["recordSet"][0]["field"]
    assert keys(contents) == ["contents/role", "contents/parts/text"]
    assert contents["subField"][1]["source"]["transform"] == [{"jsonPath": "parts.[0].text"}]
    given = croissant(manifest(Task.CHAT, "openai-preference"))["recordSet"][0]["field"][0]
    assert given["subField"][0]["source"]["transform"] == [
        {"jsonPath": "messages"},
        {"jsonPath": "role"},
    ]


def test_a_template_of_the_user_is_taken_into_account() -> None:
    plain = manifest(Task.EXTRACTION, "vertex-gemini")
    template = {"user": "{input}", "system": "Extract."}
    told = manifest(Task.EXTRACTION, "vertex-gemini", template=template)
    assert len(croissant(plain)["recordSet"][0]["field"]) == 1
    assert len(croissant(told)["recordSet"][0]["field"]) == 2


def test_a_template_that_the_format_cannot_hold_is_refused() -> None:
    template = {"user": "User: {input}", "system": ""}
    with pytest.raises(WrongUse, match="bedrock-nova"):
        croissant(manifest(Task.EXTRACTION, "bedrock-nova", template=template))


def test_json_lines_with_a_byte_order_mark_are_files_without_fields() -> None:
    found = croissant(manifest(file_format="azure-chat"))
    assert len(found["distribution"]) == 2
    assert found["recordSet"] == []


def test_what_nobody_said_is_not_there() -> None:
    bare = croissant(manifest(licence="", description=""))
    assert "license" not in bare
    assert "inLanguage" not in bare
    assert bare["description"] == "A single-label dataset, exported by Tamis."
    assert croissant(manifest())["license"] == "cc-by-4.0"


def test_files_that_describe_an_export_follow_from_its_manifest() -> None:
    document = manifest()
    found = described(document)
    assert sorted(found) == ["README.md", "certificate.json", "croissant.json"]
    stored = json.loads(json.dumps(document, sort_keys=True))
    stored["files"] |= {name: {"bytes": 1, "sha256": HASH} for name in found}
    assert described(stored) == found
    assert sorted(described(manifest(leaks=None))) == ["README.md", "croissant.json"]
