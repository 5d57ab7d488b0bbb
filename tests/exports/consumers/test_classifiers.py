"""SetFit and scikit-learn train on what is written for classifiers, and lose no row or label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import MultiLabelBinarizer

from curation.encoders.models import load_model
from curation.records import Json, Task
from tests.exports.consumers.exported import BESIDE, LABELS, exported

COLUMNS = {"text": "text", "label": "label"}


def train_set(folder: Path, name: str, task: Task, **said: Any) -> tuple[list[Json], Any]:
    """The records of the training file, and the file as `datasets` loads it."""
    _, files = exported(folder, name, task, **said)
    path, records = next(iter(files.items()))
    loaded = datasets.load_dataset(
        "json", data_files=str(path), split="train", cache_dir=str(folder / "cache")
    )
    assert list(loaded) == records
    return records, loaded


@pytest.mark.parametrize("asked", [{}, BESIDE], ids=["plain", "with columns beside"])
@pytest.mark.parametrize(
    ("name", "task"),
    [("text-label", Task.SINGLE_LABEL), ("setfit-multilabel", Task.MULTI_LABEL)],
)
def test_a_setfit_step(tmp_path: Path, name: str, task: Task, asked: Json) -> None:
    from setfit import SetFitModel, Trainer, TrainingArguments

    records, rows = train_set(tmp_path, name, task, **asked)
    several = task is Task.MULTI_LABEL
    labels = None if several else LABELS[task]
    head = OneVsRestClassifier(LogisticRegression()) if several else LogisticRegression()
    strategy = "one-vs-rest" if several else None
    model = SetFitModel(load_model("all-MiniLM-L6-v2"), head, strategy, labels=labels)
    options = TrainingArguments(
        output_dir=str(tmp_path / "out"), max_steps=1, batch_size=4, report_to="none"
    )
    trainer = Trainer(model, options, train_dataset=rows, column_mapping=COLUMNS)
    trainer.train()
    said = model.predict([record["text"] for record in records])
    assert len(said) == len(records)
    wanted = {tuple(record["label"]) if several else record["label"] for record in records}
    found = {tuple(np.asarray(one).tolist()) if several else str(one) for one in said}
    assert found <= wanted


def test_scikit_learn_on_one_label(tmp_path: Path) -> None:
    records, _ = train_set(tmp_path, "text-label", Task.SINGLE_LABEL)
    texts, labels = zip(*((row["text"], row["label"]) for row in records), strict=True)
    model = LogisticRegression().fit(HashingVectorizer().transform(texts), labels)
    assert list(model.classes_) == LABELS[Task.SINGLE_LABEL]


def test_scikit_learn_takes_the_weights_and_the_folds(tmp_path: Path) -> None:
    """A label with fewer rows is said as often as one with many: all have the same weight."""
    records, _ = train_set(tmp_path, "text-label", Task.SINGLE_LABEL, **BESIDE)
    labels = [row["label"] for row in records]
    sums = {
        label: sum(row["weight"] for row in records if row["label"] == label) for label in labels
    }
    assert max(sums.values()) == pytest.approx(min(sums.values()))
    words = HashingVectorizer().transform([row["text"] for row in records])
    model = LogisticRegression().fit(words, labels, [row["weight"] for row in records])
    assert list(model.classes_) == LABELS[Task.SINGLE_LABEL]
    folds = list(PredefinedSplit([row["fold"] for row in records]).split())
    assert len(folds) == BESIDE["folds"]


def test_scikit_learn_on_several_labels(tmp_path: Path) -> None:
    records, _ = train_set(tmp_path / "lists", "text-label", Task.MULTI_LABEL)
    hot, _ = train_set(tmp_path / "hot", "setfit-multilabel", Task.MULTI_LABEL)
    binarizer = MultiLabelBinarizer(classes=LABELS[Task.MULTI_LABEL])
    bits = binarizer.fit_transform([row["labels"] for row in records])
    assert bits.tolist() == [row["label"] for row in hot]
    words = HashingVectorizer().transform([row["text"] for row in records])
    model = OneVsRestClassifier(LogisticRegression()).fit(words, bits)
    assert model.predict(words).shape == bits.shape
