"""Write an export folder, whole or not at all.

A folder holds one file per split, named as the format's target wants it (`train.jsonl`,
`validation.jsonl`, `test.jsonl` unless it says otherwise), what else the target reads
(`dataset_info.json`, `README.md`), `assignment.jsonl` (which example stands in which split; its
n-th exported entry of a split is that file's n-th record) and `manifest.json`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from curation.errors import NothingToExport, WrongUse
from curation.records import Json, Task
from exports import manifest
from exports.folder import new_folder, refuse_taken
from exports.formats import Format, PromptTemplate, find_format
from exports.formats.base import About
from exports.formats.containers import json_line, open_text, open_writer
from exports.manifest import ASSIGNMENT, MANIFEST, NEAR_TEST, NO_OUTPUT, UNUSABLE
from exports.split import (
    ASSIGNMENT_SCHEMA,
    HELD_OUT,
    SPLITS,
    SplitFractions,
    assign_splits,
    keyed_hash,
)
from exports.validate import label_problems

_SHARE_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What was written.

    `counts`: rows per split. `left_out`: `example_id`, `reason`, `detail`. `assignment`:
    `example_id`, `split`, to be given as `frozen` to the next export. `notes`: in words, limits of
    the format's target that the files do not keep.
    """

    export_id: str
    folder: Path
    files: tuple[Path, ...]
    counts: dict[str, int]
    manifest: Json
    left_out: pl.DataFrame
    assignment: pl.DataFrame
    notes: tuple[str, ...] = ()


def write_export(
    rows: pl.DataFrame,
    task: Task,
    labels: Sequence[str],
    file_format: str,
    out: Path,
    *,
    fractions: SplitFractions,
    seed: int,
    frozen: pl.DataFrame | None,
    pairs: pl.DataFrame | None,
    threshold: float,
    facts: Json,
    left_out: pl.DataFrame | None = None,
    template: PromptTemplate | None = None,
) -> ExportResult:
    """Split, check and write the examples in `rows` to the new folder `out`.

    `rows` has one row per example: `example_id`, `text`, `group` (String), `output` (String|null),
    `messages` (String|null, JSON turns), `verified` (Boolean); where a format needs them also
    `rejected` (String|null, a worse answer) and `approved` (Boolean|null, whether the output is
    good). `labels` is the label set of tasks that have one. `template` are the words around text
    and answer, the task's own where it is None. `frozen` is an earlier `read_assignment`; for
    `pairs` and `threshold` see `leak_summary`, for `facts` see `manifest.source`. `left_out`
    (LEFT_OUT_SCHEMA) lists the examples that the caller has set aside.

    The folder appears at once and complete; its bytes depend on the arguments alone, not on the
    order of the rows. Rows that trainers could not use are left out and listed with the reason.

    Raises WrongUse for an unsuitable format or template, a taken folder or a split that stays
    empty, NothingToExport where no row is left, TamisError where the disk refuses.
    """
    form = find_format(file_format, task)
    form.refuse_missing(rows)
    refuse_taken(out)
    document: Json = {
        "schema_version": manifest.SCHEMA_VERSION,
        "source": manifest.source(facts, rows),
        "task": task.value,
        "format": form.name,
        "labels": list(labels),
        "fractions": asdict(fractions),
        "seed": seed,
        **({"template": asdict(template)} if template else {}),
    }
    plan = _plan(rows, task, fractions, seed, frozen)
    with new_folder(out) as folder:
        written, unusable = _write_rows(plan, form, task, labels, template, folder)
        _refuse_emptied(written, unusable, fractions)
        assignment = _write_assignment(folder / ASSIGNMENT, plan, written, frozen)
        gone = _gone(rows, plan, unusable, left_out)
        document["splits"] = manifest.count_splits(written, rows, task)
        document["leaks"] = manifest.leak_summary(written, pairs, threshold)
        document["left_out"] = manifest.left_out_summary(gone)
        _write_side_files(form, manifest.about(document), folder)
        names = sorted(path.name for path in folder.iterdir())
        document["files"] = {name: manifest.file_facts(folder / name) for name in names}
        pretty = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        (folder / MANIFEST).write_text(pretty + "\n", encoding="utf-8", newline="\n")
    return ExportResult(
        export_id=uuid.uuid4().hex,
        folder=out,
        files=tuple(out / name for name in (*names, MANIFEST)),
        counts={split: document["splits"][split]["rows"] for split in SPLITS},
        manifest=document,
        left_out=gone,
        assignment=assignment,
        notes=tuple(_missed_limits(form, document)),
    )


def missed_shares(document: Json) -> list[str]:
    """In words: splits of a manifest whose share is over two points off what was asked for."""
    rows = {split: document["splits"][split]["rows"] for split in SPLITS}
    total = max(1, sum(rows.values()))
    shares = {split: (rows[split] / total, document["fractions"][split]) for split in SPLITS}
    return [
        f"{split} has {got:.1%} of the rows where {asked:.1%} were asked for: groups of "
        "near-duplicates stay whole, and test examples of earlier exports stay in test."
        for split, (got, asked) in shares.items()
        if abs(got - asked) > _SHARE_TOLERANCE
    ]


def read_assignment(folder: Path) -> pl.DataFrame:
    """`example_id`, `split` (String) of an earlier export, to be given as `frozen` to the next.

    It also remembers examples that were absent from that export but had a place before. Raises
    WrongUse where the folder is not an export.
    """
    try:
        lines = (folder / ASSIGNMENT).read_text(encoding="utf-8").splitlines()
        entries = [json.loads(line) for line in lines]
        found = [(entry["example_id"], entry["split"]) for entry in entries]
        return pl.DataFrame(found, schema=ASSIGNMENT_SCHEMA, orient="row")
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise WrongUse(
            f"{folder / ASSIGNMENT} cannot be read as the splits of an earlier export.",
            "Name the folder of an export that verifies.",
        ) from error


def _plan(
    rows: pl.DataFrame,
    task: Task,
    fractions: SplitFractions,
    seed: int,
    frozen: pl.DataFrame | None,
) -> pl.DataFrame:
    """The rows that have an output, each with its `split`, shuffled by a keyed hash of their id.

    Trainers should not see sorted data, nor the bytes depend on the order of the rows.
    """
    labelled = rows.filter(pl.col("output").is_not_null())
    assignment = assign_splits(labelled, task, fractions, seed, frozen)
    keys = [keyed_hash(example, seed, "shuffle") for example in assignment["example_id"]]
    shuffled = assignment.with_columns(key=pl.Series(keys, dtype=pl.UInt64))
    return labelled.join(shuffled, on="example_id").sort("key", "example_id").drop("key")


def _write_rows(
    plan: pl.DataFrame,
    form: Format,
    task: Task,
    labels: Sequence[str],
    template: PromptTemplate | None,
    folder: Path,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Write the usable rows: (`example_id`, `split` of those written, those left out)."""
    rows = plan.filter(pl.col("split") != HELD_OUT)
    written, unusable = [], []
    known = frozenset(labels)
    with ExitStack() as stack:
        files = {
            split: stack.enter_context(open_writer(folder / form.target.file(split), form, task))
            for split in rows["split"].unique()
        }
        columns = rows.select("example_id", "split", "output").iter_rows()
        written_as = form.examples(rows, task, labels, template)
        for (example, split, output), (record, found) in zip(columns, written_as, strict=True):
            wrong = label_problems(output, task, known) if task.has_labels else []
            if found := [*wrong, *found]:
                unusable.append((example, UNUSABLE, "; ".join(found)))
            else:
                files[split](record)
                written.append((example, split))
    return (
        pl.DataFrame(written, schema=ASSIGNMENT_SCHEMA, orient="row"),
        manifest.left_out_frame(unusable),
    )


def _write_side_files(form: Format, about: About, folder: Path) -> None:
    for name, text in form.shape.side_files(about, form.target).items():
        with open_text(folder / name) as file:
            file.write(text)


def _missed_limits(form: Format, document: Json) -> list[str]:
    rows = {split: document["splits"][split]["rows"] for split in SPLITS}
    files = {split: document["files"].get(form.target.file(split)) for split in SPLITS}
    sizes = {split: facts["bytes"] for split, facts in files.items() if facts}
    return form.target.missed(rows, sizes)


def _refuse_emptied(
    written: pl.DataFrame, unusable: pl.DataFrame, fractions: SplitFractions
) -> None:
    filled = set(written["split"])
    empty = [split for split, share in asdict(fractions).items() if share and split not in filled]
    if not empty:
        return
    example, _, detail = unusable.row(0)
    cause = f"because trainers cannot use its examples; example {example}: {detail}."
    if not filled:
        raise NothingToExport(f"Every split would be empty, {cause}", "Correct or exclude them.")
    raise WrongUse(
        f"The {' and the '.join(empty)} split would be empty, {cause}",
        f"Correct the examples, or set the fraction of {' and '.join(empty)} to 0.",
    )


def _write_assignment(
    path: Path, plan: pl.DataFrame, written: pl.DataFrame, frozen: pl.DataFrame | None
) -> pl.DataFrame:
    """Write and return every row that has a split, then those of `frozen` that are absent today.

    An example that is excluded now and restored later thus returns to its split.
    """
    placed = plan.filter(pl.col("split") != HELD_OUT).select("example_id", "group", "split")
    if frozen is not None:
        absent = (
            frozen.filter(pl.col("split").is_in(SPLITS))
            .join(placed, on="example_id", how="anti")
            .unique("example_id", keep="first", maintain_order=True)
            .select("example_id", "split")
            .sort("example_id")
        )
        placed = pl.concat([placed, absent], how="diagonal")
    exported = pl.col("example_id").is_in(written["example_id"].implode())
    with open_text(path) as file:
        entries = placed.with_columns(exported=exported).iter_rows(named=True)
        file.writelines(json_line(entry) for entry in entries)
    return placed.select("example_id", "split")


def _gone(
    rows: pl.DataFrame, plan: pl.DataFrame, unusable: pl.DataFrame, left_out: pl.DataFrame | None
) -> pl.DataFrame:
    """All examples that are not in the files: `example_id`, `reason`, `detail`, sorted."""
    unlabelled = rows.filter(pl.col("output").is_null())["example_id"]
    near = plan.filter(split="test").group_by("group").agg(test=pl.col("example_id").min())
    held_out = plan.filter(split=HELD_OUT).join(near, on="group").select("example_id", "test")
    frames = [
        manifest.left_out_frame((example, NO_OUTPUT, None) for example in unlabelled),
        manifest.left_out_frame(
            (example, NEAR_TEST, f"in one group with the test example {test}")
            for example, test in held_out.iter_rows()
        ),
        unusable,
    ]
    if left_out is not None:
        frames.append(left_out)
    return pl.concat(frames, how="diagonal").sort("example_id", "reason")
