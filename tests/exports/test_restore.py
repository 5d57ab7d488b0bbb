"""An export comes back into a workspace with nothing lost that it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation.errors import WrongUse
from curation.records import Task
from curation.workspace import Workspace
from exports.export import export_dataset
from exports.formats import fitting
from exports.options import ExportOptions
from exports.restore import is_export, restore
from exports.split import SPLITS
from tests.exports.export_examples import export, frame
from tests.factories import mark_analysed

OUTPUTS = {
    Task.SINGLE_LABEL: ["refund", "return"] * 10,
    Task.MULTI_LABEL: [["price"], ["fit", "price"]] * 10,
    Task.CHAT: ["Yes.", "No,\nnever."] * 10,
    Task.EXTRACTION: [{"n": 1}, {"n": None, "of": [1.5]}] * 10,
}
LABELS = {Task.SINGLE_LABEL: ["refund", "return", "unused"], Task.MULTI_LABEL: ["fit", "price"]}


def records(folder: Path) -> dict[str, list[str]]:
    return {
        split: sorted((folder / f"{split}.jsonl").read_text("utf-8").splitlines())
        for split in SPLITS
    }


@pytest.mark.parametrize("task", list(Task))
def test_what_was_exported_is_what_is_exported_again(tmp_path: Path, task: Task) -> None:
    rows = frame(OUTPUTS[task], task)
    export(rows, tmp_path / "one", task, labels=LABELS.get(task, []), file_format="openai-chat")
    with Workspace.create(tmp_path / "workspace") as workspace:
        dataset, summary = restore(workspace, "back", tmp_path / "one")
        assert summary.imported == 20
        assert workspace.labels(dataset)["name"].to_list() == LABELS.get(task, [])
        mark_analysed(workspace, dataset)
        export_dataset(workspace, dataset, ExportOptions("openai-chat"), tmp_path / "two")
    assert records(tmp_path / "two") == records(tmp_path / "one")


@pytest.mark.parametrize("task", list(Task))
def test_every_format_gives_texts_and_outputs_back(tmp_path: Path, task: Task) -> None:
    rows = frame(OUTPUTS[task], task)
    wanted = sorted(zip(rows["text"], rows["output"], strict=True))
    with Workspace.create(tmp_path / "workspace") as workspace:
        for name in fitting(task):
            export(rows, tmp_path / name, task, labels=LABELS.get(task, []), file_format=name)
            dataset, _ = restore(workspace, name, tmp_path / name)
            found = workspace.store.read(
                "SELECT text, given FROM example WHERE dataset_id = $dataset ORDER BY ALL",
                {"dataset": dataset.dataset_id},
            )
            assert found.rows() == wanted


def test_a_second_import_changes_nothing(tmp_path: Path) -> None:
    export(frame(OUTPUTS[Task.CHAT], Task.CHAT), tmp_path / "one", Task.CHAT)
    with Workspace.create(tmp_path / "workspace") as workspace:
        restore(workspace, "back", tmp_path / "one")
        _, summary = restore(workspace, "back", tmp_path / "one")
        assert (summary.imported, summary.already_present) == (0, 20)
        assert workspace.store.value("SELECT count(*) FROM split_ledger") == 20


def test_a_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    rows = frame(OUTPUTS[Task.SINGLE_LABEL])
    export(rows, tmp_path / "one", labels=LABELS[Task.SINGLE_LABEL], file_format="text-label")
    train = tmp_path / "one" / "train.jsonl"
    train.write_text(train.read_text("utf-8").replace("refund", "return", 1), "utf-8")
    with Workspace.create(tmp_path / "workspace") as workspace:
        with pytest.raises(WrongUse, match=r"train\.jsonl is not what was exported"):
            restore(workspace, "back", tmp_path / "one")
        assert not workspace.datasets()


def test_another_task_and_no_export_are_refused(tmp_path: Path) -> None:
    assert not is_export(tmp_path)
    export(frame(OUTPUTS[Task.CHAT], Task.CHAT), tmp_path / "one", Task.CHAT)
    assert is_export(tmp_path / "one")
    with Workspace.create(tmp_path / "workspace") as workspace:
        workspace.create_dataset("tickets", Task.SINGLE_LABEL)
        with pytest.raises(WrongUse, match="holds a chat dataset, and 'tickets' is single-label"):
            restore(workspace, "tickets", tmp_path / "one")
        with pytest.raises(WrongUse, match=r"manifest\.json is missing"):
            restore(workspace, "new", tmp_path)
        assert [dataset.name for dataset in workspace.datasets()] == ["tickets"]
