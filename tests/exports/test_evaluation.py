"""Files that ask the held-out examples: scores checked by hand, and no text that becomes code."""

from __future__ import annotations

import ast
import json
import math
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import WrongUse
from curation.records import Json, Task
from exports.evaluation import evaluation_files, held_out
from exports.evaluation.held_out import macro_f1, process_results, scores
from exports.evaluation.lm_eval import task_name

TEXTS = st.text(st.characters(exclude_categories=()))
PATHS = {
    "evaluation/test.jsonl",
    "evaluation/held_out.py",
    "evaluation/inspect_task.py",
    "evaluation/lm_eval.yaml",
    "evaluation/promptfoo.yaml",
    "evaluation/promptfoo_tests.jsonl",
}


def manifest(task: Task = Task.SINGLE_LABEL, labels: tuple[str, ...] = (), **more: Any) -> Json:
    return {
        "source": {"dataset": "tickets"},
        "task": task.value,
        "labels": list(labels),
        "options": {},
        "splits": {split: {"rows": 1} for split in ("train", "validation", "test")},
        **more,
    }


def row(text: str, output: str, messages: list[Json] | None = None, number: int = 0) -> Json:
    said = None if messages is None else json.dumps(messages)
    return {"example_id": f"e{number}", "text": text, "output": output, "messages": said}


def lines(text: str) -> list[Json]:
    return [json.loads(line) for line in text.split("\n") if line]


def close(found: Mapping[str, float], wanted: Mapping[str, float]) -> bool:
    return set(found) == set(wanted) and all(math.isclose(found[key], wanted[key]) for key in found)


def test_a_held_out_example_is_asked_as_it_was_trained() -> None:
    document = manifest(labels=("yes", "no"))
    files = evaluation_files(document, [row("Is it?", "yes")]).files
    assert set(files) == PATHS
    [found] = lines(files["evaluation/test.jsonl"])
    asked = 'Classify the text. Answer with one of these labels and nothing else: ["yes","no"]'
    assert found == {
        "id": "e0",
        "input": [{"role": "system", "content": asked}, {"role": "user", "content": "Is it?"}],
        "prompt": f"{asked}\n\nIs it?",
        "target": "yes",
        "metadata": {"task": "single-label"},
    }
    assert lines(files["evaluation/promptfoo_tests.jsonl"]) == [{"vars": {"id": "e0"}}]


def test_the_template_of_the_export_is_used() -> None:
    document = manifest(
        labels=("yes",), options={"template": {"user": "Label: {input}", "system": ""}}
    )
    [found] = lines(evaluation_files(document, [row("x", "yes")]).files["evaluation/test.jsonl"])
    assert found["input"] == [{"role": "user", "content": "Label: x"}]


def test_a_chat_keeps_its_turns_and_the_last_answer_is_asked_for() -> None:
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello", "weight": 0},
        {"role": "user", "content": "And?"},
        {"role": "assistant", "content": "old"},
    ]
    made = evaluation_files(manifest(Task.CHAT), [row("Hi", "new", turns)])
    [found] = lines(made.files["evaluation/test.jsonl"])
    assert found["target"] == "new"
    assert [turn["content"] for turn in found["input"]] == ["Hi", "Hello", "And?"]
    assert all(set(turn) == {"role", "content"} for turn in found["input"])


def test_an_example_with_more_than_text_is_not_asked() -> None:
    call = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f"}}]}
    tools = [{"role": "user", "content": "Hi"}, call, {"role": "tool", "content": "1"}]
    made = evaluation_files(
        manifest(Task.CHAT), [row("Hi", "one", tools, 0), row("Hi", "two", None, 1)]
    )
    assert made.skipped == 1
    assert [one["id"] for one in lines(made.files["evaluation/test.jsonl"])] == ["e1"]


@pytest.mark.parametrize("rows", [[], [row("Hi", "x", [{"role": "user", "content": 7}])]])
def test_nothing_to_ask(rows: list[Json]) -> None:
    made = evaluation_files(manifest(Task.CHAT), rows)
    assert (made.files, made.skipped) == ({}, len(rows))
    assert made.reason


def test_what_is_no_manifest_is_refused() -> None:
    with pytest.raises(WrongUse, match="no manifest"):
        evaluation_files({}, [])


class _Loader(yaml.SafeLoader):
    pass


_Loader.add_constructor("!function", lambda loader, node: ("function", node.value))


def lm_eval(task: Task, output: str, dataset: str = "tickets") -> Json:
    document = manifest(task, ("x",), source={"dataset": dataset})
    text = evaluation_files(document, [row("t", output)]).files["evaluation/lm_eval.yaml"]
    return dict(yaml.load(text, _Loader))


def test_the_task_of_lm_eval_names_columns_and_functions() -> None:
    found = lm_eval(Task.SINGLE_LABEL, "x")
    assert (found["doc_to_text"], found["doc_to_target"]) == ("prompt", "target")
    assert found["process_results"] == ("function", "held_out.process_results")
    assert [one["metric"] for one in found["metric_list"]] == ["exact", "macro_f1"]
    [metrics] = [lm_eval(Task.EXTRACTION, "{}")["metric_list"]]
    assert [one["metric"] for one in metrics] == ["exact", "f1", "valid_json"]


@pytest.mark.parametrize(
    ("size", "room"), [(1, 32), (63, 32), (64, 64), (1000, 512), (10**6, 4096)]
)
def test_an_answer_has_room(size: int, room: int) -> None:
    assert lm_eval(Task.CHAT, "x" * size)["generation_kwargs"]["max_gen_toks"] == room


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        ("My tickets!", "tamis_my_tickets"),
        ("../../etc", "tamis_etc"),
        ("日本", "tamis_dataset"),
        ("", "tamis_dataset"),
    ],
)
def test_names_of_tasks(dataset: str, name: str) -> None:
    assert task_name(dataset) == name


@given(text=TEXTS, output=TEXTS.filter(str.strip), label=TEXTS, dataset=TEXTS)
def test_no_text_of_the_data_reaches_a_file_that_is_run_or_rendered(
    text: str, output: str, label: str, dataset: str
) -> None:
    """Only the name of the task and the room for an answer differ from export to export."""
    document = manifest(labels=(label,), source={"dataset": dataset})
    files = dict(evaluation_files(document, [row(text, output)]).files)
    plain = dict(evaluation_files(manifest(labels=("x",)), [row("t", "x")]).files)
    for path in ("held_out.py", "inspect_task.py", "promptfoo.yaml", "promptfoo_tests.jsonl"):
        assert files[f"evaluation/{path}"] == plain[f"evaluation/{path}"]
    task = files["evaluation/lm_eval.yaml"]
    assert set(task) <= set(string.printable)
    room = {"do_sample": False, "until": [], "max_gen_toks": 0}
    mine, other = (
        {**yaml.load(text, _Loader), "task": "", "generation_kwargs": room}
        for text in (task, plain["evaluation/lm_eval.yaml"])
    )
    assert mine == other
    [found] = lines(files["evaluation/test.jsonl"])
    assert (found["target"], found["input"][-1]["content"]) == (output, text)


def test_the_files_are_python() -> None:
    files = evaluation_files(manifest(labels=("x",)), [row("t", "x")]).files
    for path in ("evaluation/held_out.py", "evaluation/inspect_task.py"):
        ast.parse(files[path])
    assert files["evaluation/held_out.py"] == Path(held_out.__file__).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("answer", "exact"), [("yes", 1), (" yes\n", 1), ("Yes", 0), ("yes.", 0), ("", 0)]
)
def test_a_label_is_right_to_the_letter(answer: str, exact: float) -> None:
    assert scores("single-label", answer, "yes") == {"exact": exact}


@pytest.mark.parametrize(
    ("answer", "exact", "f1", "valid"),
    [
        ('["a","b"]', 1, 1, 1),
        ('["b","a","a"]', 1, 1, 1),
        ('["a"]', 0, 2 / 3, 1),
        ('["a","c"]', 0, 1 / 2, 1),
        ("[]", 0, 0, 1),
        ('"a"', 0, 0, 1),
        ("[1]", 0, 0, 1),
        ("a, b", 0, 0, 0),
    ],
)
def test_labels_are_a_set(answer: str, exact: float, f1: float, valid: float) -> None:
    found = scores("multi-label", answer, '["a","b"]')
    assert close(found, {"exact": exact, "f1": f1, "valid_json": valid})


def test_no_label_is_an_answer_too() -> None:
    assert scores("multi-label", "[]", "[]") == {"exact": 1, "f1": 1, "valid_json": 1}


@pytest.mark.parametrize(
    ("answer", "exact", "f1", "valid"),
    [
        ('{"b":[2,{"c":"x"}],"a":1.0}', 1, 1, 1),  # order of keys, 1 and 1.0
        ('{"a":1,"b":[{"c":"x"},2]}', 0, 1, 1),  # order in a list
        ('{"a":true,"b":[2,{"c":"x"}]}', 0, 2 / 3, 1),  # true is not 1
        ('{"a":1}', 0, 1 / 2, 1),  # one of one, one of three
        ('{"a":1,"z":1}', 0, 2 / 5, 1),
        ("[]", 0, 0, 1),
        ('```json\n{"a":1}\n```', 0, 0, 0),
        ("{", 0, 0, 0),
        ("[" * 10**5, 0, 0, 0),
    ],
)
def test_an_extraction_is_its_fields(answer: str, exact: float, f1: float, valid: float) -> None:
    found = scores("extraction", answer, '{"a":1,"b":[2,{"c":"x"}]}')
    assert close(found, {"exact": exact, "f1": f1, "valid_json": valid})


@pytest.mark.parametrize(
    ("answer", "f1"),
    [("The cat sat.", 1), ("the CAT", 4 / 5), ("the the cat", 2 / 3), ("dog", 0), ("", 0)],
)
def test_a_chat_is_its_words(answer: str, f1: float) -> None:
    assert close(scores("chat", answer, "the cat sat"), {"f1": f1})


def test_the_mean_f1_of_labels() -> None:
    """a: 1 right of 2 said and 1 wanted, 2/3; b: 1 of 1 and 2, 2/3; what is no label counts not."""
    pairs = [("a", "a"), ("a", "b"), ("b", "b"), ("c", "c"), ("?", "c")]
    assert math.isclose(macro_f1(pairs), (2 / 3 + 2 / 3 + 2 / 3) / 3)
    assert macro_f1([(" x ", "x")]) == 1


@given(answer=TEXTS, target=TEXTS.filter(str.strip), task=st.sampled_from(["single-label", "chat"]))
def test_a_target_is_its_own_best_answer(answer: str, target: str, task: str) -> None:
    for value in scores(task, answer, target).values():
        assert 0 <= value <= 1
    assert set(scores(task, target, target).values()) == {1.0}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(answer=JSON, target=JSON)
def test_any_json_has_scores(answer: Any, target: Any) -> None:
    found = scores("extraction", json.dumps(answer), json.dumps(target))
    assert all(0 <= value <= 1 for value in found.values())
    assert set(scores("extraction", json.dumps(target), json.dumps(target)).values()) == {1.0}


def test_what_lm_eval_is_told() -> None:
    doc = {"target": "yes", "metadata": {"task": "single-label"}}
    assert process_results(doc, ["no"]) == {"exact": 0, "macro_f1": ("no", "yes")}
    doc = {"target": "yes", "metadata": {"task": "chat"}}
    assert process_results(doc, ["yes"]) == {"f1": 1}


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = evaluation_files(manifest(labels=("x",)), [row("{{ 7*7 }} {% x %} {# c #}", "x")]).files
    path = tmp_path / "test.jsonl"
    path.write_text(files["evaluation/test.jsonl"], encoding="utf-8")
    monkeypatch.setattr(held_out, "TEST", path)
    held_out._rows.cache_clear()
    return path


def test_what_promptfoo_is_told_renders_to_the_text(asked: Path) -> None:
    """Its templates are those of Nunjucks, which are those of Jinja."""
    from jinja2 import Environment

    context = {"vars": {"id": "e0"}}
    found = json.dumps(held_out.ask(context))
    rendered = json.loads(Environment().from_string(found).render())
    assert rendered == lines(asked.read_text(encoding="utf-8"))[0]["input"]
    assert held_out.get_assert("x", context) == {
        "pass": True,
        "score": 1,
        "reason": "exact 1.00",
        "namedScores": {"exact": 1},
    }
    assert held_out.get_assert("y", context)["pass"] is False
