"""Check an export folder with nothing but what lies in it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from operator import itemgetter
from pathlib import Path

from curation.errors import TamisError
from curation.records import Json, Task
from exports.bundle import files_in
from exports.described import described
from exports.formats import Format
from exports.formats.beside import placed_as
from exports.formats.containers import Line, parse, read, split_lines
from exports.manifest import ASSIGNMENT, LEFT_OUT, MANIFEST, SCHEMA_VERSION, file_facts, written_as
from exports.manifest_schema import check_manifest
from exports.split import SPLITS


def verify_export(folder: Path) -> list[str]:
    """What is wrong with an export, in words; empty where all is well.

    Checked: the shape of the manifest; size and SHA-256 of every file; that card, certificate and
    Croissant say what the manifest says; that each line is a record that trainers can use; that
    counts, files and assignment agree; that no example, group of near-duplicates or identical line
    is in two splits; and that the manifest knows of no near-duplicate across splits. Whether there
    are any in truth is `recheck_leaks`'s to say.
    """
    if not (folder / MANIFEST).is_file():
        return [f"{folder} is not an export: there is no {MANIFEST} in it"]
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["schema_version"] != SCHEMA_VERSION:
            return [f"{MANIFEST} is of version {manifest['schema_version']}, not {SCHEMA_VERSION}"]
        if found := check_manifest(manifest):
            return [f"{MANIFEST} at {problem}" for problem in found]
        task = Task(manifest["task"])
        form = written_as(manifest)
        described_as = described(manifest)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, TamisError) as error:
        return [f"{MANIFEST} cannot be read: {type(error).__name__}: {error}"]
    counts = {split: int(manifest["splits"][split]["rows"]) for split in SPLITS}
    names = {split: form.target.file(split) for split in SPLITS}
    needed = {ASSIGNMENT, LEFT_OUT, *(names[split] for split in SPLITS if counts[split])}
    found = _check_files(folder, manifest["files"], needed | set(described_as))
    found += _check_documents(folder, described_as)
    found += _check_left_out(folder / LEFT_OUT, manifest["left_out"]["counts"])
    lines = {names[split]: read(folder / names[split], form, task) for split in SPLITS}
    for split, name in names.items():
        if len(lines[name]) != counts[split]:
            found.append(
                f"{name} has {len(lines[name])} lines where {MANIFEST} says {counts[split]}"
            )
        found += _check_lines(name, lines[name], form, task)
    found += _check_repeats(lines)
    entries = _lines_of(folder / ASSIGNMENT)
    found += _check_assignment(entries, counts) or _check_columns(entries, names, lines)
    leaks = (manifest["leaks"] or {}).get("pairs_above_threshold_across_splits", 0)
    return [*found, f"{leaks} pairs of near-duplicates lie across splits"] if leaks else found


def _check_files(folder: Path, files: dict[str, Json], needed: set[str]) -> list[str]:
    found = [f"{MANIFEST} does not list {name}" for name in sorted(needed - set(files))]
    there = set(files_in(folder))
    found += [f"{name} is not part of the export" for name in sorted(there - set(files))]
    for name in sorted(files):
        path = folder / name
        if path.is_symlink() or not path.is_file():
            found.append(f"{name} is missing")
        elif file_facts(path) != files[name]:
            found.append(f"{name} has been changed: its size or SHA-256 differs from {MANIFEST}")
    return found


def _check_documents(folder: Path, described_as: dict[str, str]) -> list[str]:
    return [
        f"{name} does not say what {MANIFEST} says"
        for name, text in sorted(described_as.items())
        if (folder / name).is_file() and (folder / name).read_bytes() != text.encode()
    ]


def _check_left_out(path: Path, counts: dict[str, int]) -> list[str]:
    try:
        rows = Counter(str(parse(line)["reason"]) for line in _lines_of(path))
    except (ValueError, KeyError, RecursionError) as error:
        return [f"{LEFT_OUT} cannot be read: {error}"]
    return [
        f"{LEFT_OUT} has {rows[reason]:,} examples with the reason {reason!r}, {MANIFEST} "
        f"{counts.get(reason, 0):,}"
        for reason in sorted({*rows, *counts})
        if rows[reason] != counts.get(reason, 0)
    ]


def _lines_of(path: Path) -> list[bytes]:
    return split_lines(path.read_bytes()) if path.is_file() else []


def _check_lines(name: str, lines: list[Line], form: Format, task: Task) -> list[str]:
    found = []
    for number, line in enumerate(lines, start=1):
        if isinstance(line.record, str):
            reasons = [line.record]
        else:
            try:
                reasons = form.problems(line.record, task)
            except RecursionError as error:
                reasons = [f"not a JSON record ({error})"]
        found += [f"{name}, line {number}: {reason}" for reason in reasons]
    return found


def _check_columns(
    entries: list[bytes], names: dict[str, str], lines: dict[str, list[Line]]
) -> list[str]:
    """Whether the columns beside the records say what the assignment says."""
    placed: dict[str, list[Json]] = defaultdict(list)
    for entry in filter(itemgetter("exported"), map(parse, entries)):
        placed[entry["split"]].append(entry)
    return [
        f"{name}, line {number}: the {column} is {value!r:.40}, in {ASSIGNMENT} "
        f"{entry.get(column)!r:.40}"
        for split, name in names.items()
        for number, (line, entry) in enumerate(zip(lines[name], placed[split], strict=False), 1)
        for column, value in line.beside.items()
        if value != placed_as(column, entry.get(column))
    ]


def _check_repeats(lines: dict[str, list[Line]]) -> list[str]:
    first: dict[bytes, str] = {}
    found = []
    for name, rows in lines.items():
        for number, line in enumerate(rows, start=1):
            if first.setdefault(line.raw, name) != name:
                found.append(f"{name}, line {number} is also in {first[line.raw]}")
    return found


def _check_assignment(lines: list[bytes], counts: dict[str, int]) -> list[str]:
    splits: dict[str, set[str]] = defaultdict(set)
    ids: Counter[str] = Counter()
    exported: Counter[str] = Counter()
    try:
        for entry in map(parse, lines):
            ids[str(entry["example_id"])] += 1
            exported[str(entry["split"])] += bool(entry["exported"])
            if entry["group"] is not None:
                splits[str(entry["group"])].add(str(entry["split"]))
    except (ValueError, KeyError, RecursionError) as error:
        return [f"{ASSIGNMENT} cannot be read: {error}"]
    found = [f"{ASSIGNMENT} names the example {name} twice" for name, n in ids.items() if n > 1]
    for group, places in sorted(splits.items()):
        if len(places) > 1:
            found.append(f"the group {group} lies across {' and '.join(sorted(places))}")
    return found + [
        f"{ASSIGNMENT} puts {exported[split]} examples in {split}, {MANIFEST} {counts[split]}"
        for split in SPLITS
        if exported[split] != counts[split]
    ]
