"""Write an export folder, whole or not at all.

A folder holds one file per split, named as the format's target wants it (`train.jsonl`,
`validation.jsonl`, `test.jsonl` unless it says otherwise), `assignment.jsonl` (which example stands
in which split; its n-th exported entry of a split is that file's n-th record), `left_out.jsonl`
(which examples stayed out, and why), `manifest.json`, and the documents that follow from these
(`exports.bundle`).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import polars as pl

from curation.errors import NothingToExport, TamisError, WrongUse
from curation.records import Json, Task
from exports import bundle, manifest
from exports.churn import churn
from exports.evidence import Evidence
from exports.folder import new_folder, refuse_taken
from exports.formats import Format, find_format
from exports.formats.beside import asked, columns_for, where_they_stand
from exports.formats.containers import json_line, open_text
from exports.json_lines import objects, write_lines
from exports.keyed import keyed_hashes
from exports.manifest import ASSIGNMENT, LEFT_OUT, MANIFEST, NO_OUTPUT
from exports.options import ExportOptions
from exports.provenance import PROVENANCE
from exports.rows import Written, write_rows
from exports.split import (
    ASSIGNMENT_SCHEMA,
    HELD_OUT,
    SPLITS,
    SplitFractions,
    plan_splits,
)
from exports.split_report import largest_errors, strata_report
from exports.split_rules import SplitRules

Trace = Callable[[pl.DataFrame], Iterable[Json]]
"""Provenance of placed rows (`example_id`, `split`): one object for each, in their order."""

PHASES = ("splitting", "checking and writing", "proving", "describing")
"""What `write_export` does, in its order."""

_SHARE_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What was written.

    `counts`: rows per split. `entries`: `example_id`, `group`, `split`, `exported`, where asked for
    `fold` and `weight`, as in `assignment.jsonl`. `left_out`: `example_id`, `reason`, `detail`.
    `notes`: in words, limits of the format's target that the files do not keep, and that folds and
    weights stand in no row.
    """

    export_id: str
    folder: Path
    files: tuple[Path, ...]
    counts: dict[str, int]
    manifest: Json
    left_out: pl.DataFrame
    entries: pl.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def assignment(self) -> pl.DataFrame:
        """`example_id`, `split`, to be given as `frozen` to the next export."""
        return self.entries.select("example_id", "split")


@dataclass(frozen=True, slots=True)
class _Files:
    """What the files of an export are made of, beside its rows."""

    form: Format
    task: Task
    labels: Sequence[str]
    options: ExportOptions
    trace: Trace | None


def write_export(
    rows: pl.DataFrame,
    task: Task,
    labels: Sequence[str],
    options: ExportOptions,
    out: Path,
    *,
    facts: Json,
    frozen: pl.DataFrame | None = None,
    evidence: Evidence | None = None,
    quality: Json | None = None,
    left_out: pl.DataFrame | None = None,
    trace: Trace | None = None,
    begin: Callable[[str], None] = lambda _: None,
) -> ExportResult:
    """Split, check and write the examples in `rows` to the new folder `out`.

    `rows` has one row per example: `example_id`, `text`, `group`, `metadata`, `source_file`
    (String), `output` (String|null), `messages` (String|null, JSON turns), `verified` (Boolean);
    where a format needs them also `rejected` (String|null, a worse answer) and `approved`
    (Boolean|null, whether the output is good). `labels` is the label set of tasks that have one.
    `frozen` is an earlier `read_assignment`; `evidence` what is known of similar examples; for
    `facts` see `manifest.source`, for `quality` see `quality_summary`. `left_out`
    (LEFT_OUT_SCHEMA) lists the examples that the caller has set aside. `trace` is asked where the
    options want provenance. `begin` is told which of PHASES begins.

    The folder appears at once and complete; its bytes depend on the arguments alone, not on the
    order of the rows. Rows that trainers could not use are left out and listed with the reason.

    Raises WrongUse for an unsuitable format or template, a taken folder or a split that stays
    empty, NothingToExport where no row is left, TamisError where the disk refuses.
    """
    form = find_format(options.format, task)
    form = replace(form, beside=columns_for(form.target, options.rules))
    form.refuse_missing(rows)
    refuse_taken(out)
    files = _Files(form, task, labels, options, trace)
    split, write, prove, describe = PHASES
    begin(split)
    plan = _plan(rows, task, options, frozen)
    with new_folder(out) as folder:
        begin(write)
        written = _write_rows(plan, files, folder)
        begin(prove)
        placed = written.placed
        _refuse_emptied(written, options.rules.fractions)
        entries = _entries(plan, placed, frozen, options.rules)
        gone = _gone(rows, plan, written.unusable, left_out)
        document = {
            **manifest.head(files.task, labels, options, manifest.source(facts, rows), form),
            "splits": manifest.count_splits(placed, rows, task),
            "leaks": evidence.facts(placed, rows, gone) if evidence else None,
            "left_out": manifest.left_out_summary(gone),
            "quality": quality,
            "balance": _balance(plan, task, options),
        }
        if frozen is not None and not frozen.is_empty():
            document["churn"] = churn(frozen, plan.select("example_id", "split")).summary
        begin(describe)
        _finish(folder, document, entries, gone, plan, written, files)
    return _result(out, document, entries, gone, form)


def write_again(
    rows: pl.DataFrame,
    document: Json,
    entries: pl.DataFrame,
    left_out: pl.DataFrame,
    out: Path,
    trace: Trace | None = None,
) -> ExportResult:
    """Write an earlier export to the new folder `out`, byte for byte.

    `rows` are the examples as they were then, `document` is its manifest, `entries` and `left_out`
    are those of its ExportResult. Raises TamisError, and leaves nothing behind, where the bytes are
    not those that the manifest tells: the data were erased, or this version of Tamis writes the
    format otherwise.
    """
    options = ExportOptions.from_json(document["options"])
    task = Task(document["task"])
    files = _Files(manifest.written_as(document), task, document["labels"], options, trace)
    placed = entries.filter("exported")
    chosen = placed.select("example_id", "split", *files.form.beside)
    plan = _shuffled(rows.join(chosen, on="example_id"), options.rules.seed)
    with new_folder(out) as folder:
        written = _write_rows(plan, files, folder)
        again = {**document}
        ordered = _ordered(entries, options.rules.seed)
        _finish(folder, again, ordered, left_out, plan, written, files)
        missing = chosen.height - written.placed.height
        if missing or again["files"] != document["files"]:
            names = sorted(
                name
                for name in {**again["files"], **document["files"]}
                if again["files"].get(name) != document["files"].get(name)
            )
            raise TamisError(
                f"This export cannot be made again as it was: {', '.join(names)} would differ "
                f"({missing} of its examples are gone or unusable now).",
                "Its folder is still what it was, if you have kept it; or make a new export.",
            )
    return _result(out, document, entries, left_out, files.form)


def missed_shares(document: Json) -> list[str]:
    """In words: splits of a manifest whose share is over two points off what was asked for."""
    rows = {split: document["splits"][split]["rows"] for split in SPLITS}
    total = max(1, sum(rows.values()))
    fractions = document["options"]["rules"]["fractions"]
    shares = {split: (rows[split] / total, fractions[split]) for split in SPLITS}
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
    rows: pl.DataFrame, task: Task, options: ExportOptions, frozen: pl.DataFrame | None
) -> pl.DataFrame:
    """The rows that have an output, each with its place, in the order in which they go out."""
    labelled = rows.filter(pl.col("output").is_not_null())
    plan = plan_splits(labelled, task, options.rules, frozen)
    placed = labelled.drop("group").join(plan, on="example_id")
    return _shuffled(placed, options.rules.seed)


def _balance(plan: pl.DataFrame, task: Task, options: ExportOptions) -> list[Json]:
    """The stratum of each split that is farthest from its share of the whole, in points."""
    report = strata_report(plan, plan, task, options.rules.stratify)
    return [{**row, "error": round(row["error"], 3)} for row in largest_errors(report).to_dicts()]


def _shuffled(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The rows by a keyed hash of their id.

    Trainers should not see sorted data, nor the bytes depend on the order of the rows.
    """
    keyed = rows.with_columns(key=keyed_hashes(rows["example_id"], seed, "shuffle"))
    return keyed.sort("key", "example_id").drop("key")


def _ordered(entries: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Entries in the order of `assignment.jsonl`: those that have a group, then the absent ones."""
    absent = pl.col("group").is_null()
    present = _shuffled(entries.filter(~absent), seed)
    return pl.concat([present, entries.filter(absent).sort("example_id")])


def _write_rows(plan: pl.DataFrame, files: _Files, folder: Path) -> Written:
    rows = plan.filter(pl.col("split") != HELD_OUT)
    template = files.options.template
    return write_rows(rows, files.form, files.task, files.labels, template, folder)


def _tests(plan: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    """The examples of the test split, in the order of its file."""
    tests = plan.filter(split="test").join(
        placed, on="example_id", how="semi", maintain_order="left"
    )
    return tests.select("example_id", "text", "output", "messages")


def _finish(
    folder: Path,
    document: Json,
    entries: pl.DataFrame,
    gone: pl.DataFrame,
    plan: pl.DataFrame,
    written: Written,
    files: _Files,
) -> None:
    """Write all but the split files, whose facts and those of the others `document` gets."""
    form = files.form
    splits = [form.target.file(split) for split in SPLITS]
    document["files"] = {
        name: manifest.file_facts(folder / name) for name in splits if (folder / name).is_file()
    }
    _write_table(folder / ASSIGNMENT, entries)
    _write_table(folder / LEFT_OUT, gone)
    if files.trace is not None and files.options.provenance:
        exported = entries.filter("exported").select("example_id", "split")
        with open_text(folder / PROVENANCE) as file:
            file.writelines(map(json_line, files.trace(exported)))
    document["tokens"] = asdict(written.tokens)
    tests = _tests(plan, written.placed)
    for name, text in bundle.documents(document, tests, written.tokens).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with open_text(folder / name) as file:
            file.write(text)
    names = bundle.files_in(folder)
    known = document["files"]
    document["files"] = {
        name: known.get(name) or manifest.file_facts(folder / name) for name in names
    }
    pretty = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    (folder / MANIFEST).write_text(pretty + "\n", encoding="utf-8", newline="\n")


def _write_table(path: Path, rows: pl.DataFrame) -> None:
    with path.open("wb") as file:
        for batch in rows.iter_slices():
            write_lines(file, objects(batch))


def _result(
    out: Path, document: Json, entries: pl.DataFrame, gone: pl.DataFrame, form: Format
) -> ExportResult:
    rows = {split: document["splits"][split]["rows"] for split in SPLITS}
    facts = {split: document["files"].get(form.target.file(split)) for split in SPLITS}
    sizes = {split: found["bytes"] for split, found in facts.items() if found}
    rules = ExportOptions.from_json(document["options"]).rules
    alone = asked(rules) and not columns_for(form.target, rules)
    told = [where_they_stand(form.target, rules)] if alone else []
    return ExportResult(
        export_id=uuid.uuid4().hex,
        folder=out,
        files=tuple(out / name for name in (*document["files"], MANIFEST)),
        counts=rows,
        manifest=document,
        left_out=gone,
        entries=entries,
        notes=(*form.target.missed(rows, sizes), *told),
    )


def _refuse_emptied(written: Written, fractions: SplitFractions) -> None:
    filled = set(written.placed["split"])
    empty = [split for split, share in asdict(fractions).items() if share and split not in filled]
    if not empty:
        return
    example, _, detail = written.unusable.row(0)
    cause = f"because trainers cannot use its examples; example {example}: {detail}."
    if not filled:
        raise NothingToExport(f"Every split would be empty, {cause}", "Correct or exclude them.")
    raise WrongUse(
        f"The {' and the '.join(empty)} split would be empty, {cause}",
        f"Correct the examples, or set the fraction of {' and '.join(empty)} to 0.",
    )


def entry_columns(rules: SplitRules) -> list[str]:
    """What `assignment.jsonl` says of each example under these rules."""
    return ["example_id", "group", "split", *asked(rules), "exported"]


def _entries(
    plan: pl.DataFrame, exported: pl.DataFrame, frozen: pl.DataFrame | None, rules: SplitRules
) -> pl.DataFrame:
    """Every row that has a split, then those of `frozen` that are absent today.

    An example that is excluded now and restored later thus returns to its split.
    """
    columns = [name for name in entry_columns(rules) if name != "exported"]
    placed = plan.filter(pl.col("split") != HELD_OUT).select(columns)
    if frozen is not None:
        absent = (
            frozen.filter(pl.col("split").is_in(SPLITS))
            .join(placed, on="example_id", how="anti")
            .unique("example_id", keep="first", maintain_order=True)
            .select("example_id", "split")
            .sort("example_id")
        )
        placed = pl.concat([placed, absent], how="diagonal")
    known = pl.col("example_id").is_in(exported["example_id"].implode())
    return placed.with_columns(exported=known)


def _gone(
    rows: pl.DataFrame, plan: pl.DataFrame, unusable: pl.DataFrame, left_out: pl.DataFrame | None
) -> pl.DataFrame:
    """All examples that are not in the files: `example_id`, `reason`, `detail`, sorted."""
    unlabelled = rows.filter(pl.col("output").is_null())["example_id"]
    frames = [
        manifest.left_out_frame((example, NO_OUTPUT, None) for example in unlabelled),
        plan.filter(split=HELD_OUT).select("example_id", "reason", "detail"),
        unusable,
    ]
    if left_out is not None:
        frames.append(left_out)
    return pl.concat(frames, how="diagonal").sort("example_id", "reason")
