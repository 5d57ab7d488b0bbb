"""Leaks between the splits of an export, looked for again with nothing but its folder.

Nothing of the analysis is used: the texts are read back out of the training files, embedded anew,
and every two records of different splits are compared. The result is held against the manifest.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from curation.comparison import Compared, compare, exact_model
from curation.embeddings import model_key
from curation.errors import WrongUse
from curation.records import Json, PairKind, Progress, Task
from curation.similarity import Search
from exports.formats import Format, PromptTemplate
from exports.formats.containers import read
from exports.formats.reading import CannotRead
from exports.manifest import MANIFEST, written_as
from exports.options import ExportOptions
from exports.split import SPLITS

_ROUNDING = 2e-5
"""How much the same cosine may differ between two runs: another batch or machine rounds otherwise.
The bound on rounding of `curation.blocks`."""
_TOLD = 20


@dataclass(frozen=True, slots=True)
class Crossing:
    """Two records of different splits that are alike; lines are records, counted from 1."""

    file: str
    line: int
    other_file: str
    other_line: int
    similarity: float
    kind: str

    def in_words(self) -> str:
        """One line for people."""
        return (
            f"{self.file}, line {self.line} and {self.other_file}, line {self.other_line} are "
            f"{self.similarity:.3f} similar ({self.kind})"
        )


@dataclass(frozen=True, slots=True)
class Recheck:
    """What was found: `problems` in words, empty where the certificate holds.

    `rows` are the records compared by split; `pairs` of them, of different splits, reach
    `threshold`, `crossings` are the most similar of these. `nearest` are the two most similar
    records of different splits, threshold or not, and `certified` is the highest cosine that the
    manifest vouches for; both are None below the lowest cosine that the analysis stores.
    """

    rows: dict[str, int]
    threshold: float
    model: str
    pairs: int
    nearest: Crossing | None
    certified: float | None
    crossings: tuple[Crossing, ...]
    search: Search
    problems: tuple[str, ...]

    def as_json(self) -> Json:
        """The result for machines."""
        return asdict(self)


def recheck_leaks(
    folder: Path,
    progress: Callable[[Progress], None] = lambda _: None,
    cancelled: threading.Event | None = None,
) -> Recheck:
    """Embed the inputs of an export anew and look for pairs across its splits.

    A pair is two inputs with the same exact key, or as alike as the manifest's thresholds ask, in
    meaning or in spelling, be they duplicates or near twins; of chats whose duplicates are those of
    answers, two answers. All are compared, whatever their number.
    Problems are: such a pair; a higher cosine across splits than the manifest says; a record whose
    input cannot be read; vectors of another model than the manifest names; a manifest without a
    certificate. Raises WrongUse where the folder is no export, Cancelled, WorkerFailed,
    ModelUnavailable.
    """
    export = _Export.open(folder)
    texts, problems = _texts(export)
    here = model_key(export.model)
    if here != export.model_key:
        problems.append(f"{MANIFEST} was made with the model {export.model_key}, this with {here}")
    with tempfile.TemporaryDirectory(prefix="tamis-recheck-") as home:
        found = compare(
            texts.select("text", part=pl.col("split").replace_strict(_NUMBERS)),
            exact_model(export.model),
            min(1.0, export.threshold + _ROUNDING),
            Path(home),
            floor=export.floor,
            lexical=export.lexical,
            progress=progress,
            cancelled=cancelled,
        )
    # Twins that are alike in spelling alone do not count in an export; see `duplicates.alike`.
    is_twin = pl.col("kind") == PairKind.NEAR_TWIN.value
    found = replace(
        found, hits=found.hits.filter(~is_twin | (pl.col("similarity") >= export.threshold))
    )
    pairs = len(found.hits)
    crossings = _crossings(found, texts)
    told = [crossing.in_words() for crossing in crossings]
    if pairs > _TOLD:
        told.append(f"and {pairs - _TOLD:,} more pairs across splits")
    return Recheck(
        rows={split: texts.filter(split=split).height for split in SPLITS},
        threshold=export.threshold,
        model=model_key(exact_model(export.model)),
        pairs=pairs,
        nearest=_crossing(texts, *found.nearest, "nearest") if found.nearest else None,
        certified=export.certified,
        crossings=tuple(crossings),
        search=found.search,
        problems=(*problems, *told, *_against_certificate(export, found)),
    )


_NUMBERS = {split: number for number, split in enumerate(SPLITS)}


@dataclass(frozen=True, slots=True)
class _Export:
    """What a manifest says, as far as it matters here."""

    folder: Path
    form: Format
    task: Task
    labels: list[str]
    template: PromptTemplate | None
    threshold: float
    lexical: float | None
    floor: float
    of_answers: bool
    model: str
    model_key: str
    leaks: Json | None

    @classmethod
    def open(cls, folder: Path) -> _Export:
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            task = Task(manifest["task"])
            source = manifest["source"]
            settings, leaks = source["settings"], manifest["leaks"]
            lexical = (leaks or {}).get("lexical_threshold")
            return cls(
                folder=folder,
                form=written_as(manifest),
                task=task,
                labels=list(manifest["labels"]),
                template=ExportOptions.from_json(manifest["options"]).template,
                threshold=float((leaks or {}).get("threshold", settings["near_threshold"])),
                lexical=None if lexical is None or lexical > 1 else float(lexical),
                of_answers=task is Task.CHAT and settings.get("duplicates_of") == "answer",
                floor=float((leaks or {}).get("floor", settings["pair_floor"])),
                model=str(settings["model"]),
                model_key=str(source["model"]),
                leaks=leaks,
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, WrongUse) as error:
            raise WrongUse(
                f"{folder / MANIFEST} cannot be read as that of an export: "
                f"{type(error).__name__}: {error}",
                "Name the folder of an export that verifies.",
            ) from error

    @property
    def certified(self) -> float | None:
        """The highest similarity across splits that the manifest vouches for."""
        value: Any = (self.leaks or {}).get("highest_similarity_across_splits")
        return None if value is None else float(value)


def _texts(export: _Export) -> tuple[pl.DataFrame, list[str]]:
    """What is compared of all records: `split, file, line, text`; and why some have none."""
    rows: list[tuple[str, str, int, str]] = []
    problems = []
    for split in SPLITS:
        name = export.form.target.file(split)
        for number, line in enumerate(read(export.folder / name, export.form, export.task), 1):
            try:
                rows.append((split, name, number, _compared(export, line.record)))
            except (CannotRead, RecursionError) as reason:
                problems.append(f"{name}, line {number} was not compared: {reason}")
    schema = {"split": pl.String, "file": pl.String, "line": pl.Int64, "text": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row"), problems


def _compared(export: _Export, record: Json | str) -> str:
    """What is compared of the example from which a record was written; raises CannotRead."""
    if isinstance(record, str):
        raise CannotRead(record)
    example = export.form.read_back(record, export.task, export.template, export.labels)
    return example.output if export.of_answers else example.text


def _crossings(found: Compared, texts: pl.DataFrame) -> list[Crossing]:
    """The most similar of the pairs that were found."""
    hits = found.hits.sort("similarity", "left", "right", descending=[True, False, False])
    told = hits.head(_TOLD).select("left", "right", "similarity", "kind")
    return [_crossing(texts, *hit) for hit in told.iter_rows()]


def _crossing(texts: pl.DataFrame, left: int, right: int, similarity: float, kind: str) -> Crossing:
    file, line = texts.select("file", "line").row(left)
    other_file, other_line = texts.select("file", "line").row(right)
    return Crossing(file, line, other_file, other_line, similarity, kind)


def _against_certificate(export: _Export, found: Compared) -> list[str]:
    """Where the certificate of the manifest says less than what was found."""
    if export.leaks is None:
        return [f"{MANIFEST} has no certificate: the export was made without stored pairs"]
    problems = []
    claimed = int(export.leaks.get("pairs_above_threshold_across_splits", 0))
    if len(found.hits) and not claimed:
        problems.append(
            f"{MANIFEST} says that no pair is in two splits, and {len(found.hits):,} are"
        )
    least = export.floor if export.certified is None else export.certified
    if found.highest is not None and found.highest > least + _ROUNDING:
        said = f"below {least}" if export.certified is None else f"{least:.6f}"
        problems.append(
            f"{MANIFEST} says that the highest similarity across splits is {said}, and it is "
            f"{found.highest:.6f}"
        )
    return problems
