"""The card is one for huggingface_hub, and `datasets` loads the folder of every format by it."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import Any

import datasets
import pytest
from huggingface_hub import DatasetCard, DatasetCardData

from curation.records import Json, Task
from exports.card import front_matter
from exports.formats import find_format
from exports.formats.containers import unguard
from tests.exports.consumers.described_export import described_export
from tests.exports.consumers.exported import BESIDE, cases
from tests.exports.consumers.test_datasets import written
from tests.exports.export_examples import export, frame
from tests.exports.manifests import manifest


@pytest.mark.parametrize(("name", "task"), cases())
def test_the_folder_of_every_format_loads_by_its_card(
    tmp_path: Path, name: str, task: Task
) -> None:
    out, _, splits = described_export(tmp_path, name, task)
    loaded = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    assert set(loaded) == set(splits)
    for split, records in splits.items():
        found = [dict(row) for row in loaded[split]]
        if name == "csv":
            found = [{key: unguard(cell) for key, cell in row.items()} for row in found]
        columns = {key for record in records for key in record}
        assert found == [written(record, columns) for record in records]


@pytest.mark.parametrize("name", ["text-label", "csv", "huggingface", "trl-messages"])
def test_columns_beside_are_loaded_with_their_types(tmp_path: Path, name: str) -> None:
    out, _, splits = described_export(tmp_path, name, Task.SINGLE_LABEL, **BESIDE)
    loaded = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    for split, records in splits.items():
        folds = [record["fold"] for record in records]
        if name == "csv":  # a table of texts, in which test has no number
            folds = ["" if fold is None else str(fold) for fold in folds]
        assert list(loaded[split]["fold"]) == folds
        assert list(loaded[split]["weight"]) == [record["weight"] for record in records]


def test_a_label_that_looks_like_a_number_is_loaded_as_a_text(tmp_path: Path) -> None:
    export(frame(["1", "2"] * 30), tmp_path / "export", file_format="csv")
    loaded = datasets.load_dataset(str(tmp_path / "export"), cache_dir=str(tmp_path / "cache"))
    assert set(loaded["train"]["label"]) == {"1", "2"}


@pytest.mark.parametrize("task", list(Task))
def test_the_hub_library_reads_the_card(tmp_path: Path, task: Task) -> None:
    out, form, _ = described_export(tmp_path, "huggingface", task)
    card = DatasetCard.load(out / "README.md", ignore_metadata_errors=False)
    assert card.data.license == "cc-by-4.0"
    assert card.data.pretty_name == "tickets"
    data, again = (plain(one) for one in (card, DatasetCard(str(card))))
    assert data == again
    assert form.shape.types is not None
    columns = datasets.Features._from_yaml_list(data["dataset_info"]["features"])
    assert columns.arrow_schema.equals(form.shape.types(task))


def plain(card: DatasetCard) -> Json:
    data: Any = card.data
    return dict(data.to_dict())


def test_the_front_matter_has_only_keys_that_the_hub_names() -> None:
    known = {*signature(DatasetCardData).parameters, "tags", "configs", "dataset_info"}
    document = manifest(file_format="csv", languages=["en"], licence="our own")
    found = front_matter(document, find_format("csv", Task.SINGLE_LABEL))
    assert set(found) <= known | {"license_name"}
