"""What would become of each row before anything is written: who drops, cuts or misreads it."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from curation.labels import current_examples
from curation.records import Dataset, Task
from curation.workspace import Workspace
from exports.check import check_file
from exports.check.ledger import ledger
from exports.check.rules import RULES
from exports.check.texts import control_token
from exports.export import content_of
from exports.formats import find_format
from exports.formats.containers import open_writer
from exports.layouts import Layouts
from exports.options import ExportOptions
from exports.rows import ROWS_AT_ONCE
from exports.targets import find_consumer

LEFT_OUT = "left out of the export"
ROWS = {
    "example_id": pl.String,
    "effect": pl.String,
    "code": pl.String,
    "reason": pl.String,
    "output": pl.String,
    "mended": pl.String,
}
_SPACE = re.compile(r"[^\S\n]{2,}")


@dataclass(frozen=True, slots=True)
class Preflight:
    """What the check of all rows for one target found.

    `rows` (ROWS) has a line per example and broken rule: what becomes of it, and `mended`, its
    output without what is at fault where that can be taken out; null where a person must decide.
    `checked` examples were looked at.
    """

    target: str
    checked: int
    rows: pl.DataFrame

    @property
    def examples(self) -> list[str]:
        """The examples that would not reach training as they are."""
        return self.rows["example_id"].unique().sort().to_list()

    @property
    def mendable(self) -> pl.DataFrame:
        """`example_id`, `output`, `mended` of those whose output can be mended, each once."""
        able = self.rows.filter(pl.col("mended").is_not_null())
        return able.select("example_id", "output", "mended").unique("example_id").sort("example_id")


def preflight(workspace: Workspace, dataset: Dataset, options: ExportOptions) -> Preflight:
    """Check every example that would go out, as the format writes it, for the format's target.

    The records are written to a temporary file and read by `check_file`, so that nothing is known
    here that a file of somebody else's could not be checked for. Raises WrongUse for a format or
    template that does not fit.
    """
    form = find_format(options.format, dataset.task)
    rows = content_of(current_examples(workspace, dataset), options)
    labels = workspace.labels(dataset)["name"].to_list() if dataset.task.has_labels else []
    layouts = Layouts(form, dataset.task, labels, options.template, rows)
    found: list[tuple[str, str, str, str]] = []
    written: list[str] = []
    with tempfile.TemporaryDirectory(prefix="tamis-preflight-") as folder:
        path = Path(folder) / form.target.file("train")
        with open_writer(path, form, dataset.task) as write:
            for batch in rows.iter_slices(ROWS_AT_ONCE):
                laid_out = layouts.lay_out(batch).with_columns(batch["example_id"])
                usable = laid_out.filter(pl.col("line").is_not_null())
                lost = laid_out.filter(pl.col("line").is_null()).select("example_id", "problems")
                write(usable["line"])
                written += usable["example_id"].to_list()
                found += [(row, LEFT_OUT, "unusable", why) for row, why in lost.iter_rows()]
        if path.suffix == ".jsonl" and written:
            found += _checked(path, form.name, written)
    # An answer is words; a label or a JSON value is one of a set, which a person must choose from.
    lines = _with_outputs(found, rows, may_mend=dataset.task is Task.CHAT)
    return Preflight(form.target.title, rows.height, lines)


def _checked(path: Path, target: str, written: list[str]) -> list[tuple[str, str, str, str]]:
    """What the target would do with the rows of a file: (example, effect, code, reason)."""
    consumer = find_consumer(target).name
    report = check_file(path, consumer)
    lines = ledger(report, consumer).filter(pl.col("row").is_not_null())
    return [
        (written[row - 1], effect, code, reason)
        for row, effect, code, reason in lines.select("row", "effect", "code", "reason").iter_rows()
        if RULES[code].severity == "error"
    ]


def _with_outputs(
    found: list[tuple[str, str, str, str]], rows: pl.DataFrame, *, may_mend: bool
) -> pl.DataFrame:
    schema = {name: ROWS[name] for name in ("example_id", "effect", "code", "reason")}
    lines = pl.DataFrame(found, schema=schema, orient="row").join(
        rows.select("example_id", "output"), on="example_id", how="left", maintain_order="left"
    )
    mended = [mend(output) if may_mend and output else None for output in lines["output"]]
    return lines.with_columns(mended=pl.Series(mended, dtype=pl.String)).select(list(ROWS))


def mend(output: str) -> str | None:
    """The output without NUL characters, lone surrogates and control tokens of chat templates.

    None where there are none, or nothing would be left.
    """
    text = output.replace("\0", "").encode("utf-8", "ignore").decode()
    while token := control_token(text):
        text = text.replace(token, " ")
    if text == output:
        return None
    return _SPACE.sub(" ", text).strip() or None
