"""Ways of finding wrong labels, each from the same vectors and the same labels.

A method takes the examples with their `given` labels, these labels as numbers int64 [n], vectors
float32 [n, d] and the groups of copies int64 [n]. It returns a doubt float64 [n], the largest where
a label is most likely wrong, and its flags bool [n].

| name | what it is |
|---|---|
| `tamis` | `curation.label_issues.label_issues`, with its search for neighbours |
| `logistic-regression` | five-fold, on the vectors, ranked by cleanlab's normalized margin |
| `datalab` | `cleanlab.Datalab` given the vectors, all else left as it comes |

Given vectors alone, Datalab takes scikit-learn's search for the 10 nearest by Euclid; the score is
the share of them with the given label (eleven values in all), the flags are by cleanlab's default
filter.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib.metadata
import importlib.util
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from cleanlab import Datalab
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from curation.label_issues import label_issues
from curation.records import Settings
from curation.similarity import nearest_neighbours

Labels = NDArray[np.int64]
Verdict = tuple[NDArray[np.float64], NDArray[np.bool_]]
Method = Callable[[pl.DataFrame, Labels, NDArray[np.float32], Labels], Verdict]

NEIGHBOURS = Settings().neighbours
_FOLDS = 5


def tamis(given: pl.DataFrame, _: Labels, vectors: NDArray[np.float32], groups: Labels) -> Verdict:
    """Ours, as the worker calls it."""
    neighbours = nearest_neighbours(vectors, NEIGHBOURS)
    flags = label_issues(given, vectors, groups, neighbours, seed=0).flags
    return -flags["score"].to_numpy(), flags["flagged"].to_numpy()


def logistic_regression(
    _: pl.DataFrame, labels: Labels, vectors: NDArray[np.float32], __: Labels
) -> Verdict:
    """The plain way to use cleanlab on texts: a linear classifier on embeddings."""
    chances = out_of_sample(labels, vectors)
    scores = get_label_quality_scores(labels, chances, method="normalized_margin")
    return -scores.astype(np.float64), find_label_issues(labels, chances, n_jobs=1)


def out_of_sample(labels: Labels, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities [n, K] of five-fold logistic regression."""
    chances: NDArray[np.float32] = cross_val_predict(
        LogisticRegression(C=10, max_iter=300),
        vectors,
        labels,
        cv=StratifiedKFold(_FOLDS, shuffle=True, random_state=0),
        method="predict_proba",
    )
    return chances


def datalab(_: pl.DataFrame, labels: Labels, vectors: NDArray[np.float32], __: Labels) -> Verdict:
    """One call of Datalab, as its users make it."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        lab = Datalab(data={"label": labels}, label_name="label", task="classification")
        lab.find_issues(features=vectors, issue_types={"label": {}})
    try:
        issues = lab.get_issues("label")
    except ValueError as error:  # Datalab prints what went wrong and goes on
        raise RuntimeError(printed.getvalue()) from error
    return -issues["label_score"].to_numpy(np.float64), issues["is_label_issue"].to_numpy(np.bool_)


METHODS: dict[str, Method] = {
    "tamis": tamis,
    "logistic-regression": logistic_regression,
    "datalab": datalab,
}


def version(name: str) -> str:
    """What a result depends on beside its data: of ours the code, of the others the packages."""
    if name == "tamis":
        return fingerprint("curation.label_issues", "curation.similarity")
    packages = {"logistic-regression": ("scikit-learn", "cleanlab"), "datalab": ("cleanlab",)}
    return ", ".join(f"{each} {importlib.metadata.version(each)}" for each in packages[name])


def fingerprint(*modules: str) -> str:
    """A hash of the code of these modules and of those of curation that they import.

    Comments, docstrings and layout do not count.
    """
    trees: dict[Path, str] = {}
    waiting = list(modules)
    while waiting:
        source = _source(waiting.pop())
        if source is None or source in trees:
            continue
        tree = ast.parse(source.read_bytes())
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("curation"):
                waiting += [
                    f"{node.module}",
                    *(f"{node.module}.{each.name}" for each in node.names),
                ]
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                node.value.value = None
        trees[source] = ast.dump(tree)
    return hashlib.sha256("".join(trees[each] for each in sorted(trees)).encode()).hexdigest()[:12]


def _source(module: str) -> Path | None:
    """The file of a module, if there is such a module."""
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # a name within a module
        return None
    return Path(found.origin) if found and found.origin else None
