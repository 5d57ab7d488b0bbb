"""Every kind of flag has a name and a question for people."""

from __future__ import annotations

import subprocess
import sys

import pytest

from curation.detectors import DETECTORS
from labeling import kinds


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.kind)
def test_a_detector_is_called_as_it_says(detector: object) -> None:
    kind = detector.kind  # type: ignore[attr-defined]
    assert kinds.title(kind) == detector.title != kind  # type: ignore[attr-defined]
    assert kinds.ask(kind).endswith("?")


def test_no_two_kinds_share_a_name() -> None:
    names = [kinds.title(one.kind) for one in DETECTORS] + [kinds.title("label")]
    assert len(set(names)) == len(names)


def test_a_doubtful_label_is_called_so() -> None:
    assert (kinds.title("label"), kinds.ask("label")) == (
        "Doubtful label",
        "Which label is right?",
    )


def test_a_kind_of_another_version_keeps_its_name_and_asks_nothing() -> None:
    assert (kinds.title("odd-smell"), kinds.ask("odd-smell")) == ("Odd smell", "")


def test_names_cost_no_heavy_import() -> None:
    heavy = "{'torch', 'sentence_transformers', 'transformers', 'cleanlab', 'sklearn', 'scipy'}"
    code = f"import sys, labeling.kinds; assert {heavy}.isdisjoint(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
