"""A small workspace written by hand, and the app opened on one of its pages."""

from pathlib import Path
from typing import Any, NoReturn

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from curation.importing import import_file
from curation.records import About, Action, Dataset, Task
from curation.workspace import Workspace
from tests.factories import add_flags, operation

APP = Path(__file__).parents[2] / "app.py"
TICKETS = """text,label,channel
refund please,refund,mail
where is my refund,refund,mail
parcel lost,delivery,chat
parcel late,delivery,chat
hello *there*,,chat
one,cell,too,many
"""
TOPICS = """{"text": "good and cheap", "labels": ["quality", "price"]}
{"text": "late", "labels": ["delivery"]}
{"text": "nothing to say", "labels": []}
"""


def make_tickets(folder: Path) -> None:
    """Five examples and a quarantined row; ada kept row 1, bob excluded row 4 as a copy."""
    file = folder / "tickets.csv"
    file.write_text(TICKETS, "utf-8")
    with Workspace.open_or_create(folder / "workspace") as workspace:
        dataset = workspace.create_dataset("tickets", Task.SINGLE_LABEL)
        import_file(workspace, dataset, file)
        ids = ids_by_row(workspace, dataset)
        about_delivery = "Its neighbours are about delivery."
        flags = [
            {"example_id": ids[1], "score": 0.1, "suggested": "delivery", "reason": about_delivery},
            {"example_id": ids[2], "score": 0.9, "suggested": "refund", "flagged": False},
            {"example_id": ids[3], "score": 0.2, "suggested": "refund"},
            {"example_id": ids[3], "score": 0.0, "kind": "privacy"},
        ]
        add_flags(workspace, dataset, flags)
        decisions = [
            operation(dataset, ids[1], Action.KEEP, "refund", by="ada", comment="sure"),
            operation(dataset, ids[4], Action.EXCLUDE, by="bob", about=About.DUPLICATE),
            operation(dataset, ids[2], Action.COMMENT, by="eve", comment="hm"),
        ]
        assert not any(receipt.refused for receipt in workspace.store.decide(decisions))


def make_topics(folder: Path) -> None:
    """Three multi-label examples, one of them flagged."""
    file = folder / "topics.jsonl"
    file.write_text(TOPICS, "utf-8")
    with Workspace.open_or_create(folder / "workspace") as workspace:
        dataset = workspace.create_dataset("topics", Task.MULTI_LABEL)
        import_file(workspace, dataset, file)
        ids = ids_by_row(workspace, dataset)
        flag: dict[str, object] = {"example_id": ids[2], "suggested": '["price","quality"]'}
        add_flags(workspace, dataset, [flag])


def ids_by_row(workspace: Workspace, dataset: Dataset) -> dict[int, str]:
    """Example ids by their row in the file."""
    rows = workspace.store.read(
        "SELECT source_row, example_id FROM example WHERE dataset_id = $dataset",
        {"dataset": dataset.dataset_id},
    )
    return dict(rows.iter_rows())


def open_page(url_path: str, **query: str) -> AppTest:
    """The app, opened at an address."""
    app = AppTest.from_file(APP, default_timeout=30)
    app._page_hash = calc_hash(url_path)  # AppTest opens pages by file; ours are functions
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def watch_switches(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, str]]]:
    """Every change of page that a page asks for, as url path and query; none is carried out."""
    asked: list[tuple[str, dict[str, str]]] = []

    def note(page: Any, *, query_params: dict[str, str]) -> NoReturn:
        asked.append((page.url_path, dict(query_params)))
        st.stop()

    monkeypatch.setattr(st, "switch_page", note)
    return asked


def select(app: AppTest, key: str, row: int) -> AppTest:
    """Select a row of the table whose key begins so."""
    keys = [table.key for table in app.dataframe if table.key]
    table = next(name for name in keys if name.startswith(key))
    chosen = {"selection": {"rows": [row], "columns": [], "cells": []}}
    app.session_state[table] = chosen
    return app.run()


def press(app: AppTest, label: str) -> AppTest:
    """Press the button of that name."""
    return next(button for button in app.button if button.label == label).click().run()


def problems(app: AppTest) -> list[str]:
    """What went wrong on a page."""
    return [element.value for element in (*app.error, *app.exception)]


def texts(app: AppTest) -> str:
    """All prose of a page, as one text without the escapes that `plain` adds."""
    kinds = (app.markdown, app.caption, app.info, app.success, app.warning, app.error, app.code)
    return "\n".join(element.value for kind in kinds for element in kind).translate(
        dict.fromkeys(map(ord, "\\\u2060"))
    )


def metrics(app: AppTest) -> dict[str, str]:
    """The figures of a page by their names."""
    return {metric.label: metric.value for metric in app.metric}
