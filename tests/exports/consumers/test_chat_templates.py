"""Calls of tools in all chat templates that TRL ships: which dialect they take, and what is lost.

Measured with TRL 1.16: 72 templates, of which 46 know calls of tools by TRL's own test.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import trl
from jinja2 import TemplateError
from transformers.utils.chat_template_utils import render_jinja_template
from trl.chat_template_utils import supports_tool_calling

from curation.records import Json, Task
from exports.check import check_file, ledger
from exports.formats import find_format
from exports.formats.containers import json_line
from tests.exports.test_formats_tools import TOOLS, call, rows, turns

TEMPLATES = sorted((Path(trl.__file__).parent / "chat_templates").glob("*.jinja"))
SPECIAL: dict[str, Any] = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
}


def filled(conversations: list[list[Json]], **given: Any) -> str:
    """The one conversation as a template writes it."""
    found: Any = render_jinja_template(conversations, **given, **SPECIAL)
    return str(found[0][0])


class Processor:
    """As much of a tokenizer as TRL asks a template's abilities of."""

    def __init__(self, template: str) -> None:
        self.chat_template = template

    def apply_chat_template(self, messages: list[Json], **_: Any) -> str:
        return filled([messages], chat_template=self.chat_template)


def records(name: str) -> list[Json]:
    asked = {"role": "system", "content": "Be kind."}
    data = rows(
        turns(call({"city": "Bern"})),
        [asked, *turns(call('{"city": "Bern", "days": 3}'))],
        tools=[TOOLS, TOOLS],
    )
    found = list(find_format(name, Task.CHAT).examples(data, Task.CHAT, []))
    assert [wrong for _, wrong in found] == [[], []]
    return [record for record, _ in found]


def render(template: str, record: Json) -> str:
    tools = record["tools"]
    tools = json.loads(tools) if isinstance(tools, str) else tools
    return filled([record["messages"]], tools=tools, chat_template=template)


def fate(template: str, found: list[Json]) -> str:
    """What becomes of the rows: `whole`, `lost` (a call is left out in silence), or `refused`."""
    try:
        texts = [render(template, record) for record in found]
    except (TemplateError, TypeError):
        return "refused"
    said = [text.split("How is the weather?", 1)[-1] for text in texts]
    whole = all("Bern" in text and "weather" in text and "mild" in text for text in said)
    return "whole" if whole else "lost"


@pytest.fixture(scope="module")
def fates() -> pl.DataFrame:
    """Of each template: whether it knows calls, and the fate of the rows in each dialect."""
    written = {name: records(name) for name in ("trl-messages", "openai-chat")}
    found = [
        (
            path.stem,
            supports_tool_calling(Processor(path.read_text(encoding="utf-8"))),
            *(fate(path.read_text(encoding="utf-8"), rows) for rows in written.values()),
        )
        for path in TEMPLATES
    ]
    return pl.DataFrame(found, schema=["template", "knows_calls", "object", "string"], orient="row")


def test_every_template_that_knows_calls_renders_every_row_that_is_written_for_trl(
    fates: pl.DataFrame,
) -> None:
    knowing = fates.filter("knows_calls")
    assert knowing.height == 46
    # One cannot join an object to a text; its twin for training can.
    assert knowing.filter(pl.col("object") != "whole")["template"].to_list() == ["deepseekv3"]


def test_the_other_dialect_fails_in_most_of_them(fates: pl.DataFrame) -> None:
    counts = {
        dialect: dict(fates[dialect].value_counts().iter_rows()) for dialect in ("object", "string")
    }
    assert counts["object"] == {"whole": 45, "lost": 12, "refused": 15}
    assert counts["string"]["whole"] < 20
    assert counts["string"]["refused"] > 40


def test_the_row_ledger_says_so_before(tmp_path: Path) -> None:
    for name, codes in (("trl-messages", []), ("openai-chat", ["tool-dialect"] * 2)):
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(map(json_line, records(name))), encoding="utf-8")
        report = check_file(path, "trl")
        found = ledger(report, "trl").filter(pl.col("code") == "tool-dialect")
        assert found["code"].to_list() == codes
        assert set(found["effect"]) <= {"rejects the file"}
