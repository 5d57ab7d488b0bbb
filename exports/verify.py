"""Check an export folder with nothing but what lies in it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from curation.errors import TamisError
from curation.records import Json, Task
from exports.formats import Format, find_format
from exports.manifest import ASSIGNMENT, MANIFEST, SCHEMA_VERSION, file_facts
from exports.split import SPLITS
from exports.validate import problems


def verify_export(folder: Path) -> list[str]:
    """What is wrong with an export, in words; empty where all is well.

    Checked: size and SHA-256 of every file; that each line is a record that trainers can use; that
    counts, files and assignment agree; that no example, group of near-duplicates or identical line
    is in two splits; and that the manifest knows of no near-duplicate across splits.
    """
    if not (folder / MANIFEST).is_file():
        return [f"{folder} is not an export: there is no {MANIFEST} in it"]
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["schema_version"] != SCHEMA_VERSION:
            return [f"{MANIFEST} is of version {manifest['schema_version']}, not {SCHEMA_VERSION}"]
        task = Task(manifest["task"])
        form = find_format(manifest["format"], task)
        counts = {split: int(manifest["splits"][split]["rows"]) for split in SPLITS}
        files = {str(name): dict(facts) for name, facts in manifest["files"].items()}
        leaks = (manifest["leaks"] or {}).get("pairs_above_threshold_across_splits", 0)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, TamisError) as error:
        return [f"{MANIFEST} cannot be read: {type(error).__name__}: {error}"]
    expected = {ASSIGNMENT, *(f"{split}.jsonl" for split in SPLITS if counts[split])}
    found = _check_files(folder, files, expected)
    lines = {split: _read_lines(folder / f"{split}.jsonl") for split in SPLITS}
    for split in SPLITS:
        if len(lines[split]) != counts[split]:
            found.append(
                f"{split}.jsonl has {len(lines[split])} lines where {MANIFEST} says {counts[split]}"
            )
        found += _check_lines(f"{split}.jsonl", lines[split], form, task)
    found += _check_repeats(lines)
    found += _check_assignment(_read_lines(folder / ASSIGNMENT), counts)
    return [*found, f"{leaks} pairs of near-duplicates lie across splits"] if leaks else found


def _check_files(folder: Path, files: dict[str, Json], expected: set[str]) -> list[str]:
    found = [f"{MANIFEST} does not list {name}" for name in sorted(expected - set(files))]
    there = {path.name for path in folder.iterdir()} - {MANIFEST}
    found += [f"{name} is not part of the export" for name in sorted(there - set(files))]
    found += [f"{MANIFEST} lists the unknown file {name}" for name in sorted(set(files) - expected)]
    for name in sorted(expected & set(files)):
        path = folder / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif file_facts(path) != files[name]:
            found.append(f"{name} has been changed: its size or SHA-256 differs from {MANIFEST}")
    return found


def _read_lines(path: Path) -> list[bytes]:
    if not path.is_file():
        return []
    lines = path.read_bytes().split(b"\n")
    return lines if lines[-1] else lines[:-1]


def _once(pairs: Iterable[tuple[str, Any]]) -> Json:
    pairs = list(pairs)
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key occurs twice")
    return dict(pairs)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _parse(line: bytes) -> Json:
    """The JSON object of a line; raises ValueError where it is anything else."""
    value = json.loads(line.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one kind of error for all bad lines
    return value


def _check_lines(name: str, lines: list[bytes], form: Format, task: Task) -> list[str]:
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            reasons = problems(_parse(line), form, task)
        except (ValueError, RecursionError) as error:
            reasons = [f"not a JSON record ({error})"]
        found += [f"{name}, line {number}: {reason}" for reason in reasons]
    return found


def _check_repeats(lines: dict[str, list[bytes]]) -> list[str]:
    first: dict[bytes, str] = {}
    found = []
    for split, rows in lines.items():
        for number, line in enumerate(rows, start=1):
            if first.setdefault(line, split) != split:
                found.append(f"{split}.jsonl, line {number} is also in {first[line]}.jsonl")
    return found


def _check_assignment(lines: list[bytes], counts: dict[str, int]) -> list[str]:
    splits: dict[str, set[str]] = defaultdict(set)
    ids: Counter[str] = Counter()
    exported: Counter[str] = Counter()
    try:
        for entry in map(_parse, lines):
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
