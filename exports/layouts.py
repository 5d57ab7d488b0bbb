"""Records by the column: what a format makes of one row of a kind, it makes of every such row.

Rows are of one kind where they differ in nothing but free texts: the same label, the same roles in
the same order. One row of each kind, with a mark in place of each text, goes through the format as
any row does, and shows by its marks where the texts belong. A second one with awkward texts proves
it. Kinds that fail that, and rows with texts that a rule looks into, go through the format one by
one, so that a format and its rules are written down in one place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import polars as pl

from curation.records import Json, Task, canonical_json
from exports.check.texts import MAY_BE_UNSAFE, NOT_BLANK
from exports.formats import Format, PromptTemplate
from exports.formats.containers import json_line
from exports.formats.tools import KEY
from exports.json_lines import escaped
from exports.marks import Cut, awkward, cut, filled, mark, spelt
from exports.tokens.counters import Estimate, Pieces, estimated
from exports.tokens.sequences import of_cells, sequences
from exports.validate import json_problems, label_problems

_COUNTS = ("tokens", "longest", "learnt")
LAID_OUT = {"line": pl.String, "problems": pl.String, **dict.fromkeys(_COUNTS, pl.Int64)}

TEXT, OUTPUT, REJECTED, TURNS = range(4)
"""Numbers of the texts of a row; from the last on, those of its turns."""
_FEWEST = 8
"""Rows of a kind in a batch from which on it is faster to lay them out by the column."""
_TURN = r'\{"content":"(?:[^"\\]|\\.)*","role":"(?:system|user|assistant)"\}'
_PLAIN_TURNS = rf"^\[{_TURN}(?:,{_TURN})*\]$"
_SAID = pl.List(pl.Struct({"content": pl.String, "role": pl.String}))

_Kind = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the texts of a kind go: into the line, and by their sizes into its tokens.

    `sizes` are the bytes of the words in each text that is counted, which `counts`, one for each of
    _COUNTS, have from the columns `size0`, `size1`, …
    """

    line: Cut
    sizes: list[int]
    counts: list[pl.Expr]

    @property
    def build(self) -> str:
        """The same for layouts that differ in their words alone."""
        return repr((self.line.slots, list(map(str, self.counts))))

    def columns(self) -> Json:
        """The words and sizes by the names of their columns."""
        words = {f"words{at}": text for at, text in enumerate(self.line.words)}
        return {**words, **{f"size{at}": size for at, size in enumerate(self.sizes)}}


class Layouts:
    """How one format lays out the rows of one dataset; see `lay_out`.

    `rows` are all of them, for what is said of all alike; see `Format.usage`.
    """

    def __init__(
        self,
        form: Format,
        task: Task,
        labels: Sequence[str],
        template: PromptTemplate | None,
        rows: pl.DataFrame,
    ) -> None:
        self._form, self._task, self._labels, self._template = form, task, labels, template
        self._known = frozenset(labels)
        self._usage = form.usage(rows, task)
        self._is_table = Path(form.target.file("train")).suffix == ".csv"
        self._layouts: dict[_Kind, _Layout | None] = {}

    def lay_out(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The record of each row, in their order: LAID_OUT.

        `line` is it as JSON with LF at its end; null where `problems` says in words what keeps it
        from being used. `tokens` are those of all its sequences, `longest` those of the longest,
        `learnt` those that are learnt, all by the estimate.
        """
        done = pl.concat([pl.DataFrame(schema={"at": pl.UInt32, **LAID_OUT}), *self._by_kind(rows)])
        at = pl.int_range(len(rows), dtype=pl.UInt32, eager=True)
        rest = at.filter(~at.is_in(done["at"].implode()))
        single = self._one_by_one(rows[rest]).insert_column(0, rest.alias("at"))
        return pl.concat([done, single]).sort("at").drop("at")

    def _one_by_one(self, rows: pl.DataFrame) -> pl.DataFrame:
        found: list[tuple[str | None, str | None, int, int, int]] = []
        counter = Estimate()
        written = self._examples(rows)
        for output, (record, problems) in zip(rows["output"], written, strict=True):
            if reasons := [*self._label_faults(output), *problems]:
                found.append((None, "; ".join(reasons), 0, 0, 0))
                continue
            lengths = counter.measure(sequences(self._read(record)))
            counts = [length.total for length in lengths]
            learnt = sum(length.learnt for length in lengths)
            found.append((json_line(record), None, sum(counts), max(counts), learnt))
        return pl.DataFrame(found, schema=LAID_OUT, orient="row")

    def _examples(self, rows: pl.DataFrame) -> Iterator[tuple[Json, list[str]]]:
        return self._form.examples(rows, self._task, self._labels, self._template, self._usage)

    def _read(self, record: Json) -> Json:
        """The record as the file gives it back."""
        return of_cells(record) if self._is_table else record

    def _by_kind(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Those rows that can be laid out by the column: `at` and LAID_OUT."""
        plain = self._plain(rows.with_row_index("at"))
        keys = [name for name in plain.columns if name.startswith("key_")]
        counted = plain.group_by(keys, maintain_order=True).len()
        kinds = counted.filter(pl.col("len") >= _FEWEST).drop("len")
        self._learn(kinds.filter([kind not in self._layouts for kind in kinds.iter_rows()]))
        found = [self._layouts[kind] for kind in kinds.iter_rows()]
        builds: dict[str, list[int]] = {}
        for number, layout in enumerate(found):
            if layout is not None:
                builds.setdefault(layout.build, []).append(number)
        for members in builds.values():
            alike = [layout for number in members if (layout := found[number])]
            words = pl.DataFrame([layout.columns() for layout in alike], infer_schema_length=None)
            wanted = pl.concat([kinds[members], words], how="horizontal")
            yield self._filled(plain.join(wanted, on=keys, nulls_equal=True), alike[0])

    def _filled(self, rows: pl.DataFrame, layout: _Layout) -> pl.DataFrame:
        """Rows with their words and texts as lines, but for lines that a rule must look into."""
        turns = {slot.number for slot in layout.line.slots if slot.number >= TURNS}
        rows = rows.with_columns(
            pl.col("turns").list.get(number - TURNS).alias(str(number)) for number in turns
        )
        pieces = [pl.col("words0")]
        for at, slot in enumerate(layout.line.slots, start=1):
            pieces += [spelt(slot), pl.col(f"words{at}")]
        line = pl.col("line")
        unsafe = line.str.contains(MAY_BE_UNSAFE)
        if reserved := self._form.target.consumer.reserved:
            unsafe |= line.str.contains_any(list(reserved))
        return (
            rows.with_columns(line=pl.concat_str(pieces))
            .filter(~unsafe)
            .select(
                "at",
                line + "\n",
                pl.lit(None, pl.String).alias("problems"),
                *(count.alias(name) for name, count in zip(_COUNTS, layout.counts, strict=True)),
            )
        )

    def _plain(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows whose texts no rule needs to look into, as far as can be seen before they are laid
        out: `at`, the columns of their kind, and their texts by number."""
        output = [] if self._task.has_labels else [pl.col("output")]
        visible = [pl.col("text"), *output]
        columns = [pl.col("text").alias(str(TEXT)), *(one.alias(str(OUTPUT)) for one in output)]
        keys = {"turns": pl.lit("")}
        if self._task.has_labels:
            keys["output"] = pl.col("output")
        if "approved" in self._form.shape.needs:
            keys["approved"] = pl.col("approved")
        fine = pl.lit(value=True)
        if "rejected" in self._form.shape.needs:
            worse = pl.col("rejected")
            keys["rejected"] = worse.is_null()
            columns.append(worse.alias(str(REJECTED)))
            differs = worse.str.contains(NOT_BLANK) & (worse != pl.col("output"))
            fine &= differs.fill_null(value=True)
        if self._form.tool_arguments and "metadata" in rows.columns:
            declares = pl.col("metadata").str.contains(KEY, literal=True)
            fine &= ~declares.fill_null(value=False)
        if self._task is Task.CHAT:
            rows = _with_turns(rows)
            keys["turns"] = pl.col("roles")
            fine &= pl.col("roles").is_not_null()
            columns.append(pl.col("turns"))
        fine = pl.all_horizontal(fine, *(text.str.contains(NOT_BLANK) for text in visible))
        named = [key.alias(f"key_{name}") for name, key in keys.items()]
        plain = rows.filter(fine).select("at", *named, *columns)
        if self._task is Task.EXTRACTION:
            plain = plain.filter([not json_problems(text) for text in plain[str(OUTPUT)]])
        return plain

    def _learn(self, kinds: pl.DataFrame) -> None:
        """Find out how rows of these kinds are laid out."""
        marked = self._examples(sample_rows(kinds, mark))
        others = self._examples(sample_rows(kinds, self._awkward))
        for kind, (record, wrong), (other, also_wrong) in zip(
            kinds.iter_rows(named=True), marked, others, strict=True
        ):
            faults = [*wrong, *also_wrong, *self._label_faults(kind.get("key_output"))]
            layout = None if faults else self._layout(record, json_line(other))
            self._layouts[tuple(kind.values())] = layout

    def _label_faults(self, output: str | None) -> list[str]:
        if output is None or not self._task.has_labels:
            return []
        return label_problems(output, self._task, self._known)

    def _awkward(self, number: int) -> str:
        text = awkward(number)
        if self._task is Task.EXTRACTION and number == OUTPUT:
            return json.dumps({"b": text, "a": [1.0, 1]}, ensure_ascii=False, indent=1)
        return text

    def _layout(self, record: Json, other: str) -> _Layout | None:
        """The layout that a record with marks shows; None where the `other` line is not so."""
        line = cut(json_line(record).removesuffix("\n"))
        if line is None or any(slot.level == 0 for slot in line.slots):
            return None
        texts = {slot.number: self._awkward(slot.number) for slot in line.slots}
        if filled(line, texts) + "\n" != other:
            return None
        sizes: list[int] = []

        def count(text: str) -> pl.Expr:
            found = cut(text)
            if found is None:
                raise ValueError("a text is counted otherwise than it is written")
            size = pl.col(f"size{len(sizes)}")
            sizes.append(sum(len(word.encode()) for word in found.words))
            for slot in found.slots:
                size = size + spelt(slot).str.len_bytes()
            return estimated(size)

        # The sum of columns is found by the code that adds up numbers.
        counter = Pieces("", is_exact=False, count=cast("Callable[[str], int]", count))
        try:
            lengths = counter.measure(sequences(self._read(record)))
        except ValueError:
            return None
        totals = [pl.lit(0) + length.total for length in lengths]
        learnt = [pl.lit(0) + length.learnt for length in lengths]
        counts = [pl.sum_horizontal(totals), pl.max_horizontal(totals), pl.sum_horizontal(learnt)]
        return _Layout(line, sizes, [count.cast(pl.Int64) for count in counts])


def _with_turns(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `roles` (String, by commas) and `turns` (their texts) of plain conversations.

    `roles` is empty where there are no turns, null where they hold more than a text each, or are
    not spelt as `canonical_json` spells them.
    """
    plain = pl.when(pl.col("messages").str.contains(_PLAIN_TURNS)).then("messages")
    said = rows.with_columns(said=plain).with_columns(pl.col("said").str.json_decode(_SAID))
    turn, role = pl.element().struct.field("content"), pl.element().struct.field("role")
    spelt_turn = pl.concat_str(
        pl.lit('{"content":"'), escaped(turn), pl.lit('","role":"'), role, pl.lit('"}')
    )
    said = said.with_columns(
        spelt=pl.format("[{}]", pl.col("said").list.eval(spelt_turn).list.join(",")),
        turns=pl.col("said").list.eval(turn),
        roles=pl.col("said").list.eval(role).list.join(","),
        visible=pl.col("said").list.eval(turn.str.contains(NOT_BLANK)).list.all(),
    )
    fine = pl.col("visible") & (pl.col("spelt") == pl.col("messages"))
    roles = pl.when(pl.col("messages").is_null()).then(pl.lit("")).when(fine).then("roles")
    return said.with_columns(roles=roles).drop("said", "spelt", "visible")


def sample_rows(kinds: pl.DataFrame, text: Callable[[int], str]) -> pl.DataFrame:
    """A row of each kind with texts by their numbers.

    `kinds` has `key_turns`, roles by commas, and where they tell kinds apart `key_output`,
    `key_approved` and `key_rejected` (whether there is none).
    """
    rows = []
    for kind in kinds.iter_rows(named=True):
        roles = kind["key_turns"].split(",") if kind["key_turns"] else []
        turns = [
            {"role": role, "content": text(number)}
            for number, role in enumerate(roles, start=TURNS)
        ]
        rows.append(
            {
                "text": text(TEXT),
                "output": kind.get("key_output", text(OUTPUT)),
                "messages": canonical_json(turns) if turns else None,
                "rejected": None if kind.get("key_rejected", True) else text(REJECTED),
                "approved": kind.get("key_approved"),
            }
        )
    texts = dict.fromkeys(("text", "output", "messages", "rejected"), pl.String)
    frame = pl.DataFrame(rows, schema={**texts, "approved": pl.Boolean})
    return frame.drop(
        name for name in ("rejected", "approved") if f"key_{name}" not in kinds.columns
    )
