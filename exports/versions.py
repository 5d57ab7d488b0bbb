"""Two exports of one dataset: what came, went, changed its output or moved to another split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from curation.errors import WrongUse
from curation.records import Json, Task, canonical_json
from exports.contents import Contents, read_contents
from exports.split import SPLITS
from exports.strata import label_rows, labels_of

ADDED, REMOVED, RELABELLED, MOVED = "added", "removed", "relabelled", "moved"
CHANGES = (ADDED, REMOVED, RELABELLED, MOVED)
UNCHANGED = "unchanged"
_BOTH = f"{RELABELLED}, {MOVED}"

_FIGURES = ("splits", "leaks", "quality", "left_out", "churn", "tokens")
"""Parts of a manifest that were measured; the rest but files and the format of the manifest itself
was chosen, or says where the data come from."""
_NEITHER = ("files", "schema_version", "labels", "columns")


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed from the old export to the new.

    - `counts`: examples that were added, removed, relabelled (other output), moved (other split)
      and unchanged; one that was relabelled and moved counts in both;
    - `changes`: `example_id`, `change` (those words, joined by a comma), `old_split`, `new_split`,
      `old_output`, `new_output`, `text`: a row for each example that is not unchanged;
    - `relabelled`: `old`, `new`, `examples`, most frequent first: the labels; of several labels
      those taken away and those given, as JSON lists. Empty for tasks without labels;
    - `moved`: `old`, `new`, `examples`: from which split to which;
    - `labels`: `label`, `split`, `old`, `new`: examples that have it. Rows alone, with label null,
      for tasks without labels;
    - `figures`, `options`: `name`, `old`, `new` (String, null where a manifest does not say):
      measured figures, and what was chosen, of the manifests. Only options that differ.
    """

    old: Path
    new: Path
    task: Task
    counts: dict[str, int]
    changes: pl.DataFrame
    relabelled: pl.DataFrame
    moved: pl.DataFrame
    labels: pl.DataFrame
    figures: pl.DataFrame
    options: pl.DataFrame

    def as_json(self) -> Json:
        """Everything but the single changes."""
        tables = ("relabelled", "moved", "labels", "figures", "options")
        return {
            "old": str(self.old),
            "new": str(self.new),
            "task": self.task.value,
            "counts": self.counts,
            **{name: getattr(self, name).to_dicts() for name in tables},
        }


def difference(folder_a: Path, folder_b: Path) -> Difference:
    """What changed from the export in `folder_a` to the one in `folder_b`.

    Examples are the same where their ids are, and an id is made of an example's input and the
    output it was imported with: an example whose row was changed in the source file is one removed
    and one added. The formats may differ. Raises WrongUse where a folder is no export or was
    changed, and where the exports are of different tasks.
    """
    old, new = read_contents(folder_a), read_contents(folder_b)
    if old.task is not new.task:
        raise WrongUse(
            f"{folder_a} is a {old.task} export and {folder_b} a {new.task} export.",
            "Compare two exports of one dataset.",
        )
    joined = _joined(old, new)
    changed = pl.col("change").is_in([RELABELLED, _BOTH])
    moved = joined.filter(pl.col("change").is_in([MOVED, _BOTH]))
    return Difference(
        old=folder_a,
        new=folder_b,
        task=old.task,
        counts=_counts(joined["change"]),
        changes=joined.filter(pl.col("change") != UNCHANGED),
        relabelled=_relabelled(joined.filter(changed), old.task),
        moved=_tally(moved.select(old="old_split", new="new_split")),
        labels=_labels(old, new),
        figures=_beside(*(_parts(each.manifest, figures=True) for each in (old, new))),
        options=_beside(_options(old, new), _options(new, old)).filter(
            pl.col("old").ne_missing(pl.col("new"))
        ),
    )


def _joined(old: Contents, new: Contents) -> pl.DataFrame:
    """All examples of both with their `change`, in the order of the old file, then of the new."""
    columns = ("example_id", "split", "output", "text")
    ours, theirs = (each.examples.select(columns).with_row_index("at") for each in (old, new))
    both = ours.join(theirs, on="example_id", how="full", coalesce=True, suffix="_new")
    relabelled = pl.col("output") != pl.col("output_new")
    moved = pl.col("split") != pl.col("split_new")
    change = (
        pl.when(pl.col("at").is_null())
        .then(pl.lit(ADDED))
        .when(pl.col("at_new").is_null())
        .then(pl.lit(REMOVED))
        .when(relabelled & moved)
        .then(pl.lit(_BOTH))
        .when(relabelled)
        .then(pl.lit(RELABELLED))
        .when(moved)
        .then(pl.lit(MOVED))
        .otherwise(pl.lit(UNCHANGED))
    )
    return both.sort("at", "at_new", nulls_last=True).select(
        "example_id",
        change=change,
        old_split="split",
        new_split="split_new",
        old_output="output",
        new_output="output_new",
        text=pl.coalesce("text", "text_new"),
    )


def _counts(change: pl.Series) -> dict[str, int]:
    found = dict(change.value_counts().iter_rows())
    both = found.get(_BOTH, 0)
    counts = {name: found.get(name, 0) for name in (*CHANGES, UNCHANGED)}
    return counts | {RELABELLED: counts[RELABELLED] + both, MOVED: counts[MOVED] + both}


def _tally(pairs: pl.DataFrame) -> pl.DataFrame:
    """How often each pair `old`, `new` occurs, most frequent first."""
    counted = pairs.group_by("old", "new").agg(examples=pl.len().cast(pl.Int64))
    return counted.sort("examples", "old", "new", descending=[True, False, False])


def _relabelled(changed: pl.DataFrame, task: Task) -> pl.DataFrame:
    outputs = changed.select(old="old_output", new="new_output")
    if not task.has_labels:
        return _tally(outputs.clear())
    if task is Task.MULTI_LABEL:
        sides = [
            (set(labels_of(before, task)), set(labels_of(after, task)))
            for before, after in outputs.iter_rows()
        ]
        taken = [canonical_json(sorted(before - after)) for before, after in sides]
        given = [canonical_json(sorted(after - before)) for before, after in sides]
        outputs = pl.DataFrame({"old": taken, "new": given}, outputs.schema)
    return _tally(outputs)


def _labels(old: Contents, new: Contents) -> pl.DataFrame:
    """Examples of each label and split in both exports."""
    keys = ["label", "split"]
    ours, theirs = (
        _rows_by_label(each).group_by(keys).agg(pl.len().cast(pl.Int64).alias(name))
        for name, each in (("old", old), ("new", new))
    )
    return (
        ours.join(theirs, on=keys, how="full", coalesce=True, nulls_equal=True)
        .with_columns(pl.col("old", "new").fill_null(0))
        .sort("label", pl.col("split").cast(pl.Enum(SPLITS)))
        .select("label", "split", "old", "new")
    )


def _rows_by_label(contents: Contents) -> pl.DataFrame:
    rows = contents.examples
    if not contents.task.has_labels:
        return rows.select("split", label=pl.lit(None, pl.String))
    return rows.select("example_id", "split").join(label_rows(rows, contents.task), on="example_id")


def _parts(manifest: Json, *, figures: bool) -> dict[str, str]:
    """The figures of a manifest, or all else that it says of itself, by their path."""
    return {
        name: text
        for part, value in manifest.items()
        if part not in _NEITHER and (part in _FIGURES) == figures
        for name, text in _flat(part, value)
    }


def _options(ours: Contents, others: Contents) -> dict[str, str]:
    """What was chosen, with the labels that the other export does not know."""
    own = [label for label in ours.labels if label not in others.labels]
    return {"labels only here": canonical_json(own)} | _parts(ours.manifest, figures=False)


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """What stands inside a value by its path; lists are one value, and examples no figure."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in ("rows", "labels") or not isinstance(inner, (dict, list)):
                yield from _flat(f"{name}.{key}", inner)
    elif value is not None:
        yield name, value if isinstance(value, str) else canonical_json(value)


def _beside(old: dict[str, str], new: dict[str, str]) -> pl.DataFrame:
    names = list(dict.fromkeys([*old, *new]))
    return pl.DataFrame(
        {"name": names, "old": [old.get(n) for n in names], "new": [new.get(n) for n in names]},
        dict.fromkeys(("name", "old", "new"), pl.String),
    )
