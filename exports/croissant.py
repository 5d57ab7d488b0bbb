"""`croissant.json`: what the files of an export hold, in the words of MLCommons Croissant 1.1.

The format is described at https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html. Made
from the manifest alone. It has no date, creator or address, which the specification wants as well:
only whoever publishes the export knows them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import polars as pl

from curation.errors import WrongUse
from curation.records import Json, Task, canonical_json, encode_output
from exports.formats import Format
from exports.formats.beside import SAMPLE
from exports.manifest import written_as
from exports.options import ExportOptions
from exports.split import SPLITS

CROISSANT = "croissant.json"
_VERSION = "http://mlcommons.org/croissant/1.1"
_ENCODINGS = {
    ".jsonl": "application/jsonlines",
    ".csv": "text/csv",
    ".parquet": "application/x-parquet",
}
_TYPES = {str: "sc:Text", bool: "sc:Boolean", int: "sc:Integer", float: "sc:Float"}

_CONTEXT: Json = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    **{
        term: f"cr:{term}"
        for term in (
            *("arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract"),
            *("field", "fileObject", "fileProperty", "fileSet", "format", "includes", "isArray"),
            *("isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet"),
            *("references", "regex", "repeated", "replace", "samplingRate", "separator", "source"),
            *("subField", "transform"),
        )
    },
}


def croissant(document: Json) -> Json:
    """The JSON-LD document that describes the files of a manifest.

    Each split is a FileObject with its SHA-256 and a RecordSet of its name, whose fields are the
    keys that every record has. A file with a byte-order mark has no RecordSet where it is JSON
    lines, because Croissant's readers cannot read that. Raises WrongUse for an unknown format and
    for a prompt template that it cannot hold, KeyError where `files` lacks the file of a split.
    """
    task = Task(document["task"])
    form = written_as(document)
    filled = [split for split in SPLITS if document["splits"][split]["rows"]]
    sample = _sample(document, replace(form, beside=()), task)
    sample |= {name: SAMPLE[name] for name in form.beside}
    names = {split: form.target.file(split) for split in filled}
    options = document["options"]
    optional = {
        "license": options["licence"],
        "inLanguage": document.get("languages"),
    }
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": _VERSION,
        "name": document["source"]["dataset"],
        "description": options["description"] or f"A {task} dataset, exported by Tamis.",
        "version": f"0.{document['source']['decision']}.0",
        **{key: value for key, value in optional.items() if value},
        "distribution": [_file(names[split], document["files"]) for split in filled],
        "recordSet": [
            _record_set(split, names[split], document["splits"][split]["rows"], sample)
            for split in filled
            if not (form.target.bom and names[split].endswith(".jsonl"))
        ],
    }


def _file(name: str, files: Json) -> Json:
    suffix = name[name.rindex(".") :]
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{files[name]['bytes']} B",
        "encodingFormat": _ENCODINGS[suffix],
        "sha256": files[name]["sha256"],
    }


def _record_set(split: str, name: str, rows: int, sample: Json) -> Json:
    return {
        "@type": "cr:RecordSet",
        "@id": split,
        "name": split,
        "description": f"The {rows} records of the {split} split.",
        "field": [_field(split, key, value, name) for key, value in sample.items()],
    }


def _field(split: str, key: str, value: Any, file: str) -> Json:
    """The field of a key, of which `value` is a sample; one with parts where it holds objects.

    Croissant's readers follow JSON paths one after the other, each into every element of a list.
    """
    field: Json = {"@type": "cr:Field", "@id": f"{split}/{key}", "name": f"{split}/{key}"}
    source = {"fileObject": {"@id": file}, "extract": {"column": key}}
    if not isinstance(value, dict) and not _is_objects(value):
        return {**field, **_typed(value), "source": source}
    if isinstance(value, list):
        field |= _array(1)
    parts = []
    for label, paths, sample in _parts(value):
        name = f"{field['@id']}/{label}"
        steps = [{"jsonPath": path} for path in paths]
        parts.append(
            {
                "@type": "cr:Field",
                "@id": name,
                "name": name,
                **_typed(sample),
                "source": {**source, "transform": steps},
            }
        )
    return {**field, "subField": parts}


def _parts(value: Any) -> Iterator[tuple[str, list[str], Any]]:
    """Label, JSON paths and sample of all that an object, or each object of a list, holds."""
    if isinstance(value, list):
        yield from ((label, [path], sample) for label, path, sample in _within(value))
        return
    for key, inner in value.items():
        if _is_objects(inner):
            for label, path, sample in _within(inner):
                yield f"{key}/{label}", [key, path], [sample]
        else:
            yield key, [key], inner


def _within(objects: list[Json]) -> Iterator[tuple[str, str, Any]]:
    """Label, JSON path and sample of all that any of the objects holds.

    A list of objects in an object has one element in our formats: a block of text.
    """
    for key, value in {key: value for each in objects for key, value in each.items()}.items():
        if _is_objects(value):
            inner = _within(value)
            yield from ((f"{key}/{label}", f"{key}.[0].{path}", it) for label, path, it in inner)
        else:
            yield key, key, value


def _is_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _typed(sample: Any) -> Json:
    """The data type of a value, or of what a list holds; text where the list is empty."""
    depth = 0
    while isinstance(sample, list):
        depth, sample = depth + 1, sample[0] if sample else ""
    return {"dataType": _TYPES[type(sample)], **(_array(depth) if depth else {})}


def _array(depth: int) -> Json:
    return {"isArray": True, "arrayShape": ",".join(["-1"] * depth)}


def _sample(document: Json, form: Format, task: Task) -> Json:
    """A record as the export holds them, of made-up examples: what stands under each key.

    Keys that a record may lack are left out for chats, whose turns are the user's own.
    """
    template = ExportOptions.from_json(document["options"]).template
    for rows in map(_made_up, (task, task), (2, 1)):
        for record, wrong in form.examples(rows, task, ["a"], template):
            if not wrong:
                optional = form.shape.optional if task is Task.CHAT else ()
                return {key: value for key, value in record.items() if key not in optional}
    raise WrongUse(f"The format {form.name} cannot hold an example with this prompt template.")


def _made_up(task: Task, exchanges: int) -> pl.DataFrame:
    """One example; the conversation of a chat has so many questions, and weights."""
    output = {Task.MULTI_LABEL: ["a"], Task.EXTRACTION: {}}.get(task, "a")
    question, answer = {"role": "user", "content": "a"}, {"role": "assistant", "content": "a"}
    turns = [question, {**answer, "weight": 1}] * (exchanges - 1) + [question]
    row = {
        "text": "a",
        "output": encode_output(task, output),
        "messages": canonical_json(turns) if task is Task.CHAT else None,
        "rejected": '{"b":1}' if task is Task.EXTRACTION else "b",
        "approved": True,
    }
    return pl.DataFrame([row], schema_overrides={"messages": pl.String})
