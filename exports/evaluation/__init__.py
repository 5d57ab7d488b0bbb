"""Files with which a model is evaluated on the held-out split of an export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation.errors import WrongUse
from curation.records import Json
from exports.evaluation import held_out
from exports.evaluation.inspect_ai import inspect_task, test_lines
from exports.evaluation.lm_eval import lm_eval_task
from exports.evaluation.promptfoo import promptfoo_config, promptfoo_tests
from exports.evaluation.samples import samples
from exports.manifest import about as about_export
from exports.options import ExportOptions

__all__ = ["EvaluationFiles", "evaluation_files"]


@dataclass(frozen=True, slots=True)
class EvaluationFiles:
    """Texts by path in the folder of the export; none where `reason` says why in words.

    `skipped` examples hold more than text and are not asked.
    """

    files: dict[str, str]
    skipped: int = 0
    reason: str = ""


def evaluation_files(document: Json, rows: Iterable[Mapping[str, Any]]) -> EvaluationFiles:
    """What inspect-ai, lm-evaluation-harness and promptfoo need to ask the held-out examples.

    `document` is the export's manifest, `rows` are the examples of its test split, each with
    `example_id`, `text`, `output` and `messages` (JSON turns, or None). They are asked as
    conversations, with the export's template or that of the task, whatever the format of the
    export. No text of the data stands in a file that is run or rendered: those are the same for
    every export but for the name of the task and the room for an answer.

    Raises WrongUse for a document that is no manifest.
    """
    try:
        about = about_export(document)
        template = ExportOptions.from_json(document["options"]).template
    except (LookupError, TypeError, ValueError) as error:
        raise WrongUse("This is no manifest of an export.", "Name an export.") from error
    found, skipped = samples(rows, about.task, about.labels, template)
    if not found:
        return EvaluationFiles({}, skipped, "No held-out example can be asked as text.")
    files = {
        "test.jsonl": test_lines(found),
        "held_out.py": Path(held_out.__file__).read_text(encoding="utf-8"),
        "inspect_task.py": inspect_task(),
        "lm_eval.yaml": lm_eval_task(about.dataset, about.task, found),
        "promptfoo.yaml": promptfoo_config(),
        "promptfoo_tests.jsonl": promptfoo_tests(found),
    }
    return EvaluationFiles({f"evaluation/{name}": text for name, text in files.items()}, skipped)
