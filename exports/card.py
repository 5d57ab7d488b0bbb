"""`README.md`: the dataset card of an export, as the Hugging Face Hub and people read it.

Made from the manifest alone. The YAML before the text is that of
https://huggingface.co/docs/hub/datasets-cards, and tells `datasets.load_dataset` how to read the
folder.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from curation.records import Json, Task
from exports.certificate import CERTIFICATE, leak_sentences
from exports.croissant import CROISSANT
from exports.formats import Format
from exports.formats.beside import FOLD, WEIGHT
from exports.loading import loading, reading_options
from exports.manifest import written_as
from exports.markup import one_line, paragraphs, plain, yaml
from exports.split import SPLITS

CARD = "README.md"
_MOST_LABELS = 150
_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))
_MANY = ((10**7, "1M<n<10M"), (10**8, "10M<n<100M"), (10**9, "100M<n<1B"))
_LICENCES = """
    afl-3.0 agpl-3.0 apache-2.0 artistic-2.0 bsd bsd-2-clause bsd-3-clause bsl-1.0 c-uda cc
    cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0
    cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0
    cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0 cdla-permissive-2.0 cdla-sharing-1.0 ecl-2.0 epl-1.0
    epl-2.0 eupl-1.1 eupl-1.2 gfdl gpl gpl-2.0 gpl-3.0 isc lgpl lgpl-2.1 lgpl-3.0 mit mpl-2.0 ms-pl
    ncsa odbl odc-by ofl-1.1 osl-3.0 pddl postgresql unknown unlicense wtfpl zlib
"""
"""What the Hub knows by name (huggingface.co/docs/hub/repositories-licenses)."""

_SOURCES = (
    f"`manifest.json` holds every number of this page, `{CERTIFICATE}` those of the leaks, and "
    f"`{CROISSANT}` describes the files for machines. `tamis verify FOLDER` checks them against "
    "the files."
)


def card(document: Json) -> str:
    """The card of a manifest: YAML, then Markdown; LF line ends.

    Names, labels, licence and description are anybody's text and appear as text. Raises WrongUse
    for a format that is unknown or does not serve the task.
    """
    form = written_as(document)
    sections = [
        *_head(document),
        *_splits(document, form),
        *_labels(document),
        *_curation(document),
        *_quality(document),
        *_leaks(document),
        *loading(document, form),
        *_limits(document),
        *_licence(document),
        "## Where the numbers come from",
        _SOURCES,
    ]
    return f"---\n{yaml(front_matter(document, form))}\n---\n\n" + "\n\n".join(sections) + "\n"


def front_matter(document: Json, form: Format) -> Json:
    """What the Hub reads: licence, languages, task, size, and which file is which split."""
    task = Task(document["task"])
    languages = document.get("languages")
    return {
        **_licence_keys(document["options"]["licence"]),
        **({"language": languages} if languages else {}),
        "pretty_name": one_line(document["source"]["dataset"]),
        "task_categories": ["text-classification" if task.has_labels else "text-generation"],
        "size_categories": [_size(sum(_rows(document).values()))],
        "tags": ["tamis", task.value],
        "configs": [{"config_name": _config_name(document, form), **_read_as(document, form)}],
        **_features(document, form, task),
    }


def _rows(document: Json) -> dict[str, int]:
    rows = {split: document["splits"][split]["rows"] for split in SPLITS}
    return {split: count for split, count in rows.items() if count}


def _config_name(document: Json, form: Format) -> str:
    """A name that changes with the rows.

    `datasets` caches a local folder by its own name and that of its configuration, whatever is in
    it: under one name a second export to a folder of the same name would not be read.
    """
    files = document["files"]
    hashes = [files[form.target.file(split)]["sha256"] for split in _rows(document)]
    return f"tamis-{hashlib.sha256(''.join(hashes).encode()).hexdigest()[:8]}"


def _read_as(document: Json, form: Format) -> Json:
    files = [{"split": split, "path": form.target.file(split)} for split in _rows(document)]
    return {"data_files": files, **reading_options(form)}


def _features(document: Json, form: Format, task: Task) -> Json:
    """Column types where every value has one that the files, or their reader, cannot tell.

    `datasets` heeds them only where they name the configuration. Cards of exports that do not say
    which `columns` they have were written before that was known, and stay as they are.
    """
    if form.target.file("train").endswith(".csv"):
        columns = [{"name": key, "dtype": "string"} for key in form.keys(task)]
        types = {FOLD: "string", WEIGHT: "float64"}  # an empty cell is no number
    elif form.shape.types is not None:
        columns = [_feature(column.name, column.type) for column in form.shape.types(task)]
        types = {FOLD: "int64", WEIGHT: "float64"}
    else:
        return {}
    columns += [{"name": name, "dtype": types[name]} for name in form.beside]
    name = {"config_name": _config_name(document, form)} if "columns" in document else {}
    return {"dataset_info": {**name, "features": columns}}


def _feature(name: str, kind: Any) -> Json:
    """A column as `datasets` spells it: texts, lists of texts, lists of objects of texts."""
    inner = getattr(kind, "value_type", None)
    if inner is None:
        return {"name": name, "dtype": "string"}
    parts = [_feature(part.name, part.type) for part in getattr(inner, "fields", ())]
    return {"name": name, "list": parts or "string"}


def _size(rows: int) -> str:
    return next((name for limit, name in (*_SIZES, *_MANY) if rows < limit), "n>1B")


def _licence_keys(licence: str) -> Json:
    name = licence.strip().lower()
    if not name:
        return {"license": "unknown"}
    if name in _LICENCES.split():
        return {"license": name}
    identifier = re.sub(r"[^a-z0-9.]+", "-", name).strip("-")
    return {"license": "other", "license_name": identifier or "other"}


def _head(document: Json) -> Iterator[str]:
    yield f"# {plain(document['source']['dataset']) or 'Dataset'}"
    if description := paragraphs(document["options"]["description"]):
        yield description
    rows = _rows(document)
    yield (
        f"{sum(rows.values()):,} examples of a {document['task']} dataset, curated and exported "
        f"with Tamis {plain(document['source']['tool_version'])}."
    )


def _table(head: list[str], rows: list[list[str]]) -> str:
    rule = ["---"] * len(head)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def _splits(document: Json, form: Format) -> Iterator[str]:
    yield "## Splits"
    rows = []
    for split in _rows(document):
        facts, name = document["splits"][split], form.target.file(split)
        numbers = (facts["rows"], facts["groups"], facts["verified"])
        size = document["files"][name]["bytes"]
        rows.append([split, f"`{name}`", *(f"{number:,}" for number in numbers), f"{size:,}"])
    yield _table(["split", "file", "rows", "groups", "reviewed", "bytes"], rows)
    yield (
        "A group holds near-duplicates and stands in one split. *Reviewed* rows were kept, "
        "relabelled or edited by a person; the others are as they were imported."
    )


def _labels(document: Json) -> Iterator[str]:
    if not document["labels"]:
        return
    splits = list(_rows(document))
    counts = {
        label: [document["splits"][split]["labels"].get(label, 0) for split in splits]
        for label in document["labels"]
    }
    order = sorted(counts, key=lambda label: (-sum(counts[label]), label))
    yield f"## Labels\n\n{len(order):,} labels, by number of rows."
    shown = [
        [plain(label) or "(blank)", *(f"{n:,}" for n in counts[label])]
        for label in order[:_MOST_LABELS]
    ]
    yield _table(["label", *splits], shown)
    if rest := order[_MOST_LABELS:]:
        rows = sum(sum(counts[label]) for label in rest)
        yield f"And {len(rest):,} more labels with {rows:,} rows; `manifest.json` lists them all."


def _curation(document: Json) -> Iterator[str]:
    yield "## How it was curated"
    points = []
    if quality := document["quality"]:
        excluded, corrected = quality["excluded"], quality["corrected"]
        points += [
            f"{quality['examples']:,} examples were imported.",
            f"{excluded['as_duplicates']:,} were excluded as duplicates.",
            f"{excluded['in_review']:,} were excluded in the review.",
            f"{quality['reviewed']['count']:,} were reviewed by a person.",
            f"{corrected['count']:,} of these have another output than the one imported.",
        ]
        points += [
            f"Flagged as *{plain(kind)}*: {flags['flagged']:,}, of which {flags['open']:,} are "
            "still open."
            for kind, flags in sorted(quality["flags"].items())
        ]
    left_out = sorted(document["left_out"]["counts"].items())
    points += [f"Left out, {plain(reason)}: {count:,}." for reason, count in left_out]
    yield "\n".join(f"- {point}" for point in points) or "Nothing was recorded."


def _quality(document: Json) -> Iterator[str]:
    yield "## Quality"
    quality = document["quality"]
    if not quality:
        yield "No figures were recorded."
        return
    audit, agreement = quality["audit"], quality["agreement"]
    points = [
        f"Of the reviewed examples, {_estimate(quality['corrected'])} were corrected. What is "
        "reviewed first is what looks wrong, so this is no estimate for the rest."
        if quality["corrected"]["of"]
        else "Nobody has reviewed an example.",
        f"Two people agree in {_estimate(agreement)} of the comparisons{_kappa(agreement)}."
        if agreement["of"]
        else "No two people decided on the same example, so nothing is known of agreement.",
        f"On {quality['disputed']:,} examples the latest verdicts of two people differ.",
        f"In a random sample that was checked, {_estimate(audit)} were wrong."
        if audit
        else "No random sample was audited, so the share of wrong outputs is not known.",
    ]
    yield "\n".join(f"- {point}" for point in points)


def _estimate(found: Json) -> str:
    low, high = found["interval"]
    return (
        f"{found['count']:,} of {found['of']:,} ({found['share']:.1%}, 95% interval {low:.1%} to "
        f"{high:.1%})"
    )


def _kappa(agreement: Json) -> str:
    kappa = agreement["kappa"]
    return "" if kappa is None else f"; corrected for chance (Cohen's kappa) that is {kappa:.2f}"


def _leaks(document: Json) -> Iterator[str]:
    yield "## Leaks between the splits"
    leaks = document["leaks"]
    if leaks is None:
        yield "Near-duplicates were not searched for, so nothing is known of leaks."
        return
    yield "\n".join(f"- {point}" for point in leak_sentences(leaks))


def _limits(document: Json) -> Iterator[str]:
    yield "## Known limits"
    rows = _rows(document)
    unreviewed = sum(rows.values()) - sum(document["splits"][name]["verified"] for name in rows)
    points = []
    if unreviewed:
        points.append(f"{unreviewed:,} rows were reviewed by nobody.")
    if "test" in rows and (unseen := rows["test"] - document["splits"]["test"]["verified"]):
        points.append(
            f"{unseen:,} of the rows that nobody reviewed are in test: results on them carry their "
            "errors."
        )
    if document["leaks"]:
        points.append(
            "Similarity is that of text embeddings: a translation, or the same fact in quite other "
            "words, may stand in two splits unseen."
        )
    for split in rows:
        held = document["splits"][split]["labels"]
        if missing := sum(not held.get(label) for label in document["labels"]):
            points.append(f"{missing:,} labels have no row in {split}.")
    points.append("Whether the texts hold personal data is not said here.")
    yield "\n".join(f"- {point}" for point in points)


def _licence(document: Json) -> Iterator[str]:
    yield "## Licence"
    licence = plain(document["options"]["licence"])
    yield licence or "None was given: ask the owner before using the data."
