"""The held-out split as a task of lm-evaluation-harness 0.4."""

from __future__ import annotations

import re
from collections.abc import Sequence

import yaml  # type: ignore[import-untyped]

from curation.records import Json, Task
from exports.evaluation.held_out import METRICS

_UNSAFE = re.compile(r"[^a-z0-9]+")
_LEAST, _MOST = 32, 4096


class _Function(str):
    """The name of a function in a file beside the YAML."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    pass


_Dumper.add_representer(
    _Function, lambda dumper, name: dumper.represent_scalar("!function", str(name))
)


def task_name(dataset: str) -> str:
    """What the task is called: a name of letters, digits and underscores alone."""
    return f"tamis_{_UNSAFE.sub('_', dataset.lower()).strip('_') or 'dataset'}"


def lm_eval_task(dataset: str, task: Task, samples: Sequence[Json]) -> str:
    """The YAML of the task. It names columns of `test.jsonl` and holds no text of the data.

    Texts in a task's YAML would be rendered as templates; columns are taken as they are. The
    longest target, at two bytes a token, says how many tokens an answer may have.
    """
    metrics: list[Json] = [
        {"metric": name, "aggregation": "mean", "higher_is_better": True}
        for name in METRICS[task.value]
    ]
    if task is Task.SINGLE_LABEL:
        whole = {"aggregation": _Function("held_out.macro_f1"), "higher_is_better": True}
        metrics.append({"metric": "macro_f1", **whole})
    settings = {
        "task": task_name(dataset),
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": "evaluation/test.jsonl"}},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "prompt",
        "doc_to_target": "target",
        "process_results": _Function("held_out.process_results"),
        "generation_kwargs": {
            "until": [],
            "do_sample": False,
            "max_gen_toks": _answer_tokens(samples),
        },
        "metric_list": metrics,
        "num_fewshot": 0,
        "metadata": {"version": 1.0},
    }
    head = (
        "# From the folder of the export: lm-eval run --include_path evaluation "
        f"--tasks {settings['task']}\n#   --model hf --model_args pretrained=MODEL "
        "--apply_chat_template\n"
    )
    return head + str(yaml.dump(settings, Dumper=_Dumper, sort_keys=False, allow_unicode=False))


def _answer_tokens(samples: Sequence[Json]) -> int:
    longest = max(len(one["target"].encode("utf-8", "surrogatepass")) for one in samples)
    return min(_MOST, max(_LEAST, 1 << (longest // 2).bit_length()))
