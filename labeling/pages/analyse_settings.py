"""The settings of a dataset's analysis, its guidelines, and what its labels mean."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from curation.encoders.base import Tier
from curation.encoders.models import check_model, split_name
from curation.errors import ModelUnavailable
from curation.records import (
    DUPLICATES_OF,
    LABEL_SCORES,
    REPRESENTATIVES,
    Dataset,
    Settings,
    Task,
)
from labeling.pages import context
from labeling.pages.duplicate_threshold import similarity_slider
from labeling.pages.text import tell

SCORES = dict(
    zip(
        LABEL_SCORES,
        (
            "Normalized margin: the best where some labels are easily confused with one another",
            "Self-confidence: the best where errors fall on any label alike",
            "Confidence-weighted entropy: also weighs how undecided the model is",
        ),
        strict=True,
    )
)
"""What each ranking of doubtful labels is good for."""
TIERS = {
    Tier.FULL: "Whole, in float32",
    Tier.FAST: "Fast: in int8, by ONNX Runtime",
    Tier.STATIC: "Static: word vectors, the fastest, blind to the order of words",
}
COMPARED = dict(zip(DUPLICATES_OF, ("Questions", "Answers", "Questions and answers"), strict=True))
REPRESENTS = dict(
    zip(
        REPRESENTATIVES,
        (
            "What a person has verified",
            "The most complete: input and output together the longest",
            "The one that is alike to most of the others",
            "What was imported last",
        ),
        strict=True,
    )
)
_NEVER = 1.01
"""A similarity that no two texts reach."""


def show_settings(dataset: Dataset) -> None:
    """The form, folded away; what is saved holds from the next analysis."""
    with st.expander("Settings"), st.form("settings", border=False):
        settings = _model(dataset.settings)
        settings = _duplicates(dataset, settings)
        if dataset.task is Task.SINGLE_LABEL:
            score = st.selectbox(
                "Ranking of doubtful labels",
                LABEL_SCORES,
                index=LABEL_SCORES.index(settings.label_score),
                format_func=SCORES.__getitem__,
                help="Another ranking scores the labels anew.",
            )
            settings = replace(settings, label_score=score)
        seed = st.number_input("Seed", 0, 2**31 - 1, value=settings.seed)
        guidelines = st.text_area("Guidelines for the annotators", dataset.guidelines)
        labels = context.workspace().labels(dataset)
        described = labels
        if not labels.is_empty():
            st.caption("What each label means; shown on the review card.")
            described = st.data_editor(labels, hide_index=True, disabled=["name"])
        if st.form_submit_button("Save"):
            settings = replace(settings, seed=int(seed))
            _save(dataset, settings, guidelines, dict(described.iter_rows()))


def _model(settings: Settings) -> Settings:
    """Which model, and in which of its forms."""
    name, tier = split_name(settings.model)
    left, right = st.columns(2)
    chosen = left.text_input(
        "Embedding model",
        name,
        help="The bundled all-MiniLM-L6-v2, or the folder of a sentence-transformers model. "
        "Another model embeds everything anew.",
    )
    form = right.selectbox(
        "Form of the model",
        list(TIERS),
        index=list(TIERS).index(tier),
        format_func=TIERS.__getitem__,
        help="Another form embeds everything anew.",
    )
    plain_name = chosen.strip()
    model = plain_name if form is Tier.FULL else f"{plain_name}:{form}"
    return replace(settings, model=model)


def _duplicates(dataset: Dataset, settings: Settings) -> Settings:
    """What counts as a duplicate, and who represents a cluster of them."""
    st.markdown("**Duplicates**")
    settings = _same_text(_thresholds(settings))
    if dataset.task is Task.CHAT:
        compared = st.selectbox(
            "What is compared",
            DUPLICATES_OF,
            index=DUPLICATES_OF.index(settings.duplicates_of),
            format_func=COMPARED.__getitem__,
            help="Something else looks for duplicates anew.",
        )
        settings = replace(settings, duplicates_of=compared)
    preferred = st.selectbox(
        "Who represents a cluster",
        REPRESENTATIVES,
        index=REPRESENTATIVES.index(settings.representative),
        format_func=REPRESENTS.__getitem__,
        help="What you chose to keep among duplicates comes before it. Holds at once.",
    )
    return replace(settings, representative=preferred)


def _thresholds(settings: Settings) -> Settings:
    near, spelling = st.columns(2)
    floor = settings.pair_floor
    near_threshold = similarity_slider(
        near,
        "Alike in meaning from (cosine)",
        floor,
        settings.near_threshold,
        help_text="The threshold of the Duplicates page, of conflicts and of splits.",
    )
    lexical_threshold = similarity_slider(
        spelling,
        "Alike in spelling from",
        floor,
        min(settings.lexical_threshold, _NEVER),
        highest=_NEVER,
        help_text="Finds typing errors and codes, which a model of meaning misses. "
        f"{_NEVER}: spelling counts for nothing.",
    )
    return replace(settings, near_threshold=near_threshold, lexical_threshold=lexical_threshold)


def _same_text(settings: Settings) -> Settings:
    st.caption("Two texts are different texts where they differ in nothing but")
    with st.container(horizontal=True, gap="large"):
        return replace(
            settings,
            keep_case=st.checkbox("Case", settings.keep_case),
            keep_punctuation=st.checkbox("Punctuation", settings.keep_punctuation),
            keep_accents=st.checkbox("Accents", settings.keep_accents),
        )


def _save(dataset: Dataset, settings: Settings, guidelines: str, described: dict[str, str]) -> None:
    try:
        check_model(settings.model)
    except ModelUnavailable as error:
        tell(error)
        return
    context.workspace().update_dataset(dataset, guidelines=guidelines, settings=settings)
    context.workspace().describe_labels(dataset, described)
    st.rerun()
