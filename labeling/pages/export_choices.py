"""What an export looks like: its format, its words, and what is said of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import streamlit as st

from curation.records import Dataset
from exports.formats import FORMATS, PromptTemplate, fitting
from exports.formats.beside import where_they_stand
from exports.formats.templates import template_for
from exports.options import BASE_MODEL, ExportOptions
from labeling.pages.export_splits import choose_splits


def choose(dataset: Dataset, before: ExportOptions, columns: Collection[str]) -> ExportOptions:
    """All choices, beginning with those of the last export.

    `columns` are those that examples have beyond text and output. Raises WrongUse where they cannot
    be used together.
    """
    key = dataset.dataset_id
    name = _choose_format(dataset, before.format, columns)
    user, system = _choose_words(dataset, before.template)
    rules = choose_splits(dataset, before.rules)
    if words := where_they_stand(FORMATS[name].target, rules):
        st.caption(words)
    said = _choose_card(key, before)
    own = template_for(dataset.task, None)
    template = None if (user, system) == (own.user, own.system) else PromptTemplate(user, system)
    bad = False
    if "approved" in FORMATS[name].shape.needs:
        bad = st.checkbox(
            "Examples that were excluded in the review count as bad answers",
            before.disapprove_excluded,
            key=f"bad-{key}",
        )
    return replace(said, format=name, template=template, rules=rules, disapprove_excluded=bad)


def _choose_format(dataset: Dataset, before: str, columns: Collection[str]) -> str:
    names = fitting(dataset.task, columns)
    name = st.selectbox(
        "Format",
        names,
        index=names.index(before) if before in names else 0,
        format_func=lambda name: f"{name} — {FORMATS[name].target.title}",
    )
    st.caption(FORMATS[name].description)
    return name


def _choose_words(dataset: Dataset, before: PromptTemplate | None) -> tuple[str, str]:
    with st.expander("Prompt template"):
        shown = template_for(dataset.task, before)
        user = st.text_area("What the user says", shown.user, key=f"user-{dataset.dataset_id}")
        system = st.text_area("System prompt", shown.system, key=f"system-{dataset.dataset_id}")
        st.caption("{input} stands for the text of an example, {labels} for the label set.")
    return user, system


def _choose_card(key: str, before: ExportOptions) -> ExportOptions:
    with st.expander("What is said of it"):
        description = st.text_area("Description", before.description, key=f"description-{key}")
        licence = st.text_input(
            "Licence", before.licence, key=f"licence-{key}", placeholder="cc-by-4.0"
        )
        model = st.text_input(
            "Model to fine-tune",
            before.base_model,
            key=f"model-{key}",
            placeholder=BASE_MODEL,
            help="For the training configuration: a name on the Hub, or a folder.",
        )
        provenance = st.checkbox(
            "With the source of every row and who decided, under pseudonyms",
            before.provenance,
            key=f"provenance-{key}",
        )
    return replace(
        before,
        description=description,
        licence=licence.strip(),
        base_model=model.strip(),
        provenance=provenance,
    )
